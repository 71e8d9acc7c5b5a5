/**
 * The forecasts that need no training. Each says what it expects of `target` from what was known
 * before `origin`, W, or NaN where it knows nothing. They are the measure for the trained model and
 * what is fallen back to.
 */
import type { Interval } from '../../../market/intervals.ts';
import type { LoadHistory } from './load-history.ts';
import { daysBefore, type LocalDays } from './local-days.ts';
import { quantile } from './quantile.ts';

const PROFILE_DAYS = 28;
/** Persistence looks back so far over gaps. */
const REACH = 8;

export type SimpleMethod = 'yesterday' | 'lastWeek' | 'mean28' | 'median28' | 'persistence';
/** The simplest first: of two that are equally good the first is taken. */
export const SIMPLE_METHODS: readonly SimpleMethod[] = [
  'persistence',
  'yesterday',
  'lastWeek',
  'mean28',
  'median28',
];

/** What a forecast may look at. */
export interface Known {
  history: LoadHistory;
  local: LocalDays;
  /** Nothing of this interval and of later ones is known. */
  origin: Interval;
}

export function simpleForecast(method: SimpleMethod, known: Known, target: Interval): number {
  switch (method) {
    case 'persistence':
      return lastValue(known);
    case 'yesterday':
      return latestOf(known, target, 1);
    case 'lastWeek':
      return latestOf(known, target, 7);
    case 'mean28': {
      const values = sameSlot(known, target);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    }
    case 'median28': {
      const values = sameSlot(known, target);
      return values.length === 0 ? Number.NaN : quantile(values, 0.5);
    }
  }
}

/** Values of the same local slot on the 28 days before, the latest first. */
export function sameSlot({ history, local, origin }: Known, target: Interval): number[] {
  const values: number[] = [];
  for (let days = 1; days <= PROFILE_DAYS; days += 1) {
    const then = daysBefore(local, history.slotsPerDay, target, days);
    const value = then < origin ? history.at(then) : Number.NaN;
    if (!Number.isNaN(value)) values.push(value);
  }
  return values;
}

/** The same slot `step` days before, or twice, three times `step` where that is still to come. */
function latestOf({ history, local, origin }: Known, target: Interval, step: number): number {
  for (let days = step; days <= PROFILE_DAYS; days += step) {
    const then = daysBefore(local, history.slotsPerDay, target, days);
    if (then >= origin) continue;
    const value = history.at(then);
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

function lastValue({ history, origin }: Known): number {
  for (let back = 1; back <= REACH; back += 1) {
    const value = history.at(origin - back);
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}
