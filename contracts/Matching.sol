// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Finalization} from "./Finalization.sol";
import {IAssets} from "./IAssets.sol";
import {Chunk, Objective, Params} from "./IMatching.sol";
import {Calendar, IMicrogrid} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {MatchingOffers} from "./MatchingOffers.sol";
import {MatchingSolutions} from "./MatchingSolutions.sol";
import {MatchingState} from "./MatchingState.sol";
import {Spans} from "./Offers.sol";
import {RewardBook, Rewards} from "./Rewards.sol";
import {Candidate, SolutionBook, Solutions} from "./Solutions.sol";

/// @title TRANSAX's market
/// @notice See {IMatching}. There is one candidate: the whole of one solution. It is replaced at
/// once, and only by a solution that is better over the intervals open then. Before that everything
/// due is final, so that energy taken by final trades is known to verification. Offers are never
/// withdrawn, and limits of postable intervals never change: what was feasible stays feasible.
contract Matching is MatchingOffers, MatchingSolutions {
    using Intervals for Calendar;
    using Rewards for RewardBook;
    using Solutions for SolutionBook;

    /// @param microgrid_ time, limits, suspensions; its calendar is read once
    /// @param assets_ of the same grid; must come to admit this contract as a market
    constructor(
        IMicrogrid microgrid_,
        IAssets assets_,
        Params memory params_
    ) MatchingState(microgrid_, assets_, params_) {}

    // -------------------------------------------------------------------------- finalization

    function finalize(uint32 interval, bytes calldata trades) external {
        if (isFinal(interval)) revert AlreadyFinal(interval);
        Calendar memory times = calendar();
        if (interval < firstFinalizable || interval >= times.firstOpen()) revert NotDue(interval);
        if (interval <= times.current()) {
            makeFinal(interval, trades[:0]);
        } else {
            if (solutions.candidateHashAt(interval) != hashOf(trades)) {
                revert NotCandidate(interval);
            }
            makeFinal(interval, trades);
        }
    }

    /// Those chunks that are the candidate's trades of due intervals; others are left alone.
    function finalizeDue(Chunk[] calldata chunks) internal override {
        Calendar memory times = calendar();
        uint32 current = times.current();
        uint32 open = times.firstOpen();
        for (uint256 i = 0; i < chunks.length; i++) {
            uint32 t = chunks[i].interval;
            if (t <= current || t >= open || isFinal(t) || chunks[i].trades.length == 0) continue;
            if (solutions.candidateHashAt(t) == hashOf(chunks[i].trades)) {
                makeFinal(t, chunks[i].trades);
            }
        }
    }

    function makeFinal(uint32 interval, bytes calldata trades) private {
        (uint32 word, uint256 bit) = bitOf(interval);
        finals[word] |= bit;
        if (trades.length == 0) {
            emit SolutionFinalized(interval, address(0), trades);
            return;
        }
        solutions.finalizations++;
        uint32[] memory voided;
        (, Spans spans) = solutions.candidateTradesAt(interval);
        // Else nothing is to be written, and no offer to be looked at.
        if (spans != Spans.One || microgrid.anySuspended(interval)) {
            voided = Finalization.finalize(
                trades,
                tradeBytes(),
                interval,
                spans,
                book,
                microgrid
            );
        }
        unsettled[interval] = hashOf(trades, voided);
        waiting[word] |= bit;
        Candidate memory candidate = solutions.candidate;
        if (voided.length > 0) emit TradesVoided(interval, voided);
        else if (rewardMicroPerKwh > 0) {
            Objective memory value = solutions.candidateValueAt(candidate, interval);
            rewards.reserve(interval, value.homeEnergyWs, rewardMicroPerKwh);
        }
        emit SolutionFinalized(interval, candidate.solver, trades);
    }

    /// No trades have no hash.
    function hashOf(bytes calldata trades) private pure returns (bytes32) {
        return trades.length == 0 ? bytes32(0) : keccak256(trades);
    }

    // ------------------------------------------------------------------------------- rewards

    function fundRewards(uint64 amountMicro) external {
        rewards.potMicro += amountMicro;
        assets.moveMoneyIn(msg.sender, amountMicro);
        emit RewardsFunded(msg.sender, amountMicro);
    }

    function claimRewards(uint32[] calldata intervals, address to) external {
        uint64 sumMicro = 0;
        for (uint256 i = 0; i < intervals.length; i++) {
            uint64 amountMicro = rewards.take(intervals[i], msg.sender);
            if (amountMicro == 0) continue;
            sumMicro += amountMicro;
            emit RewardPaid(intervals[i], msg.sender, to, amountMicro);
        }
        if (sumMicro > 0) assets.moveMoneyOut(to, sumMicro);
    }
}
