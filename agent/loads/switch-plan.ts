/** What the journal's plan, and the need of the day, want of each switched load at a moment. */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Journal } from '../journal/journal.ts';
import { HomeTime } from '../strategy/home-time.ts';
import type { SwitchedLoadSettings } from './relay-hand.ts';
import { type LoadDay, mustRunMs, owedWs, plannedOnMs } from './switching.ts';

export interface Wish {
  isOn: boolean;
  /** Whether a later start would leave the day without the energy needed. */
  isMust: boolean;
}

/** Longer than any local day goes on, shorter than two. */
const INTO_NEXT_DAY_S = 26 * 3600;

export class SwitchPlan {
  readonly #loads: readonly SwitchedLoadSettings[];
  readonly #journal: Journal;
  readonly #time: HomeTime;
  readonly #intervalMs: number;
  /** By load, for one interval: until when the plan, and the need of the day, want it on. */
  #interval: Interval = -1;
  #until: { plannedMs: UnixMs; mustMs: UnixMs }[] = [];

  /** @param zone IANA zone of the home */
  constructor(
    loads: readonly SwitchedLoadSettings[],
    journal: Journal,
    zone: string,
    intervalMs: number,
  ) {
    this.#loads = loads;
    this.#journal = journal;
    this.#time = new HomeTime(zone);
    this.#intervalMs = intervalMs;
  }

  wish(index: number, nowMs: UnixMs, interval: Interval): Wish {
    if (interval !== this.#interval) this.#look(nowMs, interval);
    const until = this.#until[index];
    if (until === undefined) return { isOn: false, isMust: false };
    const isMust = nowMs < until.mustMs;
    return { isOn: isMust || nowMs < until.plannedMs, isMust };
  }

  /** Energy that a load still needs today, Ws. */
  owedWs(index: number, nowMs: UnixMs): number {
    const load = this.#loads[index];
    return load === undefined ? 0 : owedWs(load, this.#day(load, nowMs));
  }

  /** Once an interval: the journal is not asked at every look. */
  #look(nowMs: UnixMs, interval: Interval): void {
    const startMs = interval * this.#intervalMs;
    const plannedW = this.#journal.plan(interval)?.loadsW ?? 0;
    const planned = plannedOnMs(this.#loads, plannedW, this.#intervalMs);
    this.#interval = interval;
    this.#until = this.#loads.map((load, index) => ({
      plannedMs: startMs + (planned[index] ?? 0),
      mustMs: nowMs + mustRunMs(load, this.#day(load, nowMs), this.#intervalMs),
    }));
  }

  #day(load: SwitchedLoadSettings, nowMs: UnixMs): LoadDay {
    const startMs = this.#time.dayStart(nowMs / 1000) * 1000;
    const endMs = this.#time.dayStart(startMs / 1000 + INTO_NEXT_DAY_S) * 1000;
    const first = this.#journal.firstInterval();
    const watchedSinceMs = first === null ? nowMs : first * this.#intervalMs;
    const onMs = this.#journal.onTimeMs(load.name, startMs, nowMs);
    return { nowMs, startMs, endMs, watchedSinceMs, onMs };
  }
}
