// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Objective} from "./IMatching.sol";

/// @title What solutions are worth
library Objectives {
    /// Adds to `sum` in place.
    function add(Objective memory sum, Objective memory more) internal pure {
        sum.homeEnergyWs += more.homeEnergyWs;
        sum.utilityEnergyWs += more.utilityEnergyWs;
        sum.welfare += more.welfare;
    }

    /// Strictly better, by the first figure that differs.
    function beats(Objective memory a, Objective memory b) internal pure returns (bool) {
        if (a.homeEnergyWs != b.homeEnergyWs) return a.homeEnergyWs > b.homeEnergyWs;
        if (a.utilityEnergyWs != b.utilityEnergyWs) return a.utilityEnergyWs > b.utilityEnergyWs;
        return a.welfare > b.welfare;
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
