/**
 * A meter, or a gateway before it, that tells the same values for ever. Power that stands still to
 * the last digit is no fault by itself; it is one when the counters stand still too while they
 * should have moved by several steps. Pure.
 */
import type { Counters } from './counter-guard.ts';

const LEAST_MS = 60_000;
/** Counters should have moved by so many of their steps before their rest is a sign. */
const STEPS = 3;
/** Where a step is finer than a meter counts. */
const LEAST_WS = 3_600;

interface Values {
  powerW: number;
  counters: Counters | null;
}

export class FrozenDetector {
  #powerW: number | null = null;
  /** The counters that have not changed since, and when they were first read. */
  #since: { monotonicMs: number; counters: Counters } | null = null;
  /** Found at the last look at the counters; it lasts until something moves. */
  #isFrozen = false;

  /** @returns whether these values are not to be believed */
  judge({ powerW, counters }: Values, monotonicMs: number): boolean {
    if (powerW === 0 || powerW !== this.#powerW) this.#thaw();
    this.#powerW = powerW;
    if (counters === null) return this.#isFrozen;
    if (this.#since === null || !isSame(this.#since.counters, counters)) {
      this.#thaw();
      this.#since = { monotonicMs, counters };
      return false;
    }
    const passedMs = monotonicMs - this.#since.monotonicMs;
    const missedWs = (Math.abs(powerW) * passedMs) / 1000;
    const { stepWs } = counters;
    this.#isFrozen = passedMs > LEAST_MS && missedWs > Math.max(LEAST_WS, STEPS * stepWs);
    return this.#isFrozen;
  }

  #thaw(): void {
    this.#since = null;
    this.#isFrozen = false;
  }
}

function isSame(one: Counters, other: Counters): boolean {
  return one.importedWs === other.importedWs && one.exportedWs === other.exportedWs;
}
