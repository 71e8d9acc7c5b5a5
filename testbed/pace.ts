/** How market time, polls and blocks relate in a run. */

import { INTERVAL_SECONDS, type Pace } from './neighbourhood.ts';
import type { RunOptions } from './options.ts';

/** Real time between blocks when market time is scaled, s: anvil needs a few ms for one. */
const SCALED_BLOCK_REAL_SECONDS = 0.2;
/** Through Tor: a poll of the log, whose connection may be new, fits into the lead. */
const TOR_LEAD_REAL_SECONDS = 2;
/** Market time between blocks when it is stepped. */
const STEPPED_BLOCK_SECONDS = 15;

/** @returns market seconds per real second in scaled time */
export function speedFactor(secondsPerInterval: number): number {
  return INTERVAL_SECONDS / secondsPerInterval;
}

/** Polls by ticks; blocks so that an interval holds dozens; the lead covers two blocks and more. */
export function paceOf(
  options: Pick<RunOptions, 'speed' | 'ticksPerInterval'> & { tor?: boolean },
): Pace {
  const pollSeconds = INTERVAL_SECONDS / options.ticksPerInterval;
  if (options.speed === 'max') {
    return {
      pollSeconds,
      tradingPollSeconds: 30,
      blockSeconds: STEPPED_BLOCK_SECONDS,
      leadSeconds: 60,
    };
  }
  const torLead = options.tor ? Math.ceil(TOR_LEAD_REAL_SECONDS * speedFactor(options.speed)) : 0;
  const blockSeconds = Math.ceil(SCALED_BLOCK_REAL_SECONDS * speedFactor(options.speed));
  return {
    pollSeconds,
    tradingPollSeconds: Math.max(blockSeconds, Math.ceil(pollSeconds / 2)),
    blockSeconds,
    leadSeconds: Math.max(60, 4 * blockSeconds, torLead),
  };
}
