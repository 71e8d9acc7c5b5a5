// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Chance, Dice} from "./Dice.sol";
import {Offer} from "./Model.sol";
import {SolversPlay} from "./SolversPlay.sol";

/// @title Anyone may end things: finalize, settle, close; stakes and rewards
abstract contract EndsPlay is SolversPlay {
    using Chance for Dice;

    function finalizeSome(Dice memory dice) internal {
        uint32 t = current() - 1 + uint32(dice.roll(4));
        if (isSomethingDue() && !dice.isOnce(4)) {
            for (t = current() + 1; finals[t] || tradesOf[t].length == 0; ) t++;
        }
        bytes memory trades = tradesOf[t];
        if (dice.isOnce(4)) trades = tradesOf[current() + uint32(dice.roll(4))];
        if (dice.isOnce(8)) trades = "";
        bool isRight = keccak256(trades) == keccak256(tradesOf[t]);
        bool should = !finals[t] && t >= born && t < firstOpen() && (t <= current() || isRight);
        bytes memory data = abi.encodeCall(matching.finalize, (t, trades));
        string memory what = t <= current() ? "late finalization" : "finalization";
        expect(tries(person(dice.roll(PEOPLE)), address(matching), data), should, what);
        if (!should) return;
        if (t <= current()) tradesOf[t] = "";
        becomeFinal(t);
    }

    function settleSome(Dice memory dice) internal {
        if (finalIntervals.length == 0) return;
        uint256 newest = least(finalIntervals.length, 3);
        uint32 t = finalIntervals[finalIntervals.length - 1 - dice.roll(newest)];
        // Mostly one that is over, and not settled.
        for (uint256 i = finalIntervals.length; i > 0 && !dice.isOnce(4); i--) {
            if (finalIntervals[i - 1] >= current()) continue;
            if (matching.unsettled(finalIntervals[i - 1]) != 0) t = finalIntervals[i - 1];
        }
        uint32 from = dice.isOnce(9) ? finalIntervals[dice.roll(finalIntervals.length)] : t;
        bytes memory trades = tradesOf[from];
        uint32[] memory voided = voidedOf[t];
        if (dice.isOnce(9)) voided = new uint32[](1);
        bool isRight = keccak256(trades) == keccak256(tradesOf[t]) &&
            keccak256(abi.encode(voided)) == keccak256(abi.encode(voidedOf[t]));
        bool isWaiting = matching.unsettled(t) != 0;
        bool should = isWaiting && isRight && block.timestamp >= uint256(t + 1) * SECONDS;
        uint256 most = dice.isOnce(2) ? type(uint256).max : dice.roll(4);
        bytes memory data = abi.encodeCall(matching.settle, (t, trades, voided, most));
        expect(tries(person(dice.roll(PEOPLE)), address(matching), data), should, "settlement");
        if (should) settled(t);
    }

    function settled(uint32 t) private {
        Trade[] memory trades = readTrades(tradesOf[t]);
        bool isAll = matching.unsettled(t) == 0;
        if (!isAll) done["settlement in slices"]++;
        for (uint256 i = 0; i < trades.length; i++) {
            settledOne(trades[i].askId, isAll);
            settledOne(trades[i].bidId, isAll);
        }
    }

    function settledOne(uint32 offerId, bool isAll) private {
        Offer memory offer = offers[offerId - 1];
        bool isClosed = matching.offers(offerId).closed;
        bool isSingle = offer.firstInterval == offer.lastInterval;
        claim(isSingle || isClosed == !offer.open, "settlement ends no offer of several intervals");
        claim(isClosed || !isAll || !isSingle, "settlement ends all offers of its interval");
        if (isClosed && offer.open) end(offerId);
    }

    function closeSome(Dice memory dice) internal {
        if (offers.length == 0) return;
        uint32[] memory ids = new uint32[](1 + dice.roll(3));
        for (uint256 i = 0; i < ids.length; i++) {
            ids[i] = uint32(offers.length - dice.roll(least(offers.length, 30)));
        }
        bool isOne = ids.length == 1 && dice.isOnce(2);
        bool should = !isOne || offers[ids[0] - 1].open;
        for (uint256 i = 0; i < ids.length; i++) {
            should = should && (!offers[ids[i] - 1].open || mayClose(offers[ids[i] - 1]));
        }
        bytes memory data = isOne
            ? abi.encodeCall(matching.closeOffer, (ids[0]))
            : abi.encodeCall(matching.closeOffers, (ids));
        expect(tries(person(dice.roll(PEOPLE)), address(matching), data), should, "closing");
        if (!should) return;
        for (uint256 i = 0; i < ids.length; i++) {
            claim(matching.offers(ids[i]).closed, "it is closed");
            if (offers[ids[i] - 1].open) end(ids[i]);
        }
    }

    function mayClose(Offer memory offer) private view returns (bool) {
        if (block.timestamp < uint256(offer.lastInterval + 1) * SECONDS) return false;
        for (uint32 t = offer.firstInterval; t <= offer.lastInterval; t++) {
            if (matching.unsettled(t) != 0) return false;
        }
        return true;
    }

    // -------------------------------------------------------------------- stakes and rewards

    function stakeSome(Dice memory dice) internal {
        address by = person(dice.roll(PEOPLE));
        if (dice.isOnce(3)) return unstakeOne(by);
        stakeOne(by, uint64(dice.isOnce(9) ? balance[by] + 1 : STAKE - dice.roll(2)));
    }

    function stakeOne(address by, uint64 amountMicro) internal {
        bool should = marketOf(by) == address(matching) && amountMicro <= balance[by];
        bytes memory data = abi.encodeCall(matching.stake, (amountMicro));
        expect(tries(by, address(matching), data), should, "stake");
        if (!should) return;
        balance[by] -= amountMicro;
        stakes[by] += amountMicro;
    }

    function unstakeOne(address by) private {
        bool should = stakes[by] > 0 && block.timestamp >= lastSubmission[by] + 1 days;
        bytes memory data = abi.encodeCall(matching.unstake, ());
        expect(tries(by, address(matching), data), should, "return of a stake");
        if (!should) return;
        balance[by] += stakes[by];
        stakes[by] = 0;
    }

    function rewardSome(Dice memory dice) internal {
        address by = person(dice.roll(PEOPLE));
        if (dice.isOnce(2) && finalIntervals.length > 0) return claimOne(by, dice);
        fundOne(by, uint64(dice.isOnce(9) ? balance[by] + 1 : dice.roll(9_000)));
    }

    function fundOne(address by, uint64 amountMicro) internal {
        bool should = marketOf(by) == address(matching) && amountMicro <= balance[by];
        bytes memory data = abi.encodeCall(matching.fundRewards, (amountMicro));
        expect(tries(by, address(matching), data), should, "funding of rewards");
        if (!should) return;
        balance[by] -= amountMicro;
        potMicro += amountMicro;
    }

    function claimOne(address by, Dice memory dice) private {
        uint256 newest = least(finalIntervals.length, 5);
        uint32 t = finalIntervals[finalIntervals.length - 1 - dice.roll(newest)];
        // Somebody who has earned something there, if there is one.
        for (uint256 k = 0; k < PEOPLE && dueOf(t, by) == 0; k++) by = person(dice.roll(PEOPLE));
        address to = dice.isOnce(4) ? person(dice.roll(PEOPLE)) : by;
        uint64 dueMicro = dueOf(t, by);
        uint32[] memory intervals = new uint32[](2); // the second time there is nothing left
        (intervals[0], intervals[1]) = (t, t);
        bool should = dueMicro == 0 || marketOf(to) == address(matching);
        bytes memory data = abi.encodeCall(matching.claimRewards, (intervals, to));
        expect(tries(by, address(matching), data), should, dueMicro > 0 ? "reward" : "no reward");
        if (should) balance[to] += take(t, by);
        checkCredit(t, by);
    }
}
