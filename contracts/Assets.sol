// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Caps, EnergyAsset, EnergyTotals, Grant, IAssets} from "./IAssets.sol";
import {MoneyTotals, Place, Release, Side} from "./IAssets.sol";
import {Holder, Holders} from "./Holders.sol";
import {IMicrogrid} from "./IMicrogrid.sol";
import {PowerBook, Powers} from "./Powers.sol";
import {Right, Rights} from "./Rights.sol";

/// What came into a market and is still inside.
struct Account {
    uint64 insideMicro;
    uint8 number; // of the market, from 1 on; 0: nothing was granted for it yet
}

/// @title energyAssets and money of anonymous addresses
/// @notice See {IAssets}. Nothing here appears or vanishes but by the granter's grants and the
/// owners' deposits. A market moves only what its own addresses put in: energy back to the asset it
/// came from, and money that is inside the market.
contract Assets is IAssets {
    using Holders for Holder;
    using Holders for Place;
    using Powers for PowerBook;
    using Rights for Right;

    /// Power is counted in every interval of a grant: a range is bounded.
    uint32 public constant MAX_RANGE = 96;
    uint256 private constant DAY = 86_400;

    IMicrogrid public immutable microgrid;
    uint64 private immutable capMicroPerDay;
    uint64 private immutable capPowerW;

    uint32 public assetCount;
    mapping(uint32 assetId => Right) private rights;
    /// Of assets that are not the first of their address.
    mapping(uint32 assetId => Place) private places;
    mapping(address => Holder) private holders;
    mapping(address market => Account) private accounts;
    address[] private markets;
    mapping(Side => EnergyTotals) private energy;
    MoneyTotals private money;

    PowerBook private powers;
    mapping(uint256 day => uint64) public grantedMicroOn;

    modifier onlyGranter() {
        if (!microgrid.isGranter(msg.sender)) revert NotGranter(msg.sender);
        // Until the grid is sealed, limits may change under an offer.
        (bool isSealed, bool isPaused) = microgrid.standing();
        if (!isSealed) revert NotSealed();
        if (isPaused) revert GridPaused();
        _;
    }

    /// @param caps_ fixed for ever: what a stolen granter's key can do at most
    constructor(IMicrogrid microgrid_, Caps memory caps_) {
        microgrid = microgrid_;
        capMicroPerDay = caps_.moneyMicroPerDay;
        capPowerW = caps_.powerW;
    }

    // --------------------------------------------------------------------------------- views

    function assets(uint32 assetId) external view returns (EnergyAsset memory) {
        return rights[assetId].asset(placeOf(assetId).heldWs);
    }

    function placeOf(uint32 assetId) public view returns (Place memory) {
        return holders[rights[assetId].owner].placeOf(assetId, places);
    }

    function balanceMicro(address holder) external view returns (uint64) {
        return holders[holder].balanceMicro;
    }

    function feederOf(address holder) external view returns (uint32) {
        return rights[holders[holder].assetId].feeder;
    }

    function isKnown(address holder) external view returns (bool) {
        return holders[holder].assetId != 0;
    }

    function marketOf(address holder) public view returns (address) {
        uint8 number = holders[holder].market;
        return number == 0 ? address(0) : markets[number - 1];
    }

    function insideMicro(address market) external view returns (uint64) {
        return accounts[market].insideMicro;
    }

    function energyTotals(Side side) external view returns (EnergyTotals memory) {
        return energy[side];
    }

    function moneyTotals() external view returns (MoneyTotals memory) {
        return money;
    }

    function caps() external view returns (Caps memory) {
        return Caps(capMicroPerDay, capPowerW);
    }

    function grantedPowerW(
        uint32 feeder,
        uint32 interval,
        Side side
    ) external view returns (uint64) {
        return powers.grantedW(feeder, interval, side);
    }

    // -------------------------------------------------------------------------------- grants

    function addEnergy(
        address to,
        address market,
        uint32 feeder,
        Side side,
        uint32 firstInterval,
        uint32 lastInterval,
        uint48 energyWs,
        uint32 maxPowerW
    ) external onlyGranter returns (uint32 assetId) {
        if (energyWs == 0) revert NothingGranted();
        uint32 first = firstInterval;
        return
            give(Grant(to, market, feeder, side, first, lastInterval, energyWs, maxPowerW, 0));
    }

    function addFinancialBalance(
        address to,
        address market,
        uint64 amountMicro
    ) external onlyGranter {
        if (amountMicro == 0) revert NothingGranted();
        give(Grant(to, market, 0, Side.Sell, 0, 0, 0, 0, amountMicro));
    }

    function grant(Grant[] calldata grants) external onlyGranter {
        for (uint256 i = 0; i < grants.length; i++) give(grants[i]);
    }

    function give(Grant memory g) private returns (uint32 assetId) {
        if (g.energyWs == 0 && g.amountMicro == 0) revert NothingGranted();
        Holder memory holder = admitted(g.to, g.market);
        if (g.energyWs > 0) {
            checkGrant(g);
            uint32 feeder = rights[holder.assetId].feeder;
            if (holder.assetId != 0 && feeder != g.feeder) revert OtherFeeder(g.to, feeder);
            powers.count(g, capPowerW);
            assetId = create(g, holder);
        }
        if (g.amountMicro > 0) {
            countMoney(g.amountMicro);
            holder.balanceMicro += g.amountMicro;
            emit FinancialAdded(g.to, g.amountMicro);
        }
        holders[g.to] = holder;
    }

    function checkGrant(Grant memory g) private view {
        if (g.maxPowerW == 0) revert NothingGranted();
        if (g.feeder > microgrid.feederCount()) revert NoSuchFeeder(g.feeder);
        if (
            g.lastInterval < g.firstInterval ||
            g.lastInterval - g.firstInterval >= MAX_RANGE ||
            g.lastInterval < microgrid.currentInterval()
        ) revert BadRange(g.firstInterval, g.lastInterval);
    }

    function create(Grant memory g, Holder memory holder) private returns (uint32 assetId) {
        assetId = ++assetCount;
        rights[assetId] = Right({
            owner: g.to,
            feeder: uint16(g.feeder), // the grid has at most 256
            side: g.side,
            firstInterval: g.firstInterval,
            moreIntervals: uint8(g.lastInterval - g.firstInterval),
            maxPowerW: g.maxPowerW
        });
        if (holder.assetId == 0) (holder.assetId, holder.heldWs) = (assetId, g.energyWs);
        else places[assetId].heldWs = g.energyWs;
        energy[g.side].grantedWs += g.energyWs;
        emit AssetAdded(
            g.to,
            assetId,
            g.feeder,
            g.side,
            g.firstInterval,
            g.lastInterval,
            g.energyWs,
            g.maxPowerW
        );
    }

    /// The address becomes, or already is, one of this market.
    function admitted(address to, address market) private returns (Holder memory holder) {
        if (to == address(0)) revert NoHolder();
        uint8 number = accounts[market].number;
        if (number == 0) number = admit(market);
        holder = holders[to];
        if (holder.market == 0) holder.market = number;
        else if (holder.market != number) revert OtherMarket(to, marketOf(to));
    }

    /// Markets are never taken away: asked for once.
    function admit(address market) private returns (uint8 number) {
        if (!microgrid.isMarket(market)) revert NotMarket(market);
        if (markets.length == type(uint8).max) revert TooManyMarkets();
        markets.push(market);
        number = uint8(markets.length);
        accounts[market].number = number;
    }

    function countMoney(uint64 amountMicro) private {
        uint256 day = block.timestamp / DAY;
        uint256 granted = uint256(grantedMicroOn[day]) + amountMicro;
        if (granted > capMicroPerDay) revert MoneyCapExceeded(day, amountMicro);
        grantedMicroOn[day] = uint64(granted);
        money.grantedMicro += amountMicro;
    }

    // ------------------------------------------------------------------------------ deposits

    function depositEnergy(uint32 assetId) external {
        Right memory right = rights[assetId];
        if (right.owner != msg.sender) revert NotAssetOwner(assetId, msg.sender);
        Holder memory holder = holders[msg.sender];
        Place memory place = holder.placeOf(assetId, places);
        uint48 energyWs = place.heldWs;
        if (energyWs == 0) revert NothingToDeposit();
        place.heldWs = 0;
        holder.setPlace(assetId, place, places);
        holders[msg.sender] = holder;
        energy[right.side].depositedWs += energyWs;
        emit EnergyDeposited(msg.sender, assetId, energyWs);
    }

    function depositFinancial(uint64 amountMicro) external {
        if (amountMicro == 0) revert NothingToDeposit();
        Holder storage holder = holders[msg.sender];
        holder.balanceMicro = less(holder.balanceMicro, amountMicro, msg.sender);
        money.depositedMicro += amountMicro;
        emit FinancialDeposited(msg.sender, amountMicro);
    }

    // ------------------------------------------------------------------------------- markets

    function moveIn(
        address from,
        uint32 assetId,
        uint48 energyWs,
        uint32 powerW,
        uint32 firstInterval,
        uint32 lastInterval,
        uint64 amountMicro
    ) external returns (uint32 feeder, Side side, uint32 offers) {
        Holder memory holder = holderOf(from);
        Right memory right = rights[assetId];
        if (right.owner != from) revert NotAssetOwner(assetId, from);
        right.requireInside(firstInterval, lastInterval);
        Place memory place = holder.placeOf(assetId, places);
        if (place.heldWs < energyWs) revert NotEnoughEnergy(assetId, energyWs, place.heldWs);
        place.heldWs -= energyWs;
        place.enteredWs += energyWs;
        uint32 first = firstInterval - right.firstInterval;
        place.offer(right, assetId, first, lastInterval - right.firstInterval, powerW);
        holder.setPlace(assetId, place, places);
        if (right.side == Side.Buy && amountMicro > 0) {
            holder.balanceMicro = less(holder.balanceMicro, amountMicro, from);
            accounts[msg.sender].insideMicro += amountMicro;
        }
        holders[from] = holder;
        return (right.feeder, right.side, place.offers);
    }

    function release(Release[] calldata releases) external returns (address[] memory owners) {
        owners = new address[](releases.length);
        uint256 amountMicro = 0;
        for (uint256 i = 0; i < releases.length; i++) {
            Release calldata one = releases[i];
            address owner = rights[one.assetId].owner;
            owners[i] = owner;
            Holder memory holder = holderOf(owner);
            if (one.energyWs > 0) {
                Place memory place = holder.placeOf(one.assetId, places);
                if (place.enteredWs < one.energyWs) {
                    revert NotInside(one.assetId, one.energyWs, one.amountMicro);
                }
                place.enteredWs -= one.energyWs;
                place.heldWs += one.energyWs;
                holder.setPlace(one.assetId, place, places);
            }
            holder.balanceMicro += one.amountMicro;
            amountMicro += one.amountMicro;
            holders[owner] = holder;
        }
        takeInside(amountMicro);
    }

    function moveMoneyIn(address from, uint64 amountMicro) external {
        Holder memory holder = holderOf(from);
        holders[from].balanceMicro = less(holder.balanceMicro, amountMicro, from);
        accounts[msg.sender].insideMicro += amountMicro;
    }

    function moveMoneyOut(address to, uint64 amountMicro) external {
        holderOf(to);
        holders[to].balanceMicro += amountMicro;
        takeInside(amountMicro);
    }

    function takeInside(uint256 amountMicro) private {
        if (amountMicro == 0) return;
        uint64 inside = accounts[msg.sender].insideMicro;
        if (inside < amountMicro) revert NotInside(0, 0, amountMicro);
        accounts[msg.sender].insideMicro = inside - uint64(amountMicro);
    }

    /// What an address holds that was granted for the calling market.
    function holderOf(address from) private view returns (Holder memory holder) {
        holder = holders[from];
        uint8 number = accounts[msg.sender].number;
        if (number == 0 || holder.market != number) revert NotMarket(msg.sender);
    }

    function less(uint64 held, uint64 wanted, address from) private pure returns (uint64) {
        if (held < wanted) revert NotEnoughMoney(from, wanted, held);
        return held - wanted;
    }
}
