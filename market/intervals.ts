/**
 * Intervals: fixed slices of UTC time, counted from the epoch, and the moments of each one's life.
 * Source: design "Words and units" and "Matching, precisely"; TRANSAX section 4.3 (T_clear).
 */

/** Index of an interval, `floor(unix / intervalSeconds)`: absolute, uint32. */
export type Interval = number;

/** What a deployment fixes for ever about time. */
export interface MarketCalendar {
  intervalSeconds: number;
  /** T_clear of the paper, at least 1: how many intervals before delivery trades are final. */
  clearIntervals: number;
  /** How long before that edge the gate closes, for blocks to be made. */
  leadSeconds: number;
  /** Before gate closure: no new offer counts, no solution may lower the energy. */
  quietSeconds: number;
  /** L: how many intervals ahead offers reach, the current one counted; 2 to 96. */
  horizonIntervals: number;
}

/**
 * The interval that holds a moment. @param unixSeconds seconds since the epoch, may be a fraction
 */
export function intervalAt(calendar: MarketCalendar, unixSeconds: number): Interval {
  return Math.floor(unixSeconds / calendar.intervalSeconds);
}

/** Start of an interval in seconds since the epoch; its end is the start of the next. */
export function startOf(calendar: MarketCalendar, interval: Interval): number {
  return interval * calendar.intervalSeconds;
}

/** Gate closure in seconds since the epoch: from then on no offer and no solution touches it. */
export function closeOf(calendar: MarketCalendar, interval: Interval): number {
  return (
    startOf(calendar, interval) -
    (calendar.clearIntervals - 1) * calendar.intervalSeconds -
    calendar.leadSeconds
  );
}

/** An offer posted later than this cannot be used for the interval. Seconds since the epoch. */
export function lastPostingOf(calendar: MarketCalendar, interval: Interval): number {
  return closeOf(calendar, interval) - calendar.quietSeconds;
}

/** The first interval whose gate is still open at a moment. */
export function firstOpenInterval(calendar: MarketCalendar, unixSeconds: number): Interval {
  const ahead = (calendar.clearIntervals - 1) * calendar.intervalSeconds + calendar.leadSeconds;
  return Math.floor((unixSeconds + ahead) / calendar.intervalSeconds) + 1;
}

/** The last interval for which offers may be posted at a moment. */
export function lastPostableInterval(calendar: MarketCalendar, unixSeconds: number): Interval {
  return intervalAt(calendar, unixSeconds) + calendar.horizonIntervals - 1;
}
