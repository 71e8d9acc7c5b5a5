// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMatching} from "./IMatching.sol";
import {Solver} from "./Solutions.sol";

/// @title What solvers keep in the market while they submit
library Stakes {
    uint256 private constant DELAY = 1 days;

    /// @dev reverts unless the solver has the least stake; its day begins anew
    function use(Solver storage solver, uint64 leastMicro) internal {
        if (solver.stakeMicro < leastMicro) revert IMatching.NotStaked(msg.sender);
        solver.lastSubmission = uint40(block.timestamp);
    }

    function takeAll(Solver storage solver) internal returns (uint64 amountMicro) {
        amountMicro = solver.stakeMicro;
        if (amountMicro == 0) revert IMatching.NotStaked(msg.sender);
        uint256 until = solver.lastSubmission + DELAY;
        if (block.timestamp < until) revert IMatching.StakeLocked(until);
        solver.stakeMicro = 0;
    }
}
