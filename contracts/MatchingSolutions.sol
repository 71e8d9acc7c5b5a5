// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FastVerification} from "./FastVerification.sol";
import {Chunk, Objective} from "./IMatching.sol";
import {Calendar, Limits} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {MatchingState} from "./MatchingState.sol";
import {Objectives} from "./Objectives.sol";
import {RewardBook, Rewards} from "./Rewards.sol";
import {Candidate, SolutionBook, Solutions, Solver, Use} from "./Solutions.sol";
import {Stakes} from "./Stakes.sol";
import {Rules, Verification} from "./Verification.sol";

/// Of one transaction with chunks.
struct Pass {
    uint32 solutionId;
    bool inParts;
    bytes32 digest; // of the chunks so far
    uint256[] left; // what offers of several intervals have left
    Limits[] limits; // of `limitsOf`
    uint32 limitsOf;
}

/// @title Solutions: announced, submitted whole or in parts, verified, compared
abstract contract MatchingSolutions is MatchingState {
    using Intervals for Calendar;
    using Objectives for Objective;
    using Rewards for RewardBook;
    using Solutions for SolutionBook;
    using Stakes for Solver;

    // ------------------------------------------------------------------------------- solvers

    function stake(uint64 amountMicro) external {
        solutions.solvers[msg.sender].stakeMicro += amountMicro;
        assets.moveMoneyIn(msg.sender, amountMicro);
        emit Staked(msg.sender, amountMicro);
    }

    function unstake() external {
        uint64 amountMicro = solutions.solvers[msg.sender].takeAll();
        assets.moveMoneyOut(msg.sender, amountMicro);
        emit Unstaked(msg.sender, amountMicro);
    }

    modifier onlyStaked() {
        solutions.solvers[msg.sender].use(minStakeMicro);
        _;
    }

    function announce(bytes32 digest) external onlyStaked {
        solutions.announced[msg.sender] = digest;
        solutions.solvers[msg.sender].announcedIn = uint40(block.number);
        emit Announced(msg.sender, digest);
    }

    // ----------------------------------------------------------------------------- solutions

    function submitSolution(Chunk[] calldata chunks) external onlyStaked {
        finalizeDue(chunks);
        requireNothingDue();
        Objective memory claimed = claimOf(chunks);
        Objective memory candidate = candidateValue();
        if (!claimed.beats(candidate, minGainWs)) revert NotBetter(claimed, candidate);
        Pass memory pass;
        pass.solutionId = solutions.create(msg.sender, false);
        pass.digest = keccak256(abi.encode(msg.sender));
        verifyChunks(pass, chunks);
        accept(pass.digest);
    }

    function openSolution() external onlyStaked returns (uint32 solutionId) {
        requireNothingDue();
        solutions.digests[msg.sender] = keccak256(abi.encode(msg.sender));
        return solutions.create(msg.sender, true);
    }

    function addChunks(uint32 solutionId, Chunk[] calldata chunks) external onlyStaked {
        solutions.requireOpen(solutionId, msg.sender);
        Pass memory pass;
        pass.solutionId = solutionId;
        pass.inParts = true;
        pass.digest = solutions.digests[msg.sender];
        verifyChunks(pass, chunks);
        solutions.digests[msg.sender] = pass.digest;
        keepUses(pass);
    }

    function commitSolution(uint32 solutionId) external onlyStaked {
        solutions.requireOpen(solutionId, msg.sender);
        requireNothingDue();
        accept(solutions.digests[msg.sender]);
    }

    function accept(bytes32 digest) private {
        Calendar memory times = calendar();
        Objective[] memory values = solutions.accept(msg.sender, times, minGainWs);
        // Also while the pot is empty: else what was shown then could be copied once it is filled.
        if (rewardMicroPerKwh == 0) return;
        bool isAnnounced = solutions.announced[msg.sender] == digest &&
            solutions.solvers[msg.sender].announcedIn < block.number;
        rewards.credit(msg.sender, times.firstOpen(), values, isAnnounced);
    }

    /// What is said of the chunks that will count: a submission that does not even claim to be
    /// better is refused before anything is verified.
    function claimOf(Chunk[] calldata chunks) private view returns (Objective memory claimed) {
        uint32 first = calendar().firstOpen();
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval >= first) claimed.add(chunks[i].claimed);
        }
    }

    // -------------------------------------------------------------------------- verification

    /// Chunks of closed intervals are passed over.
    function verifyChunks(Pass memory pass, Chunk[] calldata chunks) private {
        Calendar memory times = calendar();
        uint32 first = times.firstOpen();
        uint32 last = times.lastTradable();
        uint256 trades = 0;
        for (uint256 i = 0; i < chunks.length; i++) trades += chunks[i].trades.length;
        pass.left = roomFor(trades / tradeBytes());
        for (uint256 i = 0; i < chunks.length; i++) {
            Chunk calldata chunk = chunks[i];
            uint32 interval = chunk.interval;
            bytes32 hash = keccak256(chunk.trades);
            pass.digest = keccak256(abi.encode(pass.digest, interval, hash));
            if (interval < first) continue;
            if (interval > last) revert BeyondHorizon(interval, last);
            (bool sound, Objective memory value, bool hasLong) = verifyChunk(pass, chunk, times);
            if (!sound) explain(pass, chunks, times);
            if (!value.equals(chunk.claimed)) revert FalseObjective(interval, value);
            if (chunk.trades.length == 0) continue;
            solutions.keep(msg.sender, interval, hash, value, hasLong);
            emit CandidateChunk(pass.solutionId, interval, chunk.trades);
        }
    }

    /// A power of two of words, more than runs in so many trades.
    function roomFor(uint256 trades) private pure returns (uint256[] memory) {
        uint256 size = 2;
        while (size <= 2 * trades) size *= 2;
        return new uint256[](size);
    }

    function verifyChunk(
        Pass memory pass,
        Chunk calldata chunk,
        Calendar memory times
    ) private view returns (bool sound, Objective memory value, bool hasLong) {
        Rules memory rules = rulesOf(pass, chunk, times);
        (sound, value, hasLong) = FastVerification.verify(
            chunk.trades,
            rules,
            pass.limits,
            pass.left,
            book,
            solutions.uses[msg.sender]
        );
        bool tooLarge = value.homeEnergyWs > type(uint48).max ||
            value.utilityEnergyWs > type(uint48).max ||
            value.welfare > type(uint88).max;
        if (sound && tooLarge) revert ValueTooLarge(chunk.interval);
    }

    /// What a chunk is checked against; the limits are read once for all intervals alike.
    function rulesOf(
        Pass memory pass,
        Chunk calldata chunk,
        Calendar memory times
    ) private view returns (Rules memory rules) {
        uint32 interval = chunk.interval;
        uint256 size = tradeBytes();
        uint256 trades = chunk.trades.length / size;
        if (trades * size != chunk.trades.length) {
            revert BadLength(interval, chunk.trades.length);
        }
        if (trades > maxTradesPerChunk) revert TooManyTrades(interval, trades, maxTradesPerChunk);
        if (pass.limits.length == 0 || !microgrid.sameLimits(pass.limitsOf, interval)) {
            pass.limits = microgrid.allLimitsAt(interval);
            pass.limitsOf = interval;
        }
        return
            Rules({
                solutionId: pass.solutionId,
                interval: interval,
                intervalSeconds: intervalSeconds,
                minTradeWs: minTradeWs,
                latestPosting: times.latestPostingOf(interval),
                tradeBytes: size,
                priced: priceRule == 1,
                inParts: pass.inParts
            });
    }

    /// A rule is broken: told by the plain verification, over all chunks from the beginning.
    function explain(Pass memory pass, Chunk[] calldata chunks, Calendar memory times) private {
        uint32 first = times.firstOpen();
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval < first) continue;
            Verification.verify(
                chunks[i].trades,
                rulesOf(pass, chunks[i], times),
                pass.limits,
                book,
                solutions.uses[msg.sender]
            );
        }
        revert VerifiersDisagree();
    }

    /// What this part took of offers of several intervals is for later parts to know.
    function keepUses(Pass memory pass) private {
        for (uint256 i = 0; i < pass.left.length; i++) {
            if (pass.left[i] == 0) continue;
            uint32 offerId = uint32(pass.left[i] >> 64);
            uint48 leftWs = uint48(pass.left[i]);
            uint48 energyWs = book.terms[offerId].energyWs;
            solutions.uses[msg.sender][offerId] = Use(pass.solutionId, energyWs - leftWs);
        }
    }

    // ------------------------------------------------------------------------------ what is due

    function finalizeDue(Chunk[] calldata chunks) internal virtual;

    function requireNothingDue() private view {
        Calendar memory times = calendar();
        uint32 open = times.firstOpen();
        for (uint32 t = times.current() + 1; t < open; t++) {
            if (!isFinal(t) && solutions.candidateHashAt(t) != 0) revert DueInterval(t);
        }
    }
}
