// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssets} from "./IAssets.sol";
import {IMatching, Objective, OfferView, Params} from "./IMatching.sol";
import {Calendar, IMicrogrid} from "./IMicrogrid.sol";
import {Objectives} from "./Objectives.sol";
import {OfferBook, Offers, Terms} from "./Offers.sol";
import {RewardBook, Water} from "./Rewards.sol";
import {Cut} from "./Settlement.sol";
import {Candidate, SolutionBook, Solutions} from "./Solutions.sol";
import {Trades} from "./Trades.sol";

/// @title What TRANSAX's market holds, and what anyone may ask of it
abstract contract MatchingState is IMatching {
    using Offers for OfferBook;
    using Solutions for SolutionBook;

    /// So that a chunk of trades between ever other offers can be made final below 16 M gas.
    uint256 public constant maxTradesPerChunk = 750;

    IMicrogrid public immutable microgrid;
    IAssets public immutable assets;

    uint32 internal immutable intervalSeconds;
    uint32 internal immutable clearIntervals;
    uint32 internal immutable leadSeconds;
    uint32 internal immutable quietSeconds;
    uint32 internal immutable horizonIntervals;
    uint32 internal immutable firstFinalizable; // intervals before the deployment do not exist

    uint48 internal immutable minOfferWs;
    uint48 internal immutable minTradeWs;
    uint48 internal immutable minTradeW; // the least power with that energy, and not 0
    uint32 internal immutable offersPerAsset;
    uint64 internal immutable minStakeMicro;
    uint8 internal immutable priceRule;
    uint48 internal immutable minGainWs;
    uint32 internal immutable rewardMicroPerKwh;

    OfferBook internal book;
    SolutionBook internal solutions;
    RewardBook internal rewards;
    /// One bit an interval, 256 to a word.
    mapping(uint32 word => uint256) internal finals;
    mapping(uint32 word => uint256) internal waiting;
    mapping(uint32 interval => bytes32) public unsettled;
    mapping(uint32 interval => Cut) internal cuts;

    /// @param microgrid_ time, limits, suspensions; its calendar is read once
    /// @param assets_ of the same grid; must come to admit this contract as a market
    constructor(IMicrogrid microgrid_, IAssets assets_, Params memory params_) {
        if (params_.minStakeMicro == 0 || params_.priceRule > 1) revert BadParams();
        if (params_.offersPerAsset == 0 || params_.offersPerAsset > 254) revert BadParams();
        microgrid = microgrid_;
        assets = assets_;
        Calendar memory fixed_ = microgrid_.calendar();
        intervalSeconds = fixed_.intervalSeconds;
        clearIntervals = fixed_.clearIntervals;
        leadSeconds = fixed_.leadSeconds;
        quietSeconds = fixed_.quietSeconds;
        horizonIntervals = fixed_.horizonIntervals;
        firstFinalizable = microgrid_.currentInterval();
        minOfferWs = params_.minOfferWs;
        minTradeWs = params_.minTradeWs;
        uint48 leastW = (params_.minTradeWs + intervalSeconds - 1) / intervalSeconds;
        minTradeW = leastW == 0 ? 1 : leastW;
        offersPerAsset = params_.offersPerAsset;
        minStakeMicro = params_.minStakeMicro;
        priceRule = params_.priceRule;
        minGainWs = params_.minGainWs;
        rewardMicroPerKwh = params_.rewardMicroPerKwh;
    }

    /// The grid's, kept here so that each use does not ask for it.
    function calendar() internal view returns (Calendar memory) {
        return
            Calendar(intervalSeconds, clearIntervals, leadSeconds, quietSeconds, horizonIntervals);
    }

    // --------------------------------------------------------------------------------- views

    function params() external view returns (Params memory) {
        return
            Params(
                minOfferWs,
                minTradeWs,
                offersPerAsset,
                minStakeMicro,
                priceRule,
                minGainWs,
                rewardMicroPerKwh
            );
    }

    function offerCount() external view returns (uint32) {
        return book.count;
    }

    function offers(uint32 offerId) external view returns (OfferView memory offer) {
        Terms memory terms = book.terms[offerId];
        if (terms.maxPowerW == 0) {
            offer.closed = offerId > 0 && offerId <= book.count;
            return offer;
        }
        return
            OfferView({
                owner: assets.assets(terms.assetId).owner,
                assetId: terms.assetId,
                feeder: terms.feeder,
                side: terms.side,
                firstInterval: terms.firstInterval,
                lastInterval: Offers.lastInterval(terms),
                energyWs: book.leftWs(offerId, terms, intervalSeconds),
                maxPowerW: terms.maxPowerW,
                priceMicroPerKwh: terms.priceMicroPerKwh,
                moneyMicro: book.insideMicro(offerId, terms),
                postedAt: terms.postedAt,
                closed: false
            });
    }

    function isFinal(uint32 interval) public view returns (bool) {
        return (finals[interval >> 8] >> (interval & 255)) & 1 == 1;
    }

    function candidateOf(
        uint32 interval
    ) external view returns (bytes32 tradesHash, address solver, Objective memory value) {
        Candidate memory candidate = solutions.candidate;
        tradesHash = solutions.candidateHashAt(interval);
        if (tradesHash != 0) solver = candidate.solver;
        value = solutions.candidateValueAt(candidate, interval);
    }

    function candidateValue() external view returns (Objective memory) {
        return Objectives.sum(solutions.candidateValues(calendar()));
    }

    function stakeOf(address solver) external view returns (uint64) {
        return solutions.solvers[solver].stakeMicro;
    }

    function openSolutionOf(address solver) external view returns (uint32) {
        return solutions.openOf(solver);
    }

    function rewardPotMicro() external view returns (uint64) {
        return rewards.potMicro;
    }

    function creditOf(
        uint32 interval,
        address solver
    )
        external
        view
        returns (uint48 highestWs, uint48 creditedWs, uint48 ownWs, uint64 rewardMicro)
    {
        Water memory water = rewards.waters[interval];
        ownWs = rewards.credits[interval][solver];
        return (water.highestWs, water.creditedWs, ownWs, water.rewardMicro);
    }

    function tradeBytes() internal view returns (uint256) {
        return priceRule == 1 ? Trades.BYTES_PRICED : Trades.BYTES;
    }

    /// Where the bit of an interval is.
    function bitOf(uint32 interval) internal pure returns (uint32 word, uint256 bit) {
        return (interval >> 8, 1 << (interval & 255));
    }
}
