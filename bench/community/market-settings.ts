/** How the community goes through the market. */
import { STRATEGIES } from '../../agent/strategy/counted-prices.ts';
import type { ForecastName } from './forecasts.ts';
import type { Counted } from './rivals.ts';
import type { Settling } from './settlement.ts';

/**
 * What the battery does within an interval: hold the meter on the target, whatever that costs, or,
 * as agents do, keep the trades and weigh what comes beside them against what it is worth later.
 */
export type Following = 'target' | 'value';

/** As agents do, or with batteries that play for an equal share of the community. */
export const BENCH_STRATEGIES = [...STRATEGIES, 'even-share'] as const;
export type BenchStrategy = (typeof BENCH_STRATEGIES)[number];

export interface MarketSettings extends Counted {
  forecast: ForecastName;
  settling: Settling;
  strategy: BenchStrategy;
  following: Following;
  seed: number;
  /** Told at times, a share of the whole. */
  progress?: (share: number) => void;
}
