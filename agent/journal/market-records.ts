/** What the public market's intervals came to, kept so that a restart knows the market's past. */
import type { Sql } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { ClearedInterval } from '../strategy/market-past.ts';

/** A migration of journal.db. */
export const MARKET_TABLE = `
-- All offers and final trades of everybody, mean W.
CREATE TABLE market_past (
  interval INTEGER PRIMARY KEY,
  asked_w INTEGER NOT NULL,
  bid_w INTEGER NOT NULL,
  traded_w INTEGER NOT NULL
) STRICT;
`;

export class MarketRecords {
  readonly #sql: Sql;
  readonly #write: (work: () => void) => void;

  constructor(sql: Sql, write: (work: () => void) => void) {
    this.#sql = sql;
    this.#write = write;
  }

  has(interval: Interval): boolean {
    return this.#sql.get('SELECT 1 AS found FROM market_past WHERE interval = ?', interval) != null;
  }

  /** In the order of intervals. */
  since(first: Interval): ClearedInterval[] {
    return this.#sql
      .all('SELECT * FROM market_past WHERE interval >= ? ORDER BY interval', first)
      .map((row) => ({
        interval: Number(row.interval),
        askedW: Number(row.asked_w),
        bidW: Number(row.bid_w),
        tradedW: Number(row.traded_w),
      }));
  }

  /** Older ones than `keptFrom` are dropped. @throws SqlError */
  record({ interval, askedW, bidW, tradedW }: ClearedInterval, keptFrom: Interval): void {
    this.#write(() => {
      this.#sql.run(
        'INSERT OR REPLACE INTO market_past VALUES (?, ?, ?, ?)',
        interval,
        Math.round(askedW),
        Math.round(bidW),
        Math.round(tradedW),
      );
      this.#sql.run('DELETE FROM market_past WHERE interval < ?', keptFrom);
    });
  }
}
