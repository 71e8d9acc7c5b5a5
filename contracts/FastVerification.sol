// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Objective} from "./IMatching.sol";
import {Limits} from "./IMicrogrid.sol";
import {OfferBook} from "./Offers.sol";
import {Use} from "./Solutions.sol";
import {Rules} from "./Verification.sol";

/// @title Verification of one chunk, for little gas
/// @notice Says of every chunk what {Verification} says; a fuzz test holds the two together. Faults
/// are gathered in one word, looked at once. What a solution takes of offers of several intervals
/// is in `left`: a power of two of words `offerId << 64 | energy left`, more than runs, each at
/// the first free place from `offerId` on. The offer under the cursor, its run, is one word: terms
/// as stored, but its number in the place of `postedAt`, so that price and number are the merge
/// key, and its power so far in the place of `assetId` and above. 0: no offer yet.
library FastVerification {
    /// Unsound: a rule is broken. Long: an offer of several intervals trades.
    function verify(
        bytes calldata trades,
        Rules memory rules,
        Limits[] memory limits,
        uint256[] memory left,
        OfferBook storage book,
        mapping(uint32 offerId => Use) storage uses
    ) internal view returns (bool sound, Objective memory value, bool hasLong) {
        uint256[] memory flows = new uint256[](limits.length); // sold << 128 | bought, by feeder
        uint256[6] memory frame; // slots of terms and uses; table, flows, welfare; hasLong
        assembly ("memory-safe") {
            function bits(word, shift, mask) -> field {
                field := and(shr(shift, word), mask)
            }
            // All trades of an offer in this interval are known: within its power, and its energy.
            function end(run, r, f) -> fault {
                let power := shr(208, run)
                fault := gt(power, bits(run, 112, 0xffffffff))
                let spot := add(mload(add(f, 0x60)), shl(5, and(run, 0xffff)))
                let energy := mul(power, mload(add(r, 0x40)))
                let worth := mul(energy, bits(run, 176, 0xffffffff))
                let sells := iszero(bits(run, 16, 0xff))
                if sells { worth := sub(0, worth) }
                mstore(spot, add(mload(spot), shl(shl(7, sells), power)))
                spot := mload(add(f, 0x80))
                mstore(spot, add(mload(spot), worth))
                if iszero(bits(run, 56, 0xff)) {
                    fault := or(fault, gt(energy, bits(run, 64, 0xffffffffffff)))
                    leave
                }
                mstore(add(f, 0xa0), 1)
                let table := mload(add(f, 0x40))
                let id := bits(run, 144, 0xffffffff)
                for { let place := shl(5, id) } 1 { place := add(place, 0x20) } {
                    spot := add(add(table, 0x20), and(place, sub(shl(5, mload(table)), 1)))
                    let entry := mload(spot)
                    if iszero(entry) {
                        entry := or(shl(64, id), bits(run, 64, 0xffffffffffff))
                        if mload(add(r, 0xe0)) {
                            mstore(0x00, id)
                            mstore(0x20, mload(add(f, 0x20)))
                            let use := sload(keccak256(0x00, 0x40))
                            if eq(and(use, 0xffffffff), mload(r)) {
                                entry := sub(entry, bits(use, 32, 0xffffffffffff))
                            }
                        }
                    }
                    if eq(shr(64, entry), id) {
                        fault := or(fault, gt(energy, and(entry, 0xffffffffffffffff)))
                        mstore(spot, sub(entry, energy))
                        leave
                    }
                }
            }
            // The cursor moves on to another offer: of this side, usable, and in merge order.
            function begin(id, before, side, r, f) -> run, fault {
                mstore(0x00, id)
                mstore(0x20, mload(f))
                run := sload(keccak256(0x00, 0x40))
                let since := sub(mload(add(r, 0x20)), bits(run, 24, 0xffffffff))
                fault := xor(bits(run, 16, 0xff), side)
                fault := or(fault, gt(since, bits(run, 56, 0xff)))
                fault := or(fault, gt(bits(run, 144, 0xffffffff), mload(add(r, 0x80))))
                // 32 bits of price above 32 of the number above 144 of the rest.
                let key := or(shl(32, bits(run, 176, 0xffffffff)), id)
                run := or(shl(144, key), shr(112, shl(112, run)))
                fault := or(fault, lt(key, bits(before, 144, 0xffffffffffffffff)))
            }
            // Limits, and the value: the utility's energy is the second figure, all else the first.
            function close(flow, limit, figures, time) -> fault {
                let behind := add(limit, shl(5, add(mload(limit), 1)))
                let sold := shr(128, mload(flow))
                let bought := and(mload(flow), 0xffffffffffffffffffffffffffffffff)
                mstore(add(figures, 0x20), mul(add(sold, bought), time))
                let power := sub(0, bought)
                for { limit := add(limit, 0x40) } lt(limit, behind) { limit := add(limit, 0x20) } {
                    flow := add(flow, 0x20)
                    sold := shr(128, mload(flow))
                    bought := and(mload(flow), 0xffffffffffffffffffffffffffffffff)
                    power := add(power, sold)
                    let most := mload(mload(limit))
                    fault := or(fault, or(gt(sold, most), gt(bought, most)))
                    most := mload(add(mload(limit), 0x20))
                    fault := or(fault, or(gt(sold, add(bought, most)), gt(bought, add(sold, most))))
                }
                mstore(figures, mul(power, time))
            }
            mstore(frame, add(book.slot, 1))
            mstore(add(frame, 0x20), uses.slot)
            mstore(add(frame, 0x40), left)
            mstore(add(frame, 0x60), add(flows, 0x20))
            mstore(add(frame, 0x80), add(value, 0x40))
            let fault, seller, buyer, wrong
            let time := mload(add(rules, 0x40))
            let behind := add(trades.offset, trades.length)
            let size := mload(add(rules, 0xa0))
            for { let spot := trades.offset } lt(spot, behind) { spot := add(spot, size) } {
                let word := calldataload(spot)
                let power := bits(word, 160, 0xffffffff)
                fault := or(fault, lt(mul(power, time), mload(add(rules, 0x60))))
                let id := shr(224, word)
                let isNew := xor(id, bits(seller, 144, 0xffffffff))
                if isNew {
                    fault := or(fault, end(seller, rules, frame))
                    seller, wrong := begin(id, seller, 0, rules, frame)
                    fault := or(fault, wrong)
                }
                id := bits(word, 192, 0xffffffff)
                if xor(id, bits(buyer, 144, 0xffffffff)) {
                    fault := or(fault, end(buyer, rules, frame))
                    buyer, wrong := begin(id, buyer, 1, rules, frame)
                    fault := or(fault, wrong)
                    isNew := 1
                }
                seller := add(seller, shl(208, power))
                buyer := add(buyer, shl(208, power))
                // No pair comes twice, none trades nothing, the utility is not on both sides.
                wrong := iszero(mul(mul(isNew, power), and(or(seller, buyer), 0xffff)))
                id := bits(seller, 176, 0xffffffff) // from here on: the price of the ask
                wrong := or(wrong, gt(id, bits(buyer, 176, 0xffffffff)))
                if mload(add(rules, 0xc0)) {
                    word := bits(word, 128, 0xffffffff)
                    wrong := or(wrong, or(lt(word, id), gt(word, bits(buyer, 176, 0xffffffff))))
                }
                fault := or(fault, wrong)
            }
            fault := or(fault, or(end(seller, rules, frame), end(buyer, rules, frame)))
            sound := iszero(or(fault, close(add(flows, 0x20), limits, value, time)))
            hasLong := mload(add(frame, 0xa0))
        }
    }
}
