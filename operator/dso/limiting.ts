/**
 * Holds the contracts' limits of feeders on what was ordered for a while. A change in the contract
 * takes effect behind every postable interval (design: the chain), so it is sent a horizon ahead:
 * while the interval behind the horizon is one of an order. When that is over the owner's limits
 * come back the same way. What should be follows from the orders alone, what is from the log, so
 * that overlapping, removed and missed orders, and restarts, need no thought of their own.
 */
import { SigningKey } from 'ethers';
import { lowerFeederLimitsCall } from '../../chain/calls.ts';
import type { Outbox } from '../../chain/outbox.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import {
  type Interval,
  lastPostableInterval,
  type MarketCalendar,
  startOf,
} from '../../market/intervals.ts';
import type { FeederLimits } from '../../market/offers.ts';
import type { Books } from '../books/books.ts';
import type { Control, LimitOrder } from '../books/control.ts';

export interface LimitingPorts {
  books: Books;
  outbox: Outbox;
  grid: GridFacts;
  /** The DSO's key: the granter. */
  key: Uint8Array;
  clock: Clock;
  log: Log;
}

/**
 * From when on a change can still be in time: a transaction may come into a block so late that it
 * counts from the next interval on.
 */
export function earliestLimit(calendar: MarketCalendar, unixSeconds: number): Interval {
  return lastPostableInterval(calendar, unixSeconds + calendar.leadSeconds) + 1;
}

/** When the change for an interval is sent, unix s. */
export function sentAt(calendar: MarketCalendar, interval: Interval): number {
  return startOf(calendar, interval - calendar.horizonIntervals);
}

/** What a feeder's limits should be at an interval; null where the owner's are not known. */
export function wantedLimits(
  control: Control,
  feeder: number,
  interval: Interval,
): FeederLimits | null {
  const ceiling = control.ceilingOf(feeder);
  if (ceiling === null) return null;
  const orders = control
    .limitOrders(interval)
    .filter((order) => order.feeder === feeder && order.firstInterval <= interval);
  const least = (most: number, of: (order: LimitOrder) => number | null) =>
    Math.min(most, ...orders.map((order) => of(order) ?? most));
  return {
    internalLimitW: least(ceiling.internalLimitW, (order) => order.internalLimitW),
    externalLimitW: least(ceiling.externalLimitW, (order) => order.externalLimitW),
  };
}

export class Limiting {
  readonly #ports: LimitingPorts;
  readonly #key: SigningKey;

  constructor(ports: LimitingPorts) {
    this.#ports = ports;
    this.#key = new SigningKey(ports.key);
  }

  /** Signs what is to be changed now. @returns how many feeders. @throws OutboxError */
  signDue(): number {
    const { books, grid, clock } = this.#ports;
    if (!clock.isProven()) return 0;
    const now = clock.now() / 1000;
    const next = lastPostableInterval(grid.calendar, now) + 1;
    let signed = 0;
    for (const feeder of books.control.feeders()) {
      const wanted = wantedLimits(books.control, feeder, next);
      const are = books.control.limitsAt(feeder, next);
      if (wanted === null || are === null || isSame(wanted, are)) continue;
      if (this.#sign(feeder, wanted, next)) signed += 1;
    }
    return signed;
  }

  #sign(feeder: number, limits: FeederLimits, next: Interval): boolean {
    const { outbox, grid, log } = this.#ports;
    const { internalLimitW, externalLimitW } = limits;
    const ref = `limits:${feeder}:${next}:${internalLimitW}/${externalLimitW}`;
    const before = outbox.store.byRef(ref).at(-1);
    // Under way, or refused: the next interval is another try.
    if (before !== undefined && before.state !== 'mined') return false;
    const call = lowerFeederLimitsCall(grid.contracts.microgrid, feeder, limits);
    outbox.enqueue(this.#key, call, ref);
    log.info('limits of a feeder are changed', { feeder, internalLimitW, externalLimitW });
    return true;
  }
}

function isSame(a: FeederLimits, b: FeederLimits): boolean {
  return a.internalLimitW === b.internalLimitW && a.externalLimitW === b.externalLimitW;
}
