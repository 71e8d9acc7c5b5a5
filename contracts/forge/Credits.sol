// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Chunk} from "../IMatching.sol";
import {World} from "./World.sol";

/// @title What solvers earn, told once more
/// @notice A solver is credited by how much it raises the energy between homes of an interval above
/// everything seen before, if it announced its solution in an earlier block.
abstract contract Credits is World {
    uint256 private constant WS_PER_KWH = 3_600_000;

    uint64 internal potMicro;
    mapping(address => bytes32) private announced;
    mapping(address => uint256) private announcedIn;
    mapping(address => bytes32) internal partDigest;
    mapping(uint32 interval => uint256) private highestWs;
    mapping(uint32 interval => uint256) private creditedWs;
    mapping(uint32 interval => mapping(address => uint256)) private creditWs;
    mapping(uint32 interval => uint64) internal reservedMicro;
    mapping(uint32 interval => uint64) internal paidMicro;

    function noteAnnouncement(address by, bytes32 digest) internal {
        (announced[by], announcedIn[by]) = (digest, height);
    }

    /// A candidate has so much energy between homes in this interval.
    function credit(address by, bytes32 digest, uint32 t, uint256 homeWs) internal {
        if (homeWs <= highestWs[t]) return;
        uint256 gainWs = homeWs - highestWs[t];
        highestWs[t] = homeWs;
        if (announced[by] != digest || announcedIn[by] == height) return;
        creditedWs[t] += gainWs;
        creditWs[t][by] += gainWs;
    }

    /// The interval is final, and nothing of it is void.
    function reserve(uint32 t, uint256 homeWs) internal {
        if (creditedWs[t] == 0) return;
        uint256 micro = (homeWs * REWARD_MICRO_PER_KWH * creditedWs[t]) / WS_PER_KWH / highestWs[t];
        if (micro > potMicro) micro = potMicro;
        potMicro -= uint64(micro);
        reservedMicro[t] = uint64(micro);
    }

    function dueOf(uint32 t, address by) internal view returns (uint64) {
        if (creditWs[t][by] == 0) return 0;
        return uint64((reservedMicro[t] * creditWs[t][by]) / creditedWs[t]);
    }

    function take(uint32 t, address by) internal returns (uint64 dueMicro) {
        dueMicro = dueOf(t, by);
        if (reservedMicro[t] > 0) creditWs[t][by] = 0;
        paidMicro[t] += dueMicro;
    }

    function checkCredit(uint32 t, address by) internal view {
        (uint48 highest, uint48 all, uint48 own, uint64 micro) = matching.creditOf(t, by);
        same(highest, highestWs[t], "the most energy of any candidate");
        same(all, creditedWs[t], "energy credited");
        same(own, creditWs[t][by], "energy credited to a solver");
        same(micro, reservedMicro[t], "the reward of an interval");
    }

    /// What a solver announces: of itself and of all its chunks, one after the other.
    function digestOf(bytes32 digest, Chunk[] memory chunks) internal pure returns (bytes32) {
        for (uint256 i = 0; i < chunks.length; i++) {
            bytes32 hash = keccak256(chunks[i].trades);
            digest = keccak256(abi.encode(digest, chunks[i].interval, hash));
        }
        return digest;
    }

    function digestOf(address by) internal pure returns (bytes32) {
        return keccak256(abi.encode(by));
    }
}
