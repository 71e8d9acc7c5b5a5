// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OfferBook, Spans} from "./Offers.sol";
import {Scan} from "./Scan.sol";
import {Use} from "./Solutions.sol";

/// @title Verification of one chunk, for little gas
/// @notice Says of every chunk what {Verification} says; a fuzz test holds the two together. An
/// offer is read once a transaction, into `table`: a power of two of words, more than offers, each
/// at the first free place from its number on. An entry is, from the top: 32 bits of price and 32
/// of number (the merge key); 96 for the intervals from `rules.firstInterval` on in which it may
/// trade; 1 unused, 1 for several intervals, 1 for one, 1 for a bid; 12 of feeder, 32 of power, 48
/// of what is left. `wrong` gathers negative differences, `right` bits that some entry lacks.
library FastVerification {
    /// Sound: no rule is broken, but for what depends on pairs: SolutionVerification looks at that.
    function verify(
        bytes calldata trades,
        Scan memory scanned,
        OfferBook storage book,
        mapping(uint32 offerId => Use) storage uses
    ) internal view returns (bool sound, Spans spans) {
        assembly ("memory-safe") {
            function bits(word, shift, mask) -> field {
                field := and(shr(shift, word), mask)
            }
            // An entry as it is when the solution begins.
            function load(id, f) -> entry {
                let r := mload(add(f, 0x20))
                mstore(0x00, id)
                mstore(0x20, mload(add(f, 0xc0)))
                let terms := sload(keccak256(0x00, 0x40))
                let time := mload(add(r, 0x60))
                let left := div(bits(terms, 64, 0xffffffffffff), time)
                let more := bits(terms, 56, 0xff)
                if more {
                    if mload(add(r, 0x100)) {
                        mstore(0x20, mload(add(f, 0xe0)))
                        let use := sload(keccak256(0x00, 0x40))
                        let isOwn := eq(and(use, 0xffffffff), mload(r))
                        left := sub(left, mul(isOwn, div(bits(use, 32, 0xffffffffffff), time)))
                    }
                    mstore(0x00, div(id, 6))
                    mstore(0x20, add(mload(add(f, 0xc0)), 2))
                    let taken := sload(keccak256(0x00, 0x40))
                    left := sub(left, bits(taken, mul(42, mod(id, 6)), 0x3ffffffffff))
                }
                let base := mload(add(r, 0x40))
                let first := bits(terms, 24, 0xffffffff)
                let behind := add(first, add(more, 1))
                let early := add(bits(terms, 144, 0xffffffff), mload(add(r, 0xa0)))
                early := div(add(early, sub(time, 1)), time)
                if lt(first, early) { first := early }
                if lt(first, base) { first := base }
                if lt(first, behind) {
                    entry := sub(shl(sub(behind, base), 1), shl(sub(first, base), 1))
                }
                entry := or(shr(64, shl(160, entry)), shl(93, add(1, iszero(iszero(more)))))
                entry := or(entry, or(shl(92, bits(terms, 16, 1)), shl(80, and(terms, 0xfff))))
                entry := or(entry, or(shl(48, bits(terms, 112, 0xffffffff)), left))
                entry := or(entry, or(shl(224, shr(176, terms)), shl(192, id)))
            }
            // Where the entry of an offer is that is not at its first place, or not loaded yet.
            function find(id, f) -> spot {
                let slots := mload(f)
                for { let place := shl(5, id) } 1 { place := add(place, 0x20) } {
                    spot := add(add(slots, 0x20), and(place, sub(shl(5, mload(slots)), 1)))
                    if iszero(mload(spot)) { mstore(spot, load(id, f)) }
                    if eq(bits(mload(spot), 192, 0xffffffff), id) { leave }
                }
            }
            // All trades of an offer in this interval are known: within its power, and its energy.
            function end(spot, power, place) -> wrong {
                let entry := mload(spot)
                mstore(spot, sub(entry, power))
                wrong := sub(bits(entry, 48, 0xffffffff), power)
                wrong := or(wrong, sub(and(entry, 0xffffffffffff), power))
                mstore(place, add(mload(place), mul(power, shr(224, entry))))
                place := add(add(place, 0x40), bits(entry, 74, 0x3ffc0)) // 64 bytes a feeder
                mstore(place, add(mload(place), power))
            }
            // The trades one by one. A run's power is the total at its end less that at its begin.
            function scan(spot, behind, f, size) -> wrong, right {
                behind := add(behind, spot)
                right := not(0)
                let slots := add(mload(f), 0x20)
                let mask := shl(5, sub(mload(mload(f)), 1))
                let ask := add(f, 0x100)
                let bid := ask
                let sums := add(mload(add(f, 0x60)), 0x20)
                let least := mload(add(mload(add(f, 0x20)), 0x80))
                let pair, total, bought
                mstore(add(f, 0xa0), 0)
                for {} lt(spot, behind) { spot := add(spot, size) } {
                    let changed := xor(pair, shr(192, calldataload(spot)))
                    pair := xor(pair, changed)
                    wrong := or(wrong, sub(changed, 1)) // no pair comes twice
                    if and(changed, 0xffffffff) {
                        wrong := or(wrong, end(bid, sub(total, bought), add(sums, 0x20)))
                        bought := total
                        let place := add(slots, and(shl(5, pair), mask))
                        if shl(224, xor(shr(192, mload(place)), pair)) {
                            place := find(and(pair, 0xffffffff), f)
                        }
                        right := and(right, mload(place))
                        wrong := or(wrong, shl(255, lt(mload(place), mload(bid))))
                        bid := place
                    }
                    if shr(32, changed) {
                        wrong := or(wrong, end(ask, sub(total, mload(add(f, 0xa0))), sums))
                        mstore(add(f, 0xa0), total)
                        let place := find(shr(32, pair), f)
                        right := and(right, xor(mload(place), shl(92, 1)))
                        wrong := or(wrong, shl(255, lt(mload(place), mload(ask))))
                        ask := place
                        // Prices meet: also of this ask's later pairs, whose bids are no lower.
                        wrong := or(wrong, sub(shr(224, mload(bid)), shr(224, mload(ask))))
                    }
                    let power := bits(calldataload(spot), 160, 0xffffffff)
                    wrong := or(wrong, sub(power, least))
                    total := add(total, power)
                }
                wrong := or(wrong, end(ask, sub(total, mload(add(f, 0xa0))), sums))
                wrong := or(wrong, end(bid, sub(total, bought), add(sums, 0x20)))
                mstore(add(f, 0x80), total)
            }
            function checkLimits(limit, sum) -> wrong {
                let behind := add(limit, shl(5, add(mload(limit), 1)))
                for { limit := add(limit, 0x40) } lt(limit, behind) { limit := add(limit, 0x20) } {
                    sum := add(sum, 0x40)
                    let sold := mload(add(sum, 0x60))
                    let bought := mload(add(sum, 0x80))
                    let cap := mload(mload(limit)) // inside, then to and from outside
                    wrong := or(wrong, or(sub(cap, sold), sub(cap, bought)))
                    cap := mload(add(mload(limit), 0x20))
                    wrong := or(wrong, or(sub(add(cap, bought), sold), sub(add(cap, sold), bought)))
                }
            }
            mstore(add(scanned, 0xc0), add(book.slot, 1))
            mstore(add(scanned, 0xe0), uses.slot)
            let rules := mload(add(scanned, 0x20))
            let wrong, right := scan(trades.offset, trades.length, scanned, mload(add(rules, 0xc0)))
            wrong := or(wrong, checkLimits(mload(add(scanned, 0x40)), mload(add(scanned, 0x60))))
            let place := sub(mload(add(rules, 0x20)), mload(add(rules, 0x40)))
            let wanted := or(shl(92, 1), shl(add(96, place), 1))
            sound := and(iszero(shr(255, wrong)), eq(and(right, wanted), wanted))
            spans := mul(iszero(bits(right, 93, 1)), add(1, bits(right, 94, 1)))
        }
    }
}
