// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

enum Side {
    Sell,
    Buy
}

/// A right, never a device, to sell or buy energy in a range of intervals.
struct EnergyAsset {
    address owner;
    uint32 feeder;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint48 energyWs; // what is held: granted, less what is in offers, traded or deposited
    uint32 maxPowerW;
}

/// What a granter can do at most: the loss when its key is stolen.
struct Caps {
    uint64 moneyMicroPerDay; // of all grants within a UTC day
    uint64 powerW; // sum of maxPowerW of all grants, per feeder, interval and side
}

/// Energy of one side over all addresses, Ws. Where each Ws of an asset is now: see `placeOf`.
struct EnergyTotals {
    uint64 grantedWs;
    uint64 depositedWs;
}

/// Money over all addresses. The balances are what is neither inside markets nor deposited.
struct MoneyTotals {
    uint64 grantedMicro;
    uint64 depositedMicro;
}

/// Where the energy of an asset is: granted = held + entered + deposited. And how far its offers
/// go: those since the last gap between them may trade together, and count together.
struct Place {
    uint48 heldWs; // with its owner
    uint48 enteredWs; // in open offers, or traded
    uint32 offeredPowerW; // of the offers since the gap
    uint8 since; // the gap, in intervals from the asset's first one on
    uint8 reach; // behind the last offered interval, likewise
    uint8 offers; // ever
}

/// All that one request asks for; energy or money may be 0, not both.
struct Grant {
    address to;
    address market;
    uint32 feeder;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint48 energyWs;
    uint32 maxPowerW;
    uint64 amountMicro;
}

/// What a market gives back when an offer ends.
struct Release {
    uint32 assetId;
    uint48 energyWs; // to the asset
    uint64 amountMicro; // to the asset's owner
}

/// energyAssets and money of anonymous addresses.
///
/// The granter (the DSO) creates both, within caps that bound a stolen key; the owner of an address
/// may put them into offers of the one market its address was granted for, or deposit them, which
/// tells the DSO to credit the meter. A market can give back, or pass on, only what came into it.
interface IAssets {
    event AssetAdded(
        address indexed owner,
        uint32 indexed assetId,
        uint32 feeder,
        Side side,
        uint32 firstInterval,
        uint32 lastInterval,
        uint48 energyWs,
        uint32 maxPowerW
    );
    event FinancialAdded(address indexed owner, uint64 amountMicro);
    event EnergyDeposited(address indexed owner, uint32 indexed assetId, uint48 energyWs);
    event FinancialDeposited(address indexed owner, uint64 amountMicro);

    error NotGranter(address caller);
    /// Not an admitted market, or not the one this address was granted for.
    error NotMarket(address caller);
    error NotAssetOwner(uint32 assetId, address caller);
    error NotSealed();
    error GridPaused();
    error NoHolder();
    error NoSuchFeeder(uint32 feeder);
    error BadRange(uint32 firstInterval, uint32 lastInterval);
    error NothingGranted();
    error OtherFeeder(address holder, uint32 feeder);
    error OtherMarket(address holder, address market);
    error PowerCapExceeded(uint32 feeder, uint32 interval, Side side, uint256 powerW);
    error MoneyCapExceeded(uint256 day, uint256 amountMicro);
    error AssetOverPower(uint32 assetId, uint256 powerW, uint32 maxPowerW);
    error OutsideAsset(uint32 firstInterval, uint32 lastInterval);
    /// Offers of one asset go forward: this one begins before a gap that later ones left.
    error OutOfTurn(uint32 assetId, uint32 firstInterval, uint32 gapInterval);
    error TooManyMarkets();
    error NotEnoughEnergy(uint32 assetId, uint256 wantedWs, uint256 heldWs);
    error NotEnoughMoney(address holder, uint256 wantedMicro, uint256 heldMicro);
    error NothingToDeposit();
    /// More than came into the market and is still inside.
    error NotInside(uint32 assetId, uint256 energyWs, uint256 amountMicro);

    function assets(uint32 assetId) external view returns (EnergyAsset memory);
    function assetCount() external view returns (uint32);
    function balanceMicro(address holder) external view returns (uint64);
    /// The feeder of an address, for ever; 0 also means the utility: see `isKnown`.
    function feederOf(address holder) external view returns (uint32);
    /// Whether the address has a feeder: from its first energyAsset on.
    function isKnown(address holder) external view returns (bool);
    /// The market an address was granted for.
    function marketOf(address holder) external view returns (address);
    function placeOf(uint32 assetId) external view returns (Place memory);
    function energyTotals(Side side) external view returns (EnergyTotals memory);
    function moneyTotals() external view returns (MoneyTotals memory);
    /// Money inside a market: in offers, stakes and rewards.
    function insideMicro(address market) external view returns (uint64);
    function caps() external view returns (Caps memory);
    /// Power granted so far for a feeder, interval and side, W.
    function grantedPowerW(
        uint32 feeder,
        uint32 interval,
        Side side
    ) external view returns (uint64);
    /// Money granted so far on a UTC day (unix time / 86,400).
    function grantedMicroOn(uint256 day) external view returns (uint64);

    /// Granter only. Ids count from 1. The first grant to an address fixes its feeder and market. A
    /// range has at most 96 intervals and is not all past. `energyWs` and `maxPowerW` are positive.
    function addEnergy(
        address to,
        address market,
        uint32 feeder,
        Side side,
        uint32 firstInterval,
        uint32 lastInterval,
        uint48 energyWs,
        uint32 maxPowerW
    ) external returns (uint32 assetId);
    /// Granter only, within the daily cap. Also fixes the market if the address is new.
    function addFinancialBalance(address to, address market, uint64 amountMicro) external;
    /// Owner only: gives up what is held of an asset.
    function depositEnergy(uint32 assetId) external;
    /// Owner only: takes money out; the DSO credits the meter that the address belongs to.
    function depositFinancial(uint64 amountMicro) external;

    /// Granter only: many grants in one transaction, all or none.
    function grant(Grant[] calldata grants) external;

    /// Market only: energy and power of an asset into an offer; from a buyer its money as well. Its
    /// offers that may trade at once have no more power together than the asset.
    /// @param amountMicro taken only when the asset is a right to buy
    /// @return feeder of the asset
    /// @return side of the asset
    /// @return offers of the asset so far, this one counted
    function moveIn(
        address from,
        uint32 assetId,
        uint48 energyWs,
        uint32 powerW,
        uint32 firstInterval,
        uint32 lastInterval,
        uint64 amountMicro
    ) external returns (uint32 feeder, Side side, uint32 offers);
    /// Market only: offers ended; energy back to assets, money to their owners; no more of an asset
    /// than entered from it, and no more money in all than came into the market.
    /// @return owners of the assets, by place
    function release(Release[] calldata releases) external returns (address[] memory owners);
    /// Market only: money alone (a stake, a reward) in, and out again.
    function moveMoneyIn(address from, uint64 amountMicro) external;
    function moveMoneyOut(address to, uint64 amountMicro) external;
}
