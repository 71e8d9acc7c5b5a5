/**
 * A time for minimum times, which no step of the market clock touches: the monotonic clock's, or in
 * a lab, where market time has a pace of its own, market time from tick to tick. There a step
 * counts for a few looks at most, and where looks stay away it rather counts too little.
 */
import type { UnixMs } from '../../host/ports.ts';

export class SteadyTime {
  readonly #mostMs: number | null;
  #lastMs: UnixMs | null = null;
  #steadyMs = 0;

  /** @param mostMs most of market time between two ticks; null: the monotonic clock is taken */
  constructor(mostMs: number | null) {
    this.#mostMs = mostMs;
  }

  /** @returns ms since some fixed moment */
  tick(atMs: UnixMs, monotonicMs: number): number {
    if (this.#mostMs === null) return monotonicMs;
    const sinceMs = this.#lastMs === null ? 0 : atMs - this.#lastMs;
    this.#lastMs = atMs;
    this.#steadyMs += Math.min(Math.max(0, sinceMs), this.#mostMs);
    return this.#steadyMs;
  }
}
