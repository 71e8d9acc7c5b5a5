/**
 * What each load will want from the next interval on, for the plan: its need, what it must take,
 * and what a person ordered. Loads that are off by order, or broken, are planned for nothing.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Journal } from '../journal/journal.ts';
import { isInForce, type LoadOrder } from '../journal/load-records.ts';
import type { Span } from '../journal/rows.ts';
import { HomeTime } from '../strategy/home-time.ts';
import type { SwitchedLoad } from '../strategy/switched-loads.ts';
import type { LoadGroup, LoadModel } from './model.ts';
import { historyMs, needOf } from './needs.ts';

export interface LoadForecastsOptions {
  journal: Journal;
  loads: readonly LoadModel[];
  groups: readonly LoadGroup[];
  /** IANA zone of the home. */
  zone: string;
  intervalMs: number;
}

/** Where there is no need there is no end of it either. */
const DAY_MS = 86_400_000;

export class LoadForecasts {
  readonly #o: LoadForecastsOptions;
  readonly #time: HomeTime;

  constructor(options: LoadForecastsOptions) {
    this.#o = options;
    this.#time = new HomeTime(options.zone);
  }

  /** @param current the running interval */
  wanted(current: Interval): SwitchedLoad[] {
    const { loads, journal } = this.#o;
    const switched = loads.filter(({ kind }) => kind !== 'monitor');
    if (switched.length === 0) return [];
    const orders = journal.loads.orders();
    const faults = journal.loads.faults();
    const nextMs = (current + 1) * this.#o.intervalMs;
    const wanted: SwitchedLoad[] = [];
    for (const load of switched) {
      const order = orders.get(load.name) ?? null;
      const inForce = order !== null && isInForce(order, nextMs) ? order : null;
      if (faults.has(load.name) || inForce?.mode === 'off') continue;
      wanted.push(this.#load(load, current, inForce));
    }
    return wanted;
  }

  #load(load: LoadModel, current: Interval, order: LoadOrder | null): SwitchedLoad {
    const { journal, intervalMs } = this.#o;
    const startMs = current * intervalMs;
    const nextMs = startMs + intervalMs;
    const first = journal.firstInterval();
    const need = needOf(load, {
      ...{ nowMs: nextMs, time: this.#time, spareMs: intervalMs },
      spans: this.#spans(load, current),
      watchedSinceMs: first === null ? startMs : first * intervalMs,
    });
    const orderedMs = order === null ? 0 : (order.untilMs ?? nextMs + DAY_MS) - nextMs;
    const mustMs = Math.max(orderedMs, (need.mustUntilMs ?? nextMs) - nextMs);
    return {
      ...{ name: load.name, powerW: load.powerW, neededWs: need.owedWs },
      mustSeconds: mustMs / 1000,
      beforeInterval: Math.floor((need.byMs ?? nextMs + DAY_MS) / intervalMs),
      isProgram: load.kind === 'deadline',
      minimumOnSeconds: load.minimumOnMs / 1000,
      conflicts: this.#conflicts(load.name),
    };
  }

  /** As it was on up to now, and will be in the running interval. */
  #spans(load: LoadModel, current: Interval): Span[] {
    const { journal, intervalMs } = this.#o;
    const startMs = current * intervalMs;
    const spans = journal.onSpans(load.name, startMs - historyMs(load), startMs);
    const plannedW = journal.loads.plan(current).get(load.name) ?? 0;
    const plannedMs = (intervalMs * Math.min(plannedW, load.powerW)) / load.powerW;
    if (plannedMs <= 0) return spans;
    const last = spans.at(-1);
    const end = { fromMs: startMs, toMs: startMs + plannedMs };
    if (last === undefined || last.toMs < startMs) return [...spans, end];
    return [...spans.slice(0, -1), { fromMs: last.fromMs, toMs: end.toMs }];
  }

  #conflicts(name: string): string[] {
    return this.#o.groups
      .filter(({ isInterlock, members }) => isInterlock && members.includes(name))
      .flatMap(({ members }) => members.filter((member) => member !== name));
  }
}
