// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Grant, Side} from "../IAssets.sol";
import {Post} from "../IMatching.sol";
import {Builder} from "./Builder.sol";
import {Chance, Dice} from "./Dice.sol";
import {Offer, Right} from "./Model.sol";

/// @title Grants, offers, deposits, and time
abstract contract OwnersPlay is Builder {
    using Chance for Dice;

    /// What is tried must go through exactly when it should.
    function expect(bool went, bool should, string memory what) internal {
        if (!went && should) revert Refused(what, refusal);
        claim(!went || should, string.concat("let through: ", what));
        if (went) done[what]++;
    }

    function grantSome(Dice memory dice) internal {
        address to = person(dice.roll(PEOPLE - STRANGERS));
        Grant memory g = Grant(to, marketOf(to), feederOf(to), Side(dice.roll(2)), 0, 0, 0, 0, 0);
        g.firstInterval = current() + uint32(dice.roll(4));
        g.lastInterval = g.firstInterval + uint32(dice.isOnce(2) ? 0 : dice.roll(96));
        if (!dice.isOnce(4)) g.energyWs = uint48(dice.roll(4_000) * SECONDS + dice.roll(2) * 450);
        if (g.energyWs > 0) g.maxPowerW = 1 + uint32(dice.roll(4_000));
        if (g.energyWs == 0 || dice.isOnce(2)) g.amountMicro = uint64(1 + dice.roll(4_000_000));
        if (dice.isOnce(12)) g.market = address(matching);
        if (dice.isOnce(12)) g.feeder = uint32(dice.roll(FEEDERS + 2));
        address by = dice.isOnce(8) ? person(dice.roll(PEOPLE)) : GRANTER;
        grantOne(by, g);
    }

    function grantOne(address by, Grant memory g) internal {
        uint256 day = block.timestamp / 1 days;
        bool should = by == GRANTER &&
            !paused &&
            g.market == marketOf(g.to) &&
            (g.energyWs == 0 || g.feeder == feederOf(g.to)) &&
            grantedMicroOn[day] + g.amountMicro <= MICRO_PER_DAY;
        Grant[] memory grants = new Grant[](1);
        grants[0] = g;
        expect(tries(by, address(assets), abi.encodeCall(assets.grant, (grants))), should, "grant");
        if (!should) return;
        balance[g.to] += g.amountMicro;
        grantedMicro += g.amountMicro;
        grantedMicroOn[day] += g.amountMicro;
        if (g.energyWs == 0) return;
        grantedWs[uint8(g.side)] += g.energyWs;
        Right storage right = rights.push();
        (right.owner, right.side, right.maxPowerW) = (g.to, g.side, g.maxPowerW);
        (right.firstInterval, right.lastInterval) = (g.firstInterval, g.lastInterval);
        right.heldWs = g.energyWs;
        (right.since, right.reach) = (g.firstInterval, g.firstInterval);
    }

    function postSome(Dice memory dice) internal {
        uint32 assetId = pickAsset(dice);
        Right memory right = rights[assetId - 1];
        Post[] memory posts = dice.isOnce(3)
            ? profile(dice, assetId, right)
            : single(dice, assetId, right);
        address by = dice.isOnce(9) ? person(dice.roll(PEOPLE)) : right.owner;
        bool should = mayPost(by, posts, right);
        bytes memory data = abi.encodeCall(matching.postOffers, (posts));
        expect(tries(by, address(matching), data), should, posts.length > 1 ? "profile" : "post");
        if (!should) return;
        for (uint256 i = 0; i < posts.length; i++) posted(posts[i]);
        same(matching.offerCount(), offers.length, "numbers of offers");
    }

    function single(
        Dice memory dice,
        uint32 assetId,
        Right memory right
    ) private view returns (Post[] memory posts) {
        // Mostly where it can be posted, one interval too early or too late at times.
        uint32 first = firstOpen() + uint32(dice.roll(lastTradable() + 2 - firstOpen()));
        if (dice.isOnce(9)) first--;
        if (first < right.since && !dice.isOnce(3)) first = right.since;
        if (first < right.firstInterval) first = right.firstInterval;
        uint32 last = first + uint32(dice.isOnce(3) ? dice.roll(6) : 0);
        bool isBeyond = last > right.lastInterval && !dice.isOnce(9);
        if (isBeyond || dice.isOnce(6)) last = right.lastInterval;
        uint256 powerW = dice.isOnce(9) ? dice.roll(4_000) : 1 + dice.roll(right.maxPowerW);
        // Just what is left, or a watt more.
        bool isJust = first < right.reach && dice.isOnce(2);
        if (isJust) powerW = right.maxPowerW - right.offeredPowerW + dice.roll(2);
        uint256 energyWs = powerW * SECONDS * (1 + dice.roll(3));
        if (energyWs > right.heldWs && !dice.isOnce(9)) energyWs = right.heldWs;
        if (dice.isOnce(6)) energyWs += dice.roll(900);
        posts = new Post[](1);
        posts[0] = Post(assetId, uint48(energyWs), first, last, uint32(powerW), 0);
        posts[0].priceMicroPerKwh = priceFor(right.side, dice);
    }

    /// An interval after the other, each at full power, as a forecast is posted; at times one
    /// overlaps the one before it, or is left out.
    function profile(
        Dice memory dice,
        uint32 assetId,
        Right memory right
    ) private view returns (Post[] memory posts) {
        uint32 first = firstOpen();
        if (first < right.reach && !dice.isOnce(6)) first = right.reach;
        if (first < right.firstInterval) first = right.firstInterval;
        posts = new Post[](2 + dice.roll(3));
        uint256 energyWs = least(uint256(right.maxPowerW) * SECONDS, right.heldWs / posts.length);
        for (uint256 i = 0; i < posts.length; i++) {
            uint32 last = dice.isOnce(20) ? first + 1 : first;
            posts[i] = Post(assetId, uint48(energyWs), first, last, right.maxPowerW, 0);
            posts[i].priceMicroPerKwh = priceFor(right.side, dice);
            if (!dice.isOnce(30)) first++;
            if (dice.isOnce(20)) first++;
        }
    }

    function priceFor(Side side, Dice memory dice) private pure returns (uint32) {
        return uint32(100_000 + 10_000 * dice.roll(12) + (side == Side.Sell ? 0 : 60_000));
    }

    /// Mostly one that is not used up.
    function pickAsset(Dice memory dice) internal view returns (uint32 assetId) {
        for (uint256 tries_ = 0; tries_ < 8; tries_++) {
            assetId = uint32(1 + dice.roll(rights.length));
            Right storage right = rights[assetId - 1];
            bool isAlive = right.heldWs >= LEAST_WS && right.offers < OFFERS_PER_ASSET;
            if (isAlive && right.lastInterval >= firstOpen()) break;
        }
    }

    /// @param right of all posts, as it is before them
    function mayPost(
        address by,
        Post[] memory posts,
        Right memory right
    ) private view returns (bool) {
        if (by != right.owner || marketOf(by) != address(matching)) return false;
        uint64 purseMicro = balance[by];
        for (uint256 i = 0; i < posts.length; i++) {
            Post memory p = posts[i];
            if (p.energyWs < LEAST_WS || p.maxPowerW == 0) return false;
            if (p.firstInterval > lastTradable()) return false;
            (uint32 first, uint32 last) = (p.firstInterval, p.lastInterval);
            if (!bears(right, first, last, p.energyWs, p.maxPowerW)) return false;
            if (right.offers == OFFERS_PER_ASSET) return false;
            if (block.timestamp > closeOf(last) - QUIET) return false;
            enter(right, first, last, p.energyWs, p.maxPowerW);
            if (right.side == Side.Sell) continue;
            if (escrowOf(p) > purseMicro) return false;
            purseMicro -= escrowOf(p);
        }
        return true;
    }

    function escrowOf(Post memory p) private pure returns (uint64) {
        return uint64((uint256(p.priceMicroPerKwh) * p.energyWs) / 3_600_000);
    }

    function posted(Post memory p) private {
        Right memory right = rights[p.assetId - 1];
        (uint32 first, uint32 last) = (p.firstInterval, p.lastInterval);
        if (right.offers > 0 && first >= right.reach) done["offer behind a gap"]++;
        enter(right, first, last, p.energyWs, p.maxPowerW);
        rights[p.assetId - 1] = right;
        Offer storage offer = offers.push();
        (offer.assetId, offer.side, offer.feeder) = (p.assetId, right.side, feederOf(right.owner));
        (offer.firstInterval, offer.lastInterval) = (first, last);
        (offer.maxPowerW, offer.price) = (p.maxPowerW, p.priceMicroPerKwh);
        (offer.energyWs, offer.postedAt, offer.open) = (p.energyWs, block.timestamp, true);
        if (right.side == Side.Buy) {
            offer.micro = escrowOf(p);
            balance[right.owner] -= offer.micro;
        }
        offersOf[p.assetId].push(uint32(offers.length));
        checkPower(p.assetId, first, last);
    }

    function depositSome(Dice memory dice) internal {
        if (dice.isOnce(2)) {
            uint32 assetId = pickAsset(dice);
            Right storage right = rights[assetId - 1];
            address by = dice.isOnce(3) ? person(dice.roll(PEOPLE)) : right.owner;
            bool should = by == right.owner && right.heldWs > 0;
            bytes memory data = abi.encodeCall(assets.depositEnergy, (assetId));
            expect(tries(by, address(assets), data), should, "deposit of energy");
            if (!should) return;
            depositedWs[uint8(right.side)] += right.heldWs;
            right.heldWs = 0;
        } else {
            address by = person(dice.roll(PEOPLE));
            uint64 amountMicro = uint64(dice.roll(90_000));
            if (dice.isOnce(4)) amountMicro = balance[by] + uint64(dice.roll(2));
            bool should = amountMicro > 0 && amountMicro <= balance[by];
            bytes memory data = abi.encodeCall(assets.depositFinancial, (amountMicro));
            expect(tries(by, address(assets), data), should, "deposit of money");
            if (!should) return;
            balance[by] -= amountMicro;
            depositedMicro += amountMicro;
        }
    }

    /// Mostly to the next edge in the life of an interval, or a second beside it.
    function waitSome(Dice memory dice) internal {
        uint256 now_ = block.timestamp;
        uint256[4] memory edges = [
            closeOf(firstOpen()) - QUIET,
            closeOf(firstOpen()),
            uint256(current() + 1) * SECONDS,
            now_ + 1 + dice.roll(dice.isOnce(3) ? 300 : 3_000)
        ];
        uint256 to = type(uint256).max;
        for (uint256 i = 0; i < 4; i++) {
            if (edges[i] > now_ && edges[i] < to) to = edges[i];
        }
        // Else hardly anything would become final with its trades.
        if (isSomethingDue() && !dice.isOnce(5)) to = now_ + dice.roll(9) + 1;
        else if (dice.isOnce(150)) to = now_ + 1 days;
        vm.warp(to + dice.roll(3) - 1);
        nextBlock();
    }
}
