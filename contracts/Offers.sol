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
    uint48 energyWs; // left: later trades depend on it only where there are several intervals
    uint32 maxPowerW;
    uint32 postedAt; // unix seconds; fits until 2106, as intervals do
    uint32 priceMicroPerKwh;
    uint32 assetId;
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
}

/// @title The records of offers
library Offers {
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
