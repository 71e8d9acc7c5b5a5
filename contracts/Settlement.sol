// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssets, Release, Side} from "./IAssets.sol";
import {IMatching} from "./IMatching.sol";
import {OfferBook, Offers, Purse} from "./Offers.sol";
import {Sum, Sums} from "./Sums.sol";
import {Trades} from "./Trades.sol";

/// How far an interval is settled, and the sums of the offers whose trades go on behind the cut:
/// one slot.
struct Cut {
    uint32 position; // trades behind it are still to be settled
    uint48 askWs;
    uint64 askMicro;
    uint48 bidWs;
    uint64 bidMicro;
}

/// Offers that end together. Each is a word, as more room is taken than may be needed: a memory of
/// structs costs far more to lay out.
struct Ended {
    uint256 count;
    uint256[] words; // number, asset, energy and money: 32, 32, 48 and 64 bits from the top
}

/// @title What a past interval pays
/// @notice Its final trades move money from bids to asks. Offers that traded in it and have no
/// other interval are given back what is left, and closed. A long chunk is settled in slices.
library Settlement {
    using Sums for Sum;
    using Trades for bytes;

    /// @param trades of a final interval, in merge order
    /// @param voided positions of trades that count nothing, in order
    /// @param cut from where on
    /// @param until position before which it ends
    /// @return where it ended
    function settle(
        bytes calldata trades,
        uint32[] calldata voided,
        uint256 tradeBytes,
        Cut memory cut,
        uint256 until,
        uint32 intervalSeconds,
        OfferBook storage offers,
        IAssets assets
    ) external returns (Cut memory) {
        Ended memory ended = list(2 * (until - cut.position));
        Sum memory ask;
        Sum memory bid;
        (uint32 askId, uint32 bidId, uint32 powerW, uint32 price) = trades.read(
            cut.position,
            tradeBytes
        );
        ask.begin(askId, offers);
        bid.begin(bidId, offers);
        (ask.energyWs, ask.moneyMicro) = (cut.askWs, cut.askMicro);
        (bid.energyWs, bid.moneyMicro) = (cut.bidWs, cut.bidMicro);
        uint256 gone = 0;
        for (uint256 i = cut.position; i < until; i++) {
            while (gone < voided.length && voided[gone] < i) gone++;
            if (gone < voided.length && voided[gone] == i) powerW = 0;
            if (tradeBytes == Trades.BYTES) price = Sums.midpoint(ask, bid);
            Sums.add(ask, bid, powerW, price, intervalSeconds);
            // The next trade, or none: number 0.
            (askId, bidId, powerW, price) = trades.read(i + 1, tradeBytes);
            if (askId != ask.offerId) {
                end(ended, ask, offers);
                ask.begin(askId, offers);
            }
            if (bidId != bid.offerId) {
                end(ended, bid, offers);
                bid.begin(bidId, offers);
            }
        }
        (cut.askWs, cut.askMicro) = (ask.energyWs, ask.moneyMicro);
        (cut.bidWs, cut.bidMicro) = (bid.energyWs, bid.moneyMicro);
        cut.position = uint32(until);
        giveBack(ended, assets);
        return cut;
    }

    function end(Ended memory ended, Sum memory sum, OfferBook storage offers) private {
        bool sells = sum.terms.side == Side.Sell;
        if (!Offers.isSingle(sum.terms)) {
            Purse storage purse = offers.purses[sum.offerId];
            if (sells) purse.moneyMicro += sum.moneyMicro;
            else purse.moneyMicro -= sum.moneyMicro;
            return;
        }
        uint64 moneyMicro = sells ? sum.moneyMicro : Offers.escrowMicro(sum.terms) - sum.moneyMicro;
        uint48 restWs = sum.terms.energyWs - sum.energyWs;
        add(ended, sum.offerId, Offers.close(offers, sum.offerId, sum.terms, restWs, moneyMicro));
    }

    function list(uint256 most) internal pure returns (Ended memory) {
        return Ended(0, new uint256[](most));
    }

    function add(Ended memory ended, uint32 offerId, Release memory one) internal pure {
        ended.words[ended.count++] =
            (uint256(offerId) << 224) |
            (uint256(one.assetId) << 192) |
            (uint256(one.energyWs) << 144) |
            (uint256(one.amountMicro) << 80);
    }

    /// What is left of offers goes back.
    function giveBack(Ended memory ended, IAssets assets) internal {
        if (ended.count == 0) return;
        Release[] memory releases = new Release[](ended.count);
        for (uint256 i = 0; i < releases.length; i++) {
            uint256 word = ended.words[i];
            releases[i] = Release(uint32(word >> 192), uint48(word >> 144), uint64(word >> 80));
        }
        address[] memory owners = assets.release(releases);
        for (uint256 i = 0; i < owners.length; i++) {
            Release memory one = releases[i];
            uint32 offerId = uint32(ended.words[i] >> 224);
            emit IMatching.OfferClosed(offerId, owners[i], one.energyWs, one.amountMicro);
        }
    }
}
