/**
 * What the trained model sees of a target interval: what the home usually draws at this time of
 * the day, by medians with short and long memory, and how the last hours differ from that. All from
 * before the origin; in shares of the home's own scale.
 */
import type { Interval } from '../../../market/intervals.ts';
import { daysBefore, slotOf } from './local-days.ts';
import { weightedMedian } from './quantile.ts';
import type { Known } from './simple-methods.ts';

/** Days a profile looks back. */
const PROFILE_DAYS = 42;
/** Memories of the weighted medians, in days, the shortest first. */
const MEMORIES = [1.6, 4, 12, 40] as const;
const DAY_TYPE_MEMORY = 14;
/** Weight of a day of another type in the median by day type. */
const OTHER_TYPE = 0.3;
const RECENT_REACH = 16;
const LEVEL_DAYS = 7;

/** Names in the order of the row; the prior of the linear model is given by them. */
export const FEATURES = [
  ...['one', 'memory2', 'memory4', 'memory12', 'memory40', 'beside4', 'beside12', 'dayType'],
  ...['low', 'high', 'peak', 'mean', 'meanBeside', 'yesterday', 'lastWeek', 'dayLevel'],
  ...['weekLevel', 'nearBy1', 'nearBy4', 'nearBy16', 'last1', 'last2', 'last3', 'last4'],
  ...['leastOf8', 'mostOf8'],
] as const;
export type FeatureName = (typeof FEATURES)[number];
export const FEATURE_COUNT = FEATURES.length;
/** Seen by the trees only: they are no shares of the scale. */
export const TREE_FEATURES = ['slot', 'weekday', 'lead'] as const;

/** The usual at one time of the day, from the days before. */
export interface Profile {
  memories: readonly number[];
  dayType: number;
  low: number;
  high: number;
  peak: number;
  mean: number;
}

/** Profiles are dear and do not depend on the origin while the day before is known: kept. */
export class FeatureMaker {
  readonly #known: Known;
  readonly #profiles = new Map<Interval, Profile | null>();
  readonly #levels = new Map<Interval, number>();

  /** @param known the latest origin; rows are made for this and for earlier ones */
  constructor(known: Known) {
    this.#known = known;
  }

  /**
   * Writes features of a target as seen from an origin.
   * @param into at least `FEATURE_COUNT` and the tree features long
   * @returns false where too little is known
   */
  write(target: Interval, origin: Interval, scaleW: number, into: Float64Array): boolean {
    const { slotsPerDay } = this.#known.history;
    // Farther than a day: as the last day that is known up to the same time.
    const whole = Math.max(0, Math.floor((target - origin) / slotsPerDay));
    const profile = this.profile(target, whole);
    if (profile === null) return false;
    const after = Math.max(0, Math.floor((target + 1 - origin) / slotsPerDay));
    const beside = [this.profile(target - 1, whole), this.profile(target + 1, after)];
    const around = (pick: (each: Profile) => number) =>
      beside.reduce((sum, each) => sum + pick(each ?? profile), 0) / beside.length;
    const levels = this.#recent(origin);
    const lead = target - origin + 1;
    const dayLevel = this.#level(origin, 1);
    const [m2 = 0, m4 = 0, m12 = 0, m40 = 0] = profile.memories;
    const values = [
      ...[m2, m4, m12, m40],
      ...[around((each) => each.memories[1] ?? 0), around((each) => each.memories[2] ?? 0)],
      ...[profile.dayType, profile.low, profile.high, profile.peak, profile.mean],
      around((each) => each.mean),
      this.#near(target, 1 + whole, origin, m12),
      this.#near(target, 7 * (1 + Math.floor(whole / 7)), origin, m12),
      dayLevel - this.#level(origin, 28),
      this.#level(origin, LEVEL_DAYS) - this.#level(origin, 28),
      ...levels.off.map((off, place) => off * Math.exp(-(lead - 1) / (DECAYS[place] ?? 1))),
      ...levels.last,
      ...levels.ends,
    ];
    into[0] = 1;
    for (let place = 0; place < values.length; place += 1) {
      into[place + 1] = (values[place] ?? 0) / scaleW;
    }
    const { local } = this.#known;
    into[FEATURE_COUNT] = slotOf(local, slotsPerDay, target);
    into[FEATURE_COUNT + 1] = WEEK[local.dayType(target)];
    into[FEATURE_COUNT + 2] = lead;
    return true;
  }

  /** @param skipped whole days before the target that are not known yet */
  profile(target: Interval, skipped = 0): Profile | null {
    const key = skipped * 2 ** 40 + target;
    const kept = this.#profiles.get(key);
    if (kept !== undefined) return kept;
    const made = profileOf(this.#known, target, skipped);
    this.#profiles.set(key, made);
    return made;
  }

  /** Mean over the same slot and its neighbours, `without` where nothing is known. */
  #near(target: Interval, days: number, origin: Interval, without: number): number {
    const { history, local } = this.#known;
    const then = daysBefore(local, history.slotsPerDay, target, days);
    let sum = 0;
    let count = 0;
    for (let at = then - 1; at <= then + 1 && at < origin; at += 1) {
      const value = history.at(at);
      if (Number.isNaN(value)) continue;
      const weight = at === then ? 2 : 1;
      sum += weight * value;
      count += weight;
    }
    return count === 0 ? without : sum / count;
  }

  /** Mean over the days before an origin, W; taken at whole hours, for speed. */
  #level(origin: Interval, days: number): number {
    const { history } = this.#known;
    const step = Math.max(1, Math.floor(history.slotsPerDay / 24));
    const to = Math.floor(origin / step) * step;
    const key = to * 64 + days;
    const kept = this.#levels.get(key);
    if (kept !== undefined) return kept;
    let sum = 0;
    let count = 0;
    for (let at = Math.max(history.first, to - days * history.slotsPerDay); at < to; at += 1) {
      const value = history.at(at);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    const level = count === 0 ? 0 : sum / count;
    this.#levels.set(key, level);
    return level;
  }

  /** The last values, and how far they are from the usual. */
  #recent(origin: Interval): { off: number[]; last: number[]; ends: [number, number] } {
    const { history } = this.#known;
    const last: number[] = [];
    const off = [0, 0, 0];
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let before = 0;
    for (let back = 1; back <= RECENT_REACH; back += 1) {
      const value = history.at(origin - back);
      const usual = this.profile(origin - back)?.memories[2] ?? 0;
      const known = Number.isNaN(value) ? (last.length === 0 ? usual : before) : value;
      before = known;
      for (const [place, span] of SPANS.entries()) {
        if (back <= span) off[place] = (off[place] ?? 0) + (known - usual) / span;
      }
      if (back <= 4) last.push(known);
      if (back <= 8) {
        low = Math.min(low, known);
        high = Math.max(high, known);
      }
    }
    return { off, last, ends: [low, high] };
  }
}

/** Intervals averaged, and those after which an average has lost its meaning. */
const SPANS = [1, 4, 16];
const DECAYS = [1.5, 5, 20];
const WEEK = { workday: 0, saturday: 1, sunday: 2 } as const;

const WEIGHTS = MEMORIES.map((memory) =>
  Float64Array.from({ length: PROFILE_DAYS }, (_, day) => Math.exp(-day / memory)),
);

function profileOf({ history, local }: Known, target: Interval, skipped: number): Profile | null {
  const values = new Float64Array(PROFILE_DAYS);
  const byType = new Float64Array(PROFILE_DAYS);
  const order: number[] = [];
  const type = local.dayType(target);
  let sum = 0;
  for (let day = 0; day < PROFILE_DAYS; day += 1) {
    const then = daysBefore(local, history.slotsPerDay, target, day + 1 + skipped);
    const value = history.at(then);
    if (Number.isNaN(value)) continue;
    values[day] = value;
    sum += value;
    const share = local.dayType(then) === type ? 1 : OTHER_TYPE;
    byType[day] = share * Math.exp(-day / DAY_TYPE_MEMORY);
    order.push(day);
  }
  if (order.length === 0) return null;
  order.sort((one, other) => (values[one] ?? 0) - (values[other] ?? 0));
  const ranked = (share: number) => values[order[Math.round(share * (order.length - 1))] ?? 0] ?? 0;
  return {
    memories: WEIGHTS.map((weights) => weightedMedian(values, weights, order)),
    dayType: weightedMedian(values, byType, order),
    low: ranked(0.3),
    high: ranked(0.7),
    peak: ranked(0.9),
    mean: sum / order.length,
  };
}
