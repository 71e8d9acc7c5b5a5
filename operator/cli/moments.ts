/** A span of time on a command line: two times with their zone, or two intervals. */
import { type Interval, intervalAt, type MarketCalendar } from '../../market/intervals.ts';
import { MAX_UINT32 } from '../../market/units.ts';
import { UsageError } from './command.ts';

export interface Span {
  firstInterval: Interval;
  lastInterval: Interval;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Times: every interval that the time from FROM to TO touches. Intervals: both counted.
 * @throws UsageError
 */
export function spanOf(from: string, to: string, calendar: MarketCalendar): Span {
  if (isIndex(from) !== isIndex(to)) {
    throw new UsageError('FROM and TO must both be times, or both intervals');
  }
  const span = isIndex(from)
    ? { firstInterval: indexOf(from), lastInterval: indexOf(to) }
    : {
        firstInterval: intervalAt(calendar, secondsOf(from)),
        lastInterval: Math.ceil(secondsOf(to) / calendar.intervalSeconds) - 1,
      };
  if (span.lastInterval >= span.firstInterval) return span;
  throw new UsageError(`it ends before it begins: ${from} to ${to}`);
}

function isIndex(text: string): boolean {
  return /^\d+$/.test(text);
}

function indexOf(text: string): Interval {
  if (Number(text) <= MAX_UINT32) return Number(text);
  throw new UsageError(`${text} is not an interval`);
}

function secondsOf(text: string): number {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(ms) && ms >= 0) return ms / 1000;
  throw new UsageError(
    `"${text}" is not a time with its zone, like 2027-05-01T14:00+02:00, and not an interval`,
  );
}
