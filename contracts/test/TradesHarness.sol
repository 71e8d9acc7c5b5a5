// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Trades} from "../Trades.sol";

/// Lets a test read one trade of a chunk through the library.
contract TradesHarness {
    function read(
        bytes calldata trades,
        uint256 position,
        uint256 tradeBytes
    )
        external
        pure
        returns (uint32 askId, uint32 bidId, uint32 powerW, uint32 priceMicroPerKwh)
    {
        return Trades.read(trades, position, tradeBytes);
    }
}
