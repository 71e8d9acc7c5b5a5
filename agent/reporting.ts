/**
 * Tells the utility how it is with this meter: about every hour, and some minutes after something
 * changed. Not when what happened, and nothing of loads, presence or trades: the DSO knows a
 * meter's readings, and this says whether they can be relied on.
 */
import type { Clock, Log, Pacer, Random, UnixMs } from '../host/ports.ts';
import type { HealthCode } from '../market/messages.ts';
import { clockStatus } from './clock-status.ts';
import type { AgentStatus } from './status.ts';
import { VERSION } from './version.ts';
import { type DsoClient, DsoError } from './wallet/dso-client.ts';

export interface ReportingOptions {
  clock: Clock;
  log: Log;
  random: Random;
  dso: Pick<DsoClient, 'newSession' | 'report'>;
  status: () => AgentStatus;
  /** How often it is looked whether something changed, market ms. */
  lookMs: number;
}

const HOUR_MS = 3_600_000;
const FIRST_MS = 600_000;
/** A change is told after up to so long, and no sooner than that after the last report. */
const CHANGE_MS = 300_000;
const SESSION_BYTES = 32;

export class ReportingService {
  readonly #o: ReportingOptions;
  readonly #stopping = new AbortController();
  /** Drawn at each start: two boards with one key show by it. */
  readonly #session: string;
  #sequence = 0;
  #told: string | null = null;
  #dueAtMs: UnixMs;
  #changedDueAtMs: UnixMs | null = null;
  #sentAtMs: UnixMs = Number.NEGATIVE_INFINITY;
  #done: Promise<void> = Promise.resolve();

  constructor(options: ReportingOptions) {
    const { clock, dso, random } = options;
    this.#o = options;
    this.#session = dso.newSession(random.bytes(SESSION_BYTES), clock.now());
    this.#dueAtMs = clock.now() + random.uniform('report') * FIRST_MS;
  }

  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    this.#done = this.#run(this.#o.clock.pacer('reporting'), this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(pacer: Pacer, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await pacer.until(this.#o.clock.now() + this.#o.lookMs, signal);
        await this.#look(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#o;
    const now = clock.now();
    const codes = healthCodesOf(this.#o.status());
    const state = codes.join();
    if (this.#told !== null && state !== this.#told) {
      this.#changedDueAtMs ??=
        Math.max(now, this.#sentAtMs + CHANGE_MS) + random.uniform('report') * CHANGE_MS;
    } else this.#changedDueAtMs = null;
    // A clock that was set back would keep it silent for as long.
    if (this.#dueAtMs > now + 2 * HOUR_MS) this.#dueAtMs = now + random.uniform('report') * HOUR_MS;
    if (now < Math.min(this.#dueAtMs, this.#changedDueAtMs ?? Number.POSITIVE_INFINITY)) return;
    await this.#tell(codes, signal);
  }

  async #tell(codes: HealthCode[], signal: AbortSignal): Promise<void> {
    const { clock, dso, log, random } = this.#o;
    const { isProven, source } = clockStatus(clock);
    const now = clock.now();
    this.#sequence += 1;
    try {
      await dso.report(
        {
          session: this.#session,
          sequence: this.#sequence,
          version: VERSION,
          clockProven: isProven,
          clockSource: source,
          codes,
        },
        signal,
      );
      this.#told = codes.join();
      this.#dueAtMs = now + (0.5 + random.uniform('report')) * HOUR_MS;
    } catch (error) {
      if (signal.aborted || !(error instanceof DsoError)) throw error;
      log.info('the report of this meter was not taken; it is sent again', {
        cause: error.message,
      });
      this.#dueAtMs = now + (1 + random.uniform('report')) * CHANGE_MS;
    }
    this.#sentAtMs = now;
    this.#changedDueAtMs = null;
  }
}

/** In the order of the messages' list. */
export function healthCodesOf(status: AgentStatus): HealthCode[] {
  const { meter, meters, clock, wallet, chain, settling } = status;
  const is: [HealthCode, boolean][] = [
    ['meter-silent', meter.isSilent || meter.powerW === null],
    ['side-meter', meters.some(({ problem }) => problem !== null)],
    ['clock', !clock.isProven],
    ['journal', meter.unwrittenIntervals > 0],
    ['wallet', wallet.problem !== null],
    ['chain', chain !== null && !chain.isFresh],
    ['readings-refused', (settling?.refused.length ?? 0) > 0],
    ['readings-wait', (settling?.problem ?? null) !== null],
  ];
  const codes = is.filter(([, holds]) => holds).map(([code]) => code);
  return codes.length === 0 && status.state === 'degraded' ? ['other'] : codes;
}
