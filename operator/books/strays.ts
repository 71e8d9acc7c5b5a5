/**
 * What the log says of addresses that no meter is known for. None of it is lost: when a meter shows
 * that an address is its own, all of it is booked then.
 */
import type { Sql } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Address } from '../../market/messages.ts';

export type StrayEvent = Extract<
  MarketEvent,
  {
    kind:
      | 'asset-added'
      | 'financial-added'
      | 'energy-deposited'
      | 'financial-deposited'
      | 'offer-posted';
  }
>;

export interface StraySummary {
  addresses: number;
  /** Granted to them, and come back from them, millionths. */
  grantedMicro: bigint;
  depositedMicro: bigint;
  /** Grants of energy that bind somebody yet. */
  openAssets: number;
}

export class Strays {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns whether it is new */
  add(event: StrayEvent): boolean {
    const { transactionHash, logIndex, blockNumber, owner, kind } = event;
    const text = JSON.stringify(event, (_, value) =>
      typeof value === 'bigint' ? { bigint: `${value}` } : value,
    );
    const { changes } = this.#sql.run(
      `INSERT INTO strays(transaction_hash, log_index, block, address, kind, event, last_interval)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      transactionHash,
      logIndex,
      blockNumber,
      owner.toLowerCase(),
      kind,
      text,
      kind === 'asset-added' ? event.lastInterval : null,
    );
    return changes === 1;
  }

  /** In the order of the log. */
  of(address: Address): StrayEvent[] {
    return this.#sql
      .all(
        'SELECT event FROM strays WHERE address = ? ORDER BY block, log_index',
        address.toLowerCase(),
      )
      .map((row) => eventOf(String(row.event)));
  }

  remove(address: Address): void {
    this.#sql.run('DELETE FROM strays WHERE address = ?', address.toLowerCase());
  }

  /** Grants of energy in later blocks that may be used in this interval or after. */
  openAssets(afterBlock: number, interval: Interval): number {
    const row = this.#sql.get(
      `SELECT count(*) AS count FROM strays
       WHERE kind = 'asset-added' AND block > ? AND last_interval >= ?`,
      afterBlock,
      interval,
    );
    return Number(row?.count ?? 0);
  }

  summary(interval: Interval): StraySummary {
    const addresses = this.#sql.get('SELECT count(DISTINCT address) AS count FROM strays');
    const sum = (kind: 'financial-added' | 'financial-deposited') =>
      this.#sql
        .all('SELECT event FROM strays WHERE kind = ?', kind)
        .map((row) => eventOf(String(row.event)))
        .reduce((total, event) => total + ('amountMicro' in event ? event.amountMicro : 0n), 0n);
    return {
      addresses: Number(addresses?.count ?? 0),
      grantedMicro: sum('financial-added'),
      depositedMicro: sum('financial-deposited'),
      openAssets: this.openAssets(-1, interval),
    };
  }
}

function eventOf(text: string): StrayEvent {
  return JSON.parse(text, (_, value) =>
    value !== null && typeof value === 'object' && 'bigint' in value ? BigInt(value.bigint) : value,
  ) as StrayEvent;
}
