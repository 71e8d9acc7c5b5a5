/**
 * The metering service (design: one interval in the life of a meter, step 1): polls the meter on a
 * grid that has the edges of intervals on it, tells the others each good look, and closes intervals
 * into the journal. It goes on without a proven clock, without a disk, and after a restart.
 */
import {
  BusError,
  type Clock,
  type Log,
  type Pacer,
  SqlError,
  type UnixMs,
} from '../host/ports.ts';
import type { Interval, MarketCalendar } from '../market/intervals.ts';
import type { Meter, MeterValues } from './drivers/meter.ts';
import type { EventMap } from './events.ts';
import type { Journal } from './journal/journal.ts';
import type { Checkpoint } from './journal/rows.ts';
import { CounterGuard } from './metering/counter-guard.ts';
import { FrozenDetector } from './metering/frozen.ts';
import { type ClosedInterval, IntervalEnergy, type Look } from './metering/interval-energy.ts';
import { ProvenTime, type TimeReading } from './proven-time.ts';

export interface MeteringPorts {
  clock: Clock;
  log: Log;
  journal: Journal;
  events: EventMap;
  meter: Meter;
  calendar: Pick<MarketCalendar, 'intervalSeconds'>;
  /** Time between two looks, market ms. */
  pollMs: number;
  /** Of the connection, both ways: what goes far beyond is not believed. */
  maxPowerW: number;
}

export interface MeteringStatus {
  /** The last good look; null when there was none yet. */
  last: { at: UnixMs; monotonicMs: number; powerW: number } | null;
  isSilent: boolean;
  /** Intervals that are closed and not yet on disk. */
  unwritten: number;
}

/** Silence is called so after 30 s, and not before three looks failed. */
const SILENT_MS = 30_000;
const SILENT_LOOKS = 3;
/** Looks farther apart leave a gap. */
const GAP_MS = 30_000;
const GAP_LOOKS = 3;
/** Counters that cost a request of their own are read this often, and at every edge. */
const COUNTERS_MS = 60_000;
/** Flash wear: at most one checkpoint in so much market and real time. */
const CHECKPOINT_MS = 60_000;
/** After a failed write the disk is tried again so much later, or at the next edge. Real ms. */
const RETRY_MS = 10_000;
/** Without a clock, looks are kept this far apart, a day of them. */
const RING_SPACING_MS = 30_000;
const RING_LENGTH = 2_880;
/** Beyond so many times the connection's power a look is not believed. */
const POWER_SENSE = 3;
/** Market time may go back by so much without what was counted being thrown away. */
const SET_BACK_MS = 2_000;

export class MeteringService {
  readonly #ports: MeteringPorts;
  readonly #intervalMs: number;
  readonly #time: ProvenTime;
  readonly #energy: IntervalEnergy;
  readonly #guard: CounterGuard;
  readonly #frozen = new FrozenDetector();
  readonly #stopping = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #unwritten: ClosedInterval[] = [];
  /** Looks from before the clock was ever proven, by monotonic time. */
  #ring: { monotonicMs: number; values: MeterValues }[] = [];
  #last: MeteringStatus['last'] = null;
  #isSilent = false;
  #failedLooks = 0;
  #goodAtMs: UnixMs;
  #countersAtMs = Number.NEGATIVE_INFINITY;
  #checkpointAtMs = Number.NEGATIVE_INFINITY;
  #checkpointMonotonicMs = Number.NEGATIVE_INFINITY;
  #retryAtMonotonicMs: number | null = null;
  /** How often the clock was set, up to the last look. */
  #steps: number;

  constructor(ports: MeteringPorts) {
    const { clock, calendar, journal, pollMs, maxPowerW } = ports;
    this.#ports = ports;
    this.#intervalMs = calendar.intervalSeconds * 1000;
    this.#time = new ProvenTime(clock);
    const checkpoint = journal.lastCheckpoint();
    if (checkpoint !== null) clock.watch?.saved(checkpoint.atMs);
    this.#steps = clock.watch?.stepCount() ?? 0;
    const maxGapMs = Math.max(GAP_MS, GAP_LOOKS * pollMs);
    this.#energy = new IntervalEnergy(this.#intervalMs, maxGapMs, checkpoint);
    this.#guard = new CounterGuard(maxPowerW, checkpoint && seenAt(checkpoint));
    this.#goodAtMs = clock.now();
  }

  /** Polls until the signal aborts or `stop`. The first look is at once. */
  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    this.#done = this.#run(this.#ports.clock.pacer('metering'), this.#stopping.signal);
  }

  /** Ends after the look under way, with a last checkpoint. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  status(): MeteringStatus {
    return { last: this.#last, isSilent: this.#isSilent, unwritten: this.#unwritten.length };
  }

  async #run(pacer: Pacer, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#look();
        await pacer.until(this.#nextLookMs(), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
      if (this.#time.read().certainty === 'proven') this.#write(this.#energy.checkpoint());
    }
  }

  /** On the grid that starts with each interval; its end is on it whatever the spacing. */
  #nextLookMs(): UnixMs {
    const { pollMs, clock } = this.#ports;
    const nowMs = clock.now();
    const startMs = Math.floor(nowMs / this.#intervalMs) * this.#intervalMs;
    const onGrid = startMs + (Math.floor((nowMs - startMs) / pollMs) + 1) * pollMs;
    return Math.min(onGrid, startMs + this.#intervalMs);
  }

  async #look(): Promise<void> {
    const { clock, meter } = this.#ports;
    const before = this.#time.read();
    const monotonicMs = clock.monotonicMs();
    let values: MeterValues;
    try {
      values = await (this.#areCountersDue(before.atMs) ? meter.readCounters() : meter.readFast());
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      await this.#noteFailure(error.message);
      return;
    }
    const time = this.#time.read();
    // The device answered somewhere between question and answer.
    const at = time.atMs >= before.atMs ? (before.atMs + time.atMs) / 2 : time.atMs;
    const { powerW } = values;
    if (powerW === null || Math.abs(powerW) > POWER_SENSE * this.#ports.maxPowerW) {
      await this.#noteFailure(powerW === null ? 'it gives no power' : `it claims ${powerW} W`);
      return;
    }
    if (this.#frozen.judge({ ...values, powerW }, monotonicMs)) {
      await this.#noteFailure(`it has shown the same ${powerW} W for a minute, and counts nothing`);
      return;
    }
    await this.#take({ ...time, atMs: at }, monotonicMs, { ...values, powerW });
  }

  #areCountersDue(atMs: UnixMs): boolean {
    const isNewInterval =
      Math.floor(atMs / this.#intervalMs) !== Math.floor(this.#countersAtMs / this.#intervalMs);
    return isNewInterval || atMs - this.#countersAtMs >= COUNTERS_MS;
  }

  async #take(
    time: TimeReading,
    monotonicMs: number,
    values: MeterValues & { powerW: number },
  ): Promise<void> {
    const { events } = this.#ports;
    const { powerW, counters } = values;
    if (counters !== null) this.#countersAtMs = time.atMs;
    if (time.certainty === 'unknown') this.#keep(monotonicMs, values);
    else this.#count(time, monotonicMs, values);
    const isBack = this.#isSilent;
    if (this.#failedLooks > 0) {
      this.#ports.log.info('the meter answers again', { failedLooks: this.#failedLooks });
    }
    this.#failedLooks = 0;
    this.#goodAtMs = time.atMs;
    this.#isSilent = false;
    this.#last = { at: time.atMs, monotonicMs, powerW };
    if (isBack) await events.emit('meter-silent', { silent: false });
    const running = time.certainty === 'unknown' ? null : this.#energy.running();
    await events.emit('sample', {
      at: time.atMs,
      monotonicMs,
      powerW,
      importedWs: counters?.importedWs ?? null,
      exportedWs: counters?.exportedWs ?? null,
      runningNetWs: running === null ? null : running.importedWs - running.exportedWs,
    });
    // What is signed later is written only under a proven clock.
    if (time.certainty === 'proven') await this.#writeWhatIsDue(time.atMs);
  }

  #keep(monotonicMs: number, values: MeterValues): void {
    const newest = this.#ring.at(-1);
    if (newest && monotonicMs - newest.monotonicMs < RING_SPACING_MS) return;
    this.#ring.push({ monotonicMs, values });
    if (this.#ring.length > RING_LENGTH) this.#ring.shift();
  }

  #count(time: TimeReading, monotonicMs: number, values: MeterValues): void {
    const lastMs = this.#energy.lastMs;
    if (lastMs !== null && time.atMs < lastMs - SET_BACK_MS) {
      const isKept = this.#energy.setBack(time.atMs);
      this.#ports.log.warn('the clock was set back', {
        byMs: Math.round(lastMs - time.atMs),
        quality: isKept ? 'the running interval is reconstructed' : 'it will be incomplete',
      });
    }
    const steps = this.#ports.clock.watch?.stepCount() ?? 0;
    const isStepped = steps !== this.#steps;
    this.#steps = steps;
    for (const kept of this.#ring) {
      const atMs = time.atMs - (monotonicMs - kept.monotonicMs);
      if (atMs >= (this.#energy.lastMs ?? 0)) this.#add(atMs, kept.values, true);
    }
    this.#ring = [];
    this.#add(time.atMs, values, time.certainty === 'carried' || isStepped);
  }

  #add(atMs: UnixMs, values: MeterValues, isReconstructed: boolean): void {
    const { counters, powerW } = values;
    const judged = counters === null ? null : this.#guard.judge(counters, atMs);
    const isBelieved = judged !== null && judged.verdict !== 'doubted';
    const isRebased = judged?.verdict === 'rebased';
    if (isRebased) this.#ports.log.warn('the counters of the meter start anew');
    for (const side of judged?.rolled ?? []) {
      this.#ports.log.info('a counter of the meter rolled over', { counter: side });
      this.#energy.rollOver(side, counters?.maxWs ?? 0);
    }
    const look: Look = { atMs, powerW, counters: isBelieved ? counters : null };
    const closed = this.#energy.add(look, { isRebased, isReconstructed });
    this.#unwritten.push(...closed.filter(({ interval }) => this.#isNew(interval)));
  }

  /** A clock that was set back comes over an edge again: the first record stands. */
  #isNew(interval: Interval): boolean {
    const isWaiting = this.#unwritten.some((each) => each.interval === interval);
    return !isWaiting && this.#ports.journal.reading(interval) === null;
  }

  async #writeWhatIsDue(atMs: UnixMs): Promise<void> {
    const { clock, events } = this.#ports;
    const monotonicMs = clock.monotonicMs();
    const isCheckpointDue =
      atMs - this.#checkpointAtMs >= CHECKPOINT_MS &&
      monotonicMs - this.#checkpointMonotonicMs >= CHECKPOINT_MS;
    const isRetryDue = this.#retryAtMonotonicMs === null || monotonicMs >= this.#retryAtMonotonicMs;
    const closes = this.#unwritten.some((each) => this.#isJustOver(each, atMs));
    const isDue = this.#unwritten.length > 0 || isCheckpointDue;
    if (!isDue || !(isRetryDue || closes)) return;
    const newest = this.#unwritten.at(-1);
    if (!this.#write(this.#energy.checkpoint())) return;
    this.#checkpointAtMs = atMs;
    this.#checkpointMonotonicMs = monotonicMs;
    if (newest) await events.emit('interval-closed', { interval: newest.interval });
  }

  #isJustOver({ interval }: ClosedInterval, atMs: UnixMs): boolean {
    return atMs - (interval + 1) * this.#intervalMs < this.#ports.pollMs;
  }

  /** @returns whether it is on disk */
  #write(checkpoint: Checkpoint | null): boolean {
    const { clock, journal, log } = this.#ports;
    try {
      journal.recordReadings(
        this.#unwritten.map((each) => ({ ...each, isAcknowledged: false })),
        checkpoint,
      );
      if (checkpoint !== null) clock.watch?.saved(checkpoint.atMs);
      this.#unwritten = [];
      if (this.#retryAtMonotonicMs !== null) log.info('the journal can be written again');
      this.#retryAtMonotonicMs = null;
      return true;
    } catch (error) {
      if (!(error instanceof SqlError) || !isPassing(error)) throw error;
      if (this.#retryAtMonotonicMs === null) {
        log.error(`${error.message}; readings are kept in memory and written later`);
      }
      this.#retryAtMonotonicMs = clock.monotonicMs() + RETRY_MS;
      return false;
    }
  }

  async #noteFailure(reason: string): Promise<void> {
    const { log, events } = this.#ports;
    this.#failedLooks += 1;
    if (this.#failedLooks === 1) log.warn(`the meter cannot be read: ${reason}`);
    const isLong = this.#time.read().atMs - this.#goodAtMs >= SILENT_MS;
    if (this.#isSilent || !isLong || this.#failedLooks < SILENT_LOOKS) return;
    this.#isSilent = true;
    log.error('the meter is silent: battery and loads go to their safe ways', { reason });
    await events.emit('meter-silent', { silent: true });
  }
}

function isPassing(error: SqlError): boolean {
  return error.code === 'full' || error.code === 'io' || error.code === 'locked';
}

function seenAt({ atMs, importedCounterWs, exportedCounterWs }: Checkpoint) {
  const counters = { importedWs: importedCounterWs, exportedWs: exportedCounterWs, stepWs: 0 };
  return { atMs, counters };
}
