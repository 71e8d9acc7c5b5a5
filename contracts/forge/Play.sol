// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnergyTotals, Grant, MoneyTotals, Place, Side} from "../IAssets.sol";
import {Objective} from "../IMatching.sol";
import {Chance, Dice} from "./Dice.sol";
import {GridPlay} from "./GridPlay.sol";
import {Offer, Right} from "./Model.sol";
import {Kind, World} from "./World.sol";

/// @title Any calls by anyone, each with what must come of it
/// @notice Forge calls these in any order, with any seeds. After each the candidate is worth no
/// less than before; `checkBooks` adds up everything.
contract Play is GridPlay {
    using Chance for Dice;

    /// Who have a stake at first.
    uint256 private constant SOLVERS = 3;

    constructor(Kind memory kind_) World(kind_) {
        Dice memory dice = Chance.from(1);
        uint32 t = current();
        for (uint256 i = 0; i < PEOPLE - STRANGERS; i++) {
            address to = person(i);
            Grant memory g = Grant(to, marketOf(to), feederOf(to), Side.Sell, t, t + 95, 0, 0, 0);
            g.energyWs = uint48(900_000 * (1 + dice.roll(20)));
            (g.maxPowerW, g.amountMicro) = (3_000, 20 * STAKE);
            grantOne(GRANTER, g);
            g.side = Side.Buy;
            grantOne(GRANTER, g);
        }
        for (uint256 i = 0; i < SOLVERS; i++) stakeOne(person(i), STAKE);
        fundOne(person(0), STAKE);
    }

    modifier neverWorse() {
        Objective memory before = matching.candidateValue();
        _;
        claim(!isWorse(matching.candidateValue(), before), "the candidate's value never falls");
    }

    function grants(uint256 seed) external neverWorse {
        grantSome(Chance.from(seed));
    }

    function posts(uint256 seed) external neverWorse {
        postSome(Chance.from(seed));
    }

    function postsMore(uint256 seed) external neverWorse {
        Dice memory dice = Chance.from(seed);
        for (uint256 i = 0; i < 3; i++) postSome(dice);
    }

    /// What is open then was worth the same before.
    function waits(uint256 seed) external {
        uint32 last = lastTradable();
        Objective[] memory values = new Objective[](HORIZON);
        for (uint32 k = 0; k < HORIZON; k++) (, , values[k]) = matching.candidateOf(last - k);
        waitSome(Chance.from(seed));
        for (uint32 t = firstOpen(); t <= last; t++) {
            (, , Objective memory value) = matching.candidateOf(t);
            bytes32 was = keccak256(abi.encode(values[last - t]));
            claim(keccak256(abi.encode(value)) == was, "time changes no open interval");
        }
        claim(grid.firstOpenInterval() == firstOpen(), "gates close on time");
    }

    /// A day as it should be: else calls by chance would rarely come as far as a settlement.
    function goesOn(uint256 seed) external {
        Dice memory dice = Chance.from(seed);
        this.postsMore(dice.next());
        this.solves(dice.next());
        if (!isSomethingDue()) this.waits(dice.next());
        for (uint256 i = 0; i < 4 && isSomethingDue(); i++) this.finalizes(dice.next());
        this.settles(dice.next());
        if (dice.isOnce(2)) this.closes(dice.next());
        if (dice.isOnce(2)) this.stakesOrRewards(dice.next());
    }

    function solves(uint256 seed) external neverWorse {
        solveSome(Chance.from(seed));
    }

    function solvesInParts(uint256 seed) external neverWorse {
        partSome(Chance.from(seed));
    }

    function finalizes(uint256 seed) external neverWorse {
        finalizeSome(Chance.from(seed));
    }

    function settles(uint256 seed) external neverWorse {
        settleSome(Chance.from(seed));
    }

    function closes(uint256 seed) external neverWorse {
        closeSome(Chance.from(seed));
    }

    function stakesOrRewards(uint256 seed) external neverWorse {
        Dice memory dice = Chance.from(seed);
        if (dice.isOnce(3)) depositSome(dice);
        else if (dice.isOnce(2)) stakeSome(dice);
        else rewardSome(dice);
    }

    function governs(uint256 seed) external neverWorse {
        governSome(Chance.from(seed));
    }

    function trespasses(uint256 seed) external neverWorse {
        Dice memory dice = Chance.from(seed);
        if (dice.isOnce(2)) trespassSome(dice);
        else rogueSome(dice);
    }

    // --------------------------------------------------------------------------------- books

    function checkBooks() external view {
        checkEnergy();
        checkMoney();
    }

    /// Granted = held + entered + deposited; entered = in open offers + traded.
    function checkEnergy() private view {
        uint256[2] memory inPlaces;
        uint256[] memory entered = new uint256[](rights.length);
        for (uint256 i = 0; i < offers.length; i++) {
            Offer storage offer = offers[i];
            entered[offer.assetId - 1] += offer.open ? offer.energyWs : offer.takenWs;
            bool isClosed = matching.offers(uint32(i + 1)).closed;
            claim(isClosed == !offer.open, "open offers are open");
        }
        for (uint256 i = 0; i < rights.length; i++) {
            Right memory right = rights[i];
            Place memory place = assets.placeOf(uint32(i + 1));
            same(place.heldWs, right.heldWs, "held of an asset");
            same(place.enteredWs, right.enteredWs, "entered of an asset");
            same(place.offeredPowerW, right.offeredPowerW, "power in offers");
            same(place.since, right.since - right.firstInterval, "the gap between offers");
            same(place.reach, right.reach - right.firstInterval, "how far offers go");
            same(place.offers, right.offers, "number of offers ever");
            bool isHonest = marketOf(right.owner) != ROGUE;
            if (isHonest) same(place.enteredWs, entered[i], "in offers, or traded");
            inPlaces[uint8(right.side)] += uint256(place.heldWs) + place.enteredWs;
        }
        for (uint256 side = 0; side < 2; side++) {
            EnergyTotals memory totals = assets.energyTotals(Side(side));
            same(totals.grantedWs, grantedWs[side], "energy granted");
            same(totals.depositedWs, depositedWs[side], "energy deposited");
            same(totals.grantedWs, inPlaces[side] + totals.depositedWs, "energy is conserved");
        }
    }

    /// Granted = balances + inside + deposited; inside = offers + stakes + pot + rewards reserved.
    function checkMoney() private view {
        uint256 balances = 0;
        same(matching.rewardPotMicro(), potMicro, "the pot of rewards");
        uint256 inside = potMicro;
        for (uint256 i = 0; i < PEOPLE; i++) {
            address who = person(i);
            same(assets.balanceMicro(who), balance[who], "a balance");
            same(matching.stakeOf(who), stakes[who], "a stake");
            balances += balance[who];
            inside += stakes[who];
        }
        for (uint256 i = 0; i < offers.length; i++) inside += offers[i].micro;
        for (uint256 i = 0; i < finalIntervals.length; i++) {
            uint32 t = finalIntervals[i];
            for (uint256 k = 0; k < PEOPLE; k++) checkCredit(t, person(k));
            claim(paidMicro[t] <= reservedMicro[t], "an interval pays no more than its reward");
            inside += reservedMicro[t] - paidMicro[t];
        }
        same(assets.insideMicro(address(matching)), inside, "money inside the market");
        same(assets.insideMicro(ROGUE), insideRogue, "money inside the rogue market");
        MoneyTotals memory totals = assets.moneyTotals();
        same(totals.grantedMicro, grantedMicro, "money granted");
        same(totals.depositedMicro, depositedMicro, "money deposited");
        same(totals.grantedMicro, balances + inside + insideRogue + depositedMicro, "conserved");
    }
}
