// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

/// What is fixed for ever at deployment, and what the owner may change with notice.
struct Calendar {
    uint32 intervalSeconds; // length of an interval; index = unix time / intervalSeconds
    uint32 clearIntervals; // T_clear of the paper, at least 1
    uint32 leadSeconds; // gate closure before that edge
    uint32 quietSeconds; // a third of the interval: no new offer counts, no energy is lowered
    uint32 horizonIntervals; // L: offers reach this far, the current interval counted; 2 to 96
}

struct Limits {
    uint64 internalLimitW; // C_int: total sold, and total bought, inside the feeder
    uint64 externalLimitW; // C_ext: net flow out of the feeder, and into it
}

/// The grid and its rules: time, feeders, tariff, roles.
///
/// Feeder 0 is the utility's own: it has no limits. Feeders 1..feederCount are branches.
/// Before `seal` the owner sets everything up at once; afterwards a change of limits or tariff
/// takes effect beyond every postable interval, and a market is admitted only after a delay.
interface IMicrogrid {
    event FeederLimitsSet(
        uint32 indexed feeder,
        uint32 fromInterval,
        uint64 internalLimitW,
        uint64 externalLimitW
    );
    /// What the owner allows a feeder: granters may lower its limits below that.
    event FeederCeilingSet(uint32 indexed feeder, uint64 internalLimitW, uint64 externalLimitW);
    event TariffSet(
        uint32 fromInterval,
        uint32[] useMicroPerKwh,
        uint32[] feedInMicroPerKwh
    );
    event RoleSet(bytes32 indexed role, address indexed holder, bool held);
    event MarketProposed(address indexed market, uint256 admittedAt);
    event MarketAdmitted(address indexed market);
    event Suspended(uint32 indexed feeder, uint32 firstInterval, uint32 lastInterval);
    /// No grants and no new candidates until `Resumed`.
    event Paused(address indexed by, string reason);
    event Resumed(address indexed by);
    event OwnerProposed(address indexed owner);
    event OwnerChanged(address indexed owner);
    event Sealed();

    error NotOwner(address caller);
    /// Neither the owner nor a granter.
    error NotPermitted(address caller);
    error NotProposedOwner(address caller);
    error BadCalendar(Calendar calendar);
    error AlreadySealed();
    error NoSuchFeeder(uint32 feeder);
    /// A granter cannot raise a limit above what the owner set.
    error AboveCeiling(uint32 feeder, Limits ceiling);
    error ReasonTooLong(uint256 length);
    error TooManyFeeders(uint32 most);
    /// Each price list has 1 to 96 prices.
    error BadTariff(uint256 usePrices, uint256 feedInPrices);
    error NoTariff();
    error BadRange(uint32 firstInterval, uint32 lastInterval);
    error NotProposed(address market);
    error AlreadyMarket(address market);
    error TooEarly(uint256 admittedAt);

    function calendar() external view returns (Calendar memory);
    function currentInterval() external view returns (uint32);
    /// Gate closure of an interval, unix seconds.
    function closeOf(uint32 interval) external view returns (uint256);
    function startOf(uint32 interval) external view returns (uint256);
    /// The first interval whose gate is open now.
    function firstOpenInterval() external view returns (uint32);

    function feederCount() external view returns (uint32);
    /// Limits of one feeder at an interval; feeder 0 has none (maximal values).
    function limitsAt(uint32 feeder, uint32 interval) external view returns (Limits memory);
    /// Limits of all feeders 0..feederCount at an interval, by feeder.
    /// @return limits by feeder
    /// @return until the last interval for which they are surely the same, as far as is decided now
    function allLimitsAt(
        uint32 interval
    ) external view returns (Limits[] memory limits, uint32 until);
    function isSuspended(uint32 feeder, uint32 interval) external view returns (bool);
    /// Whether any feeder is suspended in an interval.
    function anySuspended(uint32 interval) external view returns (bool);
    /// The utility's prices for an interval: for use, and for feeding in. The tariff repeats daily
    /// (UTC), each list spread evenly over the day.
    function tariffAt(
        uint32 interval
    ) external view returns (uint32 useMicroPerKwh, uint32 feedInMicroPerKwh);

    function owner() external view returns (address);
    function isGranter(address holder) external view returns (bool);
    function isSettler(address holder) external view returns (bool);
    function isMarket(address market) external view returns (bool);
    function isSealed() external view returns (bool);
    function isPaused() external view returns (bool);
    /// Both at once, for who asks at every grant.
    function standing() external view returns (bool sealed_, bool paused);
    function ceilingOf(uint32 feeder) external view returns (Limits memory);

    /// Owner only. Feeders count from 1.
    function addFeeder(
        uint64 internalLimitW,
        uint64 externalLimitW
    ) external returns (uint32 feeder);
    /// Owner only.
    function setFeederLimits(
        uint32 feeder,
        uint64 internalLimitW,
        uint64 externalLimitW
    ) external returns (uint32 fromInterval);
    /// Owner and granters: for a while less than the owner allows, and back up to that. Like any
    /// change it spares every postable interval.
    function lowerFeederLimits(
        uint32 feeder,
        uint64 internalLimitW,
        uint64 externalLimitW
    ) external returns (uint32 fromInterval);
    /// Owner only.
    function setTariff(
        uint32[] calldata useMicroPerKwh,
        uint32[] calldata feedInMicroPerKwh
    ) external returns (uint32 fromInterval);
    /// Owner only.
    function setGranter(address holder, bool held) external;
    /// Owner only.
    function setSettler(address holder, bool held) external;
    /// Owner only: says that a market will be admitted, and from when on. Again: from anew.
    function proposeMarket(address market) external;
    /// Owner only. A market is never taken away: what is inside it must be able to come out.
    function admitMarket(address market) external;
    /// An emergency: trades of this feeder in these intervals are voided when they are finalized.
    /// What is final stays. Open to the owner and to granters (the DSO's hot key, to be quick).
    function suspend(uint32 feeder, uint32 firstInterval, uint32 lastInterval) external;
    /// Owner and granters: no energy and no money is granted, and no solution becomes the
    /// candidate. The candidate that stands becomes final as usual; offers, settlement, closing and
    /// deposits go on. A second pause changes nothing but the reason, at most 200 bytes.
    function pause(string calldata reason) external;
    /// Owner and granters.
    function resume() external;
    /// Owner only.
    function proposeOwner(address next) external;
    /// The proposed owner only.
    function acceptOwner() external;
    /// Owner only, once, for ever.
    function seal() external;
}
