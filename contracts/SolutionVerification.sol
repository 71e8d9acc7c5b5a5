// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FastVerification} from "./FastVerification.sol";
import {Chunk, IMatching, Objective} from "./IMatching.sol";
import {IMicrogrid, Limits} from "./IMicrogrid.sol";
import {OfferBook, Offers, Spans, Terms} from "./Offers.sol";
import {Scan} from "./Scan.sol";
import {Use} from "./Solutions.sol";
import {Trades} from "./Trades.sol";
import {Rules, Verification} from "./Verification.sol";

/// What was found of a chunk.
struct Finding {
    Objective value;
    Spans spans;
}

/// Limits that hold in a stretch of intervals.
struct LimitsInForce {
    Limits[] limits;
    uint32 from;
    uint32 until;
}

/// @title Verification of all chunks of one transaction
library SolutionVerification {
    using Offers for OfferBook;
    using Trades for bytes;

    /// Chunks of closed intervals are passed over. Whether the rules are kept is found out by
    /// {FastVerification}; if not, {Verification} says which is broken.
    /// @param rules of the solution; the interval is each chunk's own
    /// @param uses energy that the solver's solutions take from offers of several intervals
    /// @return findings by place
    function verify(
        Chunk[] calldata chunks,
        Rules memory rules,
        IMicrogrid microgrid,
        OfferBook storage book,
        mapping(uint32 offerId => Use) storage uses
    ) external returns (Finding[] memory findings) {
        findings = new Finding[](chunks.length);
        LimitsInForce memory force;
        Scan memory scan;
        scan.rules = rules;
        scan.table = tableFor(chunks, rules.tradeBytes);
        for (uint256 i = 0; i < chunks.length; i++) {
            rules.interval = chunks[i].interval;
            if (rules.interval < rules.firstInterval) continue;
            look(force, rules.interval, microgrid);
            bool sound;
            scan.limits = force.limits;
            scan.sums = new uint256[](2 + 2 * force.limits.length);
            bytes calldata trades = chunks[i].trades;
            (sound, findings[i].spans) = FastVerification.verify(trades, scan, book, uses);
            sound = sound && pairsStand(trades, scan, book);
            if (!sound) explain(chunks, rules, microgrid, book, uses);
            appraise(findings[i].value, scan);
        }
        if (rules.inParts) keepUses(scan.table, rules, book, uses);
    }

    /// Every pair is to be looked at where trades have prices, and where the utility both sells and
    /// buys.
    function pairsStand(
        bytes calldata trades,
        Scan memory scan,
        OfferBook storage book
    ) private view returns (bool) {
        Rules memory rules = scan.rules;
        if (!rules.priced && (scan.sums[2] == 0 || scan.sums[3] == 0)) return true;
        uint256 count = trades.length / rules.tradeBytes;
        for (uint256 i = 0; i < count; i++) {
            (uint32 askId, uint32 bidId, , uint32 price) = trades.read(i, rules.tradeBytes);
            Terms storage ask = book.terms[askId];
            Terms storage bid = book.terms[bidId];
            if (ask.feeder == 0 && bid.feeder == 0) return false;
            if (!rules.priced) continue;
            if (price < ask.priceMicroPerKwh || price > bid.priceMicroPerKwh) return false;
        }
        return true;
    }

    /// The utility's energy is the second figure, all else the first.
    function appraise(Objective memory value, Scan memory scan) private pure {
        unchecked {
            // Each sum is far below 2^128.
            uint256 intervalSeconds = scan.rules.intervalSeconds;
            uint256 utilityW = scan.sums[2] + scan.sums[3];
            value.utilityEnergyWs = uint64(utilityW * intervalSeconds);
            value.homeEnergyWs = uint64((scan.totalW - utilityW) * intervalSeconds);
            value.welfare = uint128((scan.sums[1] - scan.sums[0]) * intervalSeconds);
        }
    }

    /// A power of two of words, more than offers in all chunks.
    function tableFor(
        Chunk[] calldata chunks,
        uint256 tradeBytes
    ) private pure returns (uint256[] memory) {
        uint256 trades = 0;
        for (uint256 i = 0; i < chunks.length; i++) trades += chunks[i].trades.length / tradeBytes;
        uint256 size = 2;
        while (size <= 2 * trades) size *= 2;
        return new uint256[](size);
    }

    /// Limits are read once for all intervals in which they are the same.
    function look(
        LimitsInForce memory force,
        uint32 interval,
        IMicrogrid microgrid
    ) private view {
        bool holds = force.from <= interval && interval <= force.until;
        if (holds && force.limits.length > 0) return;
        (force.limits, force.until) = microgrid.allLimitsAt(interval);
        force.from = interval;
    }

    /// A rule is broken: told by the plain verification, over all chunks from the beginning.
    function explain(
        Chunk[] calldata chunks,
        Rules memory rules,
        IMicrogrid microgrid,
        OfferBook storage book,
        mapping(uint32 offerId => Use) storage uses
    ) private {
        LimitsInForce memory force;
        for (uint256 i = 0; i < chunks.length; i++) {
            rules.interval = chunks[i].interval;
            if (rules.interval < rules.firstInterval) continue;
            look(force, rules.interval, microgrid);
            Verification.verify(chunks[i].trades, rules, force.limits, book, uses);
        }
        revert IMatching.VerifiersDisagree();
    }

    /// What this part took of offers of several intervals is for later parts to know.
    function keepUses(
        uint256[] memory table,
        Rules memory rules,
        OfferBook storage book,
        mapping(uint32 offerId => Use) storage uses
    ) private {
        for (uint256 i = 0; i < table.length; i++) {
            // Of one interval, or no entry: no part but this one takes of it.
            if (table[i] == 0 || (table[i] >> 93) & 1 == 1) continue;
            uint32 offerId = uint32(table[i] >> 192);
            uint48 wholeW = book.terms[offerId].energyWs / rules.intervalSeconds;
            uint48 usedW = wholeW - book.takenW(offerId) - uint48(table[i]);
            uses[offerId] = Use(rules.solutionId, usedW * rules.intervalSeconds);
        }
    }
}
