/**
 * The utility's prices: what a home pays for use and gets for feeding in. They frame every
 * reservation price (design: the chain, `Microgrid`).
 */
import { PRICE_GRID_MICRO } from '../../market/common-sizes.ts';
import type { Interval } from '../../market/intervals.ts';

/** Prices over a UTC day, repeated daily: 1, 24 or 96 of each. */
export interface Tariff {
  useMicroPerKwh: readonly number[];
  feedInMicroPerKwh: readonly number[];
}

export interface Prices {
  useMicroPerKwh: number;
  feedInMicroPerKwh: number;
}

const SECONDS_PER_DAY = 86_400;

/** The prices of an interval, as `Microgrid.tariffAt` gives them. */
export function pricesAt(tariff: Tariff, interval: Interval, intervalSeconds: number): Prices {
  const second = (interval * intervalSeconds) % SECONDS_PER_DAY;
  const of = (prices: readonly number[]) =>
    prices[Math.floor((second * prices.length) / SECONDS_PER_DAY)] ?? 0;
  return {
    useMicroPerKwh: of(tariff.useMicroPerKwh),
    feedInMicroPerKwh: of(tariff.feedInMicroPerKwh),
  };
}

/** How far inside the utility's prices a home offers, as a share of the span. */
export const MARGIN = 0.05;
/** What a kWh through the battery wears off it. */
export const WEAR_MICRO_PER_KWH = 20_000;
/** Of a battery as the common bid counts with it: nearly all are better. */
const COMMON_EFFICIENCY = 0.85;

/** Least a seller takes: a little above feed-in, so that trading is worth it. */
export function askPrice(prices: Prices, margin: number, wearMicroPerKwh = 0): number {
  return Math.max(
    0,
    Math.ceil(prices.feedInMicroPerKwh + spanOf(prices) * margin + wearMicroPerKwh),
  );
}

/** Most a buyer gives: a little below the price of use. */
export function bidPrice(prices: Prices, margin: number): number {
  return Math.max(0, Math.floor(prices.useMicroPerKwh - spanOf(prices) * margin));
}

/**
 * Most that a kWh is worth which goes through the battery and saves a kWh of use later, as if at
 * the same price of use; 0 where storing is not worth it.
 * @param efficiency energy out over energy in, of a whole cycle
 */
export function storePrice(prices: Prices, margin: number, efficiency: number): number {
  const worth = Math.floor(prices.useMicroPerKwh * efficiency) - WEAR_MICRO_PER_KWH;
  const price = Math.min(worth, bidPrice(prices, margin));
  return price > prices.feedInMicroPerKwh ? price : 0;
}

/**
 * The two prices that everybody offers at, whatever the energy comes from or goes to, so that a
 * price says nothing about who offers (privacy: common sizes). They suit batteries too, unless the
 * tariff leaves no room for their losses: then they are what suits all others.
 */
export function commonPrices(prices: Prices): { askMicroPerKwh: number; bidMicroPerKwh: number } {
  const up = (price: number) => Math.ceil(price / PRICE_GRID_MICRO) * PRICE_GRID_MICRO;
  const down = (price: number) => Math.floor(price / PRICE_GRID_MICRO) * PRICE_GRID_MICRO;
  const askMicroPerKwh = up(askPrice(prices, MARGIN, WEAR_MICRO_PER_KWH));
  const bidMicroPerKwh = down(storePrice(prices, MARGIN, COMMON_EFFICIENCY));
  if (askMicroPerKwh <= bidMicroPerKwh) return { askMicroPerKwh, bidMicroPerKwh };
  return {
    askMicroPerKwh: up(askPrice(prices, MARGIN)),
    bidMicroPerKwh: down(bidPrice(prices, MARGIN)),
  };
}

function spanOf({ useMicroPerKwh, feedInMicroPerKwh }: Prices): number {
  return Math.max(0, useMicroPerKwh - feedInMicroPerKwh);
}
