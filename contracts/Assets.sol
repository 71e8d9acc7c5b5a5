// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Caps, EnergyAsset, EnergyTotals, IAssets, MoneyTotals, Side} from "./IAssets.sol";
import {IMicrogrid} from "./IMicrogrid.sol";

/// One slot an address.
struct Holder {
    address market; // 0: nothing was ever granted
    uint32 feederPlusOne; // 0: no energyAsset was ever granted
    uint64 balanceMicro;
}

/// What is inside one market now.
struct Inside {
    uint64 sellWs;
    uint64 buyWs;
    uint64 moneyMicro;
}

/// @title energyAssets and money of anonymous addresses
/// @notice See {IAssets}. Nothing here appears or vanishes but by the granter's grants and the
/// owners' deposits; `energyTotals` and `moneyTotals` say at any time where everything is.
contract Assets is IAssets {
    /// Power is counted in every interval of a grant: a range is bounded.
    uint32 public constant MAX_RANGE = 96;
    uint256 private constant DAY = 86_400;

    IMicrogrid public immutable microgrid;
    uint64 private immutable capMicroPerDay;
    uint64 private immutable capPowerW;

    uint32 public assetCount;
    mapping(uint32 assetId => EnergyAsset) private assetOf;
    /// Energy of an asset that is inside its owner's market, traded or not.
    mapping(uint32 assetId => uint48) private enteredWs;
    mapping(address => Holder) private holders;
    mapping(address market => Inside) private insides;
    mapping(Side => EnergyTotals) private energy;
    MoneyTotals private money;

    mapping(uint32 feeder => mapping(uint32 interval => mapping(Side => uint64)))
        public grantedPowerW;
    mapping(uint256 day => uint64) public grantedMicroOn;

    modifier onlyGranter() {
        if (!microgrid.isGranter(msg.sender)) revert NotGranter(msg.sender);
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
        return assetOf[assetId];
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
        if (energyWs == 0 || maxPowerW == 0) revert NothingGranted();
        if (feeder > microgrid.feederCount()) revert NoSuchFeeder(feeder);
        if (
            lastInterval < firstInterval ||
            lastInterval - firstInterval >= MAX_RANGE ||
            lastInterval < microgrid.currentInterval()
        ) revert BadRange(firstInterval, lastInterval);
        admit(to, market);
        fixFeeder(to, feeder);
        countPower(feeder, side, firstInterval, lastInterval, maxPowerW);

        assetId = ++assetCount;
        assetOf[assetId] = EnergyAsset({
            owner: to,
            feeder: feeder,
            side: side,
            firstInterval: firstInterval,
            lastInterval: lastInterval,
            energyWs: energyWs,
            maxPowerW: maxPowerW
        });
        energy[side].grantedWs += energyWs;
        emit AssetAdded(
            to,
            assetId,
            feeder,
            side,
            firstInterval,
            lastInterval,
            energyWs,
            maxPowerW
        );
    }

    function addFinancialBalance(
        address to,
        address market,
        uint64 amountMicro
    ) external onlyGranter {
        if (amountMicro == 0) revert NothingGranted();
        admit(to, market);
        uint256 day = block.timestamp / DAY;
        uint256 granted = uint256(grantedMicroOn[day]) + amountMicro;
        if (granted > capMicroPerDay) revert MoneyCapExceeded(day, amountMicro);
        grantedMicroOn[day] = uint64(granted);
        holders[to].balanceMicro += amountMicro;
        money.grantedMicro += amountMicro;
        emit FinancialAdded(to, amountMicro);
    }

    /// The address becomes, or already is, one of this market. No grant before the grid is sealed:
    /// until then limits may change under an offer.
    function admit(address to, address market) private {
        if (to == address(0)) revert NoHolder();
        if (!microgrid.isSealed()) revert NotSealed();
        if (!microgrid.isMarket(market)) revert NotMarket(market);
        Holder storage holder = holders[to];
        if (holder.market == address(0)) holder.market = market;
        else if (holder.market != market) revert OtherMarket(to, holder.market);
    }

    function fixFeeder(address to, uint32 feeder) private {
        Holder storage holder = holders[to];
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
        for (uint256 t = firstInterval; t <= lastInterval; t++) {
            uint32 interval = uint32(t);
            uint256 granted = uint256(grantedPowerW[feeder][interval][side]) + maxPowerW;
            if (granted > capPowerW) revert PowerCapExceeded(feeder, interval, side, granted);
            grantedPowerW[feeder][interval][side] = uint64(granted);
        }
    }

    // ------------------------------------------------------------------------------ deposits

    function depositEnergy(uint32 assetId) external {
        EnergyAsset storage asset = assetOf[assetId];
        if (asset.owner != msg.sender) revert NotAssetOwner(assetId, msg.sender);
        uint48 energyWs = asset.energyWs;
        if (energyWs == 0) revert NothingToDeposit();
        asset.energyWs = 0;
        energy[asset.side].depositedWs += energyWs;
        emit EnergyDeposited(msg.sender, assetId, energyWs);
    }

    function depositFinancial(uint64 amountMicro) external {
        if (amountMicro == 0) revert NothingToDeposit();
        takeMoney(msg.sender, amountMicro);
        money.depositedMicro += amountMicro;
        emit FinancialDeposited(msg.sender, amountMicro);
    }

    // ------------------------------------------------------------------------------- markets

    function moveIn(
        address from,
        uint32 assetId,
        uint48 energyWs,
        uint64 amountMicro
    ) external {
        requireMarketOf(from);
        Inside storage inside = insides[msg.sender];
        if (energyWs > 0) {
            EnergyAsset storage asset = assetOf[assetId];
            if (asset.owner != from) revert NotAssetOwner(assetId, from);
            if (asset.energyWs < energyWs) {
                revert NotEnoughEnergy(assetId, energyWs, asset.energyWs);
            }
            asset.energyWs -= energyWs;
            enteredWs[assetId] += energyWs;
            if (asset.side == Side.Sell) inside.sellWs += energyWs;
            else inside.buyWs += energyWs;
            energy[asset.side].inMarketsWs += energyWs;
        }
        if (amountMicro > 0) {
            takeMoney(from, amountMicro);
            inside.moneyMicro += amountMicro;
            money.inMarketsMicro += amountMicro;
        }
    }

    function moveOut(
        address to,
        uint32 assetId,
        uint48 energyWs,
        uint64 amountMicro
    ) external {
        requireMarketOf(to);
        Inside storage inside = insides[msg.sender];
        if (energyWs > 0) {
            EnergyAsset storage asset = assetOf[assetId];
            if (asset.owner != to) revert NotAssetOwner(assetId, to);
            uint64 insideWs = asset.side == Side.Sell ? inside.sellWs : inside.buyWs;
            if (enteredWs[assetId] < energyWs || insideWs < energyWs) {
                revert NotInside(assetId, energyWs, 0);
            }
            enteredWs[assetId] -= energyWs;
            asset.energyWs += energyWs;
            if (asset.side == Side.Sell) inside.sellWs -= energyWs;
            else inside.buyWs -= energyWs;
            energy[asset.side].inMarketsWs -= energyWs;
        }
        if (amountMicro > 0) {
            if (inside.moneyMicro < amountMicro) revert NotInside(assetId, 0, amountMicro);
            inside.moneyMicro -= amountMicro;
            money.inMarketsMicro -= amountMicro;
            holders[to].balanceMicro += amountMicro;
        }
    }

    function recordTraded(uint64 energyWs) external {
        if (!microgrid.isMarket(msg.sender)) revert NotMarket(msg.sender);
        Inside storage inside = insides[msg.sender];
        if (inside.sellWs < energyWs || inside.buyWs < energyWs) revert NotInside(0, energyWs, 0);
        inside.sellWs -= energyWs;
        inside.buyWs -= energyWs;
        for (uint8 side = 0; side < 2; side++) {
            energy[Side(side)].inMarketsWs -= energyWs;
            energy[Side(side)].tradedWs += energyWs;
        }
    }

    /// Markets are never taken away, so one that an address was granted for is an admitted one.
    function requireMarketOf(address holder) private view {
        if (holders[holder].market != msg.sender) revert NotMarket(msg.sender);
    }

    function takeMoney(address from, uint64 amountMicro) private {
        uint64 held = holders[from].balanceMicro;
        if (held < amountMicro) revert NotEnoughMoney(from, amountMicro, held);
        holders[from].balanceMicro = held - amountMicro;
    }
}
