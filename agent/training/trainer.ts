/**
 * When a model is trained, and what becomes of it: soon after the start, and once a day at a moment
 * of this home's own, so that a street does not compute together. The work is a thread's. Whatever
 * goes wrong there, the forecast stays what it was: the last model, or what the first weeks allow.
 *
 * In stepped time the loop holds market time until the thread has answered, and a plan waits for
 * it; so a run can be repeated.
 */
import { type Clock, type Log, type Pacer, SqlError, type UnixMs } from '../../host/ports.ts';
import { ThreadError, type Threads } from '../../host/thread-port.ts';
import { HISTORY_DAYS, LEAST_DAYS } from '../forecasting/history-limits.ts';
import type { SeriesForecast } from '../forecasting/series-forecast.ts';
import type { ForecastRecords, TrainingRow } from '../journal/forecast-records.ts';
import { modelIn, trainingInput } from './training-job.ts';

export interface TrainerOptions {
  clock: Clock;
  log: Log;
  /** Null where this program can start none. */
  threads: Threads | null;
  records: ForecastRecords;
  series: readonly SeriesForecast[];
  intervalSeconds: number;
  /** IANA zone of the home. */
  zone: string;
  /** Of the day, 0 to 1: when this home trains. */
  moment: number;
}

const DAY_MS = 86_400_000;
/** After a failure. */
const RETRY_MS = 3_600_000;
/** A board takes twenty times as long as a PC. Real ms. */
const DEADLINE_MS = 600_000;
export const MOST_HEAP_MIB = 48;

export class Trainer {
  readonly #o: TrainerOptions;
  readonly #dayShareMs: number;
  readonly #said = new Set<string>();
  #done: Promise<void> = Promise.resolve();
  #underWay: Promise<void> = Promise.resolve();
  /** Market time before which nothing is tried. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: TrainerOptions) {
    this.#o = options;
    this.#dayShareMs = Math.floor(options.moment * DAY_MS);
  }

  /** The first training begins at once, if there is history enough. */
  start(signal: AbortSignal): void {
    this.#done = this.#run(this.#o.clock.pacer('training'), signal);
  }

  /** Resolves when no training is under way. */
  settled(): Promise<void> {
    return this.#underWay;
  }

  /** After the signal of `start`. */
  async stop(): Promise<void> {
    await this.#done;
  }

  async #run(pacer: Pacer, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        if (this.#o.clock.isProven() && this.#o.clock.now() >= this.#notBeforeMs) {
          this.#underWay = this.#trainAll(signal);
          await this.#underWay;
        }
        await pacer.until(this.#nextLookMs(), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  /** In the middle of an interval: at its edge others have much to do. */
  #nextLookMs(): UnixMs {
    const intervalMs = this.#o.intervalSeconds * 1000;
    const middleMs = intervalMs / 2;
    const fromMs = Math.max(this.#o.clock.now() + 1, this.#notBeforeMs);
    return Math.ceil((fromMs - middleMs) / intervalMs) * intervalMs + middleMs;
  }

  async #trainAll(signal: AbortSignal): Promise<void> {
    const { clock, series } = this.#o;
    const ready = series.filter((each) => historyDays(each) >= LEAST_DAYS);
    if (ready.length === 0) return;
    let isGood = true;
    for (const each of ready) isGood = (await this.#train(each, signal)) && isGood;
    const nowMs = clock.now();
    const tomorrowMs =
      (Math.floor((nowMs - this.#dayShareMs) / DAY_MS) + 1) * DAY_MS + this.#dayShareMs;
    this.#notBeforeMs = isGood ? tomorrowMs : Math.min(tomorrowMs, nowMs + RETRY_MS);
  }

  /** @returns whether the series has a new model, or can have none from what is known */
  async #train(series: SeriesForecast, signal: AbortSignal): Promise<boolean> {
    const { clock, zone, intervalSeconds, threads } = this.#o;
    const { known } = series.forecaster;
    const days = Math.floor(historyDays(series));
    const began = clock.monotonicMs();
    const kept = Math.ceil((HISTORY_DAYS * DAY_MS) / 1000 / intervalSeconds);
    try {
      if (threads === null) throw new ThreadError('unavailable', 'this program has none');
      const input = trainingInput(known, zone, known.origin - kept);
      const answer = await threads.run(
        {
          program: 'agent/training/main',
          input,
          transfer: [input.powersW.buffer],
          deadlineMs: DEADLINE_MS,
          mostHeapMib: MOST_HEAP_MIB,
        },
        signal,
      );
      const model = modelIn(answer);
      const tookMs = clock.monotonicMs() - began;
      if (model === null) return this.#tooLittle(series, { tookMs, days });
      series.forecaster.adopt(model);
      this.#said.clear();
      this.#record({ ...this.#rowOf(series, 'trained', null), tookMs, days: model.days });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof ThreadError) && !(error instanceof TypeError)) throw error;
      this.#failed(series, error.message, { tookMs: clock.monotonicMs() - began, days });
      return false;
    }
  }

  #tooLittle(series: SeriesForecast, took: Pick<TrainingRow, 'tookMs' | 'days'>): true {
    this.#record({ ...this.#rowOf(series, 'failed', 'too few intervals are known'), ...took });
    return true;
  }

  #failed(
    series: SeriesForecast,
    reason: string,
    took: Pick<TrainingRow, 'tookMs' | 'days'>,
  ): void {
    this.#record({ ...this.#rowOf(series, 'failed', reason), ...took });
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    const stays = series.forecaster.model === null ? 'without a model' : 'with the last model';
    this.#o.log.warn(`the forecast could not be trained; it goes on ${stays}`, {
      series: series.name,
      cause: reason,
    });
  }

  #rowOf(series: SeriesForecast, outcome: TrainingRow['outcome'], reason: string | null) {
    return { series: series.name, outcome, reason, atMs: this.#o.clock.now() };
  }

  /** A disk that fails costs the note, not the process. */
  #record(row: TrainingRow): void {
    try {
      this.#o.records.recordTraining(row);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#o.log.warn('the training could not be noted in the journal', { cause: error.message });
    }
  }
}

/** Days from the first interval known to the last, gaps among them. */
function historyDays({ forecaster }: SeriesForecast): number {
  const { history } = forecaster.known;
  return history.known === 0 ? 0 : (history.end - history.first) / history.slotsPerDay;
}
