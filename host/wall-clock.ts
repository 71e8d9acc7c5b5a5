/**
 * What the clocks that follow real time share: pacers on timers, retries, the monotonic clock.
 * The system clock and the scaled lab clock differ only in how market time is computed.
 */

import type { Clock, Pacer, UnixMs } from './ports.ts';

/** A timer never sleeps longer than this in one go, so that a stepped wall clock is noticed. */
const MAX_SLEEP_MS = 1_000;

export interface WallTime {
  /** Market time now, ms since the epoch. */
  now(): UnixMs;
  /** Real milliseconds per millisecond of market time. */
  readonly realPerMarket: number;
  isProven(): boolean;
}

export function wallClock(time: WallTime): Clock {
  return {
    now: () => time.now(),
    monotonicMs: () => performance.now(),
    isProven: () => time.isProven(),
    pacer: () => wallPacer(time),
    delay: sleep,
  };
}

function wallPacer(time: WallTime): Pacer {
  return {
    async until(at: UnixMs, signal: AbortSignal): Promise<void> {
      signal.throwIfAborted();
      let leftMs = (at - time.now()) * time.realPerMarket;
      if (leftMs <= 0) await sleep(0, signal);
      const startedMs = performance.now();
      // A clock that is set back must not hold up metering for as long: then it returns early.
      const mostMs = leftMs + MAX_SLEEP_MS;
      while (leftMs > 0 && performance.now() - startedMs < mostMs) {
        await sleep(Math.min(Math.ceil(leftMs), MAX_SLEEP_MS), signal);
        leftMs = (at - time.now()) * time.realPerMarket;
      }
    },
    close(): void {},
  };
}

/** Waits `ms` of real time. @throws the signal's reason when aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
