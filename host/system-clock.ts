/**
 * Market time as UTC of this machine. It counts as proven when a time service vouches for it:
 * where systemd-timesyncd runs, its flag file says so; elsewhere the date must at least be a
 * possible one, because a board without a battery-backed clock starts years in the past.
 */

import { existsSync } from 'node:fs';
import type { Clock } from './ports.ts';
import { wallClock } from './wall-clock.ts';

const TIMESYNC_FOLDER = '/run/systemd/timesync';
const TIMESYNC_FLAG = `${TIMESYNC_FOLDER}/synchronized`;
/** Nothing of this program ran before this moment: an earlier date is a clock that was not set. */
const EARLIEST_POSSIBLE_MS = Date.UTC(2026, 0, 1);

export function systemClock(): Clock {
  return wallClock({
    now: () => Date.now(),
    realPerMarket: 1,
    isProven: () =>
      Date.now() >= EARLIEST_POSSIBLE_MS &&
      (!existsSync(TIMESYNC_FOLDER) || existsSync(TIMESYNC_FLAG)),
  });
}
