/**
 * How a home was of late, as seen from an origin: levels over days, its scale, how restless it is,
 * and which of the days before went as the last one did. Kept by whole hours, for speed.
 */
import type { Interval } from '../../../market/intervals.ts';
import type { LoadHistory } from './load-history.ts';
import { PROFILE_DAYS, powers } from './profile.ts';

const SCALE_DAYS = 14;
const ALIKE_KEPT = powers(0.931, PROFILE_DAYS);
/** How fast a day loses weight with its distance from the last one, in shares of the scale. */
const ALIKE_FALL = 4;
const HOURS = 24;

export interface Levels {
  /** Mean of |W| over two weeks; 0 where nothing is known. */
  scaleW: number;
  /** Mean over the last 1, 7 and 28 days, W. */
  day: number;
  week: number;
  month: number;
  /** Least hour of the last day, beside the median of that over two weeks, W. */
  leastHour: number;
  leastUsual: number;
  /** Mean change from one interval to the next over a week, W. */
  change: number;
  /** Weight of each day before, by how much the day before it was as the last one. */
  alike: Float64Array;
}

export class RecentLevels {
  readonly #history: LoadHistory;
  readonly #kept = new Map<Interval, Levels>();
  readonly #hours = new Map<Interval, number>();
  readonly #step: number;

  constructor(history: LoadHistory) {
    this.#history = history;
    this.#step = Math.max(1, Math.floor(history.slotsPerDay / HOURS));
  }

  /** What was known before an origin, but for the last part of an hour. */
  at(origin: Interval): Levels {
    const to = Math.floor(origin / this.#step) * this.#step;
    const kept = this.#kept.get(to);
    if (kept !== undefined) return kept;
    const made = this.#make(to);
    this.#kept.set(to, made);
    return made;
  }

  #make(to: Interval): Levels {
    const { slotsPerDay } = this.#history;
    const days: number[] = [];
    for (let day = 0; day < 28; day += 1) days.push(this.#mean(to - day * slotsPerDay, HOURS));
    const scaleW = this.#scale(to);
    const least: number[] = [];
    for (let day = 0; day < SCALE_DAYS; day += 1) {
      const hour = this.#leastHour(to - day * slotsPerDay);
      if (!Number.isNaN(hour)) least.push(hour);
    }
    const month = meanOfKnown(days);
    return {
      ...{ scaleW, month },
      day: known(days[0], month),
      week: known(meanOfKnown(days.slice(0, 7)), month),
      leastHour: least[0] ?? 0,
      leastUsual: least.length === 0 ? 0 : (least.slice().sort(byValue)[least.length >> 1] ?? 0),
      change: this.#change(to),
      alike: this.#alike(to, Math.max(1, scaleW)),
    };
  }

  /** Mean of `hours` steps that end at `to`, W; NaN where none is known. */
  #mean(to: Interval, hours: number): number {
    let sum = 0;
    let count = 0;
    for (let back = 1; back <= hours; back += 1) {
      const value = this.#hour(to - back * this.#step);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return count === 0 ? Number.NaN : sum / count;
  }

  /** Mean of the step that begins at `from`, W. */
  #hour(from: Interval): number {
    const kept = this.#hours.get(from);
    if (kept !== undefined) return kept;
    let sum = 0;
    let count = 0;
    for (let at = from; at < from + this.#step; at += 1) {
      const value = this.#history.at(at);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    const mean = count === 0 ? Number.NaN : sum / count;
    this.#hours.set(from, mean);
    return mean;
  }

  #leastHour(to: Interval): number {
    let least = Number.NaN;
    for (let back = 1; back <= HOURS; back += 1) {
      const value = this.#hour(to - back * this.#step);
      if (!(value >= least)) least = Number.isNaN(value) ? least : value;
    }
    return least;
  }

  #scale(to: Interval): number {
    let sum = 0;
    let count = 0;
    for (let at = to - SCALE_DAYS * this.#history.slotsPerDay; at < to; at += 1) {
      const value = this.#history.at(at);
      if (Number.isNaN(value)) continue;
      sum += Math.abs(value);
      count += 1;
    }
    return count === 0 ? 0 : sum / count;
  }

  #change(to: Interval): number {
    let sum = 0;
    let count = 0;
    let before = Number.NaN;
    for (let at = to - 7 * this.#history.slotsPerDay; at < to; at += 1) {
      const value = this.#history.at(at);
      const step = Math.abs(value - before);
      before = value;
      if (Number.isNaN(step)) continue;
      sum += step;
      count += 1;
    }
    return count === 0 ? 0 : sum / count;
  }

  #alike(to: Interval, scaleW: number): Float64Array {
    const { slotsPerDay } = this.#history;
    const weights = new Float64Array(PROFILE_DAYS);
    for (let day = 0; day < PROFILE_DAYS; day += 1) {
      let sum = 0;
      let count = 0;
      const then = to - (day + 1) * slotsPerDay;
      for (let back = 1; back <= HOURS; back += 1) {
        const off = this.#hour(to - back * this.#step) - this.#hour(then - back * this.#step);
        if (Number.isNaN(off)) continue;
        sum += Math.abs(off);
        count += 1;
      }
      const far = count === 0 ? 1 : (ALIKE_FALL * sum) / count / scaleW;
      // About e to the power of -far, by what every platform computes alike.
      weights[day] = (ALIKE_KEPT[day] ?? 0) / (1 + far + (far * far) / 2 + (far * far * far) / 6);
    }
    return weights;
  }
}

function meanOfKnown(values: readonly number[]): number {
  const found = values.filter((value) => !Number.isNaN(value));
  return found.length === 0 ? 0 : found.reduce((sum, value) => sum + value, 0) / found.length;
}

function known(value: number | undefined, without: number): number {
  return value === undefined || Number.isNaN(value) ? without : value;
}

function byValue(one: number, other: number): number {
  return one - other;
}
