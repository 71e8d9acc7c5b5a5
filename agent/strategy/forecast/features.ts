/**
 * What the trained model sees of a target interval: what the home usually draws at this time of
 * the day (`profile.ts`), and how the last hours and days differ from it (`recent-levels.ts`). All
 * from before the origin; in shares of the home's scale of the two weeks before it.
 */
import type { Interval } from '../../../market/intervals.ts';
import { daysBefore, slotOf } from './local-days.ts';
import { type Profile, powers, profileOf } from './profile.ts';
import { weightedMedian } from './quantile.ts';
import { type Levels, RecentLevels } from './recent-levels.ts';
import type { Known } from './simple-methods.ts';

/** Names in the order of the row. A table of a prior is for exactly these. */
export const FEATURES = [
  ...['one', 'memory2', 'memory4', 'memory12', 'memory40', 'beside2', 'beside4', 'beside12'],
  ...['wide4', 'wide12', 'dayType', 'dayTypeBeside', 'work', 'around3', 'around8'],
  ...['low', 'lower', 'middle', 'higher', 'high', 'mean', 'meanBeside', 'mean7', 'mean7Beside'],
  ...['least7', 'most7', 'yesterday', 'yesterdayBeside', 'dayBefore', 'dayBeforeBeside'],
  ...['lastWeek', 'lastWeekBeside', 'alike', 'dayLevel', 'weekLevel', 'leastHour'],
  ...['nearBy1', 'nearBy4', 'nearBy16', 'nearBy48', 'off4', 'off16', 'last1', 'last2', 'last3'],
  ...['last4', 'leastOf8', 'mostOf8', 'change'],
] as const;
export const FEATURE_COUNT = FEATURES.length;
/** Seen by the trees only: they are no shares of the scale. */
export const TREE_FEATURES = ['slot', 'weekday', 'lead'] as const;
/** Slots of the day are told in these, whatever an interval is long. */
const SLOTS_TOLD = 96;
const WEEK = { workday: 0, saturday: 1, sunday: 2 } as const;
/** Less is no home. */
const LEAST_SCALE_W = 1;

/** Intervals averaged, and what is left of such an average's meaning after each interval. */
const SPANS = [1, 4, 16, 48] as const;
const MOST_SPAN = 48;
const FADING = [0.513, 0.819, 0.951, 0.983].map((kept) => powers(kept, 400));

interface Last {
  off: readonly number[];
  last: readonly number[];
  ends: readonly [number, number];
}

/** Profiles are dear and do not depend on the origin while the day before is known: kept. */
export class FeatureMaker {
  readonly #known: Known;
  readonly #levels: RecentLevels;
  readonly #profiles = new Map<Interval, Profile | null>();
  #last: { origin: Interval; made: Last } | null = null;

  /** @param known the latest origin; rows are made for this and for earlier ones */
  constructor(known: Known) {
    this.#known = known;
    this.#levels = new RecentLevels(known.history);
  }

  /**
   * Writes features of a target as seen from an origin.
   * @param into at least `FEATURE_COUNT` and the tree features long
   * @returns the scale of the row, W; 0 where too little is known
   */
  write(target: Interval, origin: Interval, into: Float64Array): number {
    const { slotsPerDay } = this.#known.history;
    const levels = this.#levels.at(origin);
    if (levels.scaleW < LEAST_SCALE_W) return 0;
    // Farther than a day: as the last day that is known up to the same time.
    const whole = Math.max(0, Math.floor((target - origin) / slotsPerDay));
    const profile = this.profile(target, whole);
    if (profile === null) return 0;
    const lead = target - origin + 1;
    into[0] = 1;
    const values = [
      ...this.#usual(target, origin, profile),
      ...this.#days(target, origin, whole, profile),
      ...this.#late(origin, lead, levels, profile, whole),
    ];
    for (let place = 0; place < values.length; place += 1) {
      into[place + 1] = (values[place] ?? 0) / levels.scaleW;
    }
    const { local } = this.#known;
    const slot = slotOf(local, slotsPerDay, target);
    into[FEATURE_COUNT] = Math.floor((slot * SLOTS_TOLD) / slotsPerDay);
    into[FEATURE_COUNT + 1] = WEEK[local.dayType(target)];
    into[FEATURE_COUNT + 2] = lead;
    return levels.scaleW;
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

  #usual(target: Interval, origin: Interval, own: Profile): number[] {
    const { slotsPerDay } = this.#known.history;
    const beside = [-3, -2, -1, 0, 1, 2, 3].map((off) => {
      const skipped = Math.max(0, Math.floor((target + off - origin) / slotsPerDay));
      return off === 0 ? own : (this.profile(target + off, skipped) ?? own);
    });
    const [b3 = own, b2 = own, b1 = own, , a1 = own, a2 = own, a3 = own] = beside;
    const next = (pick: (each: Profile) => number) => (pick(b1) + pick(a1)) / 2;
    const wide = (pick: (each: Profile) => number) =>
      (pick(b3) + pick(b2) + pick(a2) + pick(a3)) / 4;
    const memory = (place: number) => (each: Profile) => each.memories[place] ?? 0;
    const mean7 = [b2, b1, own, a1, a2].reduce((sum, each) => sum + each.mean7 / 5, 0);
    const meanBeside = [b2, b1, a1, a2].reduce((sum, each) => sum + each.mean / 4, 0);
    const usual = own.memories[1] ?? 0;
    return [
      ...[0, 1, 2, 3].map((place) => own.memories[place] ?? 0),
      ...[next(memory(0)), next(memory(1)), next(memory(2))],
      ...[wide(memory(1)), wide(memory(2)), own.dayType, next((each) => each.dayType), own.work],
      ...[own.around[0] ?? usual, own.around[1] ?? usual, ...own.ranked],
      ...[own.mean, meanBeside, own.mean7, mean7, own.least7, own.most7],
    ];
  }

  /** Values of single days: the last one, the one before, and that of last week. */
  #days(target: Interval, origin: Interval, whole: number, own: Profile): number[] {
    const usual = own.memories[2] ?? 0;
    const week = 7 * (1 + Math.floor(whole / 7));
    const days = [1 + whole, 2 + whole, week];
    return days.flatMap((day) => {
      const beside = this.#beside(target, day, origin);
      const value = this.#value(target, day);
      const known = Number.isNaN(value) ? (Number.isNaN(beside) ? usual : beside) : value;
      return [known, Number.isNaN(beside) ? known : beside];
    });
  }

  #value(target: Interval, days: number): number {
    const { history, local } = this.#known;
    return history.at(daysBefore(local, history.slotsPerDay, target, days));
  }

  /** Mean of the two slots before and after, as far as they are known. */
  #beside(target: Interval, days: number, origin: Interval): number {
    const { history, local } = this.#known;
    const then = daysBefore(local, history.slotsPerDay, target, days);
    let sum = 0;
    let count = 0;
    for (let at = then - 2; at <= then + 2 && at < origin; at += 1) {
      const value = at === then ? Number.NaN : history.at(at);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return count === 0 ? Number.NaN : sum / count;
  }

  #late(origin: Interval, lead: number, levels: Levels, own: Profile, whole: number): number[] {
    const { off, last, ends } = this.#recent(origin);
    const weights = whole === 0 ? levels.alike : levels.alike.subarray(whole);
    return [
      weightedMedian(own.values, weights, own.order),
      ...[levels.day - levels.month, levels.week - levels.month],
      levels.leastHour - levels.leastUsual,
      ...off.map((each, place) => each * (FADING[place]?.[lead - 1] ?? 0)),
      ...[off[1] ?? 0, off[2] ?? 0, ...last, ...ends, levels.change],
    ];
  }

  /** The last values, and how far they are from the usual. */
  #recent(origin: Interval): Last {
    if (this.#last?.origin === origin) return this.#last.made;
    const { history } = this.#known;
    const last: number[] = [];
    const off = [0, 0, 0, 0];
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let before = 0;
    for (let back = 1; back <= MOST_SPAN; back += 1) {
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
    const made: Last = { off, last, ends: [low, high] };
    this.#last = { origin, made };
    return made;
  }
}
