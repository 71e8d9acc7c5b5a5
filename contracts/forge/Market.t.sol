// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attack} from "./Attack.sol";
import {Play} from "./Play.sol";
import {Kind} from "./World.sol";

/// @title The invariants of docs: after any calls by anyone the books are right
abstract contract MarketTest is Attack {
    uint256 private constant ROUNDS = 16;
    uint256 private constant CALLS = 400; // as forge calls in a run

    /// What forge shows of a test when asked to (-vv).
    event log_named_uint(string what, uint256 times);

    Play internal play;

    function kind() internal pure virtual returns (Kind memory);

    function setUp() external {
        begin();
    }

    function begin() private {
        play = Play(vm.deployCode("Play.sol:Play", abi.encode(kind())));
    }

    /// What forge calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(play);
    }

    function invariant_booksAreRight() external view {
        play.checkBooks();
    }

    /// Every kind of call also goes through: refusing everything would keep all books right.
    function test_everythingHappens() external {
        string[32] memory all = everything();
        uint256[32] memory times;
        for (uint256 round = 0; round < ROUNDS; round++) {
            begin();
            for (uint256 i = 0; i < CALLS; i++) playOne(uint256(keccak256(abi.encode(round, i))));
            play.checkBooks();
            for (uint256 i = 0; i < all.length; i++) times[i] += play.done(all[i]);
        }
        for (uint256 i = 0; i < all.length; i++) emit log_named_uint(all[i], times[i]);
        for (uint256 i = 0; i < all.length; i++) {
            claim(times[i] > 0, string.concat("never happened: ", all[i]));
        }
    }

    function playOne(uint256 seed) private {
        function(uint256) external[13] memory plays = [
            play.grants,
            play.posts,
            play.postsMore,
            play.waits,
            play.goesOn,
            play.solves,
            play.solvesInParts,
            play.finalizes,
            play.settles,
            play.closes,
            play.stakesOrRewards,
            play.governs,
            play.trespasses
        ];
        plays[seed % plays.length](seed);
    }

    function everything() private pure returns (string[32] memory) {
        return [
            "grant",
            "post",
            "profile",
            "offer behind a gap",
            "another trade at full power",
            "deposit of energy",
            "deposit of money",
            "solution",
            "opening of a solution",
            "part",
            "commitment",
            "announcement",
            "finalization",
            "late finalization",
            "settlement",
            "settlement in slices",
            "closing",
            "stake",
            "return of a stake",
            "funding of rewards",
            "reward",
            "change of limits",
            "lower limits",
            "pause",
            "resumption",
            "rogue takes energy",
            "rogue gives energy",
            "voided trades",
            "end of a short ask",
            "end of a short bid",
            "end of a long ask",
            "end of a long bid"
        ];
    }
}

contract MidpointMarketTest is MarketTest {
    function kind() internal pure override returns (Kind memory) {
        return Kind(1, 0, 0);
    }
}

contract PricedMarketTest is MarketTest {
    function kind() internal pure override returns (Kind memory) {
        return Kind(2, 1, 900);
    }
}
