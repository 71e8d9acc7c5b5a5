/**
 * Listens to what the follower reads of the battery: its mean power by interval (which forecasts
 * must leave out of the net load) and what it holds now.
 */
import type { UnixMs } from '../host/ports.ts';
import type { Interval } from '../market/intervals.ts';
import type { Battery, BatteryState } from './drivers/battery.ts';

/** Longer silences are gaps: nothing is assumed about them. */
const MAX_GAP_MS = 300_000;
/** Least share of an interval that must have been seen for its mean to count. */
const LEAST_COVERAGE = 0.5;
const KEEP_INTERVALS = 8;

interface Seen {
  energyWms: number;
  coveredMs: number;
}

export class BatteryTap implements Battery {
  readonly #battery: Battery;
  readonly #now: () => UnixMs;
  readonly #intervalMs: number;
  readonly #seen = new Map<Interval, Seen>();
  #last: { atMs: UnixMs; state: BatteryState } | null = null;

  constructor(battery: Battery, now: () => UnixMs, intervalSeconds: number) {
    this.#battery = battery;
    this.#now = now;
    this.#intervalMs = intervalSeconds * 1000;
  }

  async read(): Promise<BatteryState> {
    const state = await this.#battery.read();
    this.#note(this.#now(), state);
    return state;
  }

  setPoint(powerW: number, deadManSeconds: number): Promise<void> {
    return this.#battery.setPoint(powerW, deadManSeconds);
  }

  automatic(): Promise<void> {
    return this.#battery.automatic();
  }

  /** The last state read, and when; null before the first. */
  last(): { atMs: UnixMs; state: BatteryState } | null {
    return this.#last;
  }

  /** Mean power of an interval, W; null when too little of it was seen. */
  meanW(interval: Interval): number | null {
    const seen = this.#seen.get(interval);
    if (seen === undefined || seen.coveredMs < LEAST_COVERAGE * this.#intervalMs) return null;
    return seen.energyWms / seen.coveredMs;
  }

  /** A power read stands for the time since the last look: set-points change right after one. */
  #note(atMs: UnixMs, state: BatteryState): void {
    const from = this.#last?.atMs ?? null;
    this.#last = { atMs, state };
    if (from === null || state.powerW === null) return;
    if (atMs <= from || atMs - from > Math.max(MAX_GAP_MS, this.#intervalMs)) return;
    for (let at = from; at < atMs; ) {
      const interval = Math.floor(at / this.#intervalMs);
      const end = Math.min(atMs, (interval + 1) * this.#intervalMs);
      const seen = this.#seen.get(interval) ?? { energyWms: 0, coveredMs: 0 };
      seen.energyWms += state.powerW * (end - at);
      seen.coveredMs += end - at;
      this.#seen.set(interval, seen);
      this.#seen.delete(interval - KEEP_INTERVALS);
      at = end;
    }
  }
}
