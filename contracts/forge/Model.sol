// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Side} from "../IAssets.sol";
import {Objective} from "../IMatching.sol";
import {Limits} from "../IMicrogrid.sol";
import {Credits} from "./Credits.sol";

/// An energyAsset, where its energy is, and how far its offers go.
struct Right {
    address owner;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint32 maxPowerW;
    uint48 heldWs;
    uint48 enteredWs;
    uint32 since; // the last gap between its offers: nothing is posted before it any more
    uint32 reach; // the first interval behind all its offers
    uint32 offeredPowerW; // of those since the gap
    uint32 offers; // ever
    uint32 atFullPower; // of those that traded and ended
}

struct Offer {
    uint32 assetId;
    uint32 feeder;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint32 maxPowerW;
    uint32 price;
    uint48 energyWs;
    uint48 takenWs; // by final trades
    uint64 micro; // what its owner has a claim to: escrow less payments, or proceeds
    uint256 postedAt;
    bool open;
}

/// @title What must be true of the market, kept beside it
/// @notice Final trades count from the moment they are final; when and where the contracts book
/// them is their affair.
abstract contract Model is Credits {
    /// How often what happened.
    mapping(string what => uint256) public done;

    Right[] internal rights; // of asset 1, 2, ...
    Offer[] internal offers; // 1, 2, ...
    mapping(uint32 assetId => uint32[]) internal offersOf;
    mapping(address => uint64) internal balance;
    mapping(address => uint64) internal stakes;
    mapping(address => uint256) internal lastSubmission;
    uint64 internal insideRogue;
    uint64 internal grantedMicro;
    uint64 internal depositedMicro;
    uint64[2] internal grantedWs;
    uint64[2] internal depositedWs;
    mapping(uint256 day => uint64) internal grantedMicroOn;

    /// The candidate's trades, until they are final; then those.
    mapping(uint32 interval => bytes) internal tradesOf;
    mapping(uint32 interval => bool) internal finals;
    mapping(uint32 interval => uint32[]) internal voidedOf;
    mapping(uint32 interval => bytes32) internal limitsSeen;
    uint32[] internal finalIntervals; // with trades

    struct Trade {
        uint32 askId;
        uint32 bidId;
        uint32 powerW;
        uint32 price;
    }

    function tradeBytes() internal view returns (uint256) {
        return kind.priceRule == 1 ? 16 : 12;
    }

    function readTrades(bytes memory chunk) internal view returns (Trade[] memory trades) {
        uint256 size = tradeBytes();
        trades = new Trade[](chunk.length / size);
        for (uint256 i = 0; i < trades.length; i++) {
            uint256 word = 0;
            for (uint256 k = 0; k < size; k++) word = (word << 8) | uint8(chunk[i * size + k]);
            if (size == 12) word <<= 32;
            (uint32 askId, uint32 bidId) = (uint32(word >> 96), uint32(word >> 64));
            trades[i] = Trade(askId, bidId, uint32(word >> 32), uint32(word));
        }
    }

    function isSomethingDue() internal view returns (bool) {
        uint32 open = firstOpen();
        for (uint32 t = current() + 1; t < open; t++) {
            if (!finals[t] && tradesOf[t].length > 0) return true;
        }
        return false;
    }

    /// Those that a submission made final in passing.
    function takeFinals() internal {
        uint32 open = firstOpen();
        for (uint32 t = current() + 1; t < open; t++) {
            if (!finals[t] && matching.isFinal(t)) becomeFinal(t);
        }
    }

    /// An interval is final with what the candidate has for it.
    function becomeFinal(uint32 t) internal {
        claim(!finals[t], "an interval is final once");
        claim(matching.isFinal(t), "it is final");
        finals[t] = true;
        if (tradesOf[t].length == 0) return;
        finalIntervals.push(t);
        claim(limitsSeen[t] == limitsOf(t), "limits of a tradable interval never change");
        Trade[] memory trades = readTrades(tradesOf[t]);
        bool isAll = !fits(trades, t, true);
        for (uint32 i = 0; i < trades.length; i++) {
            if (isAll || isSuspended(trades[i], t)) {
                voidedOf[t].push(i);
                trades[i].powerW = 0;
            }
        }
        claim(fits(trades, t, false), "no final trade breaks a limit");
        if (voidedOf[t].length > 0) done["voided trades"]++;
        else reserve(t, homeWsOf(trades));
        for (uint256 i = 0; i < trades.length; i++) pay(trades[i]);
    }

    function homeWsOf(Trade[] memory trades) private view returns (uint256 energyWs) {
        for (uint256 i = 0; i < trades.length; i++) {
            bool isAskHome = offers[trades[i].askId - 1].feeder != 0;
            bool isBidHome = offers[trades[i].bidId - 1].feeder != 0;
            if (isAskHome && isBidHome) energyWs += uint256(trades[i].powerW) * SECONDS;
        }
    }

    function isSuspended(Trade memory trade, uint32 t) private view returns (bool) {
        return
            grid.isSuspended(offers[trade.askId - 1].feeder, t) ||
            grid.isSuspended(offers[trade.bidId - 1].feeder, t);
    }

    function fits(Trade[] memory trades, uint32 t, bool voids) internal view returns (bool) {
        int256[] memory sold = new int256[](FEEDERS + 1);
        int256[] memory bought = new int256[](FEEDERS + 1);
        for (uint256 i = 0; i < trades.length; i++) {
            if (voids && isSuspended(trades[i], t)) continue;
            sold[offers[trades[i].askId - 1].feeder] += int256(uint256(trades[i].powerW));
            bought[offers[trades[i].bidId - 1].feeder] += int256(uint256(trades[i].powerW));
        }
        for (uint32 f = 1; f <= FEEDERS; f++) {
            Limits memory limits = grid.limitsAt(f, t);
            int256 most = int256(uint256(limits.internalLimitW));
            int256 net = int256(uint256(limits.externalLimitW));
            if (sold[f] > most || bought[f] > most) return false;
            if (sold[f] - bought[f] > net || bought[f] - sold[f] > net) return false;
        }
        return true;
    }

    function limitsOf(uint32 t) internal view returns (bytes32) {
        (Limits[] memory limits, ) = grid.allLimitsAt(t);
        return keccak256(abi.encode(limits));
    }

    function pay(Trade memory trade) private {
        Offer storage ask = offers[trade.askId - 1];
        Offer storage bid = offers[trade.bidId - 1];
        uint256 price = kind.priceRule == 1 ? trade.price : (uint256(ask.price) + bid.price) / 2;
        claim(price >= ask.price, "nobody gets less than said");
        claim(price <= bid.price, "nobody pays more than said");
        uint48 energyWs = uint48(uint256(trade.powerW) * SECONDS);
        uint64 micro = uint64((price * energyWs) / 3_600_000);
        ask.takenWs += energyWs;
        bid.takenWs += energyWs;
        claim(ask.takenWs <= ask.energyWs && bid.takenWs <= bid.energyWs, "within both offers");
        claim(bid.micro >= micro, "a bid's escrow suffices");
        ask.micro += micro;
        bid.micro -= micro;
    }

    // -------------------------------------------------------------------------------- assets

    /// Whether an asset has what one more offer asks for, and the offer comes in its turn.
    function bears(
        Right memory right,
        uint32 first,
        uint32 last,
        uint256 energyWs,
        uint256 powerW
    ) internal pure returns (bool) {
        if (first > last || first < right.firstInterval || last > right.lastInterval) return false;
        if (energyWs > right.heldWs || right.offers == type(uint8).max) return false;
        if (first < right.since) return false;
        return powerW + (first < right.reach ? right.offeredPowerW : 0) <= right.maxPowerW;
    }

    /// An offer takes what it asks for.
    function enter(
        Right memory right,
        uint32 first,
        uint32 last,
        uint48 energyWs,
        uint32 powerW
    ) internal pure {
        right.heldWs -= energyWs;
        right.enteredWs += energyWs;
        right.offers++;
        if (first >= right.reach) (right.since, right.offeredPowerW) = (first, 0);
        right.offeredPowerW += powerW;
        if (last >= right.reach) right.reach = last + 1;
    }

    /// What `bears` is good for: whatever trades, no asset gives more power than was granted.
    function checkPower(uint32 assetId, uint32 first, uint32 last) internal view {
        uint32[] memory ids = offersOf[assetId];
        for (uint32 t = first; t <= last; t++) {
            uint256 powerW = 0;
            for (uint256 i = 0; i < ids.length; i++) {
                Offer storage offer = offers[ids[i] - 1];
                bool isThen = offer.firstInterval <= t && t <= offer.lastInterval;
                if (isThen) powerW += offer.maxPowerW;
            }
            claim(powerW <= rights[assetId - 1].maxPowerW, "no more power in offers than granted");
        }
    }

    /// The offer is closed: what is left goes to the owner, once.
    function end(uint32 offerId) internal {
        Offer storage offer = offers[offerId - 1];
        claim(offer.open, "an offer ends once");
        offer.open = false;
        Right storage right = rights[offer.assetId - 1];
        right.heldWs += offer.energyWs - offer.takenWs;
        right.enteredWs -= offer.energyWs - offer.takenWs;
        balance[right.owner] += offer.micro;
        offer.micro = 0;
        if (offer.takenWs == 0) return;
        done[nameOf(offer)]++;
        bool isFull = offer.maxPowerW == right.maxPowerW;
        if (isFull && ++right.atFullPower > 1) done["another trade at full power"]++;
    }

    function nameOf(Offer memory offer) private pure returns (string memory) {
        if (offer.firstInterval == offer.lastInterval) {
            return offer.side == Side.Sell ? "end of a short ask" : "end of a short bid";
        }
        return offer.side == Side.Sell ? "end of a long ask" : "end of a long bid";
    }

    function isWorse(Objective memory a, Objective memory b) internal pure returns (bool) {
        if (a.homeEnergyWs != b.homeEnergyWs) return a.homeEnergyWs < b.homeEnergyWs;
        if (a.utilityEnergyWs != b.utilityEnergyWs) return a.utilityEnergyWs < b.utilityEnergyWs;
        return a.welfare < b.welfare;
    }
}
