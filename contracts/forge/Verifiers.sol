// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FastVerification} from "../FastVerification.sol";
import {Objective} from "../IMatching.sol";
import {Limits} from "../IMicrogrid.sol";
import {OfferBook} from "../Offers.sol";
import {Use} from "../Solutions.sol";
import {Rules, Verification} from "../Verification.sol";
import {Case} from "./Case.sol";

/// @title Both verifications over one storage, as MatchingSolutions calls them
contract Verifiers {
    OfferBook private book;
    mapping(uint32 offerId => Use) public uses;

    function fill(Case calldata c) external {
        for (uint256 i = 0; i < c.ids.length; i++) {
            book.terms[c.ids[i]] = c.terms[i];
            uses[c.ids[i]] = c.uses[i];
        }
        book.count = type(uint32).max;
    }

    function fast(
        Case calldata c
    )
        external
        view
        returns (bool sound, Objective[] memory values, uint256[] memory kept)
    {
        uint256[] memory left = tableFor(c);
        Rules memory rules = c.rules;
        Limits[] memory limits = c.limits;
        values = new Objective[](c.parts.length);
        for (uint256 i = 0; i < c.parts.length; i++) {
            rules.interval = c.parts[i].interval;
            bool hasLong;
            (sound, values[i], hasLong) = FastVerification.verify(
                c.parts[i].trades,
                rules,
                limits,
                left,
                book,
                uses
            );
            if (!sound) return (false, values, kept);
            require(hasLong == tradesLong(c, c.parts[i].trades), "told which parts are long");
        }
        return (true, values, keptOf(c, left));
    }

    function plain(Case calldata c) external returns (Objective[] memory values) {
        Rules memory rules = c.rules;
        values = new Objective[](c.parts.length);
        for (uint256 i = 0; i < c.parts.length; i++) {
            rules.interval = c.parts[i].interval;
            values[i] = Verification.verify(c.parts[i].trades, rules, c.limits, book, uses);
        }
    }

    /// As MatchingSolutions makes it.
    function tableFor(Case calldata c) private pure returns (uint256[] memory) {
        uint256 trades = 0;
        for (uint256 i = 0; i < c.parts.length; i++) {
            trades += c.parts[i].trades.length / c.rules.tradeBytes;
        }
        uint256 size = 2;
        while (size <= 2 * trades) size *= 2;
        return new uint256[](size);
    }

    function tradesLong(Case calldata c, bytes calldata trades) private view returns (bool) {
        for (uint256 i = 0; i < trades.length; i += c.rules.tradeBytes) {
            uint32 askId = uint32(bytes4(trades[i:i + 4]));
            uint32 bidId = uint32(bytes4(trades[i + 4:i + 8]));
            if (book.terms[askId].moreIntervals > 0) return true;
            if (book.terms[bidId].moreIntervals > 0) return true;
        }
        return false;
    }

    function keptOf(
        Case calldata c,
        uint256[] memory left
    ) private pure returns (uint256[] memory kept) {
        kept = new uint256[](c.ids.length);
        for (uint256 i = 0; i < left.length; i++) {
            if (left[i] == 0) continue;
            for (uint256 k = 0; k < kept.length; k++) {
                if (c.ids[k] != left[i] >> 64) continue;
                kept[k] = c.terms[k].energyWs - uint48(left[i]);
            }
        }
    }
}
