/**
 * Local days for the forecast: how far the home's clock is from UTC, and what kind of day it is.
 * Intervals are UTC; habits follow the clock on the wall.
 */
import type { Interval } from '../../../market/intervals.ts';

/** A holiday counts as a Sunday. */
export type DayType = 'workday' | 'saturday' | 'sunday';

export interface LocalDays {
  /** Whole intervals to add to a UTC interval to have the home's clock as if it were UTC. */
  offset(interval: Interval): number;
  dayType(interval: Interval): DayType;
}

/** The interval that the clock on the wall showed `days` earlier at the same time. */
export function daysBefore(
  local: LocalDays,
  slotsPerDay: number,
  interval: Interval,
  days: number,
): Interval {
  const then = interval - days * slotsPerDay;
  return then + local.offset(interval) - local.offset(then);
}

/** Slot of the local day, 0 at midnight. */
export function slotOf(local: LocalDays, slotsPerDay: number, interval: Interval): number {
  const place = (interval + local.offset(interval)) % slotsPerDay;
  return place < 0 ? place + slotsPerDay : place;
}
