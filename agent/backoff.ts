/**
 * How long to leave alone what failed: real time, doubling, so that there is no storm of retries.
 */
import type { Clock } from '../host/ports.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 15_000;

export class Backoff {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #waitMs = 0;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  get isDue(): boolean {
    return this.#clock.monotonicMs() >= this.#dueAtMs;
  }

  /** @param leastMs how long the other side asks to wait at least */
  failed(leastMs = 0): void {
    this.#waitMs = Math.min(LONGEST_MS, Math.max(FIRST_MS, 2 * this.#waitMs));
    this.#dueAtMs = this.#clock.monotonicMs() + Math.max(leastMs, this.#waitMs);
  }

  succeeded(): void {
    this.#waitMs = 0;
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
  }
}
