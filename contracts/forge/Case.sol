// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Objective} from "../IMatching.sol";
import {Limits} from "../IMicrogrid.sol";
import {Terms} from "../Offers.sol";
import {Use} from "../Solutions.sol";
import {Rules} from "../Verification.sol";

/// The trades of one interval.
struct Part {
    uint32 interval;
    bytes trades;
}

/// All that the verdict on one transaction with chunks depends on.
struct Case {
    Rules rules; // the interval is each part's own
    Limits[] limits;
    uint32[] ids;
    Terms[] terms; // by place in `ids`
    Use[] uses; // what earlier parts took, by place in `ids`
    uint64[] takenW; // by final trades, likewise
    Part[] parts;
}

/// What Verifiers is asked, one after the other of what it is filled with.
interface IVerifiers {
    function fill(Case calldata c) external;
    function uses(uint32 offerId) external view returns (uint32 solutionId, uint48 energyWs);
    /// Reverts as the market does.
    function fast(Case calldata c) external returns (Objective[] memory values);
    function plain(Case calldata c) external returns (Objective[] memory values);
}
