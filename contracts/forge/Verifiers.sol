// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Chunk, Objective} from "../IMatching.sol";
import {IMicrogrid, Limits} from "../IMicrogrid.sol";
import {OfferBook, Offers, Spans} from "../Offers.sol";
import {Finding, SolutionVerification} from "../SolutionVerification.sol";
import {Use} from "../Solutions.sol";
import {Rules, Verification} from "../Verification.sol";
import {Case} from "./Case.sol";

/// @title Both verifications over one storage, as MatchingSolutions calls them
/// @notice It is the grid as well, as far as limits go.
contract Verifiers {
    OfferBook private book;
    Limits[] private limits;
    mapping(uint32 offerId => Use) public uses;

    function fill(Case calldata c) external {
        for (uint256 i = 0; i < c.ids.length; i++) {
            book.terms[c.ids[i]] = c.terms[i];
            uses[c.ids[i]] = c.uses[i];
            uint256 shift = Offers.PLACE_BITS * (c.ids[i] % Offers.PLACES);
            uint32 word = c.ids[i] / Offers.PLACES;
            book.taken[word] &= ~(Offers.PLACE_MASK << shift);
            book.taken[word] |= uint256(c.takenW[i]) << shift;
        }
        book.count = type(uint32).max;
        delete limits;
        for (uint256 i = 0; i < c.limits.length; i++) limits.push(c.limits[i]);
    }

    function allLimitsAt(uint32 interval) external view returns (Limits[] memory, uint32 until) {
        return (limits, interval % 3 == 0 ? type(uint32).max : interval);
    }

    function fast(Case calldata c) external returns (Objective[] memory values) {
        Chunk[] memory chunks = new Chunk[](c.parts.length);
        for (uint256 i = 0; i < chunks.length; i++) {
            chunks[i].interval = c.parts[i].interval;
            chunks[i].trades = c.parts[i].trades;
        }
        Finding[] memory findings = this.verify(chunks, c.rules);
        values = new Objective[](chunks.length);
        for (uint256 i = 0; i < chunks.length; i++) {
            values[i] = findings[i].value;
            if (chunks[i].interval < c.rules.firstInterval) continue;
            Spans spans = spansOf(c.parts[i].trades, c.rules.tradeBytes);
            require(findings[i].spans == spans, "told of how many intervals the offers are");
        }
    }

    function verify(
        Chunk[] calldata chunks,
        Rules memory rules
    ) external returns (Finding[] memory) {
        return
            SolutionVerification.verify(chunks, rules, IMicrogrid(address(this)), book, uses);
    }

    function plain(Case calldata c) external returns (Objective[] memory values) {
        Rules memory rules = c.rules;
        values = new Objective[](c.parts.length);
        for (uint256 i = 0; i < c.parts.length; i++) {
            rules.interval = c.parts[i].interval;
            if (rules.interval < rules.firstInterval) continue;
            values[i] = Verification.verify(c.parts[i].trades, rules, c.limits, book, uses);
        }
    }

    function spansOf(bytes calldata trades, uint256 tradeBytes) private view returns (Spans) {
        (bool hasOne, bool hasSeveral) = (trades.length == 0, false);
        for (uint256 i = 0; i < trades.length; i += tradeBytes) {
            uint8 moreOfAsk = book.terms[uint32(bytes4(trades[i:i + 4]))].moreIntervals;
            uint8 moreOfBid = book.terms[uint32(bytes4(trades[i + 4:i + 8]))].moreIntervals;
            hasOne = hasOne || moreOfAsk == 0 || moreOfBid == 0;
            hasSeveral = hasSeveral || moreOfAsk > 0 || moreOfBid > 0;
        }
        return !hasSeveral ? Spans.One : hasOne ? Spans.Mixed : Spans.Several;
    }
}
