// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMatching} from "./IMatching.sol";

struct Stake {
    uint64 amountMicro;
    uint64 lastSubmission; // unix seconds
}

/// @title What solvers keep in the market while they submit
library Stakes {
    uint256 private constant DELAY = 1 days;

    /// @dev reverts unless `solver` has the least stake; its day begins anew
    function useBy(
        mapping(address => Stake) storage stakes,
        address solver,
        uint64 leastMicro
    ) internal {
        Stake storage held = stakes[solver];
        if (held.amountMicro < leastMicro) revert IMatching.NotStaked(solver);
        held.lastSubmission = uint64(block.timestamp);
    }

    function takeAll(
        mapping(address => Stake) storage stakes,
        address solver
    ) internal returns (uint64 amountMicro) {
        Stake memory held = stakes[solver];
        if (held.amountMicro == 0) revert IMatching.NotStaked(solver);
        uint256 until = held.lastSubmission + DELAY;
        if (block.timestamp < until) revert IMatching.StakeLocked(until);
        delete stakes[solver];
        return held.amountMicro;
    }
}
