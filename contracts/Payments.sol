// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Prices and payments
library Payments {
    uint256 private constant WS_PER_KWH = 3_600_000;

    /// Rounded down, computed once a trade: what one pays the other gets. The sum over parts of an
    /// offer never exceeds the payment for the whole at an equal or higher price, so that a bid's
    /// escrow always suffices.
    function amountMicro(
        uint256 priceMicroPerKwh,
        uint256 energyWs
    ) internal pure returns (uint64) {
        return uint64((priceMicroPerKwh * energyWs) / WS_PER_KWH); // below 2^59 for 32 and 48 bits
    }

    function midpoint(uint32 askPrice, uint32 bidPrice) internal pure returns (uint32) {
        return uint32((uint256(askPrice) + bidPrice) / 2);
    }
}
