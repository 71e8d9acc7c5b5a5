/**
 * A time for minimum times: it goes on as market time does from tick to tick, but no step of the
 * market clock touches it, back or forth. Where looks stay away it rather counts too little.
 */
import type { UnixMs } from '../../host/ports.ts';

export class SteadyTime {
  readonly #mostMs: number;
  #lastMs: UnixMs | null = null;
  #steadyMs = 0;

  /** @param mostMs between two ticks no more is believed */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** @returns ms since the first tick */
  tick(atMs: UnixMs): number {
    const sinceMs = this.#lastMs === null ? 0 : atMs - this.#lastMs;
    this.#lastMs = atMs;
    this.#steadyMs += Math.min(Math.max(0, sinceMs), this.#mostMs);
    return this.#steadyMs;
  }
}
