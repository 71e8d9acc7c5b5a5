/** How it is with the clock, for `status` and `clock`. */
import type { Clock, ClockWatchStatus } from '../host/ports.ts';

export interface ClockStatus extends ClockWatchStatus {
  /** The rules of local time that this program carries; null: not known. */
  tzdata: string | null;
}

/** A clock that nobody watches over is one of a lab. */
export function clockStatus(clock: Clock): ClockStatus {
  const tzdata = process.versions.tz ?? null;
  if (clock.watch !== undefined) return { ...clock.watch.status(), tzdata };
  return {
    source: 'lab',
    isProven: clock.isProven(),
    reason: clock.isProven() ? null : 'the clock is not set to a possible date',
    warning: null,
    offsetMs: null,
    steps: { count: 0, lastAtMs: null, lastByMs: null },
    blockDifferenceS: null,
    lastSavedAtMs: null,
    hasRtc: null,
    tzdata,
  };
}
