// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

import {Side} from "./IAssets.sol";

/// Fixed for ever at deployment.
struct Params {
    uint48 minOfferWs; // least energy of an offer
    uint48 minTradeWs; // least energy of a trade: powerW * intervalSeconds
    uint32 offersPerAsset; // ever, at most 254
    uint64 minStakeMicro; // of a solver, positive
    // 0: a trade's price is the midpoint of both reservation prices, rounded down.
    // 1: the solver says it, within both; a trade then has four bytes more, the price.
    uint8 priceRule;
    uint48 minGainWs; // a better solution gains at least so much; welfare counts at 0.01 per kWh
    uint32 rewardMicroPerKwh; // of final energy between homes, to the solvers, while the pot lasts
}

/// One offer to be posted.
struct Post {
    uint32 assetId;
    uint48 energyWs;
    uint32 firstInterval;
    uint32 lastInterval;
    uint32 maxPowerW;
    uint32 priceMicroPerKwh;
}

struct OfferView {
    address owner;
    uint32 assetId;
    uint32 feeder;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint48 energyWs; // left, net of final trades; of one interval: all of it until it is closed
    uint32 maxPowerW;
    uint32 priceMicroPerKwh;
    uint64 moneyMicro; // a bid's escrow left, an ask's proceeds, by settled intervals
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
///
/// An interval t is open until `close(t)`, its gate closure; from then to its start it is due: the
/// candidate's trades of t can be made final, by anyone. From its start on it is final without
/// trades. When it is past it is settled, by anyone: its final trades are paid, and offers that
/// traded in it and have no other interval are closed. A trade of a chunk is named in errors by its
/// position, from 0.
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
    event OfferClosed(
        uint32 indexed offerId,
        address indexed owner,
        uint48 energyWs,
        uint64 moneyMicro
    );
    /// Every chunk of a solution that was found right, so that anyone can finalize it.
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
    /// An interval is final: its trades as submitted; empty when there were none or it came too
    /// late (the solver is then 0).
    event SolutionFinalized(uint32 indexed interval, address indexed solver, bytes trades);
    /// Trades at these positions of the chunk were voided, because a feeder was suspended. Comes
    /// before the interval's `SolutionFinalized`.
    event TradesVoided(uint32 indexed interval, uint32[] positions);
    /// All trades of an interval are paid.
    event IntervalSettled(uint32 indexed interval);
    event Announced(address indexed solver, bytes32 digest);
    event RewardsFunded(address indexed from, uint64 amountMicro);
    event RewardPaid(
        uint32 indexed interval,
        address indexed solver,
        address to,
        uint64 amountMicro
    );
    event Staked(address indexed solver, uint64 amountMicro);
    event Unstaked(address indexed solver, uint64 amountMicro);

    error BadParams();
    /// The grid is paused: nothing becomes the candidate.
    error GridPaused();
    // Offers
    error BeyondHorizon(uint32 interval, uint32 lastAllowed);
    error TooLateToPost(uint32 lastInterval, uint256 latest);
    error NoPower();
    error OfferTooSmall(uint48 energyWs, uint48 minimumWs);
    error TooManyOffers(uint32 assetId, uint32 most);
    error NoSuchOffer(uint32 offerId);
    error AlreadyClosed(uint32 offerId);
    error NotPast(uint256 endsAt);
    /// Offers that traded in this interval are closed with it, not one by one.
    error NotSettled(uint32 interval);
    // Solvers
    error NotStaked(address caller);
    error StakeLocked(uint256 until);
    // Solutions
    error NotNewest(uint32 solutionId, address caller);
    error SolutionClosed(uint32 solutionId);
    error SolutionOutdated(uint32 solutionId);
    error DueInterval(uint32 interval);
    error NotBetter(Objective offered, Objective candidate);
    error LowersEnergy(uint32 interval, uint256 offeredWs, uint256 candidateWs);
    error DuplicateChunk(uint32 interval);
    error FalseObjective(uint32 interval, Objective found);
    error ValueTooLarge(uint32 interval);
    /// Never: the two verifications say different things of a chunk.
    error VerifiersDisagree();
    // Trades of a chunk
    error BadLength(uint32 interval, uint256 length);
    error TooManyTrades(uint32 interval, uint256 trades, uint256 most);
    error WrongSide(uint32 interval, uint32 offerId);
    error OutsideOffer(uint32 interval, uint32 offerId);
    error PostedTooLate(uint32 interval, uint32 offerId);
    error OutOfOrder(uint32 interval, uint256 position);
    error TradeTooSmall(uint32 interval, uint256 position);
    error PricesDoNotMeet(uint32 interval, uint256 position);
    error PriceOutside(uint32 interval, uint256 position);
    error UtilityWithItself(uint32 interval, uint256 position);
    error OfferOverPower(uint32 interval, uint32 offerId, uint256 powerW);
    error OfferOverEnergy(uint32 interval, uint32 offerId, uint256 energyWs);
    error InternalLimitBroken(uint32 interval, uint32 feeder, uint256 soldW, uint256 boughtW);
    error ExternalLimitBroken(uint32 interval, uint32 feeder, int256 netExportW);
    // Finalization
    error AlreadyFinal(uint32 interval);
    error NotDue(uint32 interval);
    error NotCandidate(uint32 interval);
    /// Nothing of this interval waits for settlement, or it was settled.
    error NothingToSettle(uint32 interval);
    /// Not the trades that became final, or not the positions that were voided.
    error NotFinalTrades(uint32 interval);

    function params() external view returns (Params memory);
    function maxTradesPerChunk() external view returns (uint256);
    function offers(uint32 offerId) external view returns (OfferView memory);
    function offerCount() external view returns (uint32);
    function isFinal(uint32 interval) external view returns (bool);
    /// The candidate's chunk of an interval; zeros when it has none.
    function candidateOf(
        uint32 interval
    ) external view returns (bytes32 tradesHash, address solver, Objective memory value);
    /// What a better solution has to beat: the candidate's value over the intervals open now.
    function candidateValue() external view returns (Objective memory);
    /// Hash that the trades of a final interval have until it is settled; 0 when nothing waits.
    function unsettled(uint32 interval) external view returns (bytes32);
    function rewardPotMicro() external view returns (uint64);
    /// How an interval was raised, and what of it a solver is credited, Ws.
    function creditOf(
        uint32 interval,
        address solver
    ) external view returns (uint48 highestWs, uint48 creditedWs, uint48 ownWs, uint64 rewardMicro);
    function stakeOf(address solver) external view returns (uint64 amountMicro);
    /// The solution that a solver can add to now; 0 when there is none.
    function openSolutionOf(address solver) external view returns (uint32 solutionId);

    /// The asset's owner only. The first interval lies within the horizon; the last may lie beyond,
    /// inside the asset's, and must still be open for posting. A bid moves its money in as well.
    /// All energy of an asset's open offers, and their power, stay within the asset.
    function postOffer(
        uint32 assetId,
        uint48 energyWs,
        uint32 firstInterval,
        uint32 lastInterval,
        uint32 maxPowerW,
        uint32 priceMicroPerKwh
    ) external returns (uint32 offerId);
    /// Several at once, all or none.
    function postOffers(Post[] calldata posts) external;
    /// A whole solution in one transaction; stakers only. Chunks of intervals due for finalization
    /// may come along and are finalized first; other chunks of closed intervals are skipped.
    function submitSolution(Chunk[] calldata chunks) external;
    /// Says that a solution will be submitted, so that nobody who sees it can claim it was theirs:
    /// a solution is rewarded only when it was announced in an earlier block.
    /// @param digest from `keccak256(abi.encode(solver))` on, for each chunk the keccak256 of the
    /// digest so far, the interval as 32 bytes, and the keccak256 of its trades
    function announce(bytes32 digest) external;
    /// A large solution in parts: they become the candidate together or not at all. Stakers only;
    /// nothing may be due. A solver has one open solution: another, or a submission, ends it.
    function openSolution() external returns (uint32 solutionId);
    /// The opener only, to its newest solution.
    function addChunks(uint32 solutionId, Chunk[] calldata chunks) external;
    /// The opener only. Chunks of intervals that closed since are left out.
    function commitSolution(uint32 solutionId) external;
    /// Anyone. In [close, start): with the candidate's trades, or empty when it has none. From
    /// start on: always empty, whatever is given.
    function finalize(uint32 interval, bytes calldata trades) external;
    /// Anyone, once the interval is past: pays its trades, and closes the offers that traded in it
    /// and have no other interval. With many trades in slices, one after the other.
    /// @param trades as in `SolutionFinalized`
    /// @param voided as in `TradesVoided`, else none
    /// @param most trades of this slice
    function settle(
        uint32 interval,
        bytes calldata trades,
        uint32[] calldata voided,
        uint256 most
    ) external;
    /// Anyone, once the offer's last interval is past and its intervals are settled. What is left
    /// goes to the owner, once.
    function closeOffer(uint32 offerId) external;
    /// Many at once; those that are closed already are passed over.
    function closeOffers(uint32[] calldata offerIds) external;
    /// Anyone with money here: into the pot that pays solvers.
    function fundRewards(uint64 amountMicro) external;
    /// A solver's shares of final intervals, to an address granted for this market.
    function claimRewards(uint32[] calldata intervals, address to) external;
    function stake(uint64 amountMicro) external;
    /// All of it, a day after the last submission.
    function unstake() external;
}
