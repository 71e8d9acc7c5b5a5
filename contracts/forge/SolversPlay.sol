// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Chunk, Objective} from "../IMatching.sol";
import {Chance, Dice} from "./Dice.sol";
import {OwnersPlay} from "./OwnersPlay.sol";

/// @title Solutions: honest and dishonest, whole and in parts
abstract contract SolversPlay is OwnersPlay {
    using Chance for Dice;

    mapping(address => uint32) private openSolution;
    mapping(address => uint256) private finalsSeen;

    function solveSome(Dice memory dice) internal {
        address by = pickSolver(dice);
        Chunk[] memory chunks = honest(dice, 0, firstOpen(), lastTradable());
        bool isCarrying = isSomethingDue() && !dice.isOnce(3);
        if (dice.isOnce(2)) spoil(chunks, dice);
        (bool sound, Objective[] memory values, ) = judge(chunks, 0);
        if (sound && !dice.isOnce(16)) claimAll(chunks, values);
        bool should = isStaked(by) && !isSomethingDue() && sound && saysSo(chunks, values);
        should = should && !paused && mayReplace(valuesByInterval(chunks, values));
        if (isCarrying) chunks = withDue(chunks);
        bytes32 digest = digestOf(digestOf(by), chunks);
        if (dice.isOnce(2) && isStaked(by)) announce(by, digest, dice);
        bytes memory data = abi.encodeCall(matching.submitSolution, (chunks));
        bool went = tries(by, address(matching), data);
        if (isCarrying && went) {
            // What it carried is final first, and counts.
            takeFinals();
            (sound, values, ) = judge(chunks, 0);
            should = isStaked(by) && !paused && sound && saysSo(chunks, values);
        }
        expect(went, isCarrying ? went && should : should, "solution");
        if (!went) return;
        lastSubmission[by] = block.timestamp;
        openSolution[by] = 0;
        creditAll(by, digest, valuesByInterval(chunks, values));
        for (uint32 t = firstOpen(); t <= lastTradable(); t++) accepted(t, "");
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval >= firstOpen() && chunks[i].trades.length > 0) {
                accepted(chunks[i].interval, chunks[i].trades);
            }
        }
    }

    function partSome(Dice memory dice) internal {
        address by = dice.isOnce(4) ? pickSolver(dice) : firstStaked();
        uint256 step = dice.roll(6);
        if (step == 5) return wholeInParts(dice, by);
        uint32 id = openSolution[by];
        bool isOpen = isNewest(by);
        if (step == 0) openOne(by);
        else if (step == 1) commitOne(by, id, isOpen);
        else {
            uint32 t = firstOpen() + uint32(dice.isOnce(2) ? 0 : dice.roll(HORIZON));
            uint32 last = dice.isOnce(2) ? lastTradable() : t + uint32(dice.roll(2));
            Chunk[] memory chunks = honest(dice, id, t, last);
            if (dice.isOnce(3)) spoil(chunks, dice);
            addSome(by, id, isOpen, chunks);
        }
    }

    /// Without anything between its parts: some of these must come through.
    function wholeInParts(Dice memory dice, address by) private {
        openOne(by);
        uint32 id = openSolution[by];
        for (uint32 t = firstOpen(); t <= lastTradable(); t++) {
            addSome(by, id, isNewest(by), honest(dice, id, t, t));
        }
        if (isStaked(by) && dice.isOnce(2)) announce(by, partDigest[by], dice);
        commitOne(by, id, isNewest(by));
    }

    function isNewest(address by) private view returns (bool) {
        return isStaked(by) && openSolution[by] != 0 && finalsSeen[by] == finalIntervals.length;
    }

    function openOne(address by) private {
        bool should = isStaked(by) && !isSomethingDue();
        bytes memory data = abi.encodeCall(matching.openSolution, ());
        expect(tries(by, address(matching), data), should, "opening of a solution");
        if (!should) return;
        lastSubmission[by] = block.timestamp;
        openSolution[by] = matching.openSolutionOf(by);
        partDigest[by] = digestOf(by);
        finalsSeen[by] = finalIntervals.length;
    }

    function addSome(address by, uint32 id, bool isOpen, Chunk[] memory chunks) private {
        (bool sound, Objective[] memory values, uint256[] memory usedWs) = judge(chunks, id);
        if (sound) claimAll(chunks, values);
        bytes memory data = abi.encodeCall(matching.addChunks, (id, chunks));
        expect(tries(by, address(matching), data), isOpen && sound, "part");
        if (!isOpen || !sound) return;
        partDigest[by] = digestOf(partDigest[by], chunks);
        lastSubmission[by] = block.timestamp;
        for (uint256 i = 0; i < usedWs.length; i++) {
            if (offers[i].open) partWs[id][i + 1] = usedWs[i] - offers[i].takenWs;
        }
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval < firstOpen() || chunks[i].trades.length == 0) continue;
            partTrades[id][chunks[i].interval] = chunks[i].trades;
            partValue[id][chunks[i].interval] = values[i];
        }
    }

    function commitOne(address by, uint32 id, bool isOpen) private {
        Objective[] memory values = new Objective[](HORIZON);
        for (uint32 k = 0; k < HORIZON; k++) values[k] = partValue[id][firstOpen() + k];
        bool should = isOpen && !isSomethingDue() && !paused && mayReplace(values);
        bytes memory data = abi.encodeCall(matching.commitSolution, (id));
        expect(tries(by, address(matching), data), should, "commitment");
        if (!should) return;
        creditAll(by, partDigest[by], values);
        lastSubmission[by] = block.timestamp;
        openSolution[by] = 0;
        for (uint32 t = firstOpen(); t <= lastTradable(); t++) accepted(t, partTrades[id][t]);
    }

    function accepted(uint32 t, bytes memory trades) private {
        tradesOf[t] = trades;
        limitsSeen[t] = limitsOf(t);
    }

    /// @param values by interval, from the first open one on
    function creditAll(address by, bytes32 digest, Objective[] memory values) private {
        for (uint32 k = 0; k < values.length; k++) {
            credit(by, digest, firstOpen() + k, values[k].homeEnergyWs);
        }
    }

    /// Too late in the block of the solution itself, at times.
    function announce(address by, bytes32 digest, Dice memory dice) private {
        expect(
            tries(by, address(matching), abi.encodeCall(matching.announce, (digest))),
            isStaked(by),
            "announcement"
        );
        lastSubmission[by] = block.timestamp;
        noteAnnouncement(by, digest);
        if (!dice.isOnce(6)) nextBlock();
    }

    // ------------------------------------------------------------------------------- chunks

    function honest(
        Dice memory dice,
        uint32 solutionId,
        uint32 first,
        uint32 last
    ) private view returns (Chunk[] memory chunks) {
        uint256[] memory usedWs = used(solutionId);
        chunks = new Chunk[](first > last ? 0 : last - first + 1);
        for (uint256 i = 0; i < chunks.length; i++) {
            chunks[i].interval = first + uint32(i);
            bool isLeftOut = dice.isOnce(12) || chunks[i].interval > lastTradable();
            if (!isLeftOut) chunks[i].trades = build(dice, usedWs, chunks[i].interval);
        }
    }

    /// One change anywhere; the judge says what it means.
    function spoil(Chunk[] memory chunks, Dice memory dice) private view {
        if (chunks.length == 0) return;
        Chunk memory chunk = chunks[dice.roll(chunks.length)];
        uint256 length = chunk.trades.length;
        uint256 kind_ = dice.roll(8);
        if (kind_ == 0) chunk.interval -= uint32(dice.roll(3));
        else if (kind_ == 1) chunk.interval += uint32(dice.roll(HORIZON));
        else if (kind_ == 2) chunk.trades = bytes.concat(chunk.trades, chunk.trades);
        else if (kind_ == 3) chunk.trades = bytes.concat(chunk.trades, bytes1(0));
        else if (kind_ == 4) chunk.trades = chunks[dice.roll(chunks.length)].trades;
        else if (length > 0) {
            uint256 size = tradeBytes();
            uint256 place = dice.roll(length / size) * size + 4 * dice.roll(size / 4);
            place += dice.isOnce(6) ? 2 : 3; // by a lot, or by one
            uint256 step = dice.isOnce(2) ? 1 : 255;
            chunk.trades[place] = bytes1(uint8((uint8(chunk.trades[place]) + step) & 255));
        }
    }

    function withDue(Chunk[] memory chunks) private view returns (Chunk[] memory all) {
        uint32 first = current() + 1;
        uint256 more = firstOpen() - first;
        all = new Chunk[](chunks.length + more);
        for (uint256 i = 0; i < more; i++) {
            all[i].interval = first + uint32(i);
            all[i].trades = tradesOf[first + uint32(i)];
        }
        for (uint256 i = 0; i < chunks.length; i++) all[more + i] = chunks[i];
    }

    // ------------------------------------------------------------------------------- values

    function claimAll(Chunk[] memory chunks, Objective[] memory values) private pure {
        for (uint256 i = 0; i < chunks.length; i++) chunks[i].claimed = values[i];
    }

    function saysSo(Chunk[] memory chunks, Objective[] memory values) private view returns (bool) {
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval < firstOpen()) continue;
            if (!isSame(chunks[i].claimed, values[i])) return false;
        }
        return true;
    }

    function valuesByInterval(
        Chunk[] memory chunks,
        Objective[] memory values
    ) private view returns (Objective[] memory byInterval) {
        byInterval = new Objective[](HORIZON);
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval < firstOpen() || chunks[i].trades.length == 0) continue;
            if (chunks[i].interval > lastTradable()) continue;
            byInterval[chunks[i].interval - firstOpen()] = values[i];
        }
    }

    /// @param values by interval, from the first open one on
    function mayReplace(Objective[] memory values) private view returns (bool) {
        Objective memory next;
        Objective memory held;
        uint32 first = firstOpen();
        for (uint32 t = first; t <= lastTradable(); t++) {
            Objective memory value = values[t - first];
            (, , Objective memory before) = matching.candidateOf(t);
            addTo(next, value);
            addTo(held, before);
            if (block.timestamp < closeOf(t) - QUIET) continue;
            if (value.homeEnergyWs < before.homeEnergyWs) return false;
            uint64 energyWs = value.homeEnergyWs + value.utilityEnergyWs;
            if (energyWs < before.homeEnergyWs + before.utilityEnergyWs) return false;
        }
        uint256 gain = kind.minGainWs;
        (uint256 more, uint256 than) = (next.homeEnergyWs, held.homeEnergyWs);
        if (more == than) (more, than) = (next.utilityEnergyWs, held.utilityEnergyWs);
        if (more == than) (more, than, gain) = (next.welfare, held.welfare, gain * 10_000);
        return more > than && more >= than + gain;
    }

    function addTo(Objective memory sum, Objective memory more) private pure {
        sum.homeEnergyWs += more.homeEnergyWs;
        sum.utilityEnergyWs += more.utilityEnergyWs;
        sum.welfare += more.welfare;
    }

    function isSame(Objective memory a, Objective memory b) private pure returns (bool) {
        return keccak256(abi.encode(a)) == keccak256(abi.encode(b));
    }

    function isStaked(address by) internal view returns (bool) {
        return stakes[by] >= STAKE;
    }

    /// The same one mostly, or no solution in parts would ever be whole.
    function firstStaked() private view returns (address by) {
        for (uint256 i = 0; i < PEOPLE; i++) {
            by = person(i);
            if (isStaked(by)) break;
        }
    }

    function pickSolver(Dice memory dice) internal view returns (address by) {
        for (uint256 k = 0; k < 12; k++) {
            by = person(dice.roll(PEOPLE));
            if (isStaked(by) || dice.isOnce(40)) break;
        }
    }
}
