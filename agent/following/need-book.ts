/**
 * What the journal's plan, and its needs, want of each load: asked of the journal once an interval
 * and after each switch, not at every look.
 */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Journal } from '../journal/journal.ts';
import type { LoadModel } from '../loads/model.ts';
import { historyMs, type NeedState, needOf } from '../loads/needs.ts';
import { plannedOnMs } from '../loads/switching.ts';
import { HomeTime } from '../strategy/home-time.ts';

/** What a load still needs is worked out anew after so long. */
const FRESH_MS = 60_000;

interface Entry {
  plannedUntilMs: UnixMs;
  /** As it was when the interval began, or at the last switch. */
  must: NeedState;
  /** A younger look at the energy alone. */
  owedWs: number;
  owedAtMs: UnixMs;
}

export class NeedBook {
  readonly #loads: readonly LoadModel[];
  readonly #journal: Journal;
  readonly #time: HomeTime;
  readonly #intervalMs: number;
  readonly #satisfiedUntilMs = new Map<string, UnixMs>();
  #interval: Interval = -1;
  #entries: (Entry | undefined)[] = [];

  /** @param zone IANA zone of the home */
  constructor(loads: readonly LoadModel[], journal: Journal, zone: string, intervalMs: number) {
    this.#loads = loads;
    this.#journal = journal;
    this.#time = new HomeTime(zone);
    this.#intervalMs = intervalMs;
  }

  isPlanned(index: number, nowMs: UnixMs, interval: Interval): boolean {
    return nowMs < (this.#entry(index, nowMs, interval)?.plannedUntilMs ?? 0);
  }

  /** Why it must be on now; null where it need not. */
  must(index: number, nowMs: UnixMs, interval: Interval): string | null {
    const { mustUntilMs, why } = this.#entry(index, nowMs, interval)?.must ?? NONE;
    return mustUntilMs !== null && nowMs < mustUntilMs ? why : null;
  }

  /** Energy that it still needs in its period, Ws. */
  owedWs(index: number, nowMs: UnixMs, interval: Interval): number {
    const entry = this.#entry(index, nowMs, interval);
    const load = this.#loads[index];
    if (entry === undefined || load === undefined) return 0;
    if (nowMs - entry.owedAtMs >= FRESH_MS || nowMs < entry.owedAtMs) {
      entry.owedWs = this.#need(load, nowMs).owedWs;
      entry.owedAtMs = nowMs;
    }
    return entry.owedWs;
  }

  /** It was switched: what it needs is asked anew. */
  switched(index: number): void {
    this.#entries[index] = undefined;
  }

  /** Its thermostat is open: it needs nothing more in this period. */
  satisfied(index: number, nowMs: UnixMs): void {
    const load = this.#loads[index];
    if (load === undefined) return;
    this.#satisfiedUntilMs.set(load.name, this.#need(load, nowMs).byMs ?? nowMs);
    this.switched(index);
  }

  #entry(index: number, nowMs: UnixMs, interval: Interval): Entry | undefined {
    if (interval !== this.#interval) {
      this.#interval = interval;
      this.#entries = this.#loads.map(() => undefined);
    }
    const load = this.#loads[index];
    if (load === undefined || load.kind === 'monitor') return undefined;
    const known = this.#entries[index];
    if (known !== undefined) return known;
    const must = this.#need(load, nowMs);
    const { owedWs } = must;
    const plannedUntilMs = this.#plannedUntilMs(index, interval);
    const entry = { plannedUntilMs, must, owedWs, owedAtMs: nowMs };
    this.#entries[index] = entry;
    return entry;
  }

  #plannedUntilMs(index: number, interval: Interval): UnixMs {
    const startMs = interval * this.#intervalMs;
    const byLoad = this.#journal.loads.plan(interval);
    const load = this.#loads[index];
    if (load === undefined) return startMs;
    if (byLoad.size > 0) {
      const share = Math.min(1, (byLoad.get(load.name) ?? 0) / load.powerW);
      return startMs + this.#intervalMs * share;
    }
    const plannedW = this.#journal.plan(interval)?.loadsW ?? 0;
    return startMs + (plannedOnMs(this.#loads, plannedW, this.#intervalMs)[index] ?? 0);
  }

  #need(load: LoadModel, nowMs: UnixMs): NeedState {
    const first = this.#journal.firstInterval();
    return needOf(load, {
      ...{ nowMs, time: this.#time, spareMs: this.#intervalMs },
      spans: this.#journal.onSpans(load.name, nowMs - historyMs(load), nowMs),
      watchedSinceMs: first === null ? nowMs : first * this.#intervalMs,
      isSatisfied: nowMs < (this.#satisfiedUntilMs.get(load.name) ?? 0),
    });
  }
}

const NONE: NeedState = { owedWs: 0, byMs: null, mustUntilMs: null, why: '' };
