// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Side} from "../IAssets.sol";
import {Chunk, Objective} from "../IMatching.sol";
import {Model, Offer} from "./Model.sol";

/// @title Whether a solution is sound, from the rules and the model alone
/// @notice A third verification, slow and without any of the others' code.
abstract contract Judge is Model {
    /// What earlier parts of a solution took, and for which intervals they brought trades.
    mapping(uint32 solutionId => mapping(uint256 offerId => uint256)) internal partWs;
    mapping(uint32 solutionId => mapping(uint32 interval => bytes)) internal partTrades;
    mapping(uint32 solutionId => mapping(uint32 interval => Objective)) internal partValue;

    struct Cursor {
        uint256 askKey;
        uint256 bidKey;
        uint256[] powerW; // by place in offers
    }

    /// @param solutionId of a solution in parts, else 0
    /// @return sound whether all chunks of open intervals keep all rules together
    /// @return values by chunk
    /// @return usedWs by place in `offers`, with final trades and earlier parts
    function judge(
        Chunk[] memory chunks,
        uint32 solutionId
    ) internal view returns (bool sound, Objective[] memory values, uint256[] memory usedWs) {
        values = new Objective[](chunks.length);
        usedWs = used(solutionId);
        uint32 first = firstOpen();
        for (uint256 i = 0; i < chunks.length; i++) {
            bytes memory trades = chunks[i].trades;
            uint32 t = chunks[i].interval;
            if (t < first) continue;
            bool isWhole = trades.length % tradeBytes() == 0;
            if (t > lastTradable() || !isWhole) return (false, values, usedWs);
            for (uint256 k = 0; k < i; k++) {
                if (chunks[k].interval == t) return (false, values, usedWs);
            }
            if (trades.length == 0) continue;
            if (partTrades[solutionId][t].length > 0) return (false, values, usedWs);
            sound = judgeChunk(readTrades(trades), t, values[i], usedWs);
            if (!sound) return (false, values, usedWs);
        }
        sound = true;
    }

    function used(uint32 solutionId) internal view returns (uint256[] memory usedWs) {
        usedWs = new uint256[](offers.length);
        for (uint256 i = 0; i < offers.length; i++) {
            if (!offers[i].open) continue;
            usedWs[i] = offers[i].takenWs + partWs[solutionId][i + 1];
        }
    }

    function judgeChunk(
        Trade[] memory trades,
        uint32 t,
        Objective memory value,
        uint256[] memory usedWs
    ) private view returns (bool) {
        Cursor memory cursor;
        cursor.powerW = new uint256[](offers.length);
        for (uint256 i = 0; i < trades.length; i++) {
            if (!judgeTrade(trades[i], t, cursor, value)) return false;
        }
        for (uint256 i = 0; i < offers.length; i++) {
            if (cursor.powerW[i] == 0) continue;
            if (cursor.powerW[i] > offers[i].maxPowerW) return false;
            usedWs[i] += cursor.powerW[i] * SECONDS;
            if (usedWs[i] > offers[i].energyWs) return false;
        }
        return fits(trades, t, false);
    }

    function judgeTrade(
        Trade memory trade,
        uint32 t,
        Cursor memory cursor,
        Objective memory value
    ) private view returns (bool) {
        if (!isUsable(trade.askId, Side.Sell, t)) return false;
        if (!isUsable(trade.bidId, Side.Buy, t)) return false;
        Offer storage ask = offers[trade.askId - 1];
        Offer storage bid = offers[trade.bidId - 1];
        uint256 energyWs = uint256(trade.powerW) * SECONDS;
        if (energyWs < LEAST_WS || ask.price > bid.price) return false;
        if (ask.feeder == 0 && bid.feeder == 0) return false;
        bool isOutside = trade.price < ask.price || trade.price > bid.price;
        if (kind.priceRule == 1 && isOutside) return false;
        uint256 askKey = (uint256(ask.price) << 32) | trade.askId;
        uint256 bidKey = (uint256(bid.price) << 32) | trade.bidId;
        if (askKey < cursor.askKey || bidKey < cursor.bidKey) return false;
        if (askKey == cursor.askKey && bidKey == cursor.bidKey) return false;
        (cursor.askKey, cursor.bidKey) = (askKey, bidKey);
        cursor.powerW[trade.askId - 1] += trade.powerW;
        cursor.powerW[trade.bidId - 1] += trade.powerW;
        if (ask.feeder == 0 || bid.feeder == 0) value.utilityEnergyWs += uint64(energyWs);
        else value.homeEnergyWs += uint64(energyWs);
        value.welfare += uint128((bid.price - ask.price) * energyWs);
        return true;
    }

    function isUsable(uint32 offerId, Side side, uint32 t) private view returns (bool) {
        if (offerId == 0 || offerId > offers.length) return false;
        Offer storage offer = offers[offerId - 1];
        return
            offer.open &&
            offer.side == side &&
            t >= offer.firstInterval &&
            t <= offer.lastInterval &&
            offer.postedAt <= closeOf(t) - QUIET;
    }
}
