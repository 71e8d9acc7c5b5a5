// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMatching, Objective} from "./IMatching.sol";
import {Calendar} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {Objectives} from "./Objectives.sol";

struct Solution {
    address solver;
    uint32 finalizationsSeen; // those with trades when it was made: later ones make it outdated
    uint32 firstInterval; // as the candidate it counts from here on
    bool isOpen; // chunks may be added
}

/// A chunk that was found right.
struct Record {
    bytes32 tradesHash; // 0: no trades
    Objective value;
}

/// Energy taken from an offer by one solution; by any other: none.
struct Use {
    uint32 solutionId;
    uint48 energyWs;
}

struct SolutionBook {
    uint32 count;
    uint32 candidateId; // 0 when there was none yet
    uint32 finalizations; // of intervals with trades
    mapping(uint32 solutionId => Solution) solutions;
    mapping(uint32 solutionId => mapping(uint32 interval => Record)) records;
    /// The newest solution of each solver: only that one can be added to.
    mapping(address solver => uint32) newestOf;
    /// Energy the newest solution of a solver takes from offers of several intervals. The same slot
    /// serves all solutions of a solver, one after the other.
    mapping(address solver => mapping(uint32 offerId => Use)) uses;
}

/// @title Solutions, and the one that is the candidate
library Solutions {
    using Intervals for Calendar;
    using Objectives for Objective;

    function create(SolutionBook storage book, address solver) internal returns (uint32 id) {
        id = ++book.count;
        Solution storage solution = book.solutions[id];
        solution.solver = solver;
        solution.finalizationsSeen = book.finalizations;
        book.newestOf[solver] = id;
    }

    /// The newest of a solver, when it can still be added to; else 0.
    function openOf(SolutionBook storage book, address solver) internal view returns (uint32 id) {
        id = book.newestOf[solver];
        Solution storage solution = book.solutions[id];
        if (!solution.isOpen || solution.finalizationsSeen != book.finalizations) id = 0;
    }

    function requireOpen(SolutionBook storage book, uint32 id, address caller) internal view {
        Solution storage solution = book.solutions[id];
        if (solution.solver != caller) revert IMatching.NotOpener(id, caller);
        if (!solution.isOpen || book.newestOf[caller] != id) revert IMatching.SolutionClosed(id);
        // Final trades took energy that its first parts may have counted on.
        if (solution.finalizationsSeen != book.finalizations) {
            revert IMatching.SolutionOutdated(id);
        }
    }

    /// The candidate speaks only for the intervals that were open when it was accepted.
    function candidateRecord(
        SolutionBook storage book,
        uint32 interval
    ) internal view returns (Record memory record) {
        uint32 id = book.candidateId;
        if (interval >= book.solutions[id].firstInterval) record = book.records[id][interval];
    }

    function candidateSolver(SolutionBook storage book) internal view returns (address) {
        return book.solutions[book.candidateId].solver;
    }

    /// Over the intervals open now.
    function candidateValue(
        SolutionBook storage book,
        Calendar memory times
    ) internal view returns (Objective memory value) {
        uint32 last = times.lastTradable();
        for (uint32 t = times.firstOpen(); t <= last; t++) {
            value.add(candidateRecord(book, t).value);
        }
    }

    /// Compares over the intervals open now, and replaces the candidate in all of them.
    function accept(
        SolutionBook storage book,
        uint32 id,
        Calendar memory times
    ) internal returns (Objective memory offered) {
        Objective memory candidate;
        uint32 first = times.firstOpen();
        uint32 last = times.lastTradable();
        for (uint32 t = first; t <= last; t++) {
            Objective memory next = book.records[id][t].value;
            Objective memory held = candidateRecord(book, t).value;
            if (block.timestamp >= times.latestPostingOf(t)) requireNotLower(t, next, held);
            offered.add(next);
            candidate.add(held);
        }
        if (!offered.beats(candidate)) revert IMatching.NotBetter(offered, candidate);
        book.solutions[id].firstInterval = first;
        book.candidateId = id;
        emit IMatching.CandidateAccepted(
            id,
            book.solutions[id].solver,
            first,
            offered.homeEnergyWs,
            offered.utilityEnergyWs,
            offered.welfare
        );
    }

    /// Quiet time: shortly before gate closure what was promised is not taken back.
    function requireNotLower(
        uint32 interval,
        Objective memory next,
        Objective memory held
    ) private pure {
        if (next.homeEnergyWs < held.homeEnergyWs) {
            revert IMatching.LowersEnergy(interval, next.homeEnergyWs, held.homeEnergyWs);
        }
        if (next.energyWs() < held.energyWs()) {
            revert IMatching.LowersEnergy(interval, next.energyWs(), held.energyWs());
        }
    }
}
