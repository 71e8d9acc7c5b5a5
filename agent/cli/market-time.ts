/** Intervals and moments as people write and read them. */
import type { CommandArgs } from './command.ts';
import { UsageError } from './command.ts';

/** Moments in one zone, with what that zone is from UTC: `2026-06-12 10:15 +02:00`. */
export class MarketTime {
  readonly #format: Intl.DateTimeFormat;
  readonly #intervalMs: number;

  constructor(zone: string, intervalSeconds: number, args: Pick<CommandArgs, 'utc'>) {
    this.#intervalMs = intervalSeconds * 1000;
    this.#format = new Intl.DateTimeFormat('en-GB', {
      timeZone: args.utc ? 'UTC' : zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
  }

  /** With seconds, date and offset. */
  moment(ms: number): string {
    const { date, time, offset } = this.#parts(ms);
    return `${date} ${time} ${offset}`;
  }

  /** `2026-06-12 10:15`: the start of an interval. */
  start(interval: number): string {
    const { date, time } = this.#parts(interval * this.#intervalMs);
    return `${date} ${time.slice(0, 5)}`;
  }

  /** `2026-06-12`: the day of the start of an interval. */
  day(interval: number): string {
    return this.#parts(interval * this.#intervalMs).date;
  }

  /** `10:15:07`. */
  clock(ms: number): string {
    return this.#parts(ms).time;
  }

  /** `10:15-10:30`. */
  span(interval: number): string {
    const from = this.#parts(interval * this.#intervalMs).time;
    const to = this.#parts((interval + 1) * this.#intervalMs).time;
    return `${from.slice(0, 5)}-${to.slice(0, 5)}`;
  }

  offset(ms: number): string {
    return this.#parts(ms).offset;
  }

  #parts(ms: number): { date: string; time: string; offset: string } {
    const found: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(ms)) found[type] = value;
    const { year, month, day, hour, minute, second, timeZoneName = '' } = found;
    const offset = timeZoneName === 'GMT' ? '+00:00' : timeZoneName.replace('GMT', '');
    return { date: `${year}-${month}-${day}`, time: `${hour}:${minute}:${second}`, offset };
  }
}

const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * A moment of the command line, ISO 8601; a date alone begins at midnight, and what names no offset
 * is in UTC. @returns ms. @throws UsageError
 */
export function readMoment(option: string, text: string): number {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const whole = isDate ? `${text}T00:00Z` : /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  const ms = ISO.test(text) ? Date.parse(whole) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new UsageError(
    `--${option} ${text} is no moment`,
    null,
    'write 2026-06-12 or 2026-06-12T10:15+02:00',
  );
}
