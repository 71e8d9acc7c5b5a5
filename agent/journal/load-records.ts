/**
 * What the journal keeps of loads beside their switches: what each is planned to take, what people
 * ordered, what turned out to be broken, and the operator's limit of power. Moments in ms of market
 * time, powers in W. Reached as `journal.loads`.
 */
import type { Sql, SqlRow, UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

/** A migration of journal.db. */
export const LOAD_TABLES = `
-- The latest plan of each load and interval, a mean over it.
CREATE TABLE load_plans (
  interval INTEGER NOT NULL,
  load TEXT NOT NULL,
  power_w INTEGER NOT NULL,
  PRIMARY KEY (interval, load)
) STRICT, WITHOUT ROWID;

-- What people said of a load; without a row it is on its own (auto).
CREATE TABLE load_orders (
  load TEXT PRIMARY KEY,
  mode TEXT NOT NULL CHECK (mode IN ('off', 'on')),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Loads that did not do as told too often: neither switched nor planned.
CREATE TABLE load_faults (
  load TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: what the operator of the grid allows the home to draw.
CREATE TABLE power_limit (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  limit_w INTEGER NOT NULL CHECK (limit_w >= 0),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER
) STRICT;
`;

/** `on` and `off` are a person's word; `auto` leaves the load to needs, schedule and surplus. */
export type LoadMode = 'auto' | 'off' | 'on';

export interface LoadOrder {
  mode: 'off' | 'on';
  sinceMs: UnixMs;
  /** Null: until told otherwise. */
  untilMs: UnixMs | null;
}

export interface LoadFault {
  atMs: UnixMs;
  reason: string;
}

export interface PowerLimit {
  limitW: number;
  sinceMs: UnixMs;
  /** Null: until told otherwise. */
  untilMs: UnixMs | null;
}

/** Mean power by load, W. */
export type LoadPlan = ReadonlyMap<string, number>;

export class LoadRecords {
  readonly #sql: Sql;
  readonly #write: <T>(work: () => T) => T;

  /** @param write makes one durable transaction of what it is given */
  constructor(sql: Sql, write: <T>(work: () => T) => T) {
    this.#sql = sql;
    this.#write = write;
  }

  /** Within a transaction of the journal. Replaces what was planned for the interval. */
  putPlan(interval: Interval, plan: LoadPlan): void {
    this.#sql.run('DELETE FROM load_plans WHERE interval = ?', interval);
    for (const [load, powerW] of plan) {
      if (powerW <= 0) continue;
      const values = [interval, load, Math.round(powerW)] as const;
      this.#sql.run('INSERT INTO load_plans VALUES (?, ?, ?)', ...values);
    }
  }

  /** Empty where no load is planned, or nothing is known. */
  plan(interval: Interval): LoadPlan {
    const rows = this.#sql.all('SELECT * FROM load_plans WHERE interval = ?', interval);
    return new Map(rows.map((row) => [String(row.load), Number(row.power_w)]));
  }

  /** @param order null: auto */
  setOrder(load: string, order: LoadOrder | null): void {
    this.#write(() => {
      this.#sql.run('DELETE FROM load_orders WHERE load = ?', load);
      if (order === null) return;
      const { mode, sinceMs, untilMs } = order;
      const values = [load, mode, Math.round(sinceMs), rounded(untilMs)] as const;
      this.#sql.run('INSERT INTO load_orders VALUES (?, ?, ?, ?)', ...values);
    });
  }

  orders(): Map<string, LoadOrder> {
    const rows = this.#sql.all('SELECT * FROM load_orders');
    return new Map(rows.map((row) => [String(row.load), orderOf(row)]));
  }

  /** @param fault null: it works again */
  setFault(load: string, fault: LoadFault | null): void {
    this.#write(() => {
      this.#sql.run('DELETE FROM load_faults WHERE load = ?', load);
      if (fault === null) return;
      const values = [load, Math.round(fault.atMs), fault.reason] as const;
      this.#sql.run('INSERT INTO load_faults VALUES (?, ?, ?)', ...values);
    });
  }

  faults(): Map<string, LoadFault> {
    const rows = this.#sql.all('SELECT * FROM load_faults');
    return new Map(
      rows.map((row) => [
        String(row.load),
        { atMs: Number(row.at_ms), reason: String(row.reason) },
      ]),
    );
  }

  /** @param limit null: none any more */
  setLimit(limit: PowerLimit | null): void {
    this.#write(() => {
      this.#sql.run('DELETE FROM power_limit');
      if (limit === null) return;
      const { limitW, sinceMs, untilMs } = limit;
      const values = [Math.round(limitW), Math.round(sinceMs), rounded(untilMs)] as const;
      this.#sql.run('INSERT INTO power_limit VALUES (1, ?, ?, ?)', ...values);
    });
  }

  limit(): PowerLimit | null {
    const row = this.#sql.get('SELECT * FROM power_limit');
    if (row === undefined) return null;
    const untilMs = row.until_ms === null ? null : Number(row.until_ms);
    return { limitW: Number(row.limit_w), sinceMs: Number(row.since_ms), untilMs };
  }

  /** How often a load was turned on, ever. */
  cycles(load: string): number {
    const row = this.#sql.get(
      'SELECT count(*) AS cycles FROM switches WHERE load = ? AND on_off = 1',
      load,
    );
    return Number(row?.cycles ?? 0);
  }
}

/** Whether an order, or a limit, is still in force at a moment. */
export function isInForce(
  { untilMs }: Pick<LoadOrder | PowerLimit, 'untilMs'>,
  nowMs: UnixMs,
): boolean {
  return untilMs === null || nowMs < untilMs;
}

function orderOf(row: SqlRow): LoadOrder {
  return {
    mode: row.mode === 'on' ? 'on' : 'off',
    sinceMs: Number(row.since_ms),
    untilMs: row.until_ms === null ? null : Number(row.until_ms),
  };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
