/**
 * Moments that people name by their clock: "by 07:00 on weekdays". A time that a clock change skips
 * is the first valid moment after it, one that comes twice is the first (field notes 6). Pure.
 */
import type { UnixMs } from '../../host/ports.ts';

export interface LocalDate {
  year: number;
  month: number;
  day: number;
  /** 0 is Sunday. */
  weekday: number;
}

const DAY_MS = 86_400_000;
/** Clocks are at most so far from UTC, and change by less. */
const MOST_OFFSET_MS = 15 * 3_600_000;
const QUARTER_MS = 900_000;

export class LocalDays {
  readonly #parts: Intl.DateTimeFormat;

  /** @param zone IANA name, checked by the settings */
  constructor(zone: string) {
    this.#parts = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  }

  dateAt(atMs: UnixMs): LocalDate {
    const wall = new Date(this.#wallMs(atMs));
    return {
      ...{ year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() },
      weekday: wall.getUTCDay(),
    };
  }

  /** The date so many days later. */
  later({ year, month, day }: LocalDate, days: number): LocalDate {
    const at = new Date(Date.UTC(year, month - 1, day + days));
    return {
      ...{ year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() },
      weekday: at.getUTCDay(),
    };
  }

  /** @param second of the local day; 86400 is the midnight that ends it */
  moment({ year, month, day }: LocalDate, second: number): UnixMs {
    const wallMs = Date.UTC(year, month - 1, day) + second * 1000;
    // Both offsets that may hold around there; the earlier moment that shows the time is taken.
    const around = [wallMs - DAY_MS, wallMs + DAY_MS].map((at) => this.#wallMs(at) - at);
    const candidates = around.map((offset) => wallMs - offset).sort((a, b) => a - b);
    const exact = candidates.find((at) => this.#wallMs(at) === wallMs);
    return exact ?? this.#firstAfter(wallMs);
  }

  /** For a time that is skipped: the first moment whose clock shows more. */
  #firstAfter(wallMs: number): UnixMs {
    let at = Math.floor((wallMs - MOST_OFFSET_MS) / QUARTER_MS) * QUARTER_MS;
    while (this.#wallMs(at) < wallMs) at += QUARTER_MS;
    return at;
  }

  /** What the clock on the wall shows, as if it were UTC. */
  #wallMs(atMs: UnixMs): number {
    const parts: Record<string, number> = {};
    const whole = Math.floor(atMs / 1000) * 1000;
    for (const { type, value } of this.#parts.formatToParts(whole)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }
}
