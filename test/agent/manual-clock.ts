/**
 * A clock that a test moves: market and monotonic time go together, unless the test sets the market
 * clock apart; the proof of market time is the test's to give.
 */
import type { Clock, ClockWatch } from '../../host/ports.ts';
import { SteppedClock } from '../../host/stepped-clock.ts';

/** A watch that says whether the clock is proven. */
export type Watch = ClockWatch & { isProven(): boolean };

export class ManualClock implements Clock {
  readonly #inner: SteppedClock;
  readonly #startMs: number;
  /** How far the market clock was set away from the time that really passed. */
  setApartMs = 0;
  isTimeProven = true;
  declare watch?: Watch;
  /** Monotonic milliseconds in one of market time: near 0 when a test steps through a day. */
  monotonicPerMarket = 1;

  constructor(startMs: number) {
    this.#inner = new SteppedClock(startMs);
    this.#startMs = startMs;
  }

  /** The time that really passed, whatever the market clock shows. */
  trueMs(): number {
    return this.#inner.now();
  }

  now(): number {
    return this.#inner.now() + this.setApartMs;
  }

  monotonicMs(): number {
    return (this.#inner.now() - this.#startMs) * this.monotonicPerMarket + 5_000;
  }

  isProven(): boolean {
    return this.watch?.isProven() ?? this.isTimeProven;
  }

  pacer() {
    const pacer = this.#inner.pacer();
    return {
      until: (at: number, signal: AbortSignal) => pacer.until(at - this.setApartMs, signal),
      close: () => pacer.close(),
    };
  }

  delay(ms: number, signal: AbortSignal): Promise<void> {
    return this.#inner.delay(ms, signal);
  }

  /** Lets every pacer that waits for a moment up to `toMs` (of true time) do its work, in order. */
  async runTo(toMs: number): Promise<void> {
    let next = await this.#inner.advance(this.#inner.now());
    while (next !== null && next <= toMs) next = await this.#inner.advance(next);
    await this.#inner.advance(toMs);
  }
}
