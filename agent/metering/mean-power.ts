/** The mean power of intervals from looks at a device. Pure. */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

/** Longer silences are gaps: nothing is assumed about them. */
const MAX_GAP_MS = 300_000;
/** Least share of an interval that must have been seen for its mean to count. */
const LEAST_COVERAGE = 0.5;
const KEEP_INTERVALS = 8;

interface Seen {
  energyWms: number;
  coveredMs: number;
}

export class MeanPower {
  readonly #intervalMs: number;
  readonly #seen = new Map<Interval, Seen>();
  #lastMs: UnixMs | null = null;

  constructor(intervalSeconds: number) {
    this.#intervalMs = intervalSeconds * 1000;
  }

  /** A power that was read stands for the time since the last look; null: it is not known. */
  note(atMs: UnixMs, powerW: number | null): void {
    const from = this.#lastMs;
    this.#lastMs = atMs;
    if (from === null || powerW === null) return;
    if (atMs <= from || atMs - from > Math.max(MAX_GAP_MS, this.#intervalMs)) return;
    for (let at = from; at < atMs; ) {
      const interval = Math.floor(at / this.#intervalMs);
      const end = Math.min(atMs, (interval + 1) * this.#intervalMs);
      const seen = this.#seen.get(interval) ?? { energyWms: 0, coveredMs: 0 };
      seen.energyWms += powerW * (end - at);
      seen.coveredMs += end - at;
      this.#seen.set(interval, seen);
      this.#seen.delete(interval - KEEP_INTERVALS);
      at = end;
    }
  }

  /** W; null when too little of the interval was seen, or it is too long ago. */
  of(interval: Interval): number | null {
    const seen = this.#seen.get(interval);
    if (seen === undefined || seen.coveredMs < LEAST_COVERAGE * this.#intervalMs) return null;
    return seen.energyWms / seen.coveredMs;
  }
}
