/**
 * What battery and switched loads took in each interval, so that forecasts stand on the net load
 * that nobody controls: the meter's reading less these. One row per interval, means in W, positive
 * into the device.
 */
import type { Sql } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

/** A migration of journal.db. */
export const CONTROLLED_TABLE = `
CREATE TABLE controlled (
  interval INTEGER PRIMARY KEY,
  battery_w INTEGER NOT NULL,
  loads_w INTEGER NOT NULL
) STRICT;
`;

export class ControlledPower {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The first word stands. @throws SqlError */
  record(interval: Interval, batteryW: number, loadsW: number): void {
    this.#sql.run(
      'INSERT INTO controlled VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      interval,
      Math.round(batteryW),
      Math.round(loadsW),
    );
  }

  /** What the battery took by interval, `first` to `last` included, W. */
  batteryBetween(first: Interval, last: Interval): Map<Interval, number> {
    const rows = this.#sql.all(
      'SELECT interval, battery_w FROM controlled WHERE interval BETWEEN ? AND ?',
      first,
      last,
    );
    return new Map(rows.map((row) => [Number(row.interval), Number(row.battery_w)]));
  }

  /** Both together by interval, `first` to `last` included; missing ones are not known. */
  between(first: Interval, last: Interval): Map<Interval, number> {
    const rows = this.#sql.all(
      `SELECT interval, battery_w + loads_w AS power_w FROM controlled
       WHERE interval BETWEEN ? AND ?`,
      first,
      last,
    );
    return new Map(rows.map((row) => [Number(row.interval), Number(row.power_w)]));
  }
}
