// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OfferBook, Terms} from "./Offers.sol";
import {Payments} from "./Payments.sol";

/// What the trades of an interval do to one offer: its run.
struct Sum {
    uint32 offerId; // 0: none yet
    Terms terms;
    uint48 energyWs;
    uint64 moneyMicro;
}

/// @title What trades of one interval add up to
library Sums {
    function begin(Sum memory sum, uint32 offerId, OfferBook storage offers) internal view {
        sum.offerId = offerId;
        sum.terms = offers.terms[offerId];
        sum.energyWs = 0;
        sum.moneyMicro = 0;
    }

    /// What a trade costs where it does not say so itself, millionths per kWh.
    function midpoint(Sum memory ask, Sum memory bid) internal pure returns (uint32) {
        return Payments.midpoint(ask.terms.priceMicroPerKwh, bid.terms.priceMicroPerKwh);
    }

    /// Adds one trade to the sums of both sides. What one pays the other gets.
    function add(
        Sum memory ask,
        Sum memory bid,
        uint32 powerW,
        uint32 price,
        uint32 intervalSeconds
    ) internal pure {
        // No more than 48 bits: verification found it to be within both offers.
        uint48 energyWs = uint48(uint256(powerW) * intervalSeconds);
        uint64 amountMicro = Payments.amountMicro(price, energyWs);
        ask.energyWs += energyWs;
        bid.energyWs += energyWs;
        ask.moneyMicro += amountMicro;
        bid.moneyMicro += amountMicro;
    }
}
