// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Objective} from "./IMatching.sol";

/// @title What solutions are worth
library Objectives {
    /// A gain in welfare counts as one in energy at this price difference, millionths per kWh.
    uint256 private constant GAIN_MICRO_PER_KWH = 10_000;

    /// Adds to `whole` in place.
    function add(Objective memory whole, Objective memory more) internal pure {
        whole.homeEnergyWs += more.homeEnergyWs;
        whole.utilityEnergyWs += more.utilityEnergyWs;
        whole.welfare += more.welfare;
    }

    function sum(Objective[] memory parts) internal pure returns (Objective memory whole) {
        for (uint256 i = 0; i < parts.length; i++) add(whole, parts[i]);
    }

    /// Better, and not just by a trifle, by the first figure that differs.
    function beats(
        Objective memory a,
        Objective memory b,
        uint256 minGainWs
    ) internal pure returns (bool) {
        if (a.homeEnergyWs != b.homeEnergyWs) {
            return isMore(a.homeEnergyWs, b.homeEnergyWs, minGainWs);
        }
        if (a.utilityEnergyWs != b.utilityEnergyWs) {
            return isMore(a.utilityEnergyWs, b.utilityEnergyWs, minGainWs);
        }
        return isMore(a.welfare, b.welfare, minGainWs * GAIN_MICRO_PER_KWH);
    }

    function isMore(uint256 a, uint256 b, uint256 gain) private pure returns (bool) {
        return a > b && a - b >= gain;
    }

    /// More than a solution's record holds.
    function isTooLarge(Objective memory a) internal pure returns (bool) {
        return
            a.homeEnergyWs > type(uint48).max ||
            a.utilityEnergyWs > type(uint48).max ||
            a.welfare > type(uint88).max;
    }

    function equals(Objective memory a, Objective memory b) internal pure returns (bool) {
        return
            a.homeEnergyWs == b.homeEnergyWs &&
            a.utilityEnergyWs == b.utilityEnergyWs &&
            a.welfare == b.welfare;
    }

    function energyWs(Objective memory a) internal pure returns (uint256) {
        return uint256(a.homeEnergyWs) + a.utilityEnergyWs;
    }
}
