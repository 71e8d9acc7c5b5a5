/**
 * What the engineer ordered of the whole market: the pause, and limits of feeders for a while; and
 * beside it what the contracts' log says of both.
 */
import type { Sql, SqlRow } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import type { Interval } from '../../market/intervals.ts';
import type { FeederLimits } from '../../market/offers.ts';
import type { Facts } from './meters.ts';

/** Less than the owner allows, in [firstInterval, lastInterval]; null: as it is. */
export interface LimitOrder {
  id: number;
  feeder: number;
  internalLimitW: number | null;
  externalLimitW: number | null;
  firstInterval: Interval;
  lastInterval: Interval;
}

const ORDERED = 'pause ordered';
const ON_CHAIN = 'paused on chain';

export class Control {
  readonly #sql: Sql;
  readonly #facts: Facts;

  constructor(sql: Sql, facts: Facts) {
    this.#sql = sql;
    this.#facts = facts;
  }

  // ------------------------------------------------------------------------------------ pause

  /** Why nothing is granted, perhaps empty; null while the market is open. */
  get pausedFor(): string | null {
    return this.#text(ORDERED) ?? this.#text(ON_CHAIN);
  }

  /** What the final log says, which an order may be ahead of. */
  get isPausedOnChain(): boolean {
    return this.#text(ON_CHAIN) !== null;
  }

  /** From here on nothing is granted; that the contracts pause too, the log tells later. */
  order(pausedFor: string | null): void {
    this.#set(ORDERED, pausedFor);
  }

  #text(fact: string): string | null {
    return JSON.parse(this.#facts.get(fact) ?? 'null') as string | null;
  }

  #set(fact: string, text: string | null): void {
    this.#facts.set(fact, JSON.stringify(text));
  }

  // ----------------------------------------------------------------------------------- limits

  addLimit(order: Omit<LimitOrder, 'id'>, atMs: number): number {
    return this.#sql.run(
      `INSERT INTO limit_orders(feeder, internal_w, external_w, first_interval, last_interval,
                                at_ms) VALUES (?, ?, ?, ?, ?, ?)`,
      order.feeder,
      order.internalLimitW,
      order.externalLimitW,
      order.firstInterval,
      order.lastInterval,
      Math.round(atMs),
    ).lastId;
  }

  /** @returns whether there was such an order */
  removeLimit(id: number, atMs: number): boolean {
    const sql = 'UPDATE limit_orders SET removed_at_ms = ? WHERE id = ? AND removed_at_ms IS NULL';
    return this.#sql.run(sql, Math.round(atMs), id).changes === 1;
  }

  /** Orders that reach to an interval or beyond, the removed ones left out. */
  limitOrders(from: Interval): LimitOrder[] {
    return this.#sql
      .all(
        `SELECT * FROM limit_orders WHERE removed_at_ms IS NULL AND last_interval >= ?
         ORDER BY first_interval, id`,
        from,
      )
      .map(orderOf);
  }

  /** Null where the log tells of none: the market is of an earlier release. */
  ceilingOf(feeder: number): FeederLimits | null {
    return limitsOf(this.#sql.get('SELECT * FROM feeder_ceilings WHERE feeder = ?', feeder));
  }

  feeders(): number[] {
    return this.#sql
      .all('SELECT feeder FROM feeder_ceilings ORDER BY feeder')
      .map((row) => Number(row.feeder));
  }

  /** As the contract has it at an interval; null where none is known. */
  limitsAt(feeder: number, interval: Interval): FeederLimits | null {
    return limitsOf(
      this.#sql.get(
        `SELECT * FROM feeder_limits WHERE feeder = ? AND from_interval <= ?
         ORDER BY from_interval DESC LIMIT 1`,
        feeder,
        interval,
      ),
    );
  }

  // ---------------------------------------------------------------------------------- the log

  observe(event: MarketEvent): void {
    switch (event.kind) {
      case 'paused':
        this.#set(ON_CHAIN, event.reason);
        break;
      case 'resumed':
        this.#set(ON_CHAIN, null);
        break;
      case 'feeder-ceiling-set':
        this.#sql.run(
          `INSERT INTO feeder_ceilings(feeder, internal_w, external_w) VALUES (?, ?, ?)
           ON CONFLICT (feeder) DO UPDATE SET internal_w = excluded.internal_w,
                                              external_w = excluded.external_w`,
          event.feeder,
          event.internalLimitW,
          event.externalLimitW,
        );
        break;
      case 'feeder-limits-set': {
        const { feeder, fromInterval, internalLimitW, externalLimitW } = event;
        // A later word about the same or an earlier interval overrides what was to come.
        const sql = 'DELETE FROM feeder_limits WHERE feeder = ? AND from_interval >= ?';
        this.#sql.run(sql, feeder, fromInterval);
        this.#sql.run(
          `INSERT INTO feeder_limits(feeder, from_interval, internal_w, external_w)
           VALUES (?, ?, ?, ?)`,
          ...[feeder, fromInterval, internalLimitW, externalLimitW],
        );
        break;
      }
    }
  }
}

function orderOf(row: SqlRow): LimitOrder {
  const watts = (value: unknown) => (value === null ? null : Number(value));
  return {
    id: Number(row.id),
    feeder: Number(row.feeder),
    internalLimitW: watts(row.internal_w),
    externalLimitW: watts(row.external_w),
    firstInterval: Number(row.first_interval),
    lastInterval: Number(row.last_interval),
  };
}

function limitsOf(row: SqlRow | undefined): FeederLimits | null {
  if (row === undefined) return null;
  return { internalLimitW: Number(row.internal_w), externalLimitW: Number(row.external_w) };
}
