// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnergyAsset, IAssets, Side} from "./IAssets.sol";

/// What was granted, for ever: one slot. `owner` is 0 when there is no such asset.
struct Right {
    address owner;
    uint16 feeder;
    Side side;
    uint32 firstInterval;
    uint8 moreIntervals; // after the first
    uint32 maxPowerW;
}

/// @title What an energyAsset entitles to
library Rights {
    function asset(Right memory right, uint48 heldWs) internal pure returns (EnergyAsset memory) {
        return
            EnergyAsset({
                owner: right.owner,
                feeder: right.feeder,
                side: right.side,
                firstInterval: right.firstInterval,
                lastInterval: right.firstInterval + right.moreIntervals,
                energyWs: heldWs,
                maxPowerW: right.maxPowerW
            });
    }

    function requireInside(Right memory right, uint32 first, uint32 last) internal pure {
        if (
            first > last ||
            first < right.firstInterval ||
            last > right.firstInterval + right.moreIntervals
        ) revert IAssets.OutsideAsset(first, last);
    }
}
