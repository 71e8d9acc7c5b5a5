/**
 * Local days of an IANA zone for the forecast: how far the clock is from UTC at each interval, and
 * which days are no workdays. Holidays are those of the whole country, from `holidays.ts`.
 */
import type { Interval } from '../../../market/intervals.ts';
import { isHoliday } from './holidays.ts';
import type { DayType, LocalDays } from './local-days.ts';

const HOUR_S = 3600;
const DAY_S = 86_400;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;
const WEEK_DAYS = 7;

export class HomeDays implements LocalDays {
  readonly #zone: string;
  readonly #intervalSeconds: number;
  readonly #format: Intl.DateTimeFormat;
  /** Seconds ahead of UTC by UTC hour: clocks change at whole hours, and formatting is dear. */
  readonly #offsets = new Map<number, number>();
  readonly #types = new Map<number, DayType>();

  /** @param zone IANA name, checked by the settings */
  constructor(zone: string, intervalSeconds: number) {
    this.#zone = zone;
    this.#intervalSeconds = intervalSeconds;
    this.#format = new Intl.DateTimeFormat('en-GB', {
      ...({ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric' } as const),
      ...({ day: 'numeric', hour: 'numeric', minute: 'numeric' } as const),
    });
  }

  offset(interval: Interval): number {
    return Math.round(this.#offsetSeconds(interval) / this.#intervalSeconds);
  }

  dayType(interval: Interval): DayType {
    const local = interval * this.#intervalSeconds + this.#offsetSeconds(interval);
    const day = Math.floor(local / DAY_S);
    const kept = this.#types.get(day);
    if (kept !== undefined) return kept;
    const weekday = (day + FIRST_WEEKDAY) % WEEK_DAYS;
    const isFree = weekday === 0 || isHoliday(this.#zone, day);
    const type = isFree ? 'sunday' : weekday === 6 ? 'saturday' : 'workday';
    this.#types.set(day, type);
    return type;
  }

  #offsetSeconds(interval: Interval): number {
    const hour = Math.floor((interval * this.#intervalSeconds) / HOUR_S);
    const kept = this.#offsets.get(hour);
    if (kept !== undefined) return kept;
    const parts = new Map<string, number>();
    for (const { type, value } of this.#format.formatToParts(hour * HOUR_S * 1000)) {
      parts.set(type, Number(value));
    }
    const of = (part: string) => parts.get(part) ?? 0;
    const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'));
    const offset = wall / 1000 - hour * HOUR_S;
    this.#offsets.set(hour, offset);
    return offset;
  }
}
