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

/// Where all energy of one side ever granted is, Ws. What is held is the rest; what is held past an
/// asset's last interval has expired.
struct EnergyTotals {
    uint64 grantedWs;
    uint64 inMarketsWs;
    uint64 tradedWs;
    uint64 depositedWs;
}

/// Where all money ever granted is. The balances are the rest.
struct MoneyTotals {
    uint64 grantedMicro;
    uint64 inMarketsMicro;
    uint64 depositedMicro;
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
    error NoHolder();
    error NoSuchFeeder(uint32 feeder);
    error BadRange(uint32 firstInterval, uint32 lastInterval);
    error NothingGranted();
    error OtherFeeder(address holder, uint32 feeder);
    error OtherMarket(address holder, address market);
    error PowerCapExceeded(uint32 feeder, uint32 interval, Side side, uint256 powerW);
    error MoneyCapExceeded(uint256 day, uint256 amountMicro);
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
    /// Where all energy of a side is.
    function energyTotals(Side side) external view returns (EnergyTotals memory);
    /// Where all money is.
    function moneyTotals() external view returns (MoneyTotals memory);
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

    /// Market only: energy of an asset, and money of its owner, into an offer. `assetId` 0: money
    /// alone (a stake).
    function moveIn(address from, uint32 assetId, uint48 energyWs, uint64 amountMicro) external;
    /// Market only: energy back to its asset, money to an address; at most what came in.
    function moveOut(address to, uint32 assetId, uint48 energyWs, uint64 amountMicro) external;
    /// Market only: energy of trades that became final, the same for both sides.
    function recordTraded(uint64 energyWs) external;
}
