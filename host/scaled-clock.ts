/**
 * Lab clock: market time runs `factor` times as fast as real time, from a common origin, so that
 * every process of a testbed computes the same market time without talking to another.
 */

import type { Clock, UnixMs } from './ports.ts';
import { wallClock } from './wall-clock.ts';

export interface Scale {
  /** Market time at the origin. */
  startsAtMs: UnixMs;
  /** Real time (ms since the epoch) at the origin. */
  wallOriginMs: UnixMs;
  /** Market milliseconds per real millisecond, above 0. */
  factor: number;
}

export function scaledClock(scale: Scale): Clock {
  const { startsAtMs, wallOriginMs, factor } = scale;
  if (!(factor > 0) || !Number.isFinite(startsAtMs) || !Number.isFinite(wallOriginMs)) {
    throw new RangeError(`a scaled clock needs finite origins and a factor above 0: ${factor}`);
  }
  return wallClock({
    now: () => Math.floor(startsAtMs + (Date.now() - wallOriginMs) * factor),
    realPerMarket: 1 / factor,
    isProven: () => true,
  });
}
