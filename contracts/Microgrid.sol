// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Calendar, IMicrogrid, Limits} from "./IMicrogrid.sol";
import {Intervals} from "./Intervals.sol";

/// Limits of a feeder from an interval on: one slot.
struct LimitChange {
    uint32 fromInterval;
    uint64 internalLimitW;
    uint64 externalLimitW;
}

struct TariffChange {
    uint32 fromInterval;
    uint32[] useMicroPerKwh;
    uint32[] feedInMicroPerKwh;
}

/// @title The grid and its rules
/// @notice See {IMicrogrid}. Changes are kept as a list of versions, each valid from an interval
/// on, so that what was promised for an interval that offers can reach is never changed under them.
contract Microgrid is IMicrogrid {
    using Intervals for Calendar;

    bytes32 public constant GRANTER = "granter";
    bytes32 public constant SETTLER = "settler";

    /// Limits of every feeder are read for each interval of a solution: their number is bounded.
    uint32 public constant MAX_FEEDERS = 256;
    uint256 public constant MAX_PRICES = 96;
    /// A suspension covers at most so many intervals; a longer one is told in several.
    uint32 public constant MAX_SUSPENSION = 4096;
    uint256 public constant MAX_REASON = 200;
    uint256 private constant DAY = 86_400;

    /// How long before it is admitted a market must have been proposed, once sealed.
    uint32 public immutable marketDelaySeconds;

    uint32 private immutable intervalSeconds;
    uint32 private immutable clearIntervals;
    uint32 private immutable leadSeconds;
    uint32 private immutable quietSeconds;
    uint32 private immutable horizonIntervals;

    address public owner;
    address public proposedOwner;
    bool public isSealed;
    uint32 public feederCount;
    /// From here on no limit changes any more, as far as is known.
    uint32 private limitsSettledFrom;
    bool public isPaused; // in one slot with what grants and verification read anyway

    mapping(address => bool) public isGranter;
    mapping(address => bool) public isSettler;
    mapping(address => bool) public isMarket;
    /// When a proposed market may be admitted, unix seconds; 0 when it was never proposed.
    mapping(address => uint256) public admittedAt;

    mapping(uint32 feeder => LimitChange) private newestLimits;
    mapping(uint32 feeder => LimitChange[]) private olderLimits;
    /// What the owner set last: granters lower limits below it, and never raise them above.
    mapping(uint32 feeder => Limits) private ceilings;
    TariffChange[] private tariffChanges;
    /// One bit an interval, 256 to a word.
    mapping(uint32 feeder => mapping(uint32 word => uint256)) private suspensions;
    mapping(uint32 word => uint256) private suspensionsOfAny;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    modifier onlyUtility() {
        if (msg.sender != owner && !isGranter[msg.sender]) revert NotPermitted(msg.sender);
        _;
    }

    /// @param owner_ cold key or multisig
    /// @param calendar_ fixed for ever
    /// @param marketDelaySeconds_ notice before a market is admitted after `seal`
    constructor(address owner_, Calendar memory calendar_, uint32 marketDelaySeconds_) {
        if (owner_ == address(0)) revert NotOwner(owner_);
        uint256 ahead = uint256(calendar_.clearIntervals) * calendar_.intervalSeconds +
            calendar_.leadSeconds +
            calendar_.quietSeconds;
        // The last condition: at the start of each interval something can still be posted.
        if (
            calendar_.intervalSeconds < 4 ||
            calendar_.clearIntervals < 1 ||
            calendar_.horizonIntervals < 2 ||
            calendar_.horizonIntervals > 96 ||
            ahead > uint256(calendar_.horizonIntervals) * calendar_.intervalSeconds
        ) revert BadCalendar(calendar_);
        intervalSeconds = calendar_.intervalSeconds;
        clearIntervals = calendar_.clearIntervals;
        leadSeconds = calendar_.leadSeconds;
        quietSeconds = calendar_.quietSeconds;
        horizonIntervals = calendar_.horizonIntervals;
        marketDelaySeconds = marketDelaySeconds_;
        owner = owner_;
        emit OwnerChanged(owner_);
    }

    // ---------------------------------------------------------------------------------- time

    function calendar() public view returns (Calendar memory) {
        return
            Calendar(intervalSeconds, clearIntervals, leadSeconds, quietSeconds, horizonIntervals);
    }

    function currentInterval() public view returns (uint32) {
        return calendar().current();
    }

    function startOf(uint32 interval) public view returns (uint256) {
        return calendar().startOf(interval);
    }

    function closeOf(uint32 interval) external view returns (uint256) {
        return calendar().closeOf(interval);
    }

    function firstOpenInterval() external view returns (uint32) {
        return calendar().firstOpen();
    }

    /// From when on a change counts: at once during set-up, then beyond what is tradable.
    function effectiveFrom() private view returns (uint32) {
        return isSealed ? calendar().lastTradable() + 1 : 0;
    }

    // ------------------------------------------------------------------------------- feeders

    function addFeeder(
        uint64 internalLimitW,
        uint64 externalLimitW
    ) external onlyOwner returns (uint32 feeder) {
        if (feederCount >= MAX_FEEDERS) revert TooManyFeeders(MAX_FEEDERS);
        feeder = ++feederCount;
        changeLimits(feeder, internalLimitW, externalLimitW);
        setCeiling(feeder, internalLimitW, externalLimitW);
    }

    function setFeederLimits(
        uint32 feeder,
        uint64 internalLimitW,
        uint64 externalLimitW
    ) external onlyOwner returns (uint32 fromInterval) {
        if (feeder == 0 || feeder > feederCount) revert NoSuchFeeder(feeder);
        fromInterval = changeLimits(feeder, internalLimitW, externalLimitW);
        setCeiling(feeder, internalLimitW, externalLimitW);
    }

    function lowerFeederLimits(
        uint32 feeder,
        uint64 internalLimitW,
        uint64 externalLimitW
    ) external onlyUtility returns (uint32 fromInterval) {
        if (feeder == 0 || feeder > feederCount) revert NoSuchFeeder(feeder);
        Limits memory most = ceilings[feeder];
        if (internalLimitW > most.internalLimitW || externalLimitW > most.externalLimitW) {
            revert AboveCeiling(feeder, most);
        }
        return changeLimits(feeder, internalLimitW, externalLimitW);
    }

    function ceilingOf(uint32 feeder) external view returns (Limits memory) {
        return ceilings[feeder];
    }

    function setCeiling(uint32 feeder, uint64 internalLimitW, uint64 externalLimitW) private {
        ceilings[feeder] = Limits(internalLimitW, externalLimitW);
        emit FeederCeilingSet(feeder, internalLimitW, externalLimitW);
    }

    function changeLimits(
        uint32 feeder,
        uint64 internalLimitW,
        uint64 externalLimitW
    ) private returns (uint32 fromInterval) {
        fromInterval = effectiveFrom();
        limitsSettledFrom = fromInterval; // later than all before
        LimitChange memory before = newestLimits[feeder];
        // A change of mind within one interval replaces: at most one version an interval.
        if (before.fromInterval != fromInterval) olderLimits[feeder].push(before);
        newestLimits[feeder] = LimitChange(fromInterval, internalLimitW, externalLimitW);
        emit FeederLimitsSet(feeder, fromInterval, internalLimitW, externalLimitW);
    }

    function limitsAt(uint32 feeder, uint32 interval) public view returns (Limits memory) {
        if (feeder == 0) return Limits(type(uint64).max, type(uint64).max);
        if (feeder > feederCount) revert NoSuchFeeder(feeder);
        LimitChange memory change = newestLimits[feeder];
        if (change.fromInterval > interval) {
            // Back to one that counts from interval 0 on: none at all where it was added later. For
            // an interval not yet past at most `horizonIntervals` are passed over.
            LimitChange[] storage older = olderLimits[feeder];
            for (uint256 i = older.length; change.fromInterval > interval; ) change = older[--i];
        }
        return Limits(change.internalLimitW, change.externalLimitW);
    }

    function allLimitsAt(
        uint32 interval
    ) external view returns (Limits[] memory limits, uint32 until) {
        limits = new Limits[](feederCount + 1);
        for (uint32 feeder = 0; feeder < limits.length; feeder++) {
            limits[feeder] = limitsAt(feeder, interval);
        }
        until = interval < limitsSettledFrom ? interval : type(uint32).max;
    }

    function suspend(
        uint32 feeder,
        uint32 firstInterval,
        uint32 lastInterval
    ) external onlyUtility {
        if (feeder > feederCount) revert NoSuchFeeder(feeder);
        if (
            lastInterval < firstInterval ||
            lastInterval - firstInterval >= MAX_SUSPENSION ||
            lastInterval < currentInterval()
        ) revert BadRange(firstInterval, lastInterval);
        for (uint32 word = firstInterval >> 8; word <= lastInterval >> 8; word++) {
            uint256 bits = type(uint256).max;
            if (word == firstInterval >> 8) bits &= type(uint256).max << (firstInterval & 255);
            if (word == lastInterval >> 8) {
                bits &= type(uint256).max >> (255 - (lastInterval & 255));
            }
            suspensions[feeder][word] |= bits;
            suspensionsOfAny[word] |= bits;
        }
        emit Suspended(feeder, firstInterval, lastInterval);
    }

    function isSuspended(uint32 feeder, uint32 interval) external view returns (bool) {
        return (suspensions[feeder][interval >> 8] >> (interval & 255)) & 1 == 1;
    }

    function anySuspended(uint32 interval) external view returns (bool) {
        return (suspensionsOfAny[interval >> 8] >> (interval & 255)) & 1 == 1;
    }

    // --------------------------------------------------------------------------------- pause

    function pause(string calldata reason) external onlyUtility {
        if (bytes(reason).length > MAX_REASON) revert ReasonTooLong(bytes(reason).length);
        isPaused = true;
        emit Paused(msg.sender, reason);
    }

    function resume() external onlyUtility {
        isPaused = false;
        emit Resumed(msg.sender);
    }

    function standing() external view returns (bool sealed_, bool paused) {
        return (isSealed, isPaused);
    }

    // -------------------------------------------------------------------------------- tariff

    function setTariff(
        uint32[] calldata useMicroPerKwh,
        uint32[] calldata feedInMicroPerKwh
    ) external onlyOwner returns (uint32 fromInterval) {
        if (
            useMicroPerKwh.length == 0 ||
            useMicroPerKwh.length > MAX_PRICES ||
            feedInMicroPerKwh.length == 0 ||
            feedInMicroPerKwh.length > MAX_PRICES
        ) revert BadTariff(useMicroPerKwh.length, feedInMicroPerKwh.length);
        fromInterval = effectiveFrom();
        uint256 count = tariffChanges.length;
        if (count > 0 && tariffChanges[count - 1].fromInterval == fromInterval) tariffChanges.pop();
        tariffChanges.push(TariffChange(fromInterval, useMicroPerKwh, feedInMicroPerKwh));
        emit TariffSet(fromInterval, useMicroPerKwh, feedInMicroPerKwh);
    }

    function tariffAt(
        uint32 interval
    ) external view returns (uint32 useMicroPerKwh, uint32 feedInMicroPerKwh) {
        uint256 second = startOf(interval) % DAY;
        for (uint256 i = tariffChanges.length; i > 0; i--) {
            TariffChange storage tariff = tariffChanges[i - 1];
            if (tariff.fromInterval <= interval) {
                return (
                    tariff.useMicroPerKwh[(second * tariff.useMicroPerKwh.length) / DAY],
                    tariff.feedInMicroPerKwh[(second * tariff.feedInMicroPerKwh.length) / DAY]
                );
            }
        }
        revert NoTariff();
    }

    // --------------------------------------------------------------------------------- roles

    function setGranter(address holder, bool held) external onlyOwner {
        isGranter[holder] = held;
        emit RoleSet(GRANTER, holder, held);
    }

    function setSettler(address holder, bool held) external onlyOwner {
        isSettler[holder] = held;
        emit RoleSet(SETTLER, holder, held);
    }

    function proposeMarket(address market) external onlyOwner {
        if (isMarket[market]) revert AlreadyMarket(market);
        uint256 from = block.timestamp + (isSealed ? marketDelaySeconds : 0);
        admittedAt[market] = from;
        emit MarketProposed(market, from);
    }

    function admitMarket(address market) external onlyOwner {
        if (isMarket[market]) revert AlreadyMarket(market);
        uint256 from = admittedAt[market];
        if (from == 0) revert NotProposed(market);
        if (block.timestamp < from) revert TooEarly(from);
        isMarket[market] = true;
        emit MarketAdmitted(market);
    }

    function proposeOwner(address next) external onlyOwner {
        proposedOwner = next;
        emit OwnerProposed(next);
    }

    function acceptOwner() external {
        if (msg.sender != proposedOwner) revert NotProposedOwner(msg.sender);
        owner = msg.sender;
        proposedOwner = address(0);
        emit OwnerChanged(msg.sender);
    }

    function seal() external onlyOwner {
        if (isSealed) revert AlreadySealed();
        isSealed = true;
        emit Sealed();
    }
}
