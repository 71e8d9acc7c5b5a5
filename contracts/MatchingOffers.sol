// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Release, Side} from "./IAssets.sol";
import {Post} from "./IMatching.sol";
import {Calendar} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {MatchingState} from "./MatchingState.sol";
import {OfferBook, Offers, Terms} from "./Offers.sol";
import {Payments} from "./Payments.sol";
import {Cut, Ended, Settlement} from "./Settlement.sol";

/// @title The life of offers: posted, settled or closed
abstract contract MatchingOffers is MatchingState {
    using Intervals for Calendar;
    using Offers for OfferBook;

    // ------------------------------------------------------------------------------- posting

    function postOffer(
        uint32 assetId,
        uint48 energyWs,
        uint32 firstInterval,
        uint32 lastInterval,
        uint32 maxPowerW,
        uint32 priceMicroPerKwh
    ) external returns (uint32 offerId) {
        uint32 price = priceMicroPerKwh;
        return post(Post(assetId, energyWs, firstInterval, lastInterval, maxPowerW, price));
    }

    function postOffers(Post[] calldata posts) external {
        for (uint256 i = 0; i < posts.length; i++) post(posts[i]);
    }

    function post(Post memory p) private returns (uint32 offerId) {
        if (p.energyWs == 0 || p.energyWs < minOfferWs) {
            revert OfferTooSmall(p.energyWs, minOfferWs);
        }
        if (p.maxPowerW == 0) revert NoPower();
        (uint32 feeder, Side side, uint32 offers) = assets.moveIn(
            msg.sender,
            p.assetId,
            p.energyWs,
            p.maxPowerW,
            p.firstInterval,
            p.lastInterval,
            Payments.amountMicro(p.priceMicroPerKwh, p.energyWs)
        );
        if (offers > offersPerAsset) revert TooManyOffers(p.assetId, offersPerAsset);
        checkRange(p.firstInterval, p.lastInterval);
        offerId = book.open(
            Terms({
                feeder: uint16(feeder), // the grid has at most 256
                side: side,
                firstInterval: p.firstInterval,
                moreIntervals: uint8(p.lastInterval - p.firstInterval), // of an asset at most 95
                energyWs: p.energyWs,
                maxPowerW: p.maxPowerW,
                priceMicroPerKwh: p.priceMicroPerKwh,
                postedAt: uint32(block.timestamp),
                assetId: p.assetId
            })
        );
        emit OfferPosted(
            offerId,
            msg.sender,
            p.assetId,
            feeder,
            side,
            p.firstInterval,
            p.lastInterval,
            p.energyWs,
            p.maxPowerW,
            p.priceMicroPerKwh
        );
    }

    function checkRange(uint32 firstInterval, uint32 lastInterval) private view {
        Calendar memory times = calendar();
        uint32 last = times.lastTradable();
        if (firstInterval > last) revert BeyondHorizon(firstInterval, last);
        uint256 latest = times.latestPostingOf(lastInterval);
        if (block.timestamp > latest) revert TooLateToPost(lastInterval, latest);
    }

    // ---------------------------------------------------------------------------- settlement

    function settle(
        uint32 interval,
        bytes calldata trades,
        uint32[] calldata voided,
        uint256 most
    ) external {
        bytes32 wanted = unsettled[interval];
        if (wanted == 0) revert NothingToSettle(interval);
        if (hashOf(trades, voided) != wanted) revert NotFinalTrades(interval);
        requirePast(interval);
        Cut memory cut = cuts[interval];
        uint256 count = trades.length / tradeBytes();
        uint256 until = most < count - cut.position ? cut.position + most : count;
        cut = Settlement.settle(
            trades,
            voided,
            tradeBytes(),
            cut,
            until,
            intervalSeconds,
            book,
            assets
        );
        if (until < count) {
            cuts[interval] = cut;
            return;
        }
        delete cuts[interval];
        delete unsettled[interval];
        (uint32 word, uint256 bit) = bitOf(interval);
        waiting[word] &= ~bit;
        emit IntervalSettled(interval);
    }

    /// What a final interval is settled with: always a hash of a hash, so that no other bytes can
    /// be given out as the trades.
    function hashOf(
        bytes calldata trades,
        uint32[] memory voided
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(trades), voided));
    }

    // ------------------------------------------------------------------------------- closing

    function closeOffer(uint32 offerId) external {
        Ended memory ended = Settlement.list(1);
        close(ended, offerId, book.get(offerId));
        Settlement.giveBack(ended, assets);
    }

    function closeOffers(uint32[] calldata offerIds) external {
        Ended memory ended = Settlement.list(offerIds.length);
        for (uint256 i = 0; i < offerIds.length; i++) {
            Terms memory terms = book.terms[offerIds[i]];
            if (terms.maxPowerW != 0) close(ended, offerIds[i], terms);
        }
        Settlement.giveBack(ended, assets);
    }

    function close(Ended memory ended, uint32 offerId, Terms memory terms) private {
        uint32 last = Offers.lastInterval(terms);
        requirePast(last);
        for (uint32 t = terms.firstInterval; t <= last; t++) {
            (uint32 word, uint256 bit) = bitOf(t);
            // Settlement of others still reads what this offer says.
            if (waiting[word] & bit != 0) revert NotSettled(t);
        }
        uint64 moneyMicro = book.insideMicro(offerId, terms);
        uint48 leftWs = book.leftWs(offerId, terms, intervalSeconds);
        Release memory one = book.close(offerId, terms, leftWs, moneyMicro);
        Settlement.add(ended, offerId, one);
    }

    function requirePast(uint32 interval) private view {
        uint256 endsAt = calendar().startOf(interval) + intervalSeconds;
        if (block.timestamp < endsAt) revert NotPast(endsAt);
    }
}
