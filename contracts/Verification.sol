// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fault, FeederFlows, Flows} from "./FeederFlows.sol";
import {Side} from "./IAssets.sol";
import {IMatching, Objective} from "./IMatching.sol";
import {Limits} from "./IMicrogrid.sol";
import {OfferBook, Offers, Terms} from "./Offers.sol";
import {Use} from "./Solutions.sol";
import {Trades} from "./Trades.sol";

/// What the trades of a chunk are checked against. FastVerification knows the order of the fields.
struct Rules {
    uint32 solutionId;
    uint32 interval;
    uint32 firstInterval; // of all that the transaction may speak of: at most 95 before `interval`
    uint32 intervalSeconds;
    uint48 minTradeW;
    uint256 postedAhead; // an offer is used when posted so many seconds before an interval's start
    uint256 tradeBytes;
    bool priced; // rule 1: each trade says its price
    bool inParts; // energy may be taken by earlier parts of the solution
}

/// An offer under the cursor. In merge order all trades of one offer stand together: its run.
struct Run {
    uint32 offerId; // 0: none yet
    uint256 key; // price, then id: the merge order
    uint32 feeder;
    uint32 priceMicroPerKwh;
    uint32 maxPowerW;
    uint48 energyWs;
    bool oneInterval;
    uint256 powerW; // of the trades so far
}

/// @title Verification of one chunk of a solution, told plainly
/// @notice What FastVerification must agree with, and who names the rule that a solution breaks.
/// One pass: the trades come in monotone merge order (by price and id of asks, and of bids,
/// never falling, at least one rising), so each offer has one run, no pair comes twice, and the
/// pairing leaves the solver no discretion. Reverts with the first fault, else tells the value.
library Verification {
    using FeederFlows for Flows;
    using Trades for bytes;

    /// @param uses energy that the solver's solutions take from offers of several intervals
    function verify(
        bytes calldata trades,
        Rules memory rules,
        Limits[] memory limits,
        OfferBook storage book,
        mapping(uint32 offerId => Use) storage uses
    ) internal returns (Objective memory value) {
        Flows memory flows = FeederFlows.none(limits.length);
        Run memory ask;
        Run memory bid;
        uint256 count = trades.length / rules.tradeBytes;
        for (uint256 i = 0; i < count; i++) {
            (uint32 askId, uint32 bidId, uint32 powerW, uint32 price) = trades.read(
                i,
                rules.tradeBytes
            );
            // Offers count from 1; 0 stands for "none yet" in a run.
            if (askId == 0 || bidId == 0) revert IMatching.NoSuchOffer(0);
            if (askId == ask.offerId && bidId == bid.offerId) {
                revert IMatching.OutOfOrder(rules.interval, i);
            }
            if (askId != ask.offerId) {
                end(ask, rules, uses);
                begin(ask, askId, Side.Sell, i, rules, book);
            }
            if (bidId != bid.offerId) {
                end(bid, rules, uses);
                begin(bid, bidId, Side.Buy, i, rules, book);
            }
            checkTrade(ask, bid, i, powerW, price, rules);
            ask.powerW += powerW;
            bid.powerW += powerW;
            flows.add(ask.feeder, bid.feeder, powerW);
            appraise(value, ask, bid, uint256(powerW) * rules.intervalSeconds);
        }
        end(ask, rules, uses);
        end(bid, rules, uses);
        checkFlows(flows, limits, rules.interval);
    }

    /// The cursor moves on to another offer: in order, of the right side, usable in this interval.
    function begin(
        Run memory run,
        uint32 offerId,
        Side side,
        uint256 position,
        Rules memory rules,
        OfferBook storage book
    ) private view {
        Terms memory terms = Offers.get(book, offerId);
        if (terms.side != side) revert IMatching.WrongSide(rules.interval, offerId);
        if (
            rules.interval < terms.firstInterval || rules.interval > Offers.lastInterval(terms)
        ) {
            revert IMatching.OutsideOffer(rules.interval, offerId);
        }
        uint256 startsAt = uint256(rules.interval) * rules.intervalSeconds;
        if (terms.postedAt + rules.postedAhead > startsAt) {
            revert IMatching.PostedTooLate(rules.interval, offerId);
        }
        uint256 key = (uint256(terms.priceMicroPerKwh) << 32) | offerId;
        if (key < run.key) revert IMatching.OutOfOrder(rules.interval, position);
        run.offerId = offerId;
        run.key = key;
        run.feeder = terms.feeder;
        run.priceMicroPerKwh = terms.priceMicroPerKwh;
        run.maxPowerW = terms.maxPowerW;
        run.oneInterval = Offers.isSingle(terms);
        run.energyWs = Offers.leftWs(book, offerId, terms, rules.intervalSeconds);
        run.powerW = 0;
    }

    /// All trades of an offer in this interval are known: its power, and its energy over the whole
    /// solution, which for an offer of one interval is this run alone.
    function end(
        Run memory run,
        Rules memory rules,
        mapping(uint32 offerId => Use) storage uses
    ) private {
        if (run.offerId == 0) return;
        if (run.powerW > run.maxPowerW) {
            revert IMatching.OfferOverPower(rules.interval, run.offerId, run.powerW);
        }
        uint256 energyWs = run.powerW * rules.intervalSeconds;
        if (!run.oneInterval) {
            Use memory use = uses[run.offerId];
            if (use.solutionId == rules.solutionId) energyWs += use.energyWs;
        }
        if (energyWs > run.energyWs) {
            revert IMatching.OfferOverEnergy(rules.interval, run.offerId, energyWs);
        }
        if (!run.oneInterval) uses[run.offerId] = Use(rules.solutionId, uint48(energyWs));
    }

    function checkTrade(
        Run memory ask,
        Run memory bid,
        uint256 position,
        uint32 powerW,
        uint32 price,
        Rules memory rules
    ) private pure {
        if (powerW < rules.minTradeW) {
            revert IMatching.TradeTooSmall(rules.interval, position);
        }
        if (ask.priceMicroPerKwh > bid.priceMicroPerKwh) {
            revert IMatching.PricesDoNotMeet(rules.interval, position);
        }
        if (rules.priced && (price < ask.priceMicroPerKwh || price > bid.priceMicroPerKwh)) {
            revert IMatching.PriceOutside(rules.interval, position);
        }
        if (ask.feeder == 0 && bid.feeder == 0) {
            revert IMatching.UtilityWithItself(rules.interval, position);
        }
    }

    function appraise(
        Objective memory value,
        Run memory ask,
        Run memory bid,
        uint256 energyWs
    ) private pure {
        if (ask.feeder == 0 || bid.feeder == 0) value.utilityEnergyWs += uint64(energyWs);
        else value.homeEnergyWs += uint64(energyWs);
        value.welfare += uint128((bid.priceMicroPerKwh - ask.priceMicroPerKwh) * energyWs);
    }

    function checkFlows(Flows memory flows, Limits[] memory limits, uint32 interval) private pure {
        (Fault fault, uint32 feeder) = flows.firstFault(limits);
        if (fault == Fault.Internal) {
            revert IMatching.InternalLimitBroken(
                interval,
                feeder,
                flows.soldW[feeder],
                flows.boughtW[feeder]
            );
        }
        if (fault == Fault.External) {
            revert IMatching.ExternalLimitBroken(interval, feeder, flows.netExportW(feeder));
        }
    }
}
