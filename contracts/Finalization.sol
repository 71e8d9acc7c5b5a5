// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fault, FeederFlows, Flows} from "./FeederFlows.sol";
import {IMicrogrid, Limits} from "./IMicrogrid.sol";
import {OfferBook, Terms} from "./Offers.sol";
import {Payments} from "./Payments.sol";
import {Trades} from "./Trades.sol";

/// @title The trades of an interval become final
library Finalization {
    using FeederFlows for Flows;
    using Trades for bytes;

    /// Which trades an emergency voids: those that touch a suspended feeder; and all of the
    /// interval when what is left would break the limit of another feeder, whose flows no longer
    /// cancel.
    /// @return voided by position; empty when no feeder is suspended
    /// @return count how many are
    function findVoided(
        bytes calldata trades,
        uint256 tradeBytes,
        uint32 interval,
        OfferBook storage book,
        IMicrogrid microgrid
    ) internal view returns (bool[] memory voided, uint256 count) {
        if (!microgrid.anySuspended(interval)) return (voided, 0);
        Limits[] memory limits = microgrid.allLimitsAt(interval);
        bool[] memory suspended = new bool[](limits.length);
        for (uint32 feeder = 0; feeder < limits.length; feeder++) {
            suspended[feeder] = microgrid.isSuspended(feeder, interval);
        }
        Flows memory flows = FeederFlows.none(limits.length);
        voided = new bool[](trades.length / tradeBytes);
        for (uint256 i = 0; i < voided.length; i++) {
            (uint32 askId, uint32 bidId, uint32 powerW, ) = trades.read(i, tradeBytes);
            uint32 seller = book.terms[askId].feeder;
            uint32 buyer = book.terms[bidId].feeder;
            if (suspended[seller] || suspended[buyer]) {
                voided[i] = true;
                count++;
            } else {
                flows.add(seller, buyer, powerW);
            }
        }
        (Fault fault, ) = flows.firstFault(limits);
        if (fault == Fault.None) return (voided, count);
        for (uint256 i = 0; i < voided.length; i++) voided[i] = true;
        count = voided.length;
    }

    /// Takes the energy out of both offers of each trade, and pays from the bid's escrow into the
    /// ask's proceeds.
    /// @return tradedWs energy of all trades
    function settle(
        bytes calldata trades,
        uint256 tradeBytes,
        uint32 intervalSeconds,
        bool[] memory voided,
        OfferBook storage book
    ) internal returns (uint64 tradedWs) {
        uint256 count = trades.length / tradeBytes;
        for (uint256 i = 0; i < count; i++) {
            if (voided.length > 0 && voided[i]) continue;
            (uint32 askId, uint32 bidId, uint32 powerW, uint32 price) = trades.read(i, tradeBytes);
            Terms storage ask = book.terms[askId];
            Terms storage bid = book.terms[bidId];
            if (tradeBytes == Trades.BYTES) {
                price = Payments.midpoint(ask.priceMicroPerKwh, bid.priceMicroPerKwh);
            }
            // No more than 48 bits: verification found it to be within both offers.
            uint48 energyWs = uint48(uint256(powerW) * intervalSeconds);
            ask.energyWs -= energyWs;
            bid.energyWs -= energyWs;
            uint64 amountMicro = Payments.amountMicro(price, energyWs);
            book.accounts[bidId].moneyMicro -= amountMicro;
            book.accounts[askId].moneyMicro += amountMicro;
            tradedWs += energyWs;
        }
    }

    /// The positions of those that are voided, in order.
    function positionsOf(
        bool[] memory voided,
        uint256 count
    ) internal pure returns (uint32[] memory positions) {
        positions = new uint32[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < voided.length; i++) {
            if (voided[i]) positions[next++] = uint32(i);
        }
    }
}
