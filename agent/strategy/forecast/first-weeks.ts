/**
 * Forecast of a home's net load without what it controls itself (battery, switched loads): the
 * median of the same slot of the day over the past 28 days, and honest fallbacks while history is
 * short, each named in the forecast. Quantiles come from past errors once there are enough.
 */
import type { Interval } from '../../market/intervals.ts';
import type { NetLoadForecast } from './plan.ts';

const HISTORY_DAYS = 28;
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

/** Keeps a home's history and makes its forecasts. Pure but for what it has observed. */
export class Forecaster {
  readonly #slotsPerDay: number;
  /** Mean power by interval; old days fall out. */
  readonly #values = new Map<Interval, number>();
  readonly #errorsW: number[] = [];
  #latest: Interval | null = null;

  /** @param intervalSeconds length of an interval; need not divide a day */
  constructor(intervalSeconds: number) {
    this.#slotsPerDay = Math.max(1, Math.round(86_400 / intervalSeconds));
  }

  /** The mean uncontrolled net load of an interval that is over, W. */
  observe(interval: Interval, powerW: number): void {
    this.#values.set(interval, powerW);
    this.#values.delete(interval - (HISTORY_DAYS + 1) * this.#slotsPerDay);
    if (this.#latest === null || interval > this.#latest) this.#latest = interval;
  }

  /** How wrong an earlier forecast was: actual minus expected, W. */
  score(errorW: number): void {
    this.#errorsW.push(errorW);
    if (this.#errorsW.length > ERRORS_KEPT) this.#errorsW.shift();
  }

  /** Observed net load of an interval, W; null when there is none. */
  valueOf(interval: Interval): number | null {
    return this.#values.get(interval) ?? null;
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
      const weight = PERSISTENCE ** Math.max(1, interval - recent.interval);
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
    const lead = this.#latest === null ? 1 : Math.max(1, interval - this.#latest);
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

  /** Values of the same slot on the past days, the latest day first. */
  #sameSlot(interval: Interval): number[] {
    const found: number[] = [];
    for (let day = 1; day <= HISTORY_DAYS; day += 1) {
      const value = this.#values.get(interval - day * this.#slotsPerDay);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** A weighted mean of the last values. */
  #recent(): { interval: Interval; powerW: number } | null {
    if (this.#latest === null) return null;
    let sum = 0;
    let weights = 0;
    let found = 0;
    for (let back = 0; back < RECENT_REACH && found < RECENT_WEIGHTS.length; back += 1) {
      const value = this.#values.get(this.#latest - back);
      if (value === undefined) continue;
      const weight = RECENT_WEIGHTS[found] ?? 0;
      sum += weight * value;
      weights += weight;
      found += 1;
    }
    return weights === 0 ? null : { interval: this.#latest, powerW: sum / weights };
  }
}

/** The `share` quantile, between neighbours linearly. @param values at least one */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] ?? 0;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? below;
  return below + (above - below) * (place - low);
}
