// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Limits} from "./IMicrogrid.sol";

/// Power traded in one interval, by feeder.
struct Flows {
    uint256[] soldW;
    uint256[] boughtW;
}

enum Fault {
    None,
    Internal,
    External
}

/// @title Traded power against the limits of feeders (TRANSAX, equations 5 to 8)
/// @notice A trade inside one feeder counts as sold and as bought there, and nets out of its
/// external flow. Feeder 0, the utility's, has no limits.
library FeederFlows {
    function none(uint256 feeders) internal pure returns (Flows memory flows) {
        flows.soldW = new uint256[](feeders);
        flows.boughtW = new uint256[](feeders);
    }

    function add(
        Flows memory flows,
        uint32 sellingFeeder,
        uint32 buyingFeeder,
        uint32 powerW
    ) internal pure {
        flows.soldW[sellingFeeder] += powerW;
        flows.boughtW[buyingFeeder] += powerW;
    }

    /// The first feeder whose limits are broken, and which.
    function firstFault(
        Flows memory flows,
        Limits[] memory limits
    ) internal pure returns (Fault fault, uint32 feeder) {
        for (feeder = 1; feeder < limits.length; feeder++) {
            Limits memory limit = limits[feeder];
            if (
                flows.soldW[feeder] > limit.internalLimitW ||
                flows.boughtW[feeder] > limit.internalLimitW
            ) return (Fault.Internal, feeder);
            int256 netW = netExportW(flows, feeder);
            int256 limitW = int256(uint256(limit.externalLimitW));
            if (netW > limitW || -netW > limitW) return (Fault.External, feeder);
        }
        return (Fault.None, 0);
    }

    /// Signed: negative when the feeder imports.
    function netExportW(Flows memory flows, uint32 feeder) internal pure returns (int256) {
        return int256(flows.soldW[feeder]) - int256(flows.boughtW[feeder]);
    }
}
