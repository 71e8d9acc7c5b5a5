/**
 * Signed readings to the DSO, kept until it has countersigned them (design: one interval in the
 * life of a meter, step 9; meter and DSO). Repeating is harmless: the journal knows what is open.
 */
import { type Clock, type Log, type Pacer, SqlError, type UnixMs } from '../host/ports.ts';
import type { MarketCalendar } from '../market/intervals.ts';
import type { Reading } from '../market/messages.ts';
import { MAX_READINGS } from '../market/messages-json.ts';
import { Backoff } from './backoff.ts';
import type { Journal } from './journal/journal.ts';
import type { ReadingRow } from './journal/rows.ts';
import { type DsoClient, DsoError } from './wallet/dso-client.ts';

export interface SettlingOptions {
  clock: Clock;
  log: Log;
  journal: Journal;
  dso: DsoClient;
  calendar: Pick<MarketCalendar, 'intervalSeconds'>;
  /**
   * When in an interval readings are sent, 0 to 1: drawn once, so that homes do not come at once.
   */
  phase: number;
}

export interface SettlingStatus {
  /** Readings that are not countersigned yet, counted to a limit. */
  waiting: number;
  /** Readings that the DSO refuses, with its reason; the latest first. */
  refused: { interval: number; code: string; sentence: string }[];
  /** Why the last attempt failed; null when it did not. */
  problem: string | null;
}

const MAX_REFUSED = 16;

export class SettlingService {
  readonly #o: SettlingOptions;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  readonly #refused = new Map<number, { code: string; sentence: string }>();
  #problem: string | null = null;
  #done: Promise<void> = Promise.resolve();

  constructor(options: SettlingOptions) {
    this.#o = options;
    this.#backoff = new Backoff(options.clock);
  }

  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    this.#done = this.#run(this.#o.clock.pacer('settling'), this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  status(): SettlingStatus {
    const refused = [...this.#refused].map(([interval, why]) => ({ interval, ...why })).reverse();
    const waiting = this.#o.journal.unacknowledgedReadings(MAX_READINGS).length;
    return { waiting, refused, problem: this.#problem };
  }

  async #run(pacer: Pacer, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#settle(signal);
        await pacer.until(this.#nextMs(), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  /** Once an interval, in its first tenth; sooner after a failure. */
  #nextMs(): UnixMs {
    const intervalMs = this.#o.calendar.intervalSeconds * 1000;
    const nowMs = this.#o.clock.now();
    const offsetMs = Math.ceil((this.#o.phase * intervalMs) / 10);
    const startMs = Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
    const next = startMs + intervalMs;
    return this.#problem === null ? next : Math.min(next, nowMs + intervalMs / 10);
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { clock, dso, journal, log } = this.#o;
    if (!this.#backoff.isDue || !clock.isProven()) return;
    if (!journal.isWritable) {
      this.#problem = 'the journal cannot be written';
      return;
    }
    const open = this.#open();
    if (open.length === 0) return;
    try {
      const answer = await dso.settle(open, signal);
      for (const receipt of answer.receipts) this.#take(receipt, open);
      if (this.#problem !== null) log.info('the DSO takes readings again');
      this.#problem = null;
      this.#backoff.succeeded();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof DsoError) && !(error instanceof SqlError)) throw error;
      if (this.#problem === null) {
        log.warn('readings could not be settled; they are kept and sent again', {
          cause: error.message,
        });
      }
      this.#problem = error.message;
      this.#backoff.failed(error instanceof DsoError ? error.waitMs : 0);
    }
  }

  #open(): Omit<Reading, 'meterId'>[] {
    return this.#o.journal
      .unacknowledgedReadings(MAX_READINGS)
      .filter((row) => !this.#refused.has(row.interval))
      .flatMap(messageOf);
  }

  #take(
    receipt: Awaited<ReturnType<DsoClient['settle']>>['receipts'][number],
    sent: Omit<Reading, 'meterId'>[],
  ): void {
    const { journal, log } = this.#o;
    const row = sent.find((each) => each.interval === receipt.interval);
    if (row === undefined) return;
    if (receipt.state === 'refused') {
      // Time, or the utility, will bring it about; anything else is for people to look at.
      if (receipt.code === 'not-ended') return;
      if (receipt.code === 'unknown-meter') throw new DsoError('refused', receipt.sentence);
      this.#refused.set(receipt.interval, { code: receipt.code, sentence: receipt.sentence });
      for (const old of this.#refused.keys()) {
        if (this.#refused.size <= MAX_REFUSED) break;
        this.#refused.delete(old);
      }
      log.warn('the DSO refuses a reading', {
        interval: receipt.interval,
        code: receipt.code,
        sentence: receipt.sentence,
      });
      return;
    }
    journal.acknowledgeReading(receipt.interval);
  }
}

function messageOf(row: ReadingRow): Omit<Reading, 'meterId'>[] {
  const { interval, importedWs, exportedWs, quality } = row;
  if (importedWs === null || exportedWs === null) return [];
  return [{ interval, importedWs, exportedWs, quality }];
}
