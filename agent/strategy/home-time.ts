/** The home's local time, for sentences and for loads that want their energy by the day. */

/** Local days and clock times of one IANA zone. Formatters are dear: make one and keep it. */
export class HomeTime {
  readonly #clock: Intl.DateTimeFormat;
  readonly #parts: Intl.DateTimeFormat;

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
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#parts.formatToParts(Math.floor(unixSeconds) * 1000)) {
      parts[type] = Number(value);
    }
    return (parts.hour ?? 0) * 3600 + (parts.minute ?? 0) * 60 + (parts.second ?? 0);
  }

  /** The local midnight at or before a moment; on days of a clock change it may be an hour off. */
  dayStart(unixSeconds: number): number {
    return Math.floor(unixSeconds) - this.secondOfDay(unixSeconds);
  }
}
