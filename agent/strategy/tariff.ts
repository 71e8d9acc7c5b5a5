/**
 * The utility's prices: what a home pays for use and gets for feeding in. They frame every
 * reservation price (design: the chain, `Microgrid`).
 */
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

/**
 * Prices are rounded to this grid: everyone uses the same, so that a price says nothing about who
 * offers it (privacy: common sizes).
 */
export const PRICE_GRID_MICRO = 10_000;

/** How far inside the utility's prices a home offers: a twentieth of the span. */
const MARGIN = 0.05;
/** What a kWh through the battery wears off it. */
export const WEAR_MICRO_PER_KWH = 20_000;

/** Least a seller takes: a little above feed-in, so that trading is worth it. */
export function askPrice(prices: Prices, wearMicroPerKwh = 0): number {
  const span = Math.max(0, prices.useMicroPerKwh - prices.feedInMicroPerKwh);
  const price = prices.feedInMicroPerKwh + span * MARGIN + wearMicroPerKwh;
  return Math.max(0, Math.ceil(price / PRICE_GRID_MICRO) * PRICE_GRID_MICRO);
}

/** Most a buyer gives: a little below the price of use. */
export function bidPrice(prices: Prices): number {
  const span = Math.max(0, prices.useMicroPerKwh - prices.feedInMicroPerKwh);
  const price = prices.useMicroPerKwh - span * MARGIN;
  return Math.max(0, Math.floor(price / PRICE_GRID_MICRO) * PRICE_GRID_MICRO);
}

/**
 * Most that a kWh is worth which goes through the battery and saves a kWh of use later, as if at
 * the same price of use; 0 where storing is not worth it.
 * @param efficiency energy out over energy in, of a whole cycle
 */
export function storePrice(prices: Prices, efficiency: number): number {
  const worth = prices.useMicroPerKwh * efficiency - WEAR_MICRO_PER_KWH;
  const price = Math.floor(Math.min(worth, bidPrice(prices)) / PRICE_GRID_MICRO) * PRICE_GRID_MICRO;
  return price > prices.feedInMicroPerKwh ? price : 0;
}
