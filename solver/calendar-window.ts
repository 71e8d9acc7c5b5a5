/** Which intervals a solver may touch at a moment. Source: design "Matching, precisely". */
import {
  firstOpenInterval,
  type Interval,
  intervalAt,
  lastPostableInterval,
  type MarketCalendar,
} from '../market/intervals.ts';

export interface Window {
  /** The interval that runs now. */
  current: Interval;
  /** Gates are open from here on now. */
  firstOpen: Interval;
  /** Gates are still open from here on when a block comes later than expected. */
  firstSure: Interval;
  /** The end of the horizon. */
  last: Interval;
}

/** @param marginSeconds how much later than now a transaction may be in a block */
export function windowAt(
  calendar: MarketCalendar,
  nowSeconds: number,
  marginSeconds: number,
): Window {
  return {
    current: intervalAt(calendar, nowSeconds),
    firstOpen: firstOpenInterval(calendar, nowSeconds),
    firstSure: firstOpenInterval(calendar, nowSeconds + marginSeconds),
    last: lastPostableInterval(calendar, nowSeconds),
  };
}
