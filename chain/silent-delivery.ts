/**
 * Delivery for anonymous addresses: signed bytes go out and nothing is asked for, because whoever
 * asks for a hash, a nonce or a receipt tells whose it is. What became of them is read from the
 * market's log and from the lists of transactions that everybody reads (chain/log-outcomes.ts);
 * what shows in neither goes again, the same bytes, after a while. What an endpoint answers settles
 * nothing: neither that it took them nor that it refused.
 */
import type { Clock, Log, Random } from '../host/ports.ts';
import type { Delivery, FlushReport } from './delivery.ts';
import type { OutboxEntry, WalletOutboxStore } from './outbox-store.ts';
import { RpcError } from './rpc-forms.ts';

/** A connection that is used for the transactions of one address, once. */
export interface WriterLine {
  /** @throws RpcError */
  send(raw: string, signal: AbortSignal): Promise<void>;
  /** Ends the connection; nothing of it is used again. */
  close(): void;
}

export interface SilentOptions {
  store: WalletOutboxStore;
  /** @param attempt counts from 0: another endpoint is begun with each time */
  openLine: (address: string, attempt: number) => WriterLine;
  clock: Clock;
  random: Random;
  /** Market time after which bytes go again that are in no final block, ms. */
  resendMs: number;
  /**
   * What could not leave, or may have left an earlier process, goes at a random moment of so much
   * market time, ms: after an outage a home's transactions do not come all at once.
   */
  spreadMs: number;
  log?: Log;
}

/** Endpoints answered so many times, and the bytes are in no block: see `Delivery.isStuck`. */
const STUCK_ANSWERS = 4;

interface Course {
  /** Market time from which on it goes, ms. */
  dueMs: number;
  /** How often a line was opened for it, and how often an endpoint answered. */
  attempts: number;
  answers: number;
}

export class SilentDelivery implements Delivery {
  readonly #o: SilentOptions;
  readonly #courses = new Map<string, Course>();

  constructor(options: SilentOptions) {
    this.#o = options;
  }

  /** Nobody ever sent from a fresh address. */
  async firstNonce(): Promise<number> {
    return 0;
  }

  /** Its moment was chosen by who signed it: it goes at once. */
  signed({ hash, queuedAtMs }: OutboxEntry): void {
    this.#courses.set(hash, { dueMs: queuedAtMs, attempts: 0, answers: 0 });
  }

  settled(hash: string): void {
    this.#courses.delete(hash);
  }

  isStuck(hash: string): boolean {
    return (this.#courses.get(hash)?.answers ?? 0) >= STUCK_ANSWERS;
  }

  async serve(entries: OutboxEntry[], report: FlushReport, signal: AbortSignal): Promise<void> {
    const last = entries.filter((entry) => this.#isDue(entry)).at(-1);
    if (last === undefined) return;
    const { store, openLine } = this.#o;
    // Those before it that only a list of transactions says to have failed: were that a lie, this
    // one would wait for their nonces for ever.
    const batch = store
      .ofAddress(last.address)
      .filter(({ state, raw, nonce }) => state !== 'mined' && raw !== null && nonce <= last.nonce);
    const line = openLine(last.address, this.#courseOf(last).attempts);
    try {
      for (const entry of batch) await this.#send(line, entry, report, signal);
    } finally {
      line.close();
    }
  }

  async #send(
    line: WriterLine,
    entry: OutboxEntry,
    report: FlushReport,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random, resendMs, spreadMs, store } = this.#o;
    const course = this.#courseOf(entry);
    course.attempts += 1;
    course.dueMs = clock.now() + random.uniform() * spreadMs;
    try {
      await line.send(entry.raw ?? '', signal);
    } catch (error) {
      if (!(error instanceof RpcError) || error.isEndpointsFault) throw error;
      course.answers += 1;
      // "already known", "nonce too low": each client has words of its own, and a liar any. Of
      // bytes that never left before it can only be a refusal, and people are told.
      if (course.answers === 1 && entry.state === 'queued' && course.attempts === 1) {
        report.refused.push({ entry, reason: error.message });
      }
      return;
    }
    course.answers += 1;
    course.dueMs = clock.now() + (1 + random.uniform() / 2) * resendMs;
    store.markSent(entry.hash);
  }

  #isDue(entry: OutboxEntry): boolean {
    const { dueMs } = this.#courseOf(entry);
    const nowMs = this.#o.clock.now();
    const { resendMs, spreadMs } = this.#o;
    // A moment that lies further ahead than any is drawn: market time was set back.
    return nowMs >= dueMs || dueMs - nowMs > 2 * Math.max(resendMs, spreadMs);
  }

  /** Of bytes that an earlier process signed nobody knows whether they left. */
  #courseOf({ hash }: OutboxEntry): Course {
    const known = this.#courses.get(hash);
    if (known !== undefined) return known;
    const { clock, random, spreadMs } = this.#o;
    const dueMs = clock.now() + random.uniform() * spreadMs;
    const course = { dueMs, attempts: 0, answers: 0 };
    this.#courses.set(hash, course);
    return course;
  }
}
