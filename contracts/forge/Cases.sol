// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Side} from "../IAssets.sol";
import {Limits} from "../IMicrogrid.sol";
import {Terms} from "../Offers.sol";
import {Use} from "../Solutions.sol";
import {Rules} from "../Verification.sol";
import {Case, Part} from "./Case.sol";
import {Chance, Dice} from "./Dice.sol";

/// What is known of a case while it is made. Asks come first, then bids, both in merge order.
struct Draft {
    uint256 asks;
    uint256[] energyWs; // traded in all parts, by offer
    uint256[] mostW; // of any part
    uint256[] partOf; // the one of an offer of one interval; else ALL
    uint256[] runW; // of the part at work
    uint256[] soldW; // of the part at work, by feeder
    uint256[] boughtW;
    uint256 least; // power of the smallest trade
    bool extreme;
}

/// @title Sound cases, made to measure
/// @notice The trades come first; then offers, limits and rules are cut to them, half of them with
/// nothing to spare. So a case is sound, and one more of anything makes it unsound.
library Cases {
    using Chance for Dice;

    uint32 internal constant SOLUTION = 7;
    uint32 private constant INTERVAL = 1_000_000;
    uint256 private constant MOST_TRADES = 10;
    uint256 private constant ALL = 9;

    function make(Dice memory dice) internal pure returns (Case memory c) {
        Draft memory draft;
        draft.extreme = dice.isOnce(6);
        setRules(c, draft, dice);
        setOffers(c, draft, dice);
        for (uint256 p = 0; p < c.parts.length; p++) trade(c, draft, dice, p);
        cutOffers(c, draft, dice);
        c.rules.minTradeW = slack(dice, 1) == 0 && draft.least > 0 ? uint48(draft.least) : 1;
    }

    function setRules(Case memory c, Draft memory draft, Dice memory dice) private pure {
        uint32 seconds_ = [uint32(4), 60, 900, 3_600][dice.roll(4)];
        bool priced = dice.isOnce(2);
        c.rules = Rules({
            solutionId: SOLUTION,
            interval: 0,
            firstInterval: 0,
            intervalSeconds: draft.extreme && dice.isOnce(2) ? type(uint32).max : seconds_,
            minTradeW: 1,
            postedAhead: 0,
            tradeBytes: priced ? 16 : 12,
            priced: priced,
            inParts: dice.isOnce(2)
        });
        c.parts = new Part[](1 + dice.roll(3));
        uint32 first = draft.extreme ? type(uint32).max - uint32(c.parts.length) : INTERVAL;
        for (uint256 p = 0; p < c.parts.length; p++) c.parts[p].interval = first + uint32(p);
        c.rules.firstInterval = first - uint32(slack(dice, 90));
        uint256 startsAt = uint256(first) * c.rules.intervalSeconds;
        c.rules.postedAhead = startsAt - (draft.extreme ? type(uint32).max : startsAt / 2);
        c.limits = new Limits[](1 + 1 + dice.roll(3));
        c.limits[0] = Limits(type(uint64).max, type(uint64).max);
        for (uint256 f = 1; f < c.limits.length; f++) c.limits[f] = Limits(0, 0);
    }

    function setOffers(Case memory c, Draft memory draft, Dice memory dice) private pure {
        draft.asks = 1 + dice.roll(4);
        uint256 count = draft.asks + 1 + dice.roll(4);
        c.ids = new uint32[](count);
        c.terms = new Terms[](count);
        c.uses = new Use[](count);
        c.takenW = new uint64[](count);
        draft.energyWs = new uint256[](count);
        draft.mostW = new uint256[](count);
        draft.partOf = new uint256[](count);
        draft.least = type(uint32).max;
        uint256 key = dice.roll(300_000) << 32;
        for (uint256 i = 0; i < count; i++) {
            // Bids begin where some asks are too dear for them.
            if (i == draft.asks) key = (key >> 32 << 32) - (key >> 33 << 32) / 4;
            key = nextKey(key, i, draft.extreme, dice);
            c.ids[i] = uint32(key);
            c.terms[i].priceMicroPerKwh = uint32(key >> 32);
            c.terms[i].side = i < draft.asks ? Side.Sell : Side.Buy;
            c.terms[i].feeder = uint16(dice.roll(c.limits.length));
            draft.partOf[i] = dice.isOnce(2) ? ALL : dice.roll(c.parts.length);
        }
    }

    /// Later in merge order, with a number that no other offer has.
    function nextKey(
        uint256 key,
        uint256 place,
        bool extreme,
        Dice memory dice
    ) private pure returns (uint256) {
        uint256 price = key >> 32;
        uint256 high = uint32(key) >> 4; // above the four bits that tell the offers apart
        uint256 most = extreme ? type(uint32).max >> 4 : 60;
        if (dice.isOnce(3) && high < most && key != 0) {
            high += dice.roll(most - high) + 1;
        } else {
            uint256 far = type(uint32).max - price;
            if (far > 0) high = dice.roll(most + 1);
            if (extreme && dice.isOnce(4)) price += far;
            else if (far > 0) price += 1 + dice.roll(far < 20_000 ? far : 20_000);
        }
        return (price << 32) | (high << 4) | (place + 1);
    }

    /// A walk through asks and bids in merge order.
    function trade(Case memory c, Draft memory draft, Dice memory dice, uint256 p) private pure {
        draft.runW = new uint256[](c.ids.length);
        draft.soldW = new uint256[](c.limits.length);
        draft.boughtW = new uint256[](c.limits.length);
        (uint256 a, uint256 b) = (0, draft.asks);
        bytes memory trades;
        for (uint256 n = 0; n < MOST_TRADES && a < draft.asks && b < c.ids.length; ) {
            if (!isOf(draft, a, p)) a++;
            else if (!isOf(draft, b, p) || !canMeet(c.terms[a], c.terms[b])) b++;
            else {
                uint256 powerW = powerOf(c, draft, dice);
                trades = bytes.concat(trades, encode(c, dice, a, b, powerW));
                book(c, draft, a, b, powerW);
                n++;
                uint256 step = dice.roll(3);
                if (step != 0) a++;
                if (step != 1) b++;
            }
        }
        c.parts[p].trades = trades;
        for (uint256 i = 0; i < c.ids.length; i++) {
            draft.energyWs[i] += draft.runW[i] * c.rules.intervalSeconds;
            if (draft.runW[i] > draft.mostW[i]) draft.mostW[i] = draft.runW[i];
        }
        cutLimits(c, draft, dice);
    }

    function isOf(Draft memory draft, uint256 offer, uint256 p) private pure returns (bool) {
        return draft.partOf[offer] == p || draft.partOf[offer] == ALL;
    }

    function canMeet(Terms memory ask, Terms memory bid) private pure returns (bool) {
        return ask.priceMicroPerKwh <= bid.priceMicroPerKwh && ask.feeder + bid.feeder != 0;
    }

    function powerOf(
        Case memory c,
        Draft memory draft,
        Dice memory dice
    ) private pure returns (uint256) {
        // So that no offer needs more energy than 48 bits hold.
        uint256 seconds_ = c.rules.intervalSeconds;
        uint256 most = type(uint48).max / (seconds_ * 3 * (MOST_TRADES + 1));
        if (most > type(uint32).max / MOST_TRADES) most = type(uint32).max / MOST_TRADES;
        return draft.extreme ? most - dice.roll(2) : 1 + dice.roll(3_000);
    }

    function encode(
        Case memory c,
        Dice memory dice,
        uint256 a,
        uint256 b,
        uint256 powerW
    ) private pure returns (bytes memory) {
        bytes memory plain = abi.encodePacked(c.ids[a], c.ids[b], uint32(powerW));
        if (!c.rules.priced) return plain;
        uint256 low = c.terms[a].priceMicroPerKwh;
        uint256 high = c.terms[b].priceMicroPerKwh;
        uint256 price = [low, high, low + dice.roll(high - low + 1)][dice.roll(3)];
        return bytes.concat(plain, bytes4(uint32(price)));
    }

    function book(
        Case memory c,
        Draft memory draft,
        uint256 a,
        uint256 b,
        uint256 powerW
    ) private pure {
        draft.runW[a] += powerW;
        draft.runW[b] += powerW;
        draft.soldW[c.terms[a].feeder] += powerW;
        draft.boughtW[c.terms[b].feeder] += powerW;
        if (powerW < draft.least) draft.least = powerW;
    }

    /// So that this part fits, and the parts before it.
    function cutLimits(Case memory c, Draft memory draft, Dice memory dice) private pure {
        for (uint256 f = 1; f < c.limits.length; f++) {
            (uint256 sold, uint256 bought) = (draft.soldW[f], draft.boughtW[f]);
            Limits memory limit = c.limits[f];
            uint256 most = sold > bought ? sold : bought;
            uint256 net = most - (sold > bought ? bought : sold);
            if (most > limit.internalLimitW) limit.internalLimitW = uint64(most + slack(dice, 99));
            if (net > limit.externalLimitW) limit.externalLimitW = uint64(net + slack(dice, 99));
        }
    }

    function cutOffers(Case memory c, Draft memory draft, Dice memory dice) private pure {
        for (uint256 i = 0; i < c.ids.length; i++) {
            Terms memory terms = c.terms[i];
            uint256 before = slack(dice, 2);
            uint256 after_ = slack(dice, 1);
            if (draft.partOf[i] != ALL) {
                terms.firstInterval = c.parts[draft.partOf[i]].interval;
            } else {
                terms.firstInterval = c.parts[0].interval - uint32(before);
                terms.moreIntervals = uint8(c.parts.length - 1 + before + after_);
                setUse(c, dice, i);
                if (dice.isOnce(2)) c.takenW[i] = uint64(dice.roll(draft.extreme ? 3 : 100));
            }
            uint256 mine = c.uses[i].solutionId == SOLUTION ? c.uses[i].energyWs : 0;
            mine += uint256(c.takenW[i]) * c.rules.intervalSeconds;
            terms.energyWs = uint48(draft.energyWs[i] + mine + slack(dice, 5_000));
            terms.maxPowerW = uint32(draft.mostW[i] + slack(dice, 50));
            uint32 used = c.parts[draft.partOf[i] == ALL ? 0 : draft.partOf[i]].interval;
            terms.postedAt = latestPosting(c.rules, used) - uint32(slack(dice, 1_000));
            terms.assetId = uint32(dice.roll(99));
        }
    }

    /// Of this solution only where it comes in parts.
    function setUse(Case memory c, Dice memory dice, uint256 i) private pure {
        if (!dice.isOnce(2)) return;
        bool mine = c.rules.inParts && dice.isOnce(2);
        uint48 energyWs = uint48(dice.roll(100_000));
        energyWs -= energyWs % c.rules.intervalSeconds; // as power makes it
        c.uses[i] = Use(mine ? SOLUTION : SOLUTION - 1, energyWs);
    }

    function latestPosting(Rules memory rules, uint32 interval) internal pure returns (uint32) {
        uint256 until = uint256(interval) * rules.intervalSeconds - rules.postedAhead;
        return until > type(uint32).max ? type(uint32).max : uint32(until);
    }

    function slack(Dice memory dice, uint256 most) private pure returns (uint256) {
        return dice.isOnce(2) ? 0 : 1 + dice.roll(most);
    }
}
