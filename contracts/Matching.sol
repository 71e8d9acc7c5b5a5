// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Finalization} from "./Finalization.sol";
import {EnergyAsset, IAssets, Side} from "./IAssets.sol";
import {Chunk, IMatching, Objective, OfferView, Params} from "./IMatching.sol";
import {Calendar, IMicrogrid} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";
import {Objectives} from "./Objectives.sol";
import {Account, OfferBook, Offers, Terms} from "./Offers.sol";
import {Payments} from "./Payments.sol";
import {Record, SolutionBook, Solutions} from "./Solutions.sol";
import {Stake, Stakes} from "./Stakes.sol";
import {Trades} from "./Trades.sol";
import {Rules, Verification} from "./Verification.sol";

/// @title TRANSAX's market
/// @notice See {IMatching}. There is one candidate: the whole of one solution. It is replaced at
/// once, and only by a solution that is better over the intervals open then. Before that everything
/// due is final, so that energy taken by final trades is known to verification. Offers are never
/// withdrawn, and limits of postable intervals never change: what was feasible stays feasible.
contract Matching is IMatching {
    using Intervals for Calendar;
    using Objectives for Objective;
    using Offers for OfferBook;
    using Solutions for SolutionBook;
    using Stakes for mapping(address => Stake);

    /// So that a chunk of trades between ever other offers can be made final below 16 M gas.
    uint256 public constant maxTradesPerChunk = 500;

    IMicrogrid public immutable microgrid;
    IAssets public immutable assets;

    uint32 private immutable intervalSeconds;
    uint32 private immutable clearIntervals;
    uint32 private immutable leadSeconds;
    uint32 private immutable quietSeconds;
    uint32 private immutable horizonIntervals;
    uint32 private immutable firstFinalizable; // intervals before the deployment do not exist

    uint48 private immutable minOfferWs;
    uint48 private immutable minTradeWs;
    uint32 private immutable offersPerAsset;
    uint64 private immutable minStakeMicro;
    uint8 private immutable priceRule;

    OfferBook private book;
    mapping(address => Stake) private stakes;

    SolutionBook private solutions;
    uint32 public offerCount;
    mapping(uint32 interval => bool) public isFinal;

    /// @param microgrid_ time, limits, suspensions; its calendar is read once
    /// @param assets_ of the same grid; must come to admit this contract as a market
    constructor(IMicrogrid microgrid_, IAssets assets_, Params memory params_) {
        if (params_.minStakeMicro == 0 || params_.offersPerAsset == 0 || params_.priceRule > 1) {
            revert BadParams();
        }
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
        offersPerAsset = params_.offersPerAsset;
        minStakeMicro = params_.minStakeMicro;
        priceRule = params_.priceRule;
    }

    /// The grid's, kept here so that each use does not ask for it.
    function calendar() private view returns (Calendar memory) {
        return
            Calendar(intervalSeconds, clearIntervals, leadSeconds, quietSeconds, horizonIntervals);
    }

    // --------------------------------------------------------------------------------- views

    function params() external view returns (Params memory) {
        return Params(minOfferWs, minTradeWs, offersPerAsset, minStakeMicro, priceRule);
    }

    function offers(uint32 offerId) external view returns (OfferView memory) {
        return book.viewOf(offerId);
    }

    function candidateOf(
        uint32 interval
    ) external view returns (bytes32 tradesHash, address solver, Objective memory value) {
        Record memory record = solutions.candidateRecord(interval);
        if (record.tradesHash != 0) solver = solutions.candidateSolver();
        return (record.tradesHash, solver, record.value);
    }

    function candidateValue() public view returns (Objective memory) {
        return solutions.candidateValue(calendar());
    }

    function stakeOf(address solver) external view returns (uint64) {
        return stakes[solver].amountMicro;
    }

    function openSolutionOf(address solver) external view returns (uint32) {
        return solutions.openOf(solver);
    }

    // -------------------------------------------------------------------------------- offers

    function postOffer(
        uint32 assetId,
        uint48 energyWs,
        uint32 firstInterval,
        uint32 lastInterval,
        uint32 maxPowerW,
        uint32 priceMicroPerKwh
    ) external returns (uint32 offerId) {
        EnergyAsset memory asset = assets.assets(assetId);
        if (asset.owner != msg.sender) revert NotAssetOwner(assetId, msg.sender);
        checkRange(asset, firstInterval, lastInterval);
        if (energyWs == 0 || energyWs < minOfferWs) revert OfferTooSmall(energyWs, minOfferWs);

        offerId = ++offerCount;
        Terms memory terms = Terms({
            feeder: asset.feeder,
            side: asset.side,
            firstInterval: firstInterval,
            lastInterval: lastInterval,
            energyWs: energyWs,
            maxPowerW: maxPowerW,
            priceMicroPerKwh: priceMicroPerKwh,
            postedAt: uint32(block.timestamp),
            closed: false
        });
        uint64 escrowMicro = asset.side == Side.Buy
            ? Payments.amountMicro(priceMicroPerKwh, energyWs)
            : 0;
        Account memory account = Account(msg.sender, assetId, escrowMicro);
        book.open(offerId, terms, account, asset.maxPowerW, offersPerAsset);
        assets.moveIn(msg.sender, assetId, energyWs, escrowMicro);
        emit OfferPosted(
            offerId,
            msg.sender,
            assetId,
            asset.feeder,
            asset.side,
            firstInterval,
            lastInterval,
            energyWs,
            maxPowerW,
            priceMicroPerKwh
        );
    }

    function checkRange(
        EnergyAsset memory asset,
        uint32 firstInterval,
        uint32 lastInterval
    ) private view {
        if (
            firstInterval > lastInterval ||
            firstInterval < asset.firstInterval ||
            lastInterval > asset.lastInterval
        ) revert OutsideAsset(firstInterval, lastInterval);
        Calendar memory times = calendar();
        uint32 last = times.lastTradable();
        if (firstInterval > last) revert BeyondHorizon(firstInterval, last);
        uint256 latest = times.latestPostingOf(lastInterval);
        if (block.timestamp > latest) revert TooLateToPost(lastInterval, latest);
    }

    function closeOffer(uint32 offerId) external {
        Terms storage terms = book.terms[offerId];
        if (terms.maxPowerW == 0) revert NoSuchOffer(offerId);
        if (terms.closed) revert AlreadyClosed(offerId);
        uint256 endsAt = calendar().startOf(terms.lastInterval) + intervalSeconds;
        if (block.timestamp < endsAt) revert NotPast(offerId, endsAt);

        (uint48 energyWs, Account memory account) = book.close(offerId);
        assets.moveOut(account.owner, account.assetId, energyWs, account.moneyMicro);
        emit OfferClosed(offerId, account.owner, energyWs, account.moneyMicro);
    }

    // ------------------------------------------------------------------------------- solvers

    function stake(uint64 amountMicro) external {
        stakes[msg.sender].amountMicro += amountMicro;
        assets.moveIn(msg.sender, 0, 0, amountMicro);
        emit Staked(msg.sender, amountMicro);
    }

    function unstake() external {
        uint64 amountMicro = stakes.takeAll(msg.sender);
        assets.moveOut(msg.sender, 0, 0, amountMicro);
        emit Unstaked(msg.sender, amountMicro);
    }

    modifier onlyStaked() {
        stakes.useBy(msg.sender, minStakeMicro);
        _;
    }

    // ----------------------------------------------------------------------------- solutions

    function submitSolution(Chunk[] calldata chunks) external onlyStaked {
        finalizeDue(chunks);
        requireNothingDue();
        Objective memory claimed = claimOf(chunks);
        Objective memory candidate = candidateValue();
        if (!claimed.beats(candidate)) revert NotBetter(claimed, candidate);
        uint32 solutionId = solutions.create(msg.sender);
        verifyChunks(solutionId, chunks);
        solutions.accept(solutionId, calendar());
    }

    function openSolution() external onlyStaked returns (uint32 solutionId) {
        requireNothingDue();
        solutionId = solutions.create(msg.sender);
        solutions.solutions[solutionId].isOpen = true;
    }

    function addChunks(uint32 solutionId, Chunk[] calldata chunks) external onlyStaked {
        solutions.requireOpen(solutionId, msg.sender);
        verifyChunks(solutionId, chunks);
    }

    function commitSolution(uint32 solutionId) external onlyStaked {
        solutions.requireOpen(solutionId, msg.sender);
        requireNothingDue();
        solutions.solutions[solutionId].isOpen = false;
        solutions.accept(solutionId, calendar());
    }

    /// What is said of the chunks that will count: a submission that does not even claim to be
    /// better is refused before anything is verified.
    function claimOf(Chunk[] calldata chunks) private view returns (Objective memory claimed) {
        uint32 first = calendar().firstOpen();
        for (uint256 i = 0; i < chunks.length; i++) {
            if (chunks[i].interval >= first) claimed.add(chunks[i].claimed);
        }
    }

    function verifyChunks(uint32 solutionId, Chunk[] calldata chunks) private {
        Calendar memory times = calendar();
        uint32 first = times.firstOpen();
        uint32 last = times.lastTradable();
        for (uint256 i = 0; i < chunks.length; i++) {
            uint32 interval = chunks[i].interval;
            if (interval < first) continue;
            if (interval > last) revert BeyondHorizon(interval, last);
            verifyChunk(solutionId, chunks[i], times.latestPostingOf(interval));
        }
    }

    function verifyChunk(
        uint32 solutionId,
        Chunk calldata chunk,
        uint256 latestPosting
    ) private {
        uint32 interval = chunk.interval;
        Rules memory rules = Rules({
            solutionId: solutionId,
            interval: interval,
            intervalSeconds: intervalSeconds,
            minTradeWs: minTradeWs,
            latestPosting: latestPosting,
            tradeBytes: tradeBytes(),
            priced: priceRule == 1
        });
        uint256 trades = chunk.trades.length / rules.tradeBytes;
        if (trades * rules.tradeBytes != chunk.trades.length) {
            revert BadLength(interval, chunk.trades.length);
        }
        if (trades > maxTradesPerChunk) revert TooManyTrades(interval, trades, maxTradesPerChunk);
        Record storage record = solutions.records[solutionId][interval];
        if (record.tradesHash != 0) revert DuplicateChunk(interval);

        Objective memory value = Verification.verify(
            chunk.trades,
            rules,
            microgrid.allLimitsAt(interval),
            book,
            solutions.uses[msg.sender]
        );
        if (!value.equals(chunk.claimed)) revert FalseObjective(interval, value);
        if (trades == 0) return;
        record.tradesHash = keccak256(chunk.trades);
        record.value = value;
        emit CandidateChunk(solutionId, interval, chunk.trades);
    }

    // -------------------------------------------------------------------------- finalization

    function finalize(uint32 interval, bytes calldata trades) external {
        if (isFinal[interval]) revert AlreadyFinal(interval);
        Calendar memory times = calendar();
        if (interval < firstFinalizable || interval >= times.firstOpen()) revert NotDue(interval);
        if (interval <= times.current()) {
            makeFinal(interval, trades[:0]);
        } else {
            if (solutions.candidateRecord(interval).tradesHash != hashOf(trades)) {
                revert NotCandidate(interval);
            }
            makeFinal(interval, trades);
        }
    }

    /// Those chunks that are the candidate's trades of due intervals; others are left alone.
    function finalizeDue(Chunk[] calldata chunks) private {
        Calendar memory times = calendar();
        uint32 current = times.current();
        uint32 open = times.firstOpen();
        for (uint256 i = 0; i < chunks.length; i++) {
            uint32 t = chunks[i].interval;
            if (t <= current || t >= open || isFinal[t] || chunks[i].trades.length == 0) continue;
            if (solutions.candidateRecord(t).tradesHash == hashOf(chunks[i].trades)) {
                makeFinal(t, chunks[i].trades);
            }
        }
    }

    function requireNothingDue() private view {
        Calendar memory times = calendar();
        uint32 open = times.firstOpen();
        for (uint32 t = times.current() + 1; t < open; t++) {
            if (!isFinal[t] && solutions.candidateRecord(t).tradesHash != 0) revert DueInterval(t);
        }
    }

    function makeFinal(uint32 interval, bytes calldata trades) private {
        isFinal[interval] = true;
        if (trades.length == 0) {
            emit SolutionFinalized(interval, address(0), trades);
            return;
        }
        solutions.finalizations++;
        (bool[] memory voided, uint256 count) = Finalization.findVoided(
            trades,
            tradeBytes(),
            interval,
            book,
            microgrid
        );
        uint64 tradedWs = Finalization.settle(trades, tradeBytes(), intervalSeconds, voided, book);
        assets.recordTraded(tradedWs);
        if (count > 0) emit TradesVoided(interval, Finalization.positionsOf(voided, count));
        emit SolutionFinalized(interval, solutions.candidateSolver(), trades);
    }

    // -------------------------------------------------------------------------------- format

    function tradeBytes() private view returns (uint256) {
        return priceRule == 1 ? Trades.BYTES_PRICED : Trades.BYTES;
    }

    /// No trades have no hash.
    function hashOf(bytes calldata trades) private pure returns (bytes32) {
        return trades.length == 0 ? bytes32(0) : keccak256(trades);
    }
}
