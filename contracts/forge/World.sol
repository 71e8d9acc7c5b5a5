// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Caps, IAssets} from "../IAssets.sol";
import {IMatching, Params} from "../IMatching.sol";
import {Calendar, IMicrogrid} from "../IMicrogrid.sol";
import {Attack} from "./Attack.sol";

/// What worlds differ in.
struct Kind {
    uint32 clearIntervals;
    uint8 priceRule;
    uint48 minGainWs;
}

/// @title A small market, and the clock it goes by
abstract contract World is Attack {
    uint32 internal constant SECONDS = 900;
    uint32 internal constant LEAD = 60;
    uint32 internal constant QUIET = 300;
    uint32 internal constant HORIZON = 5;
    uint32 internal constant FEEDERS = 3;
    uint32 internal constant OFFERS_PER_ASSET = 12;
    uint48 internal constant LEAST_WS = 9_000;
    uint32 internal constant REWARD_MICRO_PER_KWH = 10_000;
    uint64 internal constant STAKE = 1_000_000;
    uint64 internal constant MICRO_PER_DAY = 450_000_000;
    uint256 private constant BEGIN = 1_800_000_000;

    address internal constant OWNER = address(0xa1);
    address internal constant GRANTER = address(0xa2);
    /// A market that the owner admitted by mistake.
    address internal constant ROGUE = address(0xa3);

    /// Homes and solvers, all alike to the contracts; the last two are known to nobody.
    uint256 internal constant PEOPLE = 12;
    uint256 internal constant STRANGERS = 2;
    uint256 internal constant CHEATED = 2; // before the strangers: granted for the rogue market

    /// How solc tells an overflow, a division by 0, an index out of bounds.
    bytes4 private constant PANIC = 0x4e487b71;

    Kind internal kind;
    bytes4 internal refusal; // the name of the error of the last call, if it failed
    uint32 internal born;
    bool internal paused;
    uint256 internal height; // of the chain
    IMicrogrid internal grid;
    IAssets internal assets;
    IMatching internal matching;

    constructor(Kind memory kind_) {
        kind = kind_;
        vm.warp(BEGIN);
        born = current();
        height = block.number;
        Calendar memory calendar = Calendar(SECONDS, kind_.clearIntervals, LEAD, QUIET, HORIZON);
        bytes memory args = abi.encode(OWNER, calendar, 1 days);
        grid = IMicrogrid(vm.deployCode("Microgrid.sol:Microgrid", args));
        args = abi.encode(grid, Caps(MICRO_PER_DAY, 100_000_000));
        assets = IAssets(vm.deployCode("Assets.sol:Assets", args));
        Params memory params = Params(
            LEAST_WS,
            LEAST_WS,
            OFFERS_PER_ASSET,
            STAKE,
            kind_.priceRule,
            kind_.minGainWs,
            REWARD_MICRO_PER_KWH
        );
        args = abi.encode(grid, assets, params);
        matching = IMatching(vm.deployCode("Matching.sol:Matching", args));
        setUpGrid();
    }

    function setUpGrid() private {
        uint32[] memory price = new uint32[](1);
        price[0] = 300_000;
        for (uint32 f = 0; f < FEEDERS; f++) {
            byOwner(abi.encodeCall(grid.addFeeder, (4_000, 2_500)));
        }
        byOwner(abi.encodeCall(grid.setTariff, (price, price)));
        byOwner(abi.encodeCall(grid.setGranter, (GRANTER, true)));
        address[2] memory markets = [address(matching), ROGUE];
        for (uint256 i = 0; i < 2; i++) {
            byOwner(abi.encodeCall(grid.proposeMarket, (markets[i])));
            byOwner(abi.encodeCall(grid.admitMarket, (markets[i])));
        }
        byOwner(abi.encodeCall(grid.seal, ()));
    }

    function byOwner(bytes memory data) internal {
        claim(tries(OWNER, address(grid), data), "the owner may");
    }

    /// What is refused is refused on purpose: no rule may lean on arithmetic that fails by chance.
    /// @return done whether the call went through
    function tries(address from, address to, bytes memory data) internal returns (bool done) {
        bytes memory reason;
        vm.prank(from);
        (done, reason) = to.call(data);
        refusal = bytes4(reason);
        claim(done || reason.length >= 4, "a refusal has a name");
        claim(done || refusal != PANIC, "a refusal is no accident");
    }

    function nextBlock() internal {
        vm.roll(++height);
    }

    function person(uint256 i) internal pure returns (address) {
        return address(uint160(0xb00 + (i % PEOPLE)));
    }

    function marketOf(address who) internal view returns (address) {
        uint256 i = uint160(who) - 0xb00;
        if (i >= PEOPLE - STRANGERS) return address(0);
        return i >= PEOPLE - STRANGERS - CHEATED ? ROGUE : address(matching);
    }

    /// Some of the first are the utility's.
    function feederOf(address who) internal pure returns (uint32) {
        return uint32(uint160(who) % (FEEDERS + 1));
    }

    // --------------------------------------------------------- the calendar, told once more

    function current() internal view returns (uint32) {
        return uint32(block.timestamp / SECONDS);
    }

    function closeOf(uint32 t) internal view returns (uint256) {
        return uint256(t) * SECONDS - (kind.clearIntervals - 1) * SECONDS - LEAD;
    }

    function firstOpen() internal view returns (uint32 t) {
        t = current();
        while (closeOf(t) <= block.timestamp) t++;
    }

    function lastTradable() internal view returns (uint32) {
        return current() + HORIZON - 1;
    }
}
