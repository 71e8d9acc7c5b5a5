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

    function assets(uint32 assetId) external view returns (EnergyAsset memory);
    function assetCount() external view returns (uint32);
    function balanceMicro(address holder) external view returns (uint64);
    /// The feeder of an address, for ever; 0 also means the utility: see `isKnown`.
    function feederOf(address holder) external view returns (uint32);
    function isKnown(address holder) external view returns (bool);
    /// The market an address was granted for.
    function marketOf(address holder) external view returns (address);

    /// Granter only. Ids count from 1. The first grant to an address fixes its feeder and market.
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

    /// Market only: energy of an asset, and money of its owner, into an offer.
    function moveIn(address from, uint32 assetId, uint48 energyWs, uint64 amountMicro) external;
    /// Market only: energy back to its asset, money to an address; at most what came in.
    function moveOut(address to, uint32 assetId, uint48 energyWs, uint64 amountMicro) external;
    /// Market only: energy of trades that became final, per side.
    function recordTraded(uint64 energyWs) external;
}
