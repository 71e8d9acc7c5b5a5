// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMatching, Objective} from "./IMatching.sol";
import {Calendar} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {Objectives} from "./Objectives.sol";
import {Spans} from "./Offers.sol";

/// A solver's account, and its newest solution: one slot.
struct Solver {
    uint64 stakeMicro;
    uint40 lastSubmission; // unix seconds
    uint40 announcedIn; // block of its last announcement
    uint32 solutionId; // the newest
    uint32 finalizationsSeen; // those with trades when it was made: later ones make it outdated
    uint8 bank; // where the chunks of the newest are
    bool isOpen; // chunks may be added to it
}

/// A chunk that was found right: two slots, told from older ones in them by what it is of.
struct Record {
    bytes32 tradesHash;
    uint32 solutionId;
    uint32 interval;
    uint48 homeEnergyWs;
    uint48 utilityEnergyWs;
    uint88 welfare;
    Spans spans;
}

/// The best solution: one slot.
struct Candidate {
    address solver;
    uint32 solutionId; // 0 when there was none yet
    uint32 firstInterval; // it counts from here on
    uint8 bank;
}

/// Energy taken from an offer by the parts of one solution; by any other: none.
struct Use {
    uint32 solutionId;
    uint48 energyWs;
}

struct SolutionBook {
    uint32 count;
    uint32 finalizations; // of intervals with trades
    Candidate candidate;
    mapping(address => Solver) solvers;
    /// What a solver announced last.
    mapping(address solver => bytes32) announced;
    /// Digest of the chunks so far of an open solution.
    mapping(address solver => bytes32) digests;
    /// Two banks a solver, one for the candidate and one for what is to replace it, 128 intervals
    /// each: the same slots serve for ever.
    mapping(address solver => mapping(uint256 place => Record)) records;
    mapping(address solver => mapping(uint32 offerId => Use)) uses;
}

/// @title Solutions, and the one that is the candidate
library Solutions {
    using Intervals for Calendar;
    using Objectives for Objective;

    uint256 private constant BANK = 128; // at least the longest horizon and what is due before it

    /// @param isOpen chunks may be added later
    function create(
        SolutionBook storage book,
        address caller,
        bool isOpen
    ) internal returns (uint32 id) {
        id = ++book.count;
        Solver storage solver = book.solvers[caller];
        Candidate memory candidate = book.candidate;
        solver.solutionId = id;
        solver.finalizationsSeen = book.finalizations;
        solver.isOpen = isOpen;
        solver.bank = candidate.solver == caller ? 1 - candidate.bank : 0;
    }

    /// The solution a solver can add to, else 0.
    function openOf(SolutionBook storage book, address caller) internal view returns (uint32 id) {
        Solver storage solver = book.solvers[caller];
        bool canAdd = solver.isOpen && solver.finalizationsSeen == book.finalizations;
        return canAdd ? solver.solutionId : 0;
    }

    function requireOpen(SolutionBook storage book, uint32 id, address caller) internal view {
        Solver storage solver = book.solvers[caller];
        if (id == 0 || solver.solutionId != id) revert IMatching.NotNewest(id, caller);
        if (!solver.isOpen) revert IMatching.SolutionClosed(id);
        // Final trades took energy that its first parts may have counted on.
        if (solver.finalizationsSeen != book.finalizations) {
            revert IMatching.SolutionOutdated(id);
        }
    }

    function recordAt(
        SolutionBook storage book,
        address solver,
        uint8 bank,
        uint32 interval
    ) private view returns (Record storage) {
        return book.records[solver][bank * BANK + (interval % BANK)];
    }

    /// Keeps a chunk of a solver's newest solution.
    function keep(
        SolutionBook storage book,
        address caller,
        uint32 interval,
        bytes32 tradesHash,
        Objective memory value,
        Spans spans
    ) internal {
        Solver storage solver = book.solvers[caller];
        Record storage record = recordAt(book, caller, solver.bank, interval);
        if (record.solutionId == solver.solutionId && record.interval == interval) {
            revert IMatching.DuplicateChunk(interval);
        }
        record.tradesHash = tradesHash;
        record.solutionId = solver.solutionId;
        record.interval = interval;
        record.homeEnergyWs = uint48(value.homeEnergyWs);
        record.utilityEnergyWs = uint48(value.utilityEnergyWs);
        record.welfare = uint88(value.welfare);
        record.spans = spans;
    }

    /// What a solution is worth, by interval from `first` to `last`.
    function valuesOf(
        SolutionBook storage book,
        address solver,
        uint8 bank,
        uint32 solutionId,
        uint32 first,
        uint32 last
    ) private view returns (Objective[] memory values) {
        values = new Objective[](first > last ? 0 : last - first + 1);
        for (uint256 i = 0; i < values.length; i++) {
            uint32 interval = first + uint32(i);
            Record storage record = recordAt(book, solver, bank, interval);
            if (record.solutionId != solutionId || record.interval != interval) continue;
            Objective memory value = values[i];
            value.homeEnergyWs = record.homeEnergyWs;
            value.utilityEnergyWs = record.utilityEnergyWs;
            value.welfare = record.welfare;
        }
    }

    /// Of the candidate, by interval from the first open one on.
    function candidateValues(
        SolutionBook storage book,
        Calendar memory times
    ) internal view returns (Objective[] memory) {
        Candidate memory candidate = book.candidate;
        uint32 id = candidate.solutionId;
        (uint32 first, uint32 last) = (times.firstOpen(), times.lastTradable());
        return valuesOf(book, candidate.solver, candidate.bank, id, first, last);
    }

    /// Of a solver's newest solution, by interval from the first open one on.
    function newestValues(
        SolutionBook storage book,
        address caller,
        Calendar memory times
    ) internal view returns (Objective[] memory) {
        Solver storage solver = book.solvers[caller];
        (uint32 first, uint32 last) = (times.firstOpen(), times.lastTradable());
        return valuesOf(book, caller, solver.bank, solver.solutionId, first, last);
    }

    /// What the candidate is worth in one interval. It speaks only for those that were open when it
    /// was accepted.
    function candidateValueAt(
        SolutionBook storage book,
        Candidate memory candidate,
        uint32 interval
    ) internal view returns (Objective memory) {
        if (interval < candidate.firstInterval) return Objective(0, 0, 0);
        uint32 id = candidate.solutionId;
        return valuesOf(book, candidate.solver, candidate.bank, id, interval, interval)[0];
    }

    /// Hash of the candidate's trades of one interval; 0 when it has none.
    function candidateHashAt(
        SolutionBook storage book,
        uint32 interval
    ) internal view returns (bytes32 tradesHash) {
        (tradesHash, ) = candidateTradesAt(book, interval);
    }

    /// @return tradesHash as above
    /// @return spans of their offers
    function candidateTradesAt(
        SolutionBook storage book,
        uint32 interval
    ) internal view returns (bytes32 tradesHash, Spans spans) {
        Candidate memory candidate = book.candidate;
        if (interval < candidate.firstInterval) return (0, Spans.One);
        Record storage record = recordAt(book, candidate.solver, candidate.bank, interval);
        if (record.solutionId != candidate.solutionId || record.interval != interval) {
            return (0, Spans.One);
        }
        return (record.tradesHash, record.spans);
    }

    /// Replaces the candidate in all open intervals, if a solver's newest solution is better.
    /// @param offered its value, by interval from the first open one on
    /// @param held the candidate's
    function accept(
        SolutionBook storage book,
        address caller,
        Calendar memory times,
        uint48 minGainWs,
        Objective[] memory offered,
        Objective[] memory held
    ) internal {
        Solver storage solver = book.solvers[caller];
        solver.isOpen = false;
        (uint32 id, uint32 first) = (solver.solutionId, times.firstOpen());
        for (uint256 i = 0; i < held.length; i++) {
            uint32 interval = first + uint32(i);
            if (block.timestamp < times.latestPostingOf(interval)) break;
            requireNotLower(interval, offered[i], held[i]);
        }
        Objective memory next = Objectives.sum(offered);
        Objective memory before = Objectives.sum(held);
        if (!next.beats(before, minGainWs)) revert IMatching.NotBetter(next, before);
        book.candidate = Candidate(caller, id, first, solver.bank);
        emit IMatching.CandidateAccepted(
            id,
            caller,
            first,
            next.homeEnergyWs,
            next.utilityEnergyWs,
            next.welfare
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
