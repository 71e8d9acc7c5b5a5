// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Calendar} from "./IMicrogrid.sol";

/// @title The moments in the life of an interval, unix seconds
/// @notice The same off chain: market/intervals.ts. "Now" is the block's timestamp.
library Intervals {
    function startOf(Calendar memory calendar, uint32 interval) internal pure returns (uint256) {
        return uint256(interval) * calendar.intervalSeconds;
    }

    /// Gate closure: from then on no offer and no solution touches the interval.
    function closeOf(Calendar memory calendar, uint32 interval) internal pure returns (uint256) {
        return startOf(calendar, interval) - closedAhead(calendar);
    }

    /// The last moment at which an offer that counts in this interval was posted; from this moment
    /// on, quiet time, no solution lowers the energy in it.
    function latestPostingOf(
        Calendar memory calendar,
        uint32 interval
    ) internal pure returns (uint256) {
        return closeOf(calendar, interval) - calendar.quietSeconds;
    }

    function current(Calendar memory calendar) internal view returns (uint32) {
        return uint32(block.timestamp / calendar.intervalSeconds);
    }

    function firstOpen(Calendar memory calendar) internal view returns (uint32) {
        return uint32((block.timestamp + closedAhead(calendar)) / calendar.intervalSeconds) + 1;
    }

    /// The last interval of the horizon: beyond it limits may still change.
    function lastTradable(Calendar memory calendar) internal view returns (uint32) {
        return current(calendar) + calendar.horizonIntervals - 1;
    }

    /// How long before its start an interval's gate closes, seconds.
    function closedAhead(Calendar memory calendar) internal pure returns (uint256) {
        return
            uint256(calendar.clearIntervals - 1) *
            calendar.intervalSeconds +
            calendar.leadSeconds;
    }
}
