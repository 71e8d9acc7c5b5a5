// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnergyAsset, Side} from "./IAssets.sol";
import {IMatching, OfferView} from "./IMatching.sol";

/// What an offer says, and its energy left: one slot, all that verification reads. `maxPowerW` is 0
/// when there is no such offer. `postedAt` in unix seconds fits until 2106, as intervals do.
struct Terms {
    uint32 feeder;
    Side side;
    uint32 firstInterval;
    uint32 lastInterval;
    uint48 energyWs;
    uint32 maxPowerW;
    uint32 priceMicroPerKwh;
    uint32 postedAt;
    bool closed;
}

/// Whose an offer is, and the money inside it: one slot.
struct Account {
    address owner;
    uint32 assetId;
    uint64 moneyMicro;
}

/// The open offers of one energyAsset.
struct AssetUse {
    uint32 openOffers;
    uint64 powerW;
}

struct OfferBook {
    mapping(uint32 offerId => Terms) terms;
    mapping(uint32 offerId => Account) accounts;
    mapping(uint32 assetId => AssetUse) uses;
}

/// @title The records of offers
library Offers {
    /// Counts an offer against its asset: all open ones together stay within its power.
    function open(
        OfferBook storage book,
        uint32 offerId,
        Terms memory terms,
        Account memory account,
        uint32 assetMaxPowerW,
        uint32 mostOffers
    ) internal {
        AssetUse storage use = book.uses[account.assetId];
        if (use.openOffers >= mostOffers) {
            revert IMatching.TooManyOffers(account.assetId, mostOffers);
        }
        uint64 powerW = use.powerW + terms.maxPowerW;
        if (terms.maxPowerW == 0 || powerW > assetMaxPowerW) {
            revert IMatching.AssetOverPower(account.assetId, powerW, assetMaxPowerW);
        }
        use.openOffers++;
        use.powerW = powerW;
        book.terms[offerId] = terms;
        book.accounts[offerId] = account;
    }

    /// Empties an offer.
    /// @return energyWs what was left of it
    /// @return account with the money it held
    function close(
        OfferBook storage book,
        uint32 offerId
    ) internal returns (uint48 energyWs, Account memory account) {
        Terms storage terms = book.terms[offerId];
        account = book.accounts[offerId];
        energyWs = terms.energyWs;
        terms.closed = true;
        terms.energyWs = 0;
        book.accounts[offerId].moneyMicro = 0;
        AssetUse storage use = book.uses[account.assetId];
        use.openOffers--;
        use.powerW -= terms.maxPowerW;
    }

    function viewOf(
        OfferBook storage book,
        uint32 offerId
    ) internal view returns (OfferView memory) {
        Terms memory terms = book.terms[offerId];
        Account memory account = book.accounts[offerId];
        return
            OfferView({
                owner: account.owner,
                assetId: account.assetId,
                feeder: terms.feeder,
                side: terms.side,
                firstInterval: terms.firstInterval,
                lastInterval: terms.lastInterval,
                energyWs: terms.energyWs,
                maxPowerW: terms.maxPowerW,
                priceMicroPerKwh: terms.priceMicroPerKwh,
                moneyMicro: account.moneyMicro,
                postedAt: terms.postedAt,
                closed: terms.closed
            });
    }
}
