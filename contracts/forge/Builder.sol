// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Side} from "../IAssets.sol";
import {Limits} from "../IMicrogrid.sol";
import {Chance, Dice} from "./Dice.sol";
import {Judge} from "./Judge.sol";
import {Offer} from "./Model.sol";

/// @title An honest solver: sound trades of one interval, by the monotone merge
abstract contract Builder is Judge {
    using Chance for Dice;

    /// So many of the newest offers are looked at.
    uint256 private constant NEWEST = 30;

    struct Merge {
        uint256[] asks; // merge keys: price, then number
        uint256[] bids;
        uint256 a;
        uint256 b;
        uint256 soldW; // by the ask at `a`
        uint256 boughtW; // by the bid at `b`
        uint256[] feederSoldW;
        uint256[] feederBoughtW;
        Limits[] limits;
    }

    /// @param usedWs by place in `offers`; what is traded is added
    function build(
        Dice memory dice,
        uint256[] memory usedWs,
        uint32 t
    ) internal view returns (bytes memory trades) {
        Merge memory m;
        (m.asks, m.bids) = (sorted(Side.Sell, t), sorted(Side.Buy, t));
        (m.limits, ) = grid.allLimitsAt(t);
        m.feederSoldW = new uint256[](m.limits.length);
        m.feederBoughtW = new uint256[](m.limits.length);
        while (m.a < m.asks.length && m.b < m.bids.length) {
            (uint32 askId, uint32 bidId) = (uint32(m.asks[m.a]), uint32(m.bids[m.b]));
            if (m.asks[m.a] >> 32 > m.bids[m.b] >> 32) {
                (m.b, m.boughtW) = (m.b + 1, 0);
                continue;
            }
            uint256 powerW = room(m, offers[askId - 1], offers[bidId - 1], usedWs, askId, bidId);
            if (powerW > 0 && dice.isOnce(8)) powerW = dice.roll(powerW) + 1;
            bool isTraded = powerW * SECONDS >= LEAST_WS;
            if (isTraded) trades = bytes.concat(trades, take(m, dice, usedWs, powerW));
            bool isAskNext = isTraded ? isFull(m.soldW, askId, usedWs) : dice.isOnce(2);
            if (isAskNext) (m.a, m.soldW) = (m.a + 1, 0);
            else (m.b, m.boughtW) = (m.b + 1, 0);
        }
    }

    function isFull(
        uint256 powerW,
        uint32 offerId,
        uint256[] memory usedWs
    ) private view returns (bool) {
        Offer storage offer = offers[offerId - 1];
        return powerW == offer.maxPowerW || usedWs[offerId - 1] + SECONDS > offer.energyWs;
    }

    function take(
        Merge memory m,
        Dice memory dice,
        uint256[] memory usedWs,
        uint256 powerW
    ) private view returns (bytes memory trade) {
        (uint32 askId, uint32 bidId) = (uint32(m.asks[m.a]), uint32(m.bids[m.b]));
        m.soldW += powerW;
        m.boughtW += powerW;
        m.feederSoldW[offers[askId - 1].feeder] += powerW;
        m.feederBoughtW[offers[bidId - 1].feeder] += powerW;
        usedWs[askId - 1] += powerW * SECONDS;
        usedWs[bidId - 1] += powerW * SECONDS;
        trade = abi.encodePacked(askId, bidId, uint32(powerW));
        if (kind.priceRule == 0) return trade;
        (uint256 low, uint256 high) = (m.asks[m.a] >> 32, m.bids[m.b] >> 32);
        return bytes.concat(trade, bytes4(uint32(low + dice.roll(high - low + 1))));
    }

    /// The most that the next trade may have, W.
    function room(
        Merge memory m,
        Offer memory ask,
        Offer memory bid,
        uint256[] memory usedWs,
        uint32 askId,
        uint32 bidId
    ) private pure returns (uint256 powerW) {
        if (ask.feeder + bid.feeder == 0) return 0;
        powerW = ask.maxPowerW - m.soldW;
        powerW = least(powerW, bid.maxPowerW - m.boughtW);
        powerW = least(powerW, less(ask.energyWs, usedWs[askId - 1]) / SECONDS);
        powerW = least(powerW, less(bid.energyWs, usedWs[bidId - 1]) / SECONDS);
        (uint256 s, uint256 b) = (ask.feeder, bid.feeder);
        powerW = least(powerW, m.limits[s].internalLimitW - m.feederSoldW[s]);
        powerW = least(powerW, m.limits[b].internalLimitW - m.feederBoughtW[b]);
        if (s == b) return powerW;
        uint256 most = m.limits[s].externalLimitW;
        if (s != 0) powerW = least(powerW, less(most + m.feederBoughtW[s], m.feederSoldW[s]));
        most = m.limits[b].externalLimitW;
        if (b != 0) powerW = least(powerW, less(most + m.feederSoldW[b], m.feederBoughtW[b]));
    }

    /// 0 where a part of an outdated solution took what final trades have taken since.
    function less(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    function least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function sorted(Side side, uint32 t) private view returns (uint256[] memory keys) {
        uint256[] memory found = new uint256[](NEWEST);
        uint256 count = 0;
        uint256 latest = closeOf(t) - QUIET;
        for (uint256 i = offers.length; i > 0 && i + NEWEST > offers.length; i--) {
            Offer storage offer = offers[i - 1];
            if (!offer.open || offer.side != side || offer.postedAt > latest) continue;
            if (t < offer.firstInterval || t > offer.lastInterval) continue;
            uint256 key = (uint256(offer.price) << 32) | i;
            uint256 place = count++;
            for (; place > 0 && found[place - 1] > key; place--) found[place] = found[place - 1];
            found[place] = key;
        }
        keys = new uint256[](count);
        for (uint256 i = 0; i < count; i++) keys[i] = found[i];
    }
}
