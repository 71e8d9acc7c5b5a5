/** The enrolled meters, their accounts, and what the books remember between starts. */
import type { Sql, SqlRow } from '../../host/ports.ts';
import type { Address } from '../../market/messages.ts';

export interface Meter {
  meterId: Address;
  feeder: number;
  maxPowerW: number;
  balanceMicro: bigint;
  suspended: boolean;
  /** The meter that took its place, which has its account now; null: none. */
  replacedBy: Address | null;
}

/** Why a balance changed. */
export type LedgerReason = 'opening' | 'granted' | 'returned' | 'deposited' | 'moved';

export interface MeterSummary extends Meter {
  withdrawals: number;
  /** Grants whose intervals are not all past. */
  openGrants: number;
  depositedMicro: bigint;
  readings: {
    count: number;
    lastInterval: number | null;
    importedWs: number;
    exportedWs: number;
  };
}

export class Meters {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  find(meterId: Address): Meter | null {
    const row = this.#sql.get('SELECT * FROM meters WHERE meter_id = ?', meterId);
    return row === undefined ? null : meterOf(row);
  }

  all(): Meter[] {
    return this.#sql.all('SELECT * FROM meters').map(meterOf);
  }

  /** Enrols a meter with an opening balance. Within a transaction of the caller's. */
  add(meter: Omit<Meter, 'replacedBy'>, atMs: number): void {
    this.#sql.run(
      `INSERT INTO meters(meter_id, feeder, max_power_w, balance_micro, suspended, added_at_ms)
       VALUES (?, ?, ?, '0', ?, ?)`,
      meter.meterId,
      meter.feeder,
      meter.maxPowerW,
      meter.suspended ? 1 : 0,
      Math.round(atMs),
    );
    this.book(meter.meterId, meter.balanceMicro, 'opening', meter.meterId, atMs);
  }

  /** The meter whose account stands for this one: itself, or the last that took its place. */
  accountOf(meterId: Address): Address {
    let held = meterId;
    for (let next = this.find(held)?.replacedBy; next; next = this.find(held)?.replacedBy) {
      held = next;
    }
    return held;
  }

  /** The meter and all whose place it took: what they hold counts together. */
  lineOf(meterId: Address): Address[] {
    const line = [meterId];
    for (const each of line) {
      const sql = 'SELECT meter_id FROM meters WHERE replaced_by = ?';
      line.push(...this.#sql.all(sql, each).map((row) => String(row.meter_id)));
    }
    return line;
  }

  /** Suspends the old one for good and moves its account. Within a transaction of the caller's. */
  replace(oldId: Address, newId: Address, atMs: number): void {
    const balanceMicro = this.find(oldId)?.balanceMicro ?? 0n;
    this.book(oldId, -balanceMicro, 'moved', `${oldId} to ${newId}`, atMs, true);
    this.book(newId, balanceMicro, 'moved', `${newId} from ${oldId}`, atMs, true);
    const sql = 'UPDATE meters SET suspended = 1, replaced_by = ? WHERE meter_id = ?';
    this.#sql.run(sql, newId, oldId);
  }

  /** @returns whether there is such a meter */
  setSuspended(meterId: Address, isSuspended: boolean): boolean {
    const sql = 'UPDATE meters SET suspended = ? WHERE meter_id = ?';
    return this.#sql.run(sql, isSuspended ? 1 : 0, meterId).changes === 1;
  }

  /**
   * Changes a balance, once for each reason and reference: a repetition does nothing. What is of a
   * meter that was replaced goes to the account of the one in its place. Within a transaction of
   * the caller's.
   * @param mayOverdraw where the money is gone already, by a grant that was learned of too late
   * @returns whether it was booked now
   */
  book(
    ofMeter: Address,
    amountMicro: bigint,
    reason: LedgerReason,
    ref: string,
    atMs: number,
    mayOverdraw = false,
  ): boolean {
    const meterId = this.accountOf(ofMeter);
    const entry = this.#sql.run(
      `INSERT INTO ledger(meter_id, amount_micro, reason, ref, at_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (reason, ref) DO NOTHING`,
      meterId,
      amountMicro.toString(),
      reason,
      ref,
      Math.round(atMs),
    );
    if (entry.changes === 0) return false;
    const meter = this.find(meterId);
    if (meter === null) throw new Error(`there is no meter ${meterId} to book to`);
    const balance = meter.balanceMicro + amountMicro;
    if (balance < 0n && amountMicro < 0n && !mayOverdraw)
      throw new Error(`the account of ${meterId} would go below zero`);
    const sql = 'UPDATE meters SET balance_micro = ? WHERE meter_id = ?';
    this.#sql.run(sql, balance.toString(), meterId);
    return true;
  }

  /** All meters, by feeder and id. @param interval the one now, from which grants are open */
  summaries(interval: number): MeterSummary[] {
    return this.#sql.all('SELECT * FROM meters ORDER BY feeder, meter_id').map((row) => {
      const meter = meterOf(row);
      return { ...meter, ...this.#summary(meter.meterId, interval) };
    });
  }

  #summary(meterId: Address, interval: number) {
    const counts = this.#sql.get(
      `SELECT
         (SELECT count(*) FROM withdrawals WHERE meter_id = ?) AS withdrawals,
         (SELECT count(*) FROM grants WHERE meter_id = ? AND last_interval >= ?
            AND state IN ('waiting', 'granted')) AS open`,
      meterId,
      meterId,
      interval,
    );
    const readings = this.#sql.get(
      `SELECT count(*) AS count, max(interval) AS last, sum(imported_ws) AS imported,
              sum(exported_ws) AS exported FROM readings WHERE meter_id = ?`,
      meterId,
    );
    const deposits = this.#sql.all(
      "SELECT amount_micro FROM ledger WHERE meter_id = ? AND reason = 'deposited'",
      meterId,
    );
    return {
      withdrawals: Number(counts?.withdrawals ?? 0),
      openGrants: Number(counts?.open ?? 0),
      depositedMicro: deposits.reduce((sum, row) => sum + BigInt(String(row.amount_micro)), 0n),
      readings: {
        count: Number(readings?.count ?? 0),
        lastInterval: readings?.last === null ? null : Number(readings?.last),
        importedWs: Number(readings?.imported ?? 0),
        exportedWs: Number(readings?.exported ?? 0),
      },
    };
  }
}

/** Single facts by name: the chain the books belong to, how far its log was read. */
export class Facts {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get(name: string): string | null {
    const row = this.#sql.get('SELECT value FROM facts WHERE name = ?', name);
    return row === undefined ? null : String(row.value);
  }

  remove(name: string): void {
    this.#sql.run('DELETE FROM facts WHERE name = ?', name);
  }

  set(name: string, value: string): void {
    this.#sql.run(
      `INSERT INTO facts(name, value) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      name,
      value,
    );
  }
}

function meterOf(row: SqlRow): Meter {
  return {
    meterId: String(row.meter_id),
    feeder: Number(row.feeder),
    maxPowerW: Number(row.max_power_w),
    balanceMicro: BigInt(String(row.balance_micro)),
    suspended: row.suspended === 1,
    replacedBy: row.replaced_by === null ? null : String(row.replaced_by),
  };
}
