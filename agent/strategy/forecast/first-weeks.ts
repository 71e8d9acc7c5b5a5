/**
 * The forecast while there is no trained model, from the first hour on: the median of the same slot
 * of the day over the past 28 days, and honest fallbacks while history is shorter, each named in
 * the forecast. Quantiles come from past errors once there are enough.
 */
import type { Interval } from '../../../market/intervals.ts';
import type { NetLoadForecast } from '../plan.ts';
import { quantile } from './quantile.ts';
import { type Known, sameSlot } from './simple-methods.ts';

/** From so many days on the slot's median stands alone. */
const FULL_DAYS = 7;
/** Errors kept, and how many it takes to trust their quantiles. */
const ERRORS_KEPT = 200;
const ERRORS_NEEDED = 20;
/** A deviation from the usual loses this share per interval. */
const PERSISTENCE = 0.7;
/** Weights of the last values, the latest first. */
const RECENT_WEIGHTS = [0.6, 0.3, 0.1];
/** Older last values say nothing about now. */
const RECENT_REACH = 8;
const LEAST_SPREAD_W = 100;
const SPREAD_SHARE = 0.4;
/** Errors are kept for forecasts this many intervals ahead; farther ones are wider. */
const NEAR_LEAD = 2;

/** Keeps the errors of a home's forecasts and makes them without training. */
export class FirstWeeks {
  readonly #known: Omit<Known, 'origin'>;
  readonly #errorsW: number[] = [];

  constructor(known: Omit<Known, 'origin'>) {
    this.#known = known;
  }

  /** How wrong an earlier forecast was: actual minus expected, W. */
  score(errorW: number): void {
    this.#errorsW.push(errorW);
    if (this.#errorsW.length > ERRORS_KEPT) this.#errorsW.shift();
  }

  /** @returns null while nothing at all is known of this home. */
  forecast(interval: Interval): NetLoadForecast | null {
    const days = this.#sameSlot(interval);
    const middle = this.#middle(interval, days);
    if (middle === null) return null;
    const [below, above] = this.#spread(interval, days, middle.p50W);
    return {
      interval,
      p10W: middle.p50W - below,
      p50W: middle.p50W,
      p90W: middle.p50W + above,
      method: middle.method,
    };
  }

  #middle(interval: Interval, days: number[]): { p50W: number; method: string } | null {
    if (days.length >= FULL_DAYS) {
      return { p50W: quantile(days, 0.5), method: `slot-median-28d (${days.length} days)` };
    }
    const recent = this.#recent();
    if (days.length > 0) {
      const usual = quantile(days, 0.5);
      const count = days.length === 1 ? '1 day' : `${days.length} days`;
      if (recent === null) return { p50W: usual, method: `same slot (${count})` };
      const usualThen = this.#sameSlot(recent.interval);
      const change = usualThen.length === 0 ? 0 : recent.powerW - quantile(usualThen, 0.5);
      const weight = powerOf(PERSISTENCE, Math.max(1, interval - recent.interval));
      return {
        p50W: usual + change * weight,
        method: `same slot blended with last values (${count})`,
      };
    }
    if (recent === null) return null;
    return { p50W: recent.powerW, method: 'last values' };
  }

  /** Distances of the 10 % and 90 % quantiles from the middle, W, never negative. */
  #spread(interval: Interval, days: number[], p50W: number): [number, number] {
    const latest = this.#latest;
    const lead = latest === null ? 1 : Math.max(1, interval - latest);
    const wider = Math.min(3, Math.sqrt(Math.max(1, lead / NEAR_LEAD)));
    if (this.#errorsW.length >= ERRORS_NEEDED) {
      const low = Math.min(0, quantile(this.#errorsW, 0.1));
      const high = Math.max(0, quantile(this.#errorsW, 0.9));
      return [-low * wider, high * wider];
    }
    if (days.length >= FULL_DAYS) {
      return [p50W - quantile(days, 0.1), quantile(days, 0.9) - p50W];
    }
    const spread = Math.max(LEAST_SPREAD_W, SPREAD_SHARE * Math.abs(p50W)) * wider;
    return [spread, spread];
  }

  get #latest(): Interval | null {
    const { history } = this.#known;
    return history.known === 0 ? null : history.end - 1;
  }

  /** Values of the same slot on the past days, the latest day first. */
  #sameSlot(interval: Interval): number[] {
    return sameSlot({ ...this.#known, origin: interval }, interval);
  }

  /** A weighted mean of the last values. */
  #recent(): { interval: Interval; powerW: number } | null {
    const latest = this.#latest;
    if (latest === null) return null;
    let sum = 0;
    let weights = 0;
    let found = 0;
    for (let back = 0; back < RECENT_REACH && found < RECENT_WEIGHTS.length; back += 1) {
      const value = this.#known.history.at(latest - back);
      if (Number.isNaN(value)) continue;
      const weight = RECENT_WEIGHTS[found] ?? 0;
      sum += weight * value;
      weights += weight;
      found += 1;
    }
    return weights === 0 ? null : { interval: latest, powerW: sum / weights };
  }
}

/** By multiplication alone: the same on every platform. */
function powerOf(base: number, exponent: number): number {
  let power = 1;
  for (let at = 0; at < exponent; at += 1) power *= base;
  return power;
}
