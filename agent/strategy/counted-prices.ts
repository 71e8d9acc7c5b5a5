/**
 * What a home counts with when it decides what to offer: the named strategies. None of them moves
 * the price of an offer, which is everybody's; they decide how the battery looks ahead, and with
 * that how much is offered. A trade counts at the middle of ask and bid, which is what it will be
 * made at. Pure.
 *
 * - `truthful`: later intervals count at the supplier's prices, whatever others do.
 * - `adaptive`: later intervals count at what the market's past says will clear then.
 */
import { midpointPrice } from '../../market/units.ts';
import type { MeterPrices } from './battery-plan/response.ts';
import type { Clears } from './market-past.ts';
import { askPrice, bidPrice, commonPrices, MARGIN, type Prices, storePrice } from './tariff.ts';

export const STRATEGIES = ['truthful', 'adaptive'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** Reservation prices of the offers of an interval. */
export interface OfferPrices {
  askMicroPerKwh: number;
  bidMicroPerKwh: number;
}

/** @param ownMargin null: everybody's */
export function offerPrices(supplier: Prices, ownMargin: number | null): OfferPrices {
  if (ownMargin === null) return commonPrices(supplier);
  return {
    askMicroPerKwh: askPrice(supplier, ownMargin),
    bidMicroPerKwh: bidPrice(supplier, ownMargin),
  };
}

/**
 * Of what the battery trades on top of the plan: wear is in the ask, losses and wear in the bid. A
 * bid of 0: storing is not worth it, as if use were never dearer than now.
 */
export function batteryPrices(
  supplier: Prices,
  ownMargin: number | null,
  { efficiency, wearMicroPerKwh }: { efficiency: number; wearMicroPerKwh: number },
): OfferPrices {
  const worth = storePrice(supplier, ownMargin ?? MARGIN, efficiency);
  if (ownMargin === null) {
    const common = commonPrices(supplier);
    return {
      ...common,
      bidMicroPerKwh: common.bidMicroPerKwh <= worth ? common.bidMicroPerKwh : 0,
    };
  }
  return {
    askMicroPerKwh: askPrice(supplier, ownMargin, wearMicroPerKwh),
    bidMicroPerKwh: worth,
  };
}

/** What a trade at these reservation prices will be made at. */
export function tradePrice({ askMicroPerKwh, bidMicroPerKwh }: OfferPrices): number {
  return midpointPrice(askMicroPerKwh, bidMicroPerKwh);
}

/** What a further kWh of a later interval costs or brings, market and supplier together. */
export function laterPrices(
  strategy: StrategyName,
  offers: OfferPrices,
  beside: Prices,
  clears: Clears,
): MeterPrices {
  const { useMicroPerKwh: use, feedInMicroPerKwh: feedIn } = beside;
  if (strategy === 'truthful') return supplierPrices(beside);
  const trade = tradePrice(offers);
  return {
    buyMicroPerKwh: use + clears.bids * Math.min(0, trade - use),
    sellMicroPerKwh: feedIn + clears.asks * Math.max(0, trade - feedIn),
  };
}

export function supplierPrices({ useMicroPerKwh, feedInMicroPerKwh }: Prices): MeterPrices {
  return { buyMicroPerKwh: useMicroPerKwh, sellMicroPerKwh: feedInMicroPerKwh };
}
