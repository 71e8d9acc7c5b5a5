/** What a plan is made from. Powers positive into the home. */
import type { Interval } from '../../market/intervals.ts';
import type { Side } from '../../market/units.ts';
import type { BatteryModel, FollowerRoom } from './battery.ts';
import type { StrategyName } from './counted-prices.ts';
import type { HomeTime } from './home-time.ts';
import type { Clears } from './market-past.ts';
import type { NetLoadForecast } from './plan.ts';
import type { SwitchedLoad } from './switched-loads.ts';
import type { Prices, Tariff } from './tariff.ts';

/** An offer of this home that is out and may still trade. */
export interface OpenOffer {
  side: Side;
  firstInterval: Interval;
  lastInterval: Interval;
  remainingWs: number;
  maxPowerW: number;
  isFlexible: boolean;
}

export interface WantsInput {
  /** The running interval. */
  madeIn: Interval;
  intervalSeconds: number;
  /** Last interval for which offers may be posted. */
  lastInterval: Interval;
  /** How many intervals ahead offers for a single interval are made. */
  ahead: number;
  /**
   * For every interval from `madeIn + 1`, at least to `lastInterval`; farther ones show own need.
   */
  forecasts: readonly NetLoadForecast[];
  /** `storedWs`: expected in the cells at the start of `madeIn + 1`. */
  battery: { model: BatteryModel; storedWs: number } | null;
  loads: readonly SwitchedLoad[];
  openOffers: readonly OpenOffer[];
  /** Power that final trades of flexible asks take from the battery, by interval, W. */
  flexibleSoldW: ReadonlyMap<Interval, number>;
  tariff: Tariff;
  /** Limit of the home's grants together in any interval, W. */
  maxPowerW: number;
  /** Smaller offers are not taken by the market. */
  leastOfferWs: number;
  time: HomeTime;
  /**
   * Null: sizes, ranges and prices as everybody's (`market/common-sizes.ts`). Else exact ones, with
   * a margin of this home's own, a share: a lab's.
   */
  ownMargin: number | null;
  /** Default: `truthful`. */
  strategy?: StrategyName;
  /** What the market's past says will clear; nothing, if absent. */
  clearsAt?: (interval: Interval) => Clears;
  /**
   * What is expected to be paid for what is drawn, and for what is fed in, beside the trades of an
   * interval; the supplier's prices, if absent.
   */
  deviationsAt?: (interval: Interval) => Prices;
  /**
   * Of an equal share of the community's net load: what the battery is planned for, instead of the
   * home's own (even-share.ts). As `forecasts`.
   */
  share?: readonly NetLoadForecast[];
  /** Of a kWh through the battery; as everybody counts it, if absent. */
  wearMicroPerKwh?: number;
  /** Default: none, as the agent's follower weighs what comes. */
  followerRoom?: FollowerRoom;
}
