// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fault, FeederFlows, Flows} from "./FeederFlows.sol";
import {IMicrogrid, Limits} from "./IMicrogrid.sol";
import {OfferBook, Offers, Spans} from "./Offers.sol";
import {Trades} from "./Trades.sol";

/// @title The trades of an interval become final
/// @notice Only the energy of offers of several intervals is written, because later trades depend
/// on it. Money moves, and offers of this interval alone end, once it is past: {Settlement}.
library Finalization {
    using FeederFlows for Flows;
    using Offers for OfferBook;
    using Trades for bytes;

    /// @return voided positions of trades that an emergency voids, in order
    function finalize(
        bytes calldata trades,
        uint256 tradeBytes,
        uint32 interval,
        Spans spans,
        OfferBook storage offers,
        IMicrogrid microgrid
    ) external returns (uint32[] memory voided) {
        voided = findVoided(trades, tradeBytes, interval, offers, microgrid);
        if (spans != Spans.One) take(trades, voided, tradeBytes, spans == Spans.Several, offers);
    }

    /// Which trades an emergency voids: those that touch a suspended feeder; and all of the
    /// interval when what is left would break the limit of another feeder, whose flows no longer
    /// cancel.
    /// @return positions of those, in order
    function findVoided(
        bytes calldata trades,
        uint256 tradeBytes,
        uint32 interval,
        OfferBook storage offers,
        IMicrogrid microgrid
    ) private view returns (uint32[] memory positions) {
        if (!microgrid.anySuspended(interval)) return positions;
        (Limits[] memory limits, ) = microgrid.allLimitsAt(interval);
        bool[] memory suspended = new bool[](limits.length);
        for (uint32 feeder = 0; feeder < limits.length; feeder++) {
            suspended[feeder] = microgrid.isSuspended(feeder, interval);
        }
        Flows memory flows = FeederFlows.none(limits.length);
        bool[] memory voided = new bool[](trades.length / tradeBytes);
        uint256 count = 0;
        for (uint256 i = 0; i < voided.length; i++) {
            (uint32 askId, uint32 bidId, uint32 powerW, ) = trades.read(i, tradeBytes);
            uint32 seller = offers.terms[askId].feeder;
            uint32 buyer = offers.terms[bidId].feeder;
            if (suspended[seller] || suspended[buyer]) {
                voided[i] = true;
                count++;
            } else {
                flows.add(seller, buyer, powerW);
            }
        }
        (Fault fault, ) = flows.firstFault(limits);
        bool isAll = fault != Fault.None;
        return positionsOf(voided, isAll ? voided.length : count, isAll);
    }

    function positionsOf(
        bool[] memory voided,
        uint256 count,
        bool isAll
    ) private pure returns (uint32[] memory positions) {
        positions = new uint32[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < voided.length; i++) {
            if (isAll || voided[i]) positions[next++] = uint32(i);
        }
    }

    /// Takes energy out of offers of several intervals.
    /// @param voided positions of trades that count nothing, in order
    /// @param areAll there are no other offers: none is looked at
    function take(
        bytes calldata trades,
        uint32[] memory voided,
        uint256 tradeBytes,
        bool areAll,
        OfferBook storage offers
    ) private {
        (uint32 ask, uint32 bid) = (0, 0);
        (uint256 soldW, uint256 boughtW, uint256 gone) = (0, 0, 0);
        uint256 count = trades.length / tradeBytes;
        // One step behind the last trade, where both numbers are 0, the last sums are taken.
        for (uint256 i = 0; i <= count; i++) {
            (uint32 askId, uint32 bidId, uint32 powerW, ) = trades.read(i, tradeBytes);
            if (askId != ask) {
                if (areAll || offers.terms[ask].moreIntervals > 0) offers.take(ask, soldW);
                (ask, soldW) = (askId, 0);
            }
            if (bidId != bid) {
                if (areAll || offers.terms[bid].moreIntervals > 0) offers.take(bid, boughtW);
                (bid, boughtW) = (bidId, 0);
            }
            if (gone < voided.length && voided[gone] == i) {
                gone++;
                continue;
            }
            soldW += powerW;
            boughtW += powerW;
        }
    }
}
