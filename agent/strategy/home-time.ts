/**
 * The home's local time, for sentences and for loads that want their energy by the day or by a
 * clock time. Intervals are UTC and know nothing of it; clock changes are handled here alone.
 */

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';
export const WEEKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

export interface LocalDay {
  /** 0 is Sunday. */
  weekday: number;
  /**
   * Unix seconds at which the clock shows so many seconds after midnight; 86400 is the midnight
   * that ends it. Skipped by a clock change: the first moment after; twice: the first.
   */
  at(second: number): number;
}

/** `02:30`, `2:30`; not `24:00`. */
const CLOCK_TIME = /^([01]?\d|2[0-3]):([0-5]\d)$/;
const DAY_S = 86_400;

/** Local days and clock times of one IANA zone. Formatters are dear: make one and keep it. */
export class HomeTime {
  readonly #clock: Intl.DateTimeFormat;
  readonly #parts: Intl.DateTimeFormat;
  /** The local day asked for last: loads ask every second. */
  #day = { start: 0, end: 0 };

  /** @param zone IANA name, checked by the settings */
  constructor(zone: string) {
    this.#clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    this.#parts = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
  }

  /** `12:15`. */
  clock(unixSeconds: number): string {
    return this.#clock.format(unixSeconds * 1000);
  }

  /** Seconds since local midnight by the clock on the wall. */
  secondOfDay(unixSeconds: number): number {
    return modulo(this.#wall(unixSeconds), DAY_S);
  }

  /** The first moment of the local day that a moment is in. */
  dayStart(unixSeconds: number): number {
    return this.#dayOf(unixSeconds).start;
  }

  /** The first moment of the next local day. */
  nextDayStart(unixSeconds: number): number {
    return this.#dayOf(unixSeconds).end;
  }

  /**
   * The next moment after `after` at which the clock on the wall shows `timeText` on one of `days`
   * (none: any day), unix seconds. A time that a clock change skips is the first moment after it;
   * of one that comes twice, the first counts.
   * @throws RangeError when it is no clock time.
   */
  nextLocal(timeText: string, days: readonly Weekday[], after: number): number {
    const match = CLOCK_TIME.exec(timeText);
    if (match === null) throw new RangeError(`"${timeText}" is no clock time such as "06:30"`);
    const inDay = Number(match[1]) * 3600 + Number(match[2]) * 60;
    const wall = this.#wall(after);
    const today = wall - modulo(wall, DAY_S);
    for (let ahead = 0; ; ahead += 1) {
      const day = today + ahead * DAY_S;
      if (days.length > 0 && !days.includes(weekdayOf(day))) continue;
      const at = this.#instantOf(day + inDay);
      if (at > after) return at;
    }
  }

  /** The local day so many days after that of a moment. */
  day(unixSeconds: number, later: number): LocalDay {
    const wall = this.#wall(unixSeconds);
    const midnight = wall - modulo(wall, DAY_S) + later * DAY_S;
    return {
      // 1970-01-01 was a Thursday.
      weekday: modulo(Math.round(midnight / DAY_S) + 4, 7),
      at: (second) => this.#instantOf(midnight + second),
    };
  }

  #dayOf(unixSeconds: number): { start: number; end: number } {
    if (unixSeconds < this.#day.start || unixSeconds >= this.#day.end) {
      const wall = this.#wall(unixSeconds);
      const today = wall - modulo(wall, DAY_S);
      this.#day = { start: this.#instantOf(today), end: this.#instantOf(today + DAY_S) };
    }
    return this.#day;
  }

  /**
   * Unix seconds of a clock time, given as if it were UTC. Skipped: the first moment after; twice:
   * the first.
   */
  #instantOf(wall: number): number {
    // What the clock was, and will be, ahead of UTC around it: the change lies between, if any.
    const before = wall - this.#ahead(wall - DAY_S);
    const after = wall - this.#ahead(wall + DAY_S);
    const found = [before, after].filter((at) => this.#wall(at) === wall);
    if (found.length > 0) return Math.min(...found);
    let low = after;
    let high = before;
    const aheadBefore = this.#ahead(low);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ahead(middle) === aheadBefore) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Seconds that the clock on the wall is ahead of UTC. */
  #ahead(unixSeconds: number): number {
    return this.#wall(unixSeconds) - Math.floor(unixSeconds);
  }

  /** What the clock on the wall shows, as if it were UTC, s. */
  #wall(unixSeconds: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#parts.formatToParts(Math.floor(unixSeconds) * 1000)) {
      parts[type] = Number(value);
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  }
}

function weekdayOf(daySeconds: number): Weekday {
  // 1970-01-01 was a Thursday.
  return WEEKDAYS[modulo(Math.round(daySeconds / DAY_S) + 3, 7)] ?? 'mon';
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
