/**
 * The usual at one time of the day, from the days before: medians with short and long memory, of
 * the slot alone and with the slots beside it, and how far its values scatter.
 *
 * Only sums, products and comparisons in a fixed order: every platform has the same numbers.
 */
import type { Interval } from '../../../market/intervals.ts';
import { daysBefore } from './local-days.ts';
import { weightedMedian } from './quantile.ts';
import type { Known } from './simple-methods.ts';

/** Days a profile looks back. */
export const PROFILE_DAYS = 42;
/** What a day weighs beside the one after it; the memory is 1.6, 4, 12 and 40 days. */
const KEPT = [0.535, 0.779, 0.92, 0.975] as const;
const DAY_TYPE_KEPT = 0.931;
const WORK_KEPT = 0.967;
/** Weight of a day of another type in the median by day type, and of work or none. */
const OTHER_TYPE = 0.3;
const OTHER_WORK = 0.05;
/** With its neighbours a slot has more values, so that fewer days do. */
const AROUND_DAYS = 14;
const AROUND_KEPT = [0.717, 0.882] as const;
/** Of slots 0, 1 and 2 away. */
const AROUND_WEIGHT = [1, 0.607, 0.368] as const;
const REACH = AROUND_WEIGHT.length - 1;

export interface Profile {
  /** Medians by memory, the shortest first, W. */
  memories: readonly number[];
  /** Of days of the same type; of workdays or days off. */
  dayType: number;
  work: number;
  /** With the slots beside it, by memories of 3 and 8 days. */
  around: readonly number[];
  /** 10, 30, 50, 70 and 90 % of the last 28 days. */
  ranked: readonly number[];
  mean: number;
  /** Of the last seven days. */
  mean7: number;
  least7: number;
  most7: number;
  /** Values by days before, NaN where unknown; and their places in ascending order. */
  values: Float32Array;
  order: Uint8Array;
}

const WEIGHTS = KEPT.map((kept) => powers(kept, PROFILE_DAYS));
const DAY_TYPE_WEIGHTS = powers(DAY_TYPE_KEPT, PROFILE_DAYS);
const WORK_WEIGHTS = powers(WORK_KEPT, PROFILE_DAYS);
const AROUND_WEIGHTS = AROUND_KEPT.map((kept) => {
  const days = powers(kept, AROUND_DAYS);
  const weights: number[] = [];
  for (let off = -REACH; off <= REACH; off += 1) {
    for (const day of days) weights.push(day * (AROUND_WEIGHT[Math.abs(off)] ?? 0));
  }
  return Float64Array.from(weights);
});

/** Filled anew for each profile: there are many, and such arrays are dear to make. */
const byType = new Float64Array(PROFILE_DAYS);
const byWork = new Float64Array(PROFILE_DAYS);
const aroundValues = new Float64Array((2 * REACH + 1) * AROUND_DAYS);

/** 1, kept, kept squared, ... by multiplication alone. */
export function powers(kept: number, count: number): Float64Array {
  const found = new Float64Array(count);
  let value = 1;
  for (let place = 0; place < count; place += 1) {
    found[place] = value;
    value *= kept;
  }
  return found;
}

/**
 * @param skipped whole days before the target that are not known yet
 * @returns null where nothing is known of the slot
 */
export function profileOf(known: Known, target: Interval, skipped: number): Profile | null {
  const { history, local } = known;
  const values = new Float32Array(PROFILE_DAYS).fill(Number.NaN);
  const order: number[] = [];
  const type = local.dayType(target);
  for (let day = 0; day < PROFILE_DAYS; day += 1) {
    const then = daysBefore(local, history.slotsPerDay, target, day + 1 + skipped);
    const value = history.at(then);
    if (Number.isNaN(value)) continue;
    values[day] = value;
    const own = local.dayType(then);
    byType[day] = (own === type ? 1 : OTHER_TYPE) * (DAY_TYPE_WEIGHTS[day] ?? 0);
    const isAlike = (own === 'workday') === (type === 'workday');
    byWork[day] = (isAlike ? 1 : OTHER_WORK) * (WORK_WEIGHTS[day] ?? 0);
    order.push(day);
  }
  if (order.length === 0) return null;
  order.sort((one, other) => (values[one] ?? 0) - (values[other] ?? 0));
  return {
    memories: WEIGHTS.map((weights) => weightedMedian(values, weights, order)),
    dayType: weightedMedian(values, byType, order),
    work: weightedMedian(values, byWork, order),
    around: aroundOf(known, target, skipped),
    ...spreadOf(values, order),
    ...{ values, order: Uint8Array.from(order) },
  };
}

function spreadOf(values: Float32Array, order: readonly number[]) {
  const latest = order.filter((day) => day < 28);
  const known = latest.length > 0 ? latest : order;
  const ranked = (share: number) => values[known[Math.round(share * (known.length - 1))] ?? 0] ?? 0;
  const week = known.filter((day) => day < 7);
  const last = week.length > 0 ? week : known;
  const mean = (days: readonly number[]) =>
    days.reduce((sum, day) => sum + (values[day] ?? 0), 0) / days.length;
  return {
    ranked: [ranked(0.1), ranked(0.3), ranked(0.5), ranked(0.7), ranked(0.9)],
    mean: mean(known),
    mean7: mean(last),
    least7: values[last[0] ?? 0] ?? 0,
    most7: values[last.at(-1) ?? 0] ?? 0,
  };
}

/** Medians over the slot and those beside it; empty where nothing is known. */
function aroundOf({ history, local }: Known, target: Interval, skipped: number): number[] {
  const values = aroundValues;
  const order: number[] = [];
  const { slotsPerDay } = history;
  for (let day = 0; day < AROUND_DAYS; day += 1) {
    const then = daysBefore(local, slotsPerDay, target, day + 1 + skipped);
    for (let off = -REACH; off <= REACH; off += 1) {
      // A day before the last slots, what comes after them may still be to come.
      const value = day === 0 && off > 0 ? Number.NaN : history.at(then + off);
      if (Number.isNaN(value)) continue;
      const place = (off + REACH) * AROUND_DAYS + day;
      values[place] = value;
      order.push(place);
    }
  }
  if (order.length === 0) return [];
  order.sort((one, other) => (values[one] ?? 0) - (values[other] ?? 0));
  return AROUND_WEIGHTS.map((weights) => weightedMedian(values, weights, order));
}
