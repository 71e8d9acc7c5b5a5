// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Caps, EnergyAsset, EnergyTotals, Grant, IAssets} from "./IAssets.sol";
import {MoneyTotals, Place, Release, Side} from "./IAssets.sol";
import {IMicrogrid} from "./IMicrogrid.sol";

/// One slot an address.
struct Holder {
    address market; // 0: nothing was ever granted
    uint32 feederPlusOne; // 0: no energyAsset was ever granted
    uint64 balanceMicro;
}

/// What was granted, for ever: one slot. `owner` is 0 when there is no such asset.
struct Right {
    address owner;
    uint16 feeder;
    Side side;
    uint32 firstInterval;
    uint8 moreIntervals; // after the first
    uint32 maxPowerW;
}

/// @title energyAssets and money of anonymous addresses
/// @notice See {IAssets}. Nothing here appears or vanishes but by the granter's grants and the
/// owners' deposits. A market moves only what its own addresses put in: energy back to the asset it
/// came from, and money that is inside the market.
contract Assets is IAssets {
    /// Power is counted in every interval of a grant: a range is bounded.
    uint32 public constant MAX_RANGE = 96;
    uint256 private constant DAY = 86_400;

    IMicrogrid public immutable microgrid;
    uint64 private immutable capMicroPerDay;
    uint64 private immutable capPowerW;

    uint32 public assetCount;
    mapping(uint32 assetId => Right) private rights;
    mapping(uint32 assetId => Place) private places;
    mapping(address => Holder) private holders;
    mapping(address market => uint64) public insideMicro;
    mapping(Side => EnergyTotals) private energy;
    MoneyTotals private money;

    /// Power granted, 64 bits an interval, four to a word.
    mapping(uint32 feeder => mapping(Side => mapping(uint32 word => uint256))) private powers;
    mapping(uint256 day => uint64) public grantedMicroOn;

    modifier onlyGranter() {
        if (!microgrid.isGranter(msg.sender)) revert NotGranter(msg.sender);
        // Until the grid is sealed, limits may change under an offer.
        if (!microgrid.isSealed()) revert NotSealed();
        _;
    }

    /// @param caps_ fixed for ever: what a stolen granter's key can do at most
    constructor(IMicrogrid microgrid_, Caps memory caps_) {
        microgrid = microgrid_;
        capMicroPerDay = caps_.moneyMicroPerDay;
        capPowerW = caps_.powerW;
    }

    // --------------------------------------------------------------------------------- views

    function assets(uint32 assetId) public view returns (EnergyAsset memory) {
        Right memory right = rights[assetId];
        return
            EnergyAsset({
                owner: right.owner,
                feeder: right.feeder,
                side: right.side,
                firstInterval: right.firstInterval,
                lastInterval: right.firstInterval + right.moreIntervals,
                energyWs: places[assetId].heldWs,
                maxPowerW: right.maxPowerW
            });
    }

    function placeOf(uint32 assetId) external view returns (Place memory) {
        return places[assetId];
    }

    function balanceMicro(address holder) external view returns (uint64) {
        return holders[holder].balanceMicro;
    }

    function feederOf(address holder) external view returns (uint32) {
        uint32 feederPlusOne = holders[holder].feederPlusOne;
        return feederPlusOne == 0 ? 0 : feederPlusOne - 1;
    }

    function isKnown(address holder) external view returns (bool) {
        return holders[holder].feederPlusOne != 0;
    }

    function marketOf(address holder) external view returns (address) {
        return holders[holder].market;
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
        return uint64(powers[feeder][side][interval >> 2] >> ((interval & 3) * 64));
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
            fixFeeder(holder, g.to, g.feeder);
            countPower(g.feeder, g.side, g.firstInterval, g.lastInterval, g.maxPowerW);
            assetId = create(g);
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

    function create(Grant memory g) private returns (uint32 assetId) {
        assetId = ++assetCount;
        rights[assetId] = Right({
            owner: g.to,
            feeder: uint16(g.feeder), // the grid has at most 256
            side: g.side,
            firstInterval: g.firstInterval,
            moreIntervals: uint8(g.lastInterval - g.firstInterval),
            maxPowerW: g.maxPowerW
        });
        places[assetId].heldWs = g.energyWs;
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
    function admitted(address to, address market) private view returns (Holder memory holder) {
        if (to == address(0)) revert NoHolder();
        if (!microgrid.isMarket(market)) revert NotMarket(market);
        holder = holders[to];
        if (holder.market == address(0)) holder.market = market;
        else if (holder.market != market) revert OtherMarket(to, holder.market);
    }

    function fixFeeder(Holder memory holder, address to, uint32 feeder) private pure {
        if (holder.feederPlusOne == 0) holder.feederPlusOne = feeder + 1;
        else if (holder.feederPlusOne != feeder + 1) {
            revert OtherFeeder(to, holder.feederPlusOne - 1);
        }
    }

    function countPower(
        uint32 feeder,
        Side side,
        uint32 firstInterval,
        uint32 lastInterval,
        uint32 maxPowerW
    ) private {
        mapping(uint32 => uint256) storage words = powers[feeder][side];
        uint256 word;
        for (uint256 t = firstInterval; t <= lastInterval; t++) {
            if (t == firstInterval || t & 3 == 0) word = words[uint32(t >> 2)];
            uint256 shift = (t & 3) * 64;
            uint256 granted = uint256(uint64(word >> shift)) + maxPowerW;
            if (granted > capPowerW) revert PowerCapExceeded(feeder, uint32(t), side, granted);
            word += uint256(maxPowerW) << shift; // within 64 bits, as the cap is
            if (t == lastInterval || t & 3 == 3) words[uint32(t >> 2)] = word;
        }
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
        uint48 energyWs = places[assetId].heldWs;
        if (energyWs == 0) revert NothingToDeposit();
        places[assetId].heldWs = 0;
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
        uint64 amountMicro
    ) external returns (EnergyAsset memory asset, uint32 openOffers) {
        Holder storage holder = holderOf(from);
        if (rights[assetId].owner != from) revert NotAssetOwner(assetId, from);
        asset = assets(assetId);
        if (asset.energyWs < energyWs) revert NotEnoughEnergy(assetId, energyWs, asset.energyWs);
        asset.energyWs -= energyWs;
        Place memory place = places[assetId];
        place.heldWs = asset.energyWs;
        place.enteredWs += energyWs;
        place.offeredPowerW += powerW;
        place.openOffers++;
        if (place.offeredPowerW > asset.maxPowerW) {
            revert AssetOverPower(assetId, place.offeredPowerW, asset.maxPowerW);
        }
        places[assetId] = place;
        if (asset.side == Side.Buy && amountMicro > 0) {
            holder.balanceMicro = less(holder.balanceMicro, amountMicro, from);
            insideMicro[msg.sender] += amountMicro;
        }
        return (asset, place.openOffers);
    }

    function release(Release[] calldata releases) external returns (address[] memory owners) {
        owners = new address[](releases.length);
        uint256 amountMicro = 0;
        for (uint256 i = 0; i < releases.length; i++) {
            Release calldata one = releases[i];
            address owner = rights[one.assetId].owner;
            Holder storage holder = holderOf(owner);
            Place memory place = places[one.assetId];
            if (
                place.enteredWs < one.energyWs ||
                place.offeredPowerW < one.powerW ||
                place.openOffers == 0
            ) revert NotInside(one.assetId, one.energyWs, one.amountMicro);
            place.enteredWs -= one.energyWs;
            place.heldWs += one.energyWs;
            place.offeredPowerW -= one.powerW;
            place.openOffers--;
            places[one.assetId] = place;
            if (one.amountMicro > 0) holder.balanceMicro += one.amountMicro;
            amountMicro += one.amountMicro;
            owners[i] = owner;
        }
        takeInside(amountMicro);
    }

    function moveMoneyIn(address from, uint64 amountMicro) external {
        Holder storage holder = holderOf(from);
        holder.balanceMicro = less(holder.balanceMicro, amountMicro, from);
        insideMicro[msg.sender] += amountMicro;
    }

    function moveMoneyOut(address to, uint64 amountMicro) external {
        holderOf(to).balanceMicro += amountMicro;
        takeInside(amountMicro);
    }

    function takeInside(uint256 amountMicro) private {
        if (amountMicro == 0) return;
        uint64 inside = insideMicro[msg.sender];
        if (inside < amountMicro) revert NotInside(0, 0, amountMicro);
        insideMicro[msg.sender] = inside - uint64(amountMicro);
    }

    /// Markets are never taken away, so one that an address was granted for is an admitted one.
    function holderOf(address from) private view returns (Holder storage holder) {
        holder = holders[from];
        if (holder.market != msg.sender) revert NotMarket(msg.sender);
    }

    function less(uint64 held, uint64 wanted, address from) private pure returns (uint64) {
        if (held < wanted) revert NotEnoughMoney(from, wanted, held);
        return held - wanted;
    }
}
