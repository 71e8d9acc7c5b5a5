// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The bytes of a chunk
/// @notice Big endian: ask id, bid id, power in W, each uint32; under price rule 1 then the price,
/// uint32. The same layout off chain: market/matching/chunk.ts, with vectors that both read.
library Trades {
    uint256 internal constant BYTES = 12;
    uint256 internal constant BYTES_PRICED = 16;

    /// @return askId and all others 0 behind the last trade
    function read(
        bytes calldata trades,
        uint256 position,
        uint256 tradeBytes
    )
        internal
        pure
        returns (uint32 askId, uint32 bidId, uint32 powerW, uint32 priceMicroPerKwh)
    {
        uint256 begin = position * tradeBytes;
        if (begin >= trades.length) return (0, 0, 0, 0);
        uint128 word = uint128(bytes16(trades[begin:begin + tradeBytes])); // short: zeros follow
        askId = uint32(word >> 96);
        bidId = uint32(word >> 64);
        powerW = uint32(word >> 32);
        priceMicroPerKwh = uint32(word);
    }
}
