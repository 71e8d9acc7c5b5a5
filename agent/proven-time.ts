/**
 * Market time as far as it can be trusted (design: when things go wrong). While the clock is proven
 * it is the clock's; when the proof is lost it is carried on by the monotonic clock; before it was
 * ever proven it is unknown.
 */
import type { Clock, UnixMs } from '../host/ports.ts';

export interface TimeReading {
  /** With certainty `unknown` only a guess, good for nothing but pacing. */
  atMs: UnixMs;
  certainty: 'proven' | 'carried' | 'unknown';
}

export class ProvenTime {
  readonly #clock: Clock;
  /** Market less monotonic time, when last proven. */
  #offsetMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  read(): TimeReading {
    const nowMs = this.#clock.now();
    const monotonicMs = this.#clock.monotonicMs();
    if (this.#clock.isProven()) {
      this.#offsetMs = nowMs - monotonicMs;
      return { atMs: nowMs, certainty: 'proven' };
    }
    if (this.#offsetMs === null) return { atMs: nowMs, certainty: 'unknown' };
    return { atMs: this.#offsetMs + monotonicMs, certainty: 'carried' };
  }
}
