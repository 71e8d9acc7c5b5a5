/**
 * Market time as UTC of this machine: as it is, for the utility's tools and the lab, or guarded,
 * for an agent.
 */
import { existsSync } from 'node:fs';
import { ClockGuard } from './clock-guard.ts';
import type { Clock, Log } from './ports.ts';
import {
  hasRealTimeClock,
  readTimeService,
  TIMESYNC_FLAG,
  TIMESYNC_FOLDER,
} from './time-service.ts';
import { wallClock } from './wall-clock.ts';

/** Nothing of this program ran before this moment: an earlier date is a clock that was not set. */
const EARLIEST_POSSIBLE_MS = Date.UTC(2026, 0, 1);
const LOOK_MS = 1_000;

/**
 * Counts as proven when it is a possible one, and timesyncd, where it runs, agrees: whoever runs a
 * server looks after its clock.
 */
export function systemClock(): Clock {
  return wallClock({
    now: () => Date.now(),
    realPerMarket: 1,
    isProven: () =>
      Date.now() >= EARLIEST_POSSIBLE_MS &&
      (!existsSync(TIMESYNC_FOLDER) || existsSync(TIMESYNC_FLAG)),
  });
}

/** Counts as proven while the guard says so. The time service has been asked when it resolves. */
export async function guardedClock(log: Log): Promise<Clock & { close(): void }> {
  const guard = new ClockGuard({
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    readService: () => readTimeService(),
    log,
    hasRtc: hasRealTimeClock(),
  });
  await guard.tick();
  const looking = setInterval(() => void guard.tick(), LOOK_MS);
  looking.unref();
  const clock = wallClock({
    now: () => Date.now(),
    realPerMarket: 1,
    isProven: () => guard.isProven(),
  });
  return { ...clock, watch: guard, close: () => clearInterval(looking) };
}
