/** What was expected of the weather of each interval, shortly before it began. */
import type { Sql } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Weather } from '../strategy/forecast/weather.ts';

/** A migration of journal.db. */
export const WEATHER_TABLE = `
CREATE TABLE weather (
  interval INTEGER PRIMARY KEY,
  irradiance_w_m2 REAL,
  temperature_c REAL
) STRICT;
`;

export class WeatherRecords {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Within a transaction of the journal. The last word stands. @throws SqlError */
  put(interval: Interval, { irradianceWm2, temperatureC }: Weather): void {
    const values = [interval, irradianceWm2, temperatureC] as const;
    this.#sql.run('INSERT OR REPLACE INTO weather VALUES (?, ?, ?)', ...values);
  }

  /** By interval, `first` to `last` included. */
  between(first: Interval, last: Interval): Map<Interval, Weather> {
    const rows = this.#sql.all('SELECT * FROM weather WHERE interval BETWEEN ? AND ?', first, last);
    const numberOf = (value: unknown) => (value === null ? null : Number(value));
    return new Map(
      rows.map((row) => [
        Number(row.interval),
        {
          irradianceWm2: numberOf(row.irradiance_w_m2),
          temperatureC: numberOf(row.temperature_c),
        },
      ]),
    );
  }
}
