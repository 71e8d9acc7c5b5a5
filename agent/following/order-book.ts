/**
 * What people and the operator said of loads, and which loads are broken: kept in the journal, so
 * that it outlives a restart, and here, so that it is not asked for at every look.
 */
import { type Log, SqlError, type UnixMs } from '../../host/ports.ts';
import type { Journal } from '../journal/journal.ts';
import {
  isInForce,
  type LoadFault,
  type LoadOrder,
  type PowerLimit,
} from '../journal/load-records.ts';

export class OrderBook {
  readonly #journal: Journal;
  readonly #log: Log;
  #orders = new Map<string, LoadOrder>();
  #faults = new Map<string, LoadFault>();
  #limit: PowerLimit | null = null;

  constructor(journal: Journal, log: Log) {
    this.#journal = journal;
    this.#log = log;
  }

  recall(): void {
    this.#orders = this.#journal.loads.orders();
    this.#faults = this.#journal.loads.faults();
    this.#limit = this.#journal.loads.limit();
  }

  /** A person's word that is in force; null: auto. */
  order(load: string, nowMs: UnixMs): LoadOrder | null {
    const order = this.#orders.get(load) ?? null;
    return order !== null && isInForce(order, nowMs) ? order : null;
  }

  /** @param order null: auto */
  setOrder(load: string, order: LoadOrder | null): void {
    if (order === null) this.#orders.delete(load);
    else this.#orders.set(load, order);
    this.#guarded(() => this.#journal.loads.setOrder(load, order));
  }

  fault(load: string): LoadFault | null {
    return this.#faults.get(load) ?? null;
  }

  setFault(load: string, fault: LoadFault | null): void {
    if (fault === null) this.#faults.delete(load);
    else this.#faults.set(load, fault);
    this.#guarded(() => this.#journal.loads.setFault(load, fault));
  }

  /** The operator's, as far as it is in force. */
  limit(nowMs: UnixMs): PowerLimit | null {
    return this.#limit !== null && isInForce(this.#limit, nowMs) ? this.#limit : null;
  }

  setLimit(limit: PowerLimit | null): void {
    this.#limit = limit;
    this.#guarded(() => this.#journal.loads.setLimit(limit));
  }

  /** A disk that fails costs the memory of it after a restart, not the order. */
  #guarded(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#log.warn('an order could not be written to the journal: a restart forgets it', {
        cause: error.message,
      });
    }
  }
}
