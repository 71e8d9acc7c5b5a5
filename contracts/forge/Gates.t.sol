// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Grant, Side} from "../IAssets.sol";
import {Chunk, Objective} from "../IMatching.sol";
import {Kind, World} from "./World.sol";

/// @title The second that matters
/// @notice Who produces a block chooses its time within some seconds. At each edge in the life of
/// an interval one second decides, and no choice opens what should be shut.
contract GatesTest is World {
    uint32 private constant POWER_W = 1_000;
    uint32 private constant PRICE = 200_000;

    address private immutable seller = person(1);
    address private immutable buyer = person(2);
    address private immutable solver = person(5);
    uint32 private t;

    constructor() World(Kind(1, 0, 0)) {}

    /// An ask and a bid for the interval after the next; nothing is submitted yet.
    function setUp() external {
        t = current() + 2;
        Grant[] memory grants = new Grant[](3);
        grants[0] = grantFor(seller, Side.Sell);
        grants[1] = grantFor(buyer, Side.Buy);
        grants[2] = grantFor(solver, Side.Buy);
        claim(tries(GRANTER, address(assets), abi.encodeCall(assets.grant, (grants))), "granted");
        claim(tries(solver, address(matching), abi.encodeCall(matching.stake, (STAKE))), "staked");
    }

    function test_anOfferCountsUntilQuietTime() external {
        vm.warp(closeOf(t) - QUIET);
        post();
        claim(submit(), "its last second");
    }

    function test_inQuietTimeNoOfferComes() external {
        vm.warp(closeOf(t) - QUIET + 1);
        claim(!tries(seller, address(matching), offer(1)), "a second too late");
    }

    function test_aSolutionCountsUntilTheGateCloses() external {
        post();
        vm.warp(closeOf(t) - 1);
        claim(submit(), "its last second");
        claim(!finalize(), "the gate is still open");
    }

    function test_noSolutionWhenTheGateCloses() external {
        post();
        vm.warp(closeOf(t));
        claim(!submit(), "the gate is shut");
        vm.warp(closeOf(t) + 1);
        claim(!submit(), "and stays shut");
    }

    function test_finalWithItsTradesWhenTheGateCloses() external {
        finalizesAt(closeOf(t), true);
    }

    function test_finalWithItsTradesASecondLater() external {
        finalizesAt(closeOf(t) + 1, true);
    }

    function test_finalWithItsTradesUntilItStarts() external {
        finalizesAt(uint256(t) * SECONDS - 1, true);
    }

    function test_finalWithoutTradesWhenItStarts() external {
        finalizesAt(uint256(t) * SECONDS, false);
    }

    function test_nothingIsPaidBeforeTheIntervalIsOver() external {
        finalizesAt(closeOf(t), true);
        bytes memory data = abi.encodeCall(matching.settle, (t, trades(), new uint32[](0), 9));
        uint64 had = assets.balanceMicro(seller);
        vm.warp(uint256(t + 1) * SECONDS - 1);
        claim(!tries(solver, address(matching), data), "its last second");
        vm.warp(uint256(t + 1) * SECONDS);
        claim(tries(solver, address(matching), data), "it is over");
        claim(!tries(solver, address(matching), data), "once");
        uint256 paid = (uint256(PRICE) * POWER_W * SECONDS) / 3_600_000;
        same(assets.balanceMicro(seller), had + paid, "paid to the last millionth");
    }

    // -------------------------------------------------------------------------------- helpers

    function finalizesAt(uint256 moment, bool withTrades) private {
        post();
        claim(submit(), "submitted");
        vm.warp(moment);
        claim(finalize(), "made final");
        claim(matching.isFinal(t), "it is final");
        claim((matching.unsettled(t) != 0) == withTrades, "with its trades, or without");
        claim(!finalize(), "once");
    }

    function grantFor(address to, Side side) private view returns (Grant memory) {
        uint48 energyWs = uint48(POWER_W * SECONDS);
        return Grant(to, address(matching), feederOf(to), side, t, t, energyWs, POWER_W, 2 * STAKE);
    }

    function offer(uint32 assetId) private view returns (bytes memory) {
        uint48 energyWs = uint48(POWER_W * SECONDS);
        return abi.encodeCall(matching.postOffer, (assetId, energyWs, t, t, POWER_W, PRICE));
    }

    function post() private {
        claim(tries(seller, address(matching), offer(1)), "an ask");
        claim(tries(buyer, address(matching), offer(2)), "a bid");
    }

    function trades() private pure returns (bytes memory) {
        return abi.encodePacked(uint32(1), uint32(2), POWER_W);
    }

    function submit() private returns (bool) {
        Chunk[] memory chunks = new Chunk[](1);
        chunks[0] = Chunk(t, Objective(uint64(POWER_W) * SECONDS, 0, 0), trades());
        return tries(solver, address(matching), abi.encodeCall(matching.submitSolution, (chunks)));
    }

    function finalize() private returns (bool) {
        return tries(solver, address(matching), abi.encodeCall(matching.finalize, (t, trades())));
    }
}
