// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attack} from "./Attack.sol";
import {Play} from "./Play.sol";
import {Kind} from "./World.sol";

/// @title The invariants of docs: after any calls by anyone the books are right
abstract contract MarketTest is Attack {
    uint256 private constant CALLS = 5_000;

    Play internal play;

    function kind() internal pure virtual returns (Kind memory);

    function setUp() external {
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
        function(uint256) external[12] memory plays = [
            play.grants,
            play.posts,
            play.postsMore,
            play.waits,
            play.solves,
            play.solvesInParts,
            play.finalizes,
            play.settles,
            play.closes,
            play.stakesOrRewards,
            play.governs,
            play.trespasses
        ];
        for (uint256 i = 0; i < CALLS; i++) {
            plays[uint256(keccak256(abi.encode(i))) % plays.length](i);
        }
        play.checkBooks();
        string[25] memory all = [
            "grant",
            "post",
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
            "closing",
            "stake",
            "return of a stake",
            "reward",
            "change of limits",
            "rogue takes energy",
            "rogue gives energy",
            "voided trades",
            "settlement in slices",
            "end of a short ask",
            "end of a short bid",
            "end of a long ask",
            "end of a long bid"
        ];
        for (uint256 i = 0; i < all.length; i++) {
            bool isSeen = play.done(all[i]) > 0;
            claim(isSeen, string.concat("never happened: ", all[i]));
        }
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
