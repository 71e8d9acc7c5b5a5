// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Release, Side} from "./IAssets.sol";
import {IMatching} from "./IMatching.sol";
import {Payments} from "./Payments.sol";

/// What an offer says: one slot, all that verification reads. `maxPowerW` is 0 when there is no
/// such offer, or none any more. FastVerification knows the order of these fields.
struct Terms {
    uint16 feeder;
    Side side;
    uint32 firstInterval;
    uint8 moreIntervals; // after the first
    uint48 energyWs; // in all: see `takenW`
    uint32 maxPowerW;
    uint32 postedAt; // unix seconds; fits until 2106, as intervals do
    uint32 priceMicroPerKwh;
    uint32 assetId;
}

/// How many intervals the offers have that trade in one.
enum Spans {
    One, // each of them
    Mixed,
    Several // each of them
}

/// Money inside an offer of several intervals. One of a single interval needs no such record: it
/// trades once, and is paid and closed at once.
struct Purse {
    uint64 moneyMicro; // a bid's escrow left, an ask's proceeds
    bool isKept; // so that the slot is never new when an interval is settled
}

struct OfferBook {
    uint32 count;
    mapping(uint32 offerId => Terms) terms;
    mapping(uint32 offerId => Purse) purses;
    /// What final trades took of offers of several intervals, W of one interval: 42 bits an offer,
    /// six to a word. One of a single interval trades once, and has no such record.
    mapping(uint32 word => uint256) taken;
}

/// @title The records of offers
library Offers {
    /// Of `taken`: FastVerification knows them.
    uint32 internal constant PLACES = 6;
    uint256 internal constant PLACE_BITS = 42;
    uint256 internal constant PLACE_MASK = (1 << PLACE_BITS) - 1;

    function isSingle(Terms memory terms) internal pure returns (bool) {
        return terms.moreIntervals == 0;
    }

    function lastInterval(Terms memory terms) internal pure returns (uint32) {
        return terms.firstInterval + terms.moreIntervals;
    }

    /// A bid's money at its reservation price; an ask has none.
    function escrowMicro(Terms memory terms) internal pure returns (uint64) {
        if (terms.side == Side.Sell) return 0;
        return Payments.amountMicro(terms.priceMicroPerKwh, terms.energyWs);
    }

    function takenW(OfferBook storage book, uint32 offerId) internal view returns (uint48) {
        uint256 word = book.taken[offerId / PLACES];
        return uint48((word >> (PLACE_BITS * (offerId % PLACES))) & PLACE_MASK);
    }

    /// No more than 39 bits: verification found it to be within the offer's power, of 32 bits, in
    /// each of its intervals, which are at most 96.
    function take(OfferBook storage book, uint32 offerId, uint256 powerW) internal {
        if (powerW == 0) return;
        unchecked {
            book.taken[offerId / PLACES] += powerW << (PLACE_BITS * (offerId % PLACES));
        }
    }

    function leftWs(
        OfferBook storage book,
        uint32 offerId,
        Terms memory terms,
        uint32 intervalSeconds
    ) internal view returns (uint48) {
        return terms.energyWs - takenW(book, offerId) * intervalSeconds;
    }

    function open(OfferBook storage book, Terms memory terms) internal returns (uint32 offerId) {
        offerId = ++book.count;
        book.terms[offerId] = terms;
        if (!isSingle(terms)) book.purses[offerId] = Purse(escrowMicro(terms), true);
    }

    /// @dev reverts when there is no such offer, or none any more
    function get(
        OfferBook storage book,
        uint32 offerId
    ) internal view returns (Terms memory terms) {
        terms = book.terms[offerId];
        if (terms.maxPowerW != 0) return terms;
        if (offerId == 0 || offerId > book.count) revert IMatching.NoSuchOffer(offerId);
        revert IMatching.AlreadyClosed(offerId);
    }

    /// Money inside an offer, as far as its intervals are settled.
    function insideMicro(
        OfferBook storage book,
        uint32 offerId,
        Terms memory terms
    ) internal view returns (uint64) {
        return isSingle(terms) ? escrowMicro(terms) : book.purses[offerId].moneyMicro;
    }

    /// Ends an offer: its records are gone.
    function close(
        OfferBook storage book,
        uint32 offerId,
        Terms memory terms,
        uint48 energyWs,
        uint64 moneyMicro
    ) internal returns (Release memory) {
        if (!isSingle(terms)) delete book.purses[offerId];
        delete book.terms[offerId];
        return Release(terms.assetId, energyWs, moneyMicro);
    }
}
