// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Objective} from "./IMatching.sol";

/// How solvers raised the energy between homes of one interval: one slot.
struct Water {
    uint48 highestWs; // of any candidate
    uint48 creditedWs; // of that, raised by solutions that were announced
    uint64 rewardMicro; // to be split by credits, once the interval is final
}

struct RewardBook {
    uint64 potMicro;
    mapping(uint32 interval => Water) waters;
    mapping(uint32 interval => mapping(address solver => uint48)) credits;
}

/// @title What solvers earn
/// @notice A solution is credited, interval by interval, by how much it raises the energy between
/// homes above everything seen before: a copy of it with one watt more is credited one watt. What
/// an interval pays goes by its final energy, so that nothing is gained by promising energy twice.
library Rewards {
    uint256 private constant WS_PER_KWH = 3_600_000;

    /// @param values of the accepted solution, by interval from `first` on
    function credit(
        RewardBook storage book,
        address solver,
        uint32 first,
        Objective[] memory values,
        bool isAnnounced
    ) internal {
        for (uint256 i = 0; i < values.length; i++) {
            uint32 interval = first + uint32(i);
            uint48 energyWs = uint48(values[i].homeEnergyWs);
            Water memory water = book.waters[interval];
            if (energyWs <= water.highestWs) continue;
            uint48 gainWs = energyWs - water.highestWs;
            water.highestWs = energyWs;
            if (isAnnounced) {
                water.creditedWs += gainWs;
                book.credits[interval][solver] += gainWs;
            }
            book.waters[interval] = water;
        }
    }

    /// Sets aside what a final interval pays.
    function reserve(
        RewardBook storage book,
        uint32 interval,
        uint256 homeEnergyWs,
        uint256 microPerKwh
    ) internal {
        Water memory water = book.waters[interval];
        if (water.creditedWs == 0) return;
        uint256 rewardMicro = (homeEnergyWs * microPerKwh * water.creditedWs) /
            (WS_PER_KWH * water.highestWs);
        if (rewardMicro > book.potMicro) rewardMicro = book.potMicro;
        book.potMicro -= uint64(rewardMicro);
        book.waters[interval].rewardMicro = uint64(rewardMicro);
    }

    /// A solver's share of an interval, once; 0 before the interval is final.
    function take(
        RewardBook storage book,
        uint32 interval,
        address solver
    ) internal returns (uint64 amountMicro) {
        Water memory water = book.waters[interval];
        uint256 creditWs = book.credits[interval][solver];
        if (water.rewardMicro == 0 || creditWs == 0) return 0;
        delete book.credits[interval][solver];
        return uint64((creditWs * water.rewardMicro) / water.creditedWs);
    }
}
