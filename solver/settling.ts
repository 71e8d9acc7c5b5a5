/**
 * Settlement: once an interval is past its final trades are paid, and offers that traded in it and
 * have no other are closed, a slice at a time. Anyone may do it; solvers do, so that homes need
 * not.
 *
 * What waits follows from the log, what was tried from the outbox, so that a restart goes on where
 * it was. A settlement is large: it is sent only when nothing else of this solver waits for a
 * block, so that no solution and no finalization ever stands behind one.
 */
import type { SigningKey } from 'ethers';
import { settleCall } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import type { OutboxEntry } from '../chain/outbox-store.ts';
import { type Interval, intervalAt, type MarketCalendar } from '../market/intervals.ts';
import type { Book, FinalInterval } from '../market/matching/book.ts';
import type { SolverOutbox } from './ports.ts';

export interface SettlingOptions {
  book: Book;
  outbox: SolverOutbox;
  key: SigningKey;
  contracts: MarketContracts;
  calendar: MarketCalendar;
  /** How long after its end an interval is settled: clocks differ, and a block may lag, s. */
  graceSeconds: number;
}

/** After each refusal it waits so much longer, as a share of an interval. */
const WAIT_SHARE = 0.1;

export class Settling {
  readonly #o: SettlingOptions;

  constructor(options: SettlingOptions) {
    this.#o = options;
  }

  /** Signs the next slice of the oldest interval that is past and not settled. */
  advance(nowSeconds: number): void {
    const { book, outbox, key, contracts, calendar, graceSeconds } = this.#o;
    if (outbox.store.open().length > 0) return;
    const current = intervalAt(calendar, nowSeconds - graceSeconds);
    const next = book
      .unsettledFinals(current)
      .find(({ interval }) => this.#mayTry(interval, nowSeconds));
    if (next === undefined) return;
    outbox.enqueue(key, callOf(contracts, next), refOf(next.interval));
  }

  /** A refusal may mean that somebody was quicker, or that it came too early: it tries again. */
  #mayTry(interval: Interval, nowSeconds: number): boolean {
    const refused = this.#o.outbox.store.byRef(refOf(interval)).filter(isRefused);
    const lastMs = Math.max(...refused.map(({ queuedAtMs }) => queuedAtMs));
    const waitSeconds = refused.length * WAIT_SHARE * this.#o.calendar.intervalSeconds;
    return nowSeconds >= lastMs / 1000 + waitSeconds;
  }
}

function callOf(contracts: MarketContracts, { interval, trades, voided }: FinalInterval) {
  return settleCall(contracts, { interval, trades }, [...voided]);
}

function refOf(interval: Interval): string {
  return `settle ${interval}`;
}

function isRefused({ state }: OutboxEntry): boolean {
  return state === 'reverted' || state === 'replaced';
}
