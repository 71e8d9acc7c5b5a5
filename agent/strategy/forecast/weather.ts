/** Weather as forecasts know it, by interval; what is not told is null. */
import type { Interval } from '../../../market/intervals.ts';

export interface Weather {
  /** On level ground, W per square metre. */
  irradianceWm2: number | null;
  temperatureC: number | null;
}

/** Expected of a coming interval, or what was expected last of a past one; null: nothing. */
export type WeatherAt = (interval: Interval) => Weather | null;
