/**
 * When a line may be used again: after the gap between frames, and after trouble not before it has
 * been silent for a while, so that late bytes are heard before the next request and not after it.
 */
import type { BusTime } from './bus-time.ts';

/** A line that never falls silent is used all the same: checksums protect what is read. */
const MAX_WAIT_MS = 2_500;

export class Quiet {
  readonly #time: BusTime;
  readonly #gapMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #trouble: { sinceMs: number; quietMs: number } | null = null;

  /** @param gapMs silence between an answer and the next request. */
  constructor(time: BusTime, gapMs: number) {
    this.#time = time;
    this.#gapMs = gapMs;
  }

  /** Bytes came in, or went out. */
  active(): void {
    this.#lastMs = this.#time.nowMs();
  }

  /** The next request waits for so much silence. */
  demand(quietMs: number): void {
    if (quietMs === 0) return;
    const { sinceMs = this.#time.nowMs(), quietMs: known = 0 } = this.#trouble ?? {};
    this.#trouble = { sinceMs, quietMs: Math.max(known, quietMs) };
  }

  /** Whether there is nothing to wait for. */
  get isOver(): boolean {
    return this.#trouble === null && this.#leftMs() <= 0;
  }

  /** @throws the signal's reason when aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#leftMs();
      if (leftMs <= 0) break;
      await this.#time.sleep(Math.ceil(leftMs), signal);
    }
    this.#trouble = null;
  }

  #leftMs(): number {
    const nowMs = this.#time.nowMs();
    const gapMs = this.#gapMs - (nowMs - this.#lastMs);
    if (this.#trouble === null) return gapMs;
    const { sinceMs, quietMs } = this.#trouble;
    const quietLeftMs = quietMs - (nowMs - Math.max(sinceMs, this.#lastMs));
    return Math.max(gapMs, Math.min(quietLeftMs, MAX_WAIT_MS - (nowMs - sinceMs)));
  }
}
