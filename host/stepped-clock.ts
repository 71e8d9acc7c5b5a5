/**
 * Lab clock that stands still until it is told to advance. It knows when its component has done all
 * the work of a step: there is at least one pacer, and every pacer waits. "Time" in
 * docs/architecture.md has the protocol that `connectSteppedClock` (host/stepped-socket.ts) speaks.
 */

import type { Clock, Pacer, UnixMs } from './ports.ts';
import { sleep } from './wall-clock.ts';

/** Called each time the component has settled; `next` is the earliest time a pacer waits for. */
export type SettledListener = (now: UnixMs, next: UnixMs | null) => void;

interface Waiting {
  at: UnixMs;
  wake(): void;
}

export class SteppedClock implements Clock {
  #now: UnixMs;
  /** Every open pacer; `null` while its loop is busy. */
  readonly #pacers = new Map<Pacer, Waiting | null>();
  readonly #listeners = new Set<SettledListener>();
  #isCheckDue = false;
  /** Whether something happened since the listeners were last told. */
  #hasNews = true;
  #isClosed = false;

  constructor(startsAtMs: UnixMs) {
    this.#now = startsAtMs;
  }

  now(): UnixMs {
    return this.#now;
  }

  monotonicMs(): number {
    return performance.now();
  }

  isProven(): boolean {
    return true;
  }

  delay(ms: number, signal: AbortSignal): Promise<void> {
    return sleep(ms, signal);
  }

  pacer(): Pacer {
    const pacer: Pacer = {
      until: (at, signal) => this.#until(pacer, at, signal),
      close: () => {
        this.#pacers.get(pacer)?.wake();
        this.#pacers.delete(pacer);
        this.#check();
      },
    };
    this.#pacers.set(pacer, null);
    this.#hasNews = true;
    return pacer;
  }

  /**
   * Sets market time and wakes whom it concerns. Resolves once the component has settled, with the
   * earliest time a pacer waits for (null: none, or the clock was closed). A second call before
   * that simply moves time on; both then resolve together.
   * @throws RangeError when time would go back.
   */
  advance(toMs: UnixMs): Promise<UnixMs | null> {
    if (toMs < this.#now) {
      throw new RangeError(`market time cannot go back from ${this.#now} to ${toMs}`);
    }
    const settled = new Promise<UnixMs | null>((resolve) => {
      const listener: SettledListener = (_, next) => {
        this.#listeners.delete(listener);
        resolve(next);
      };
      this.#listeners.add(listener);
    });
    this.#now = toMs;
    this.#hasNews = true;
    for (const waiting of [...this.#pacers.values()]) {
      if (waiting !== null && waiting.at <= toMs) waiting.wake();
    }
    this.#check();
    return settled;
  }

  /** Tells of every settling, also of those that follow no `advance`. Returns how to end it. */
  onSettled(listener: SettledListener): () => void {
    this.#listeners.add(listener);
    this.#check();
    return () => this.#listeners.delete(listener);
  }

  /** No more settling is waited for: pending `advance` calls resolve with null. */
  close(): void {
    this.#isClosed = true;
    this.#check();
  }

  async #until(pacer: Pacer, at: UnixMs, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#pacers.get(pacer) !== null) {
      throw new Error('a pacer that is closed or already waiting cannot wait');
    }
    if (at <= this.#now) return turn(signal);
    try {
      await new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          signal.removeEventListener('abort', onAbort);
          this.#markBusy(pacer);
          resolve();
        };
        const onAbort = (): void => {
          this.#markBusy(pacer);
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        this.#pacers.set(pacer, { at, wake });
        this.#check();
      });
    } finally {
      this.#markBusy(pacer);
    }
  }

  #markBusy(pacer: Pacer): void {
    if (this.#pacers.has(pacer)) this.#pacers.set(pacer, null);
    this.#hasNews = true;
  }

  /** A whole turn later, so that a loop that wakes another one, or starts one, is not missed. */
  #check(): void {
    if (this.#isCheckDue) return;
    this.#isCheckDue = true;
    setImmediate(() => {
      this.#isCheckDue = false;
      if (!this.#hasNews || !(this.#isClosed || this.#isSettled())) return;
      this.#hasNews = this.#isClosed;
      const next = this.#isClosed ? null : this.#next();
      for (const listener of [...this.#listeners]) listener(this.#now, next);
    });
  }

  #isSettled(): boolean {
    return this.#pacers.size > 0 && [...this.#pacers.values()].every((each) => each !== null);
  }

  #next(): UnixMs | null {
    let earliest: UnixMs | null = null;
    for (const waiting of this.#pacers.values()) {
      if (waiting !== null && (earliest === null || waiting.at < earliest)) earliest = waiting.at;
    }
    return earliest === null || !Number.isFinite(earliest) ? null : earliest;
  }
}

/** Lets everything that is ready go first. @throws the signal's reason when aborted meanwhile. */
async function turn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}
