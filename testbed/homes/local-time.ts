/** Local time in Germany, for traces: households and the sun keep it, the market does not. */

const berlin = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Berlin',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
});
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Hours that local time is ahead of UTC at noon of the UTC day of a moment: 1 or 2. */
export function localOffsetHours(atMs: number): number {
  const noon = Math.floor(atMs / DAY_MS) * DAY_MS + 12 * HOUR_MS;
  const hour = berlin.formatToParts(noon).find((part) => part.type === 'hour');
  return Number(hour?.value ?? 13) - 12;
}

/** Start of the local day that holds a moment, ms. Days of a clock change count as 24 h. */
export function localMidnight(atMs: number): number {
  const offset = localOffsetHours(atMs) * HOUR_MS;
  return Math.floor((atMs + offset) / DAY_MS) * DAY_MS - offset;
}

export interface LocalMoment {
  /** 0 to 24, with a fraction. */
  hour: number;
  /** Days since 1970-01-01 by the local calendar. */
  day: number;
  /** 0 Monday to 6 Sunday. */
  weekday: number;
  /** 0 to 365. */
  dayOfYear: number;
}

/** @param offsetHours from `localOffsetHours`, once for a whole trace: it is slow to find */
export function localMoment(atMs: number, offsetHours: number): LocalMoment {
  const local = atMs + offsetHours * HOUR_MS;
  const day = Math.floor(local / DAY_MS);
  const newYear = Date.UTC(new Date(local).getUTCFullYear(), 0, 1);
  return {
    hour: (local - day * DAY_MS) / HOUR_MS,
    day,
    weekday: (day + 3) % 7,
    dayOfYear: Math.floor((local - newYear) / DAY_MS),
  };
}
