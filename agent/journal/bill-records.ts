/** What each local day cost the home, and what it would have cost without the market. */
import type { Sql, SqlRow } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Bill } from '../strategy/daily-bill.ts';

/** A migration of journal.db. */
export const BILL_TABLE = `
-- A row per local day by its first interval; written once the day is over. Money in millionths.
CREATE TABLE bills (
  first_interval INTEGER PRIMARY KEY,
  intervals INTEGER NOT NULL,
  missing INTEGER NOT NULL,
  imported_ws INTEGER NOT NULL,
  exported_ws INTEGER NOT NULL,
  bought_ws INTEGER NOT NULL,
  sold_ws INTEGER NOT NULL,
  paid_micro INTEGER NOT NULL,
  supplier_micro INTEGER NOT NULL,
  alone_micro INTEGER NOT NULL,
  alone_stored_ws INTEGER
) STRICT;
`;

export interface BillRow extends Bill {
  /** Of the local day. */
  firstInterval: Interval;
  intervals: number;
  /** Intervals that are in no sum, since not all of them is known. */
  missing: number;
}

export class BillRecords {
  readonly #sql: Sql;
  readonly #write: (work: () => void) => void;

  constructor(sql: Sql, write: (work: () => void) => void) {
    this.#sql = sql;
    this.#write = write;
  }

  /** The last so many days, the oldest first. */
  last(days: number): BillRow[] {
    return this.#sql
      .all('SELECT * FROM bills ORDER BY first_interval DESC LIMIT ?', days)
      .map(readBill)
      .reverse();
  }

  /** The first word stands. @throws SqlError */
  record(row: BillRow): void {
    this.#write(() => {
      this.#sql.run(
        'INSERT INTO bills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        ...[row.firstInterval, row.intervals, row.missing],
        ...[row.importedWs, row.exportedWs, row.boughtWs, row.soldWs].map(Math.round),
        ...[row.paidMicro, row.supplierMicro, row.aloneMicro].map(Math.round),
        row.aloneStoredWs === null ? null : Math.round(row.aloneStoredWs),
      );
    });
  }
}

function readBill(row: SqlRow): BillRow {
  const of = (column: string) => Number(row[column]);
  return {
    firstInterval: of('first_interval'),
    intervals: of('intervals'),
    missing: of('missing'),
    importedWs: of('imported_ws'),
    exportedWs: of('exported_ws'),
    boughtWs: of('bought_ws'),
    soldWs: of('sold_ws'),
    paidMicro: of('paid_micro'),
    supplierMicro: of('supplier_micro'),
    aloneMicro: of('alone_micro'),
    aloneStoredWs: row.alone_stored_ws === null ? null : of('alone_stored_ws'),
  };
}
