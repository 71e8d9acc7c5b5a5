// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {Side} from "./IAssets.sol";

struct OfferView {
    address owner;
    uint32 assetId;
    uint32 feeder;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint48 energyWs; // left, net of final trades
    uint32 maxPowerW;
    uint32 priceMicroPerKwh;
    uint64 moneyMicro; // a bid's escrow left, an ask's proceeds
    uint64 postedAt; // unix seconds
    bool closed;
}

/// Compared in this order: energy between homes, energy with the utility's feeder, welfare.
struct Objective {
    uint64 homeEnergyWs;
    uint64 utilityEnergyWs;
    uint128 welfare; // sum of (bid price - ask price) * energyWs
}

/// The trades of one interval (layout: market/matching/chunk.ts) and what the solver says they are
/// worth; a false claim is refused.
struct Chunk {
    uint32 interval;
    Objective claimed;
    bytes trades;
}

/// TRANSAX's market: offers, one candidate solution, finalization by interval.
interface IMatching {
    event OfferPosted(
        uint32 indexed offerId,
        address indexed owner,
        uint32 indexed assetId,
        uint32 feeder,
        Side side,
        uint32 firstInterval,
        uint32 lastInterval,
        uint48 energyWs,
        uint32 maxPowerW,
        uint32 priceMicroPerKwh
    );
    event OfferClosed(uint32 indexed offerId, address indexed owner, uint48 energyWs, uint64 moneyMicro);
    /// Every chunk of an accepted solution, so that anyone can finalize it.
    event CandidateChunk(uint32 indexed solutionId, uint32 indexed interval, bytes trades);
    /// A solution became the candidate for all intervals from `firstInterval` on.
    event CandidateAccepted(
        uint32 indexed solutionId,
        address indexed solver,
        uint32 firstInterval,
        uint64 homeEnergyWs,
        uint64 utilityEnergyWs,
        uint128 welfare
    );
    /// An interval is final: its trades as submitted; empty when there were none or it came too late.
    event SolutionFinalized(uint32 indexed interval, address indexed solver, bytes trades);
    /// Trades at these positions of the chunk were voided, because a feeder was suspended.
    event TradesVoided(uint32 indexed interval, uint32[] positions);
    event Staked(address indexed solver, uint64 amountMicro);
    event Unstaked(address indexed solver, uint64 amountMicro);

    function offers(uint32 offerId) external view returns (OfferView memory);
    function offerCount() external view returns (uint32);
    function isFinal(uint32 interval) external view returns (bool);
    function candidateOf(uint32 interval) external view returns (bytes32 tradesHash, address solver, Objective memory value);
    /// What a better solution has to beat: the candidate's value over the intervals open now.
    function candidateValue() external view returns (Objective memory);

    function postOffer(
        uint32 assetId,
        uint48 energyWs,
        uint32 firstInterval,
        uint32 lastInterval,
        uint32 maxPowerW,
        uint32 priceMicroPerKwh
    ) external returns (uint32 offerId);
    /// A whole solution in one transaction. Chunks of intervals due for finalization may come along
    /// and are finalized first; other chunks of closed intervals are skipped.
    function submitSolution(Chunk[] calldata chunks) external;
    /// A large solution in parts: they become the candidate together or not at all.
    function openSolution() external returns (uint32 solutionId);
    function addChunks(uint32 solutionId, Chunk[] calldata chunks) external;
    function commitSolution(uint32 solutionId) external;
    /// Anyone. In [close, start): with the candidate's trades, or empty when it has none. From start
    /// on: always empty.
    function finalize(uint32 interval, bytes calldata trades) external;
    /// Anyone, once the offer's last interval is past. The rest goes to the owner, once.
    function closeOffer(uint32 offerId) external;
    function stake(uint64 amountMicro) external;
    /// All of it, a day after the last submission.
    function unstake() external;
}
