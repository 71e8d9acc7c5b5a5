// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssets, Place} from "./IAssets.sol";
import {Right} from "./Rights.sol";

/// One slot an address: its money, and the place of its first asset. Most have but one.
struct Holder {
    uint64 balanceMicro;
    uint8 market; // its number; 0: nothing was ever granted
    uint32 assetId; // 0: no energyAsset was ever granted
    uint48 heldWs;
    uint48 enteredWs;
    uint32 offeredPowerW;
    uint8 since;
    uint8 reach;
    uint8 offers;
}

/// @title What an address holds
library Holders {
    /// @param places of assets that are not the first of their address
    function placeOf(
        Holder memory holder,
        uint32 assetId,
        mapping(uint32 assetId => Place) storage places
    ) internal view returns (Place memory) {
        if (holder.assetId != assetId) return places[assetId];
        return
            Place({
                heldWs: holder.heldWs,
                enteredWs: holder.enteredWs,
                offeredPowerW: holder.offeredPowerW,
                since: holder.since,
                reach: holder.reach,
                offers: holder.offers
            });
    }

    /// The holder itself is still to be stored.
    function setPlace(
        Holder memory holder,
        uint32 assetId,
        Place memory place,
        mapping(uint32 assetId => Place) storage places
    ) internal {
        if (holder.assetId != assetId) {
            places[assetId] = place;
            return;
        }
        holder.heldWs = place.heldWs;
        holder.enteredWs = place.enteredWs;
        holder.offeredPowerW = place.offeredPowerW;
        holder.since = place.since;
        holder.reach = place.reach;
        holder.offers = place.offers;
    }

    /// Counts an offer. One that begins behind all others leaves a gap: from there on power is
    /// counted anew, and nothing comes before it any more.
    /// @param first its intervals, from the asset's first one on
    function offer(
        Place memory place,
        Right memory right,
        uint32 assetId,
        uint32 first,
        uint32 last,
        uint32 powerW
    ) internal pure {
        if (first < place.since) {
            uint32 zero = right.firstInterval;
            revert IAssets.OutOfTurn(assetId, zero + first, zero + place.since);
        }
        uint256 togetherW = powerW;
        if (first < place.reach) togetherW += place.offeredPowerW;
        else place.since = uint8(first); // of an asset's at most 96
        if (togetherW > right.maxPowerW) {
            revert IAssets.AssetOverPower(assetId, togetherW, right.maxPowerW);
        }
        place.offeredPowerW = uint32(togetherW);
        if (last >= place.reach) place.reach = uint8(last + 1);
        place.offers++;
    }
}
