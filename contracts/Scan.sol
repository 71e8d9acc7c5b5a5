// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Limits} from "./IMicrogrid.sol";
import {Rules} from "./Verification.sol";

/// What FastVerification works with; it knows the order of the fields.
struct Scan {
    uint256[] table;
    Rules rules;
    Limits[] limits;
    uint256[] sums; // sold and bought times its price, then by feeder sold and bought: all in W
    uint256 totalW; // of all trades
    uint256 soldW; // of the trades before the ask's own
    uint256 terms; // slots of storage
    uint256 uses;
    uint256 none; // an entry
}
