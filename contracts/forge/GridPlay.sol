// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Grant, Release, Side} from "../IAssets.sol";
import {Limits} from "../IMicrogrid.sol";
import {Chance, Dice} from "./Dice.sol";
import {EndsPlay} from "./EndsPlay.sol";
import {Right} from "./Model.sol";

/// @title The owner's acts, trespassers, and a market that lies
abstract contract GridPlay is EndsPlay {
    using Chance for Dice;

    function governSome(Dice memory dice) internal {
        // A pause is soon over, or hardly anything would be granted or solved.
        if (paused) return resumeNow(dice);
        uint256 kind_ = dice.roll(6);
        uint32 feeder = uint32(dice.roll(FEEDERS + 2));
        if (kind_ == 0) {
            uint64 netW = uint64(1_000 + dice.roll(4_000));
            bytes memory data = abi.encodeCall(grid.setFeederLimits, (feeder, netW + 500, netW));
            bool should = feeder > 0 && feeder <= FEEDERS;
            expect(tries(OWNER, address(grid), data), should, "change of limits");
        } else if (kind_ == 1 && dice.isOnce(3)) {
            uint32 t = current() + uint32(dice.roll(4));
            address by = dice.isOnce(2) ? OWNER : GRANTER;
            bytes memory data = abi.encodeCall(grid.suspend, (feeder, t, t + uint32(dice.roll(2))));
            tries(by, address(grid), data);
        } else if (kind_ == 2) {
            address by = dice.isOnce(2) ? OWNER : GRANTER;
            expect(tries(by, address(grid), abi.encodeCall(grid.pause, ("a test"))), true, "pause");
            paused = true;
        } else if (kind_ == 3) {
            lowerSome(dice, feeder);
        } else {
            trespassOnGrid(dice, person(dice.roll(PEOPLE)), feeder);
        }
    }

    function resumeNow(Dice memory dice) internal {
        address by = dice.isOnce(2) ? OWNER : GRANTER;
        expect(tries(by, address(grid), abi.encodeCall(grid.resume, ())), true, "resumption");
        paused = false;
    }

    /// The granter lowers limits, and raises them no higher than the owner did.
    function lowerSome(Dice memory dice, uint32 feeder) private {
        Limits memory most = grid.ceilingOf(feeder);
        uint64 netW = most.externalLimitW - uint64(dice.roll(uint256(most.externalLimitW) + 1));
        uint64 grossW = most.internalLimitW;
        if (dice.isOnce(4)) netW = most.externalLimitW + 1;
        else if (dice.isOnce(4)) grossW++;
        bool should = feeder > 0 &&
            feeder <= FEEDERS &&
            netW <= most.externalLimitW &&
            grossW <= most.internalLimitW;
        bytes memory data = abi.encodeCall(grid.lowerFeederLimits, (feeder, grossW, netW));
        expect(tries(GRANTER, address(grid), data), should, "lower limits");
    }

    function trespassOnGrid(Dice memory dice, address by, uint32 feeder) private {
        uint32[] memory prices = new uint32[](1);
        bytes[15] memory calls_ = [
            abi.encodeCall(grid.addFeeder, (1, 1)),
            abi.encodeCall(grid.setFeederLimits, (feeder, 1, 1)),
            abi.encodeCall(grid.setTariff, (prices, prices)),
            abi.encodeCall(grid.setGranter, (by, true)),
            abi.encodeCall(grid.setSettler, (by, true)),
            abi.encodeCall(grid.proposeMarket, (by)),
            abi.encodeCall(grid.admitMarket, (by)),
            abi.encodeCall(grid.suspend, (feeder, current(), current() + 1)),
            abi.encodeCall(grid.proposeOwner, (by)),
            abi.encodeCall(grid.acceptOwner, ()),
            abi.encodeCall(grid.seal, ()),
            abi.encodeCall(grid.pause, ("")),
            abi.encodeCall(grid.resume, ()),
            abi.encodeCall(grid.lowerFeederLimits, (feeder, 0, 0)),
            abi.encodeCall(grid.admitMarket, (address(0)))
        ];
        bool went = tries(by, address(grid), calls_[dice.roll(calls_.length)]);
        claim(!went, "only the owner governs");
        done["trespass on the grid"]++;
    }

    function trespassSome(Dice memory dice) internal {
        // A grid's owner is no market and no granter either.
        address by = dice.isOnce(8) ? OWNER : person(dice.roll(PEOPLE));
        address victim = person(dice.roll(PEOPLE));
        uint32 assetId = pickAsset(dice);
        uint32 t = current();
        Release[] memory releases = new Release[](1);
        releases[0] = Release(assetId, 0, dice.isOnce(2) ? 1 : 0);
        Grant[] memory grants = new Grant[](1);
        grants[0] = Grant(by, address(matching), 1, Side.Sell, t, t, 9_000, 10, 1);
        bytes[7] memory calls_ = [
            abi.encodeCall(assets.moveIn, (victim, assetId, 1, 1, t, t, 1)),
            abi.encodeCall(assets.release, (releases)),
            abi.encodeCall(assets.moveMoneyIn, (victim, 1)),
            abi.encodeCall(assets.moveMoneyOut, (victim, 1)),
            abi.encodeCall(assets.grant, (grants)),
            abi.encodeCall(assets.addFinancialBalance, (by, address(matching), 1)),
            abi.encodeCall(assets.addEnergy, (by, address(matching), 1, Side.Buy, t, t, 9_000, 10))
        ];
        bool went = tries(by, address(assets), calls_[dice.roll(calls_.length)]);
        claim(!went, "only granters grant, only markets move");
        done["trespass on assets"]++;
    }

    /// Reaches only those whom the granter gave to it, and gives back only what came in.
    function rogueSome(Dice memory dice) internal {
        uint32 assetId = pickAsset(dice);
        for (uint256 k = 0; k < 20 && marketOf(rights[assetId - 1].owner) != ROGUE; k++) {
            if (dice.isOnce(20)) break;
            assetId = uint32(1 + dice.roll(rights.length));
        }
        Right storage right = rights[assetId - 1];
        address who = dice.isOnce(2) ? right.owner : person(dice.roll(PEOPLE));
        uint64 micro = uint64(dice.roll(insideRogue + 2));
        uint256 kind_ = dice.roll(4);
        if (kind_ == 0) rogueTakes(dice, assetId, who);
        else if (kind_ == 1) rogueReleases(dice, assetId, micro);
        else if (kind_ == 2) {
            micro = uint64(dice.roll(uint256(balance[who]) + 2));
            bool should = marketOf(who) == ROGUE && micro <= balance[who];
            bytes memory data = abi.encodeCall(assets.moveMoneyIn, (who, micro));
            expect(tries(ROGUE, address(assets), data), should, "rogue takes money");
            if (!should) return;
            balance[who] -= micro;
            insideRogue += micro;
        } else {
            bool should = marketOf(who) == ROGUE && micro <= insideRogue;
            bytes memory data = abi.encodeCall(assets.moveMoneyOut, (who, micro));
            expect(tries(ROGUE, address(assets), data), should, "rogue gives money");
            if (!should) return;
            balance[who] += micro;
            insideRogue -= micro;
        }
    }

    function rogueTakes(Dice memory dice, uint32 assetId, address from) private {
        Right memory right = rights[assetId - 1];
        (uint32 first, uint32 last) = rangeIn(dice, right);
        uint48 energyWs = uint48(dice.roll(uint256(right.heldWs) + 2));
        uint32 powerW = uint32(dice.roll(uint256(right.maxPowerW) + 2));
        uint64 micro = uint64(dice.roll(uint256(balance[from]) + 2));
        bool isPaid = right.side == Side.Buy;
        bool should = from == right.owner &&
            marketOf(from) == ROGUE &&
            bears(right, first, last, energyWs, powerW) &&
            (!isPaid || micro <= balance[from]);
        bytes memory data = abi.encodeCall(
            assets.moveIn,
            (from, assetId, energyWs, powerW, first, last, micro)
        );
        expect(tries(ROGUE, address(assets), data), should, "rogue takes energy");
        if (!should) return;
        enter(right, first, last, energyWs, powerW);
        rights[assetId - 1] = right;
        if (!isPaid) return;
        balance[from] -= micro;
        insideRogue += micro;
    }

    /// Of an asset's intervals, an interval beside them at times.
    function rangeIn(
        Dice memory dice,
        Right memory right
    ) private pure returns (uint32 first, uint32 last) {
        first = dice.isOnce(9) ? right.firstInterval - 1 : right.since;
        first += uint32(dice.roll(6));
        last = first + uint32(dice.roll(3));
        if (dice.isOnce(9)) last = right.lastInterval + uint32(dice.roll(2));
    }

    function rogueReleases(Dice memory dice, uint32 assetId, uint64 micro) private {
        Right storage right = rights[assetId - 1];
        uint48 energyWs = uint48(dice.roll(uint256(right.enteredWs) + 2));
        if (dice.isOnce(2)) micro = 0;
        bool should = marketOf(right.owner) == ROGUE &&
            energyWs <= right.enteredWs &&
            micro <= insideRogue;
        Release[] memory releases = new Release[](1);
        releases[0] = Release(assetId, energyWs, micro);
        bytes memory data = abi.encodeCall(assets.release, (releases));
        expect(tries(ROGUE, address(assets), data), should, "rogue gives energy");
        if (!should) return;
        right.heldWs += energyWs;
        right.enteredWs -= energyWs;
        balance[right.owner] += micro;
        insideRogue -= micro;
    }
}
