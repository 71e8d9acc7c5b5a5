// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Side} from "../IAssets.sol";
import {Limits} from "../IMicrogrid.sol";
import {Terms} from "../Offers.sol";
import {Use} from "../Solutions.sol";
import {Case} from "./Case.sol";
import {Cases} from "./Cases.sol";
import {Chance, Dice} from "./Dice.sol";

/// @title One small change to a case
/// @notice Most changes are by one, where a wrong comparison shows. What Matching never lets happen
/// is not made: a solution that has taken more than an offer holds, a use of a solution that does
/// not come in parts, a feeder that the grid does not have.
library Mutations {
    using Chance for Dice;

    function mutate(Case memory c, Dice memory dice) internal pure {
        uint256 kind = dice.roll(10);
        if (kind < 4) changeTrades(c, dice);
        else if (kind < 7) changeTerms(c.terms[dice.roll(c.ids.length)], c, dice);
        else if (kind == 7) changeLimits(c.limits[dice.roll(c.limits.length)], dice);
        else if (kind == 8) changeUse(c, dice);
        else changeRules(c, dice);
        for (uint256 i = 0; i < c.ids.length; i++) keepWithin(c, i);
    }

    function changeTrades(Case memory c, Dice memory dice) private pure {
        uint256 p = dice.roll(c.parts.length);
        bytes memory trades = c.parts[p].trades;
        uint256 size = c.rules.tradeBytes;
        uint256 count = trades.length / size;
        if (count == 0) return;
        uint256 offset = dice.roll(count) * size;
        uint256 kind = dice.roll(6);
        if (kind == 0) {
            bytes memory rest = cut(trades, offset + size, trades.length);
            c.parts[p].trades = bytes.concat(cut(trades, 0, offset), rest);
        } else if (kind == 1) {
            c.parts[p].trades = cut(trades, 0, offset); // the first ones alone
        } else if (kind == 2) {
            // The same pair twice, with the same power in all.
            bytes memory again = cut(trades, offset, trades.length);
            uint32 powerW = read(trades, offset + 8);
            write(trades, offset + 8, powerW / 2);
            write(again, 8, powerW - powerW / 2);
            c.parts[p].trades = bytes.concat(cut(trades, 0, offset + size), again);
        } else if (kind == 3) {
            uint256 to = dice.roll(count) * size;
            for (uint256 i = 0; i < size; i++) {
                (trades[offset + i], trades[to + i]) = (trades[to + i], trades[offset + i]);
            }
        } else {
            offset += 4 * dice.roll(size / 4);
            write(trades, offset, other(read(trades, offset), c, dice));
        }
    }

    function changeTerms(Terms memory terms, Case memory c, Dice memory dice) private pure {
        uint256 kind = dice.roll(8);
        uint32 latest = Cases.latestPosting(c.rules, c.parts[0].interval);
        if (kind == 0) terms.feeder = uint16(dice.roll(c.limits.length));
        if (kind == 1) terms.side = terms.side == Side.Sell ? Side.Buy : Side.Sell;
        if (kind == 2) terms.firstInterval = near(terms.firstInterval, dice);
        if (kind == 3) terms.moreIntervals = uint8(near(terms.moreIntervals, dice));
        if (kind == 4 && terms.energyWs > 0) terms.energyWs -= 1;
        if (kind == 5) terms.maxPowerW = dice.isOnce(4) ? 0 : near(terms.maxPowerW, dice);
        if (kind == 6) terms.priceMicroPerKwh = other(terms.priceMicroPerKwh, c, dice);
        if (kind == 7) terms.postedAt = near(latest, dice);
    }

    function changeLimits(Limits memory limits, Dice memory dice) private pure {
        bool isInternal = dice.isOnce(2);
        uint64 was = isInternal ? limits.internalLimitW : limits.externalLimitW;
        if (was == 0 || was == type(uint64).max) return;
        uint64 next = dice.isOnce(5) ? 0 : was - 1 + uint64(dice.roll(3));
        if (isInternal) limits.internalLimitW = next;
        else limits.externalLimitW = next;
    }

    function changeUse(Case memory c, Dice memory dice) private pure {
        uint256 i = dice.roll(c.ids.length);
        if (dice.isOnce(3)) c.takenW[i] += uint64(1 + dice.roll(2));
        Use memory use = c.uses[i];
        if (dice.isOnce(3)) use.solutionId = use.solutionId == 0 ? Cases.SOLUTION : 0;
        else if (use.energyWs < 1e9) {
            use.energyWs += uint48(1 + dice.roll(2)) * c.rules.intervalSeconds;
        }
    }

    function changeRules(Case memory c, Dice memory dice) private pure {
        uint256 kind = dice.roll(5);
        if (kind == 0) c.rules.minTradeW = uint48(c.rules.minTradeW + dice.roll(2));
        if (kind == 1) c.rules.postedAhead += 1;
        if (kind == 2) c.rules.inParts = !c.rules.inParts;
        if (kind == 3) c.rules.priced = c.rules.priced && !dice.isOnce(2);
        if (kind == 4) {
            uint256 p = dice.roll(c.parts.length);
            uint32 next = near(c.parts[p].interval, dice);
            // The market refuses two parts of one interval before it looks at their trades.
            for (uint256 i = 0; i < c.parts.length; i++) if (c.parts[i].interval == next) return;
            c.parts[p].interval = next;
        }
    }

    /// What cannot be otherwise.
    function keepWithin(Case memory c, uint256 i) private pure {
        (Use memory use, Terms memory terms) = (c.uses[i], c.terms[i]);
        uint48 time = c.rules.intervalSeconds;
        // Beyond 32 bits there is no interval.
        if (type(uint32).max - terms.firstInterval < terms.moreIntervals) terms.moreIntervals = 0;
        if (use.solutionId == c.rules.solutionId && !c.rules.inParts) use.solutionId = 0;
        uint48 mostW = terms.energyWs / time;
        if (use.energyWs / time > mostW) use.energyWs = mostW * time;
        mostW -= use.energyWs / time;
        if (terms.moreIntervals == 0) c.takenW[i] = 0;
        else if (c.takenW[i] > mostW) c.takenW[i] = mostW;
    }

    /// Mostly one more or less; also 0, the most, and what another offer has for a number.
    function other(uint32 value, Case memory c, Dice memory dice) private pure returns (uint32) {
        uint256 kind = dice.roll(8);
        if (kind == 0) return 0;
        if (kind == 1) return type(uint32).max;
        return kind < 4 ? c.ids[dice.roll(c.ids.length)] : near(value, dice);
    }

    function near(uint32 value, Dice memory dice) private pure returns (uint32) {
        unchecked {
            return dice.isOnce(2) ? value + 1 : value - 1;
        }
    }

    function cut(
        bytes memory trades,
        uint256 from,
        uint256 to
    ) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; i++) part[i - from] = trades[i];
    }

    function read(bytes memory trades, uint256 offset) private pure returns (uint32 value) {
        for (uint256 i = 0; i < 4; i++) value = (value << 8) | uint8(trades[offset + i]);
    }

    function write(bytes memory trades, uint256 offset, uint32 value) private pure {
        for (uint256 i = 0; i < 4; i++) trades[offset + i] = bytes4(value)[i];
    }
}
