/** The moments in the life of an interval, as the design tells them. Unix seconds. */

export interface Calendar {
  intervalSeconds: number;
  clearIntervals: number;
  leadSeconds: number;
  quietSeconds: number;
  horizonIntervals: number;
}

export function startOf(c: Calendar, interval: number): number {
  return interval * c.intervalSeconds;
}

/** An interval is past from here on. */
export function endOf(c: Calendar, interval: number): number {
  return startOf(c, interval + 1);
}

export function closeOf(c: Calendar, interval: number): number {
  return startOf(c, interval) - (c.clearIntervals - 1) * c.intervalSeconds - c.leadSeconds;
}

/** Later offers cannot be used for the interval, and from here on no solution lowers its energy. */
export function latestPostingOf(c: Calendar, interval: number): number {
  return closeOf(c, interval) - c.quietSeconds;
}

export function currentAt(c: Calendar, now: number): number {
  return Math.floor(now / c.intervalSeconds);
}

/** The first interval whose gate is open. */
export function firstOpenAt(c: Calendar, now: number): number {
  let interval = currentAt(c, now);
  while (closeOf(c, interval) <= now) interval++;
  return interval;
}

/** The horizon counts the current interval. */
export function lastTradableAt(c: Calendar, now: number): number {
  return currentAt(c, now) + c.horizonIntervals - 1;
}
