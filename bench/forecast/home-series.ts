/** Load of one home over time, and the calendar it follows: what every CSV is read into. */
import { HomeDays } from '../../agent/strategy/forecast/home-days.ts';
import type { LocalDays } from '../../agent/strategy/forecast/local-days.ts';

export interface HomeSeries {
  name: string;
  intervalSeconds: number;
  firstInterval: number;
  local: LocalDays;
  /** By interval, W; NaN where the file has a gap. */
  loadW: Float32Array;
}

/** A local day in a file without dates starts on Monday, 2018-10-29: no clock change follows. */
export const A_MONDAY = Date.UTC(2018, 9, 29) / 1000;

/** Days of a file that tells local time, with no clock changes and no holidays. */
export function plainDays(intervalSeconds: number): LocalDays {
  const types = ['workday', 'workday', 'workday', 'workday', 'workday', 'saturday', 'sunday'];
  return {
    offset: () => 0,
    dayType: (interval) => {
      const day = Math.floor((interval * intervalSeconds) / 86_400);
      const type = types[(day + 3) % 7];
      return type === 'saturday' || type === 'sunday' ? type : 'workday';
    },
  };
}

export function zoneDays(zone: string, intervalSeconds: number): LocalDays {
  return new HomeDays(zone, intervalSeconds);
}
