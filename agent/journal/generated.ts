/**
 * What the home generated in each interval, where meters count it, and what it is expected to draw
 * and generate: means in W.
 */
import type { Sql } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

/** A migration of journal.db. */
export const GENERATED_TABLE = `
CREATE TABLE generated (
  interval INTEGER PRIMARY KEY,
  power_w INTEGER NOT NULL
) STRICT;

-- The latest expectation of the coming intervals; rows of the past go.
CREATE TABLE expected_parts (
  interval INTEGER PRIMARY KEY,
  load_w INTEGER NOT NULL,
  generation_w INTEGER NOT NULL
) STRICT;
`;

/** Of an interval to come. */
export interface ExpectedParts {
  loadW: number;
  generationW: number;
}

export class GeneratedPower {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The first word stands. @throws SqlError */
  record(interval: Interval, powerW: number): void {
    this.#sql.run(
      'INSERT INTO generated VALUES (?, ?) ON CONFLICT DO NOTHING',
      interval,
      Math.round(powerW),
    );
  }

  /** By interval, `first` to `last` included; missing ones are not known. */
  between(first: Interval, last: Interval): Map<Interval, number> {
    const rows = this.#sql.all(
      'SELECT interval, power_w FROM generated WHERE interval BETWEEN ? AND ?',
      first,
      last,
    );
    return new Map(rows.map((row) => [Number(row.interval), Number(row.power_w)]));
  }

  /** Within a transaction of the journal. @param now rows before it go */
  putExpected(now: Interval, parts: ReadonlyMap<Interval, ExpectedParts>): void {
    this.#sql.run('DELETE FROM expected_parts WHERE interval < ?', now);
    for (const [interval, { loadW, generationW }] of parts) {
      const values = [interval, Math.round(loadW), Math.round(generationW)] as const;
      this.#sql.run('INSERT OR REPLACE INTO expected_parts VALUES (?, ?, ?)', ...values);
    }
  }

  expected(first: Interval, last: Interval): Map<Interval, ExpectedParts> {
    const rows = this.#sql.all(
      'SELECT * FROM expected_parts WHERE interval BETWEEN ? AND ?',
      first,
      last,
    );
    return new Map(
      rows.map((row) => [
        Number(row.interval),
        { loadW: Number(row.load_w), generationW: Number(row.generation_w) },
      ]),
    );
  }
}
