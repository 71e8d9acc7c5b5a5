// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Chunk, Objective} from "./IMatching.sol";
import {Calendar} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {MatchingState} from "./MatchingState.sol";
import {Objectives} from "./Objectives.sol";
import {RewardBook, Rewards} from "./Rewards.sol";
import {SolutionBook, Solutions, Solver} from "./Solutions.sol";
import {Finding, SolutionVerification} from "./SolutionVerification.sol";
import {Stakes} from "./Stakes.sol";
import {Rules} from "./Verification.sol";

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
        Objective[] memory held = solutions.candidateValues(calendar());
        Objective memory candidate = Objectives.sum(held);
        if (!claimed.beats(candidate, minGainWs)) revert NotBetter(claimed, candidate);
        uint32 solutionId = solutions.create(msg.sender, false);
        Objective[] memory values = verifyChunks(chunks, solutionId, false);
        accept(digestOf(keccak256(abi.encode(msg.sender)), chunks), values, held);
    }

    function openSolution() external onlyStaked returns (uint32 solutionId) {
        requireNothingDue();
        solutions.digests[msg.sender] = keccak256(abi.encode(msg.sender));
        return solutions.create(msg.sender, true);
    }

    function addChunks(uint32 solutionId, Chunk[] calldata chunks) external onlyStaked {
        solutions.requireOpen(solutionId, msg.sender);
        verifyChunks(chunks, solutionId, true);
        solutions.digests[msg.sender] = digestOf(solutions.digests[msg.sender], chunks);
    }

    function commitSolution(uint32 solutionId) external onlyStaked {
        solutions.requireOpen(solutionId, msg.sender);
        requireNothingDue();
        Calendar memory times = calendar();
        Objective[] memory values = solutions.newestValues(msg.sender, times);
        accept(solutions.digests[msg.sender], values, solutions.candidateValues(times));
    }

    function accept(bytes32 digest, Objective[] memory values, Objective[] memory held) private {
        Calendar memory times = calendar();
        // Last: verification has asked the grid before.
        if (microgrid.isPaused()) revert GridPaused();
        solutions.accept(msg.sender, times, minGainWs, values, held);
        // Also while the pot is empty: else what was shown then could be copied once it is filled.
        if (rewardMicroPerKwh == 0) return;
        bool isAnnounced = solutions.announced[msg.sender] == digest &&
            solutions.solvers[msg.sender].announcedIn < block.number;
        rewards.credit(msg.sender, times.firstOpen(), values, isAnnounced);
    }

    /// What a solver announces: of itself and of all its chunks, one after the other.
    function digestOf(bytes32 digest, Chunk[] calldata chunks) private view returns (bytes32) {
        if (rewardMicroPerKwh == 0) return digest; // nobody asks for it
        for (uint256 i = 0; i < chunks.length; i++) {
            bytes32 hash = keccak256(chunks[i].trades);
            digest = keccak256(abi.encode(digest, chunks[i].interval, hash));
        }
        return digest;
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
    /// @return values found, by interval from the first open one on
    function verifyChunks(
        Chunk[] calldata chunks,
        uint32 solutionId,
        bool inParts
    ) private returns (Objective[] memory values) {
        Calendar memory times = calendar();
        (uint32 first, uint32 last) = (times.firstOpen(), times.lastTradable());
        values = new Objective[](first > last ? 0 : last - first + 1);
        checkForm(chunks, first, last);
        Finding[] memory findings = SolutionVerification.verify(
            chunks,
            rulesFor(solutionId, inParts, times),
            microgrid,
            book,
            solutions.uses[msg.sender]
        );
        for (uint256 i = 0; i < chunks.length; i++) {
            Chunk calldata chunk = chunks[i];
            uint32 interval = chunk.interval;
            if (interval < first) continue;
            Objective memory value = findings[i].value;
            if (!value.equals(chunk.claimed)) revert FalseObjective(interval, value);
            if (chunk.trades.length == 0) continue;
            if (value.isTooLarge()) revert ValueTooLarge(interval);
            values[interval - first] = value;
            bytes32 hash = keccak256(chunk.trades);
            solutions.keep(msg.sender, interval, hash, value, findings[i].spans);
            emit CandidateChunk(solutionId, interval, chunk.trades);
        }
    }

    function checkForm(Chunk[] calldata chunks, uint32 first, uint32 last) private view {
        uint256 size = tradeBytes();
        uint256 seen = 0; // one bit an open interval, of which there are at most 95
        for (uint256 i = 0; i < chunks.length; i++) {
            uint32 interval = chunks[i].interval;
            if (interval < first) continue;
            if (interval > last) revert BeyondHorizon(interval, last);
            uint256 bit = 1 << (interval - first);
            if (seen & bit != 0) revert DuplicateChunk(interval);
            seen |= bit;
            uint256 length = chunks[i].trades.length;
            if (length % size != 0) revert BadLength(interval, length);
            if (length > maxTradesPerChunk * size) {
                revert TooManyTrades(interval, length / size, maxTradesPerChunk);
            }
        }
    }

    function rulesFor(
        uint32 solutionId,
        bool inParts,
        Calendar memory times
    ) private view returns (Rules memory rules) {
        rules.solutionId = solutionId;
        rules.firstInterval = times.firstOpen();
        rules.intervalSeconds = intervalSeconds;
        rules.minTradeW = minTradeW;
        rules.postedAhead = times.closedAhead() + quietSeconds;
        rules.tradeBytes = tradeBytes();
        rules.priced = priceRule == 1;
        rules.inParts = inParts;
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
