/**
 * What the home will draw, learned from its journal: each interval that closes is taken in, less
 * what battery and switched loads took, and what was expected of it is scored. At start it learns
 * again what the journal holds.
 */
import { type Clock, type Log, type Random, SqlError } from '../../host/ports.ts';
import type { Threads } from '../../host/thread-port.ts';
import type { Interval } from '../../market/intervals.ts';
import type { BatteryTap } from '../battery-tap.ts';
import type { AgentSettings } from '../config.ts';
import type { ControlledPower } from '../journal/controlled.ts';
import type { Journal } from '../journal/journal.ts';
import type { ReadingRow } from '../journal/rows.ts';
import { HomeDays } from '../strategy/forecast/home-days.ts';
import type { NetLoadForecast } from '../strategy/plan.ts';
import { Trainer } from '../training/trainer.ts';
import { HISTORY_DAYS, IMPOSSIBLE_TIMES } from './history-limits.ts';
import { SeriesForecast } from './series-forecast.ts';

export interface HomeForecastsOptions {
  settings: Pick<AgentSettings, 'battery' | 'loads' | 'home' | 'forecast'>;
  intervalSeconds: number;
  clock: Clock;
  log: Log;
  random: Random;
  journal: Journal;
  controlled: ControlledPower;
  battery: BatteryTap | null;
  /** Null: no model is trained. */
  threads: Threads | null;
  /** False in stepped time: a forecast waits for the training that is under way. */
  isRealPace: boolean;
}

/** Past errors are read back over so many intervals. */
const ERROR_INTERVALS = 96;
const SECONDS_PER_DAY = 86_400;

export class HomeForecasts {
  readonly #o: HomeForecastsOptions;
  readonly #seconds: number;
  readonly #net: SeriesForecast;
  /** Null: the settings want none. */
  readonly #trainer: Trainer | null;
  /** Expected net load two intervals after it was made, W, to be scored. */
  readonly #expectedW = new Map<Interval, number>();
  /** The last interval whose reading was taken in; null before what is known was learned. */
  #learnedTo: Interval | null = null;

  constructor(options: HomeForecastsOptions) {
    this.#o = options;
    this.#seconds = options.intervalSeconds;
    const { zone, maxPowerW } = options.settings.home;
    this.#net = new SeriesForecast('net', {
      intervalSeconds: this.#seconds,
      local: new HomeDays(zone, this.#seconds),
      limitW: IMPOSSIBLE_TIMES * maxPowerW,
    });
    this.#trainer = options.settings.forecast.method === 'simple' ? null : this.#trainerOf(options);
  }

  start(signal: AbortSignal): void {
    this.#learnAgain();
    this.#trainer?.start(signal);
  }

  /** After the signal of `start`. */
  async stop(): Promise<void> {
    await this.#trainer?.stop();
  }

  /** Learns what closed up to an interval: several may have, after an outage. */
  take(upTo: Interval): void {
    this.#learnAgain();
    if (this.#learnedTo === null || upTo <= this.#learnedTo) return;
    for (const reading of this.#o.journal.readings(this.#learnedTo + 1, upTo)) {
      this.#observe(reading, this.#controlledIn(reading.interval));
    }
    this.#learnedTo = upTo;
  }

  /** Before forecasts that must be the same in each run of stepped time. */
  async settled(): Promise<void> {
    this.#learnAgain();
    if (!this.#o.isRealPace) await this.#trainer?.settled();
  }

  /** @returns null while nothing at all is known of this home */
  forecast(interval: Interval): NetLoadForecast | null {
    return this.#net.forecast(interval);
  }

  /** Of the intervals after `current`; null while nothing at all is known of this home. */
  ahead(current: Interval, count: number): NetLoadForecast[] | null {
    const forecasts: NetLoadForecast[] = [];
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const forecast = this.forecast(current + ahead);
      if (forecast === null) return null;
      forecasts.push(forecast);
    }
    this.#net.expect();
    return forecasts;
  }

  /** Within the transaction that keeps a plan. @throws SqlError */
  write(): void {
    this.#net.write(this.#o.journal.forecasts);
  }

  /** What was written is durable, and a plan stands on these forecasts. */
  written(next: NetLoadForecast | undefined): void {
    this.#net.written();
    if (next !== undefined) this.#expectedW.set(next.interval, next.p50W);
  }

  #trainerOf({ clock, log, threads, settings, journal, random }: HomeForecastsOptions): Trainer {
    return new Trainer({
      ...{ clock, log, threads, zone: settings.home.zone, intervalSeconds: this.#seconds },
      ...{ records: journal.forecasts, series: [this.#net] },
      moment: random.uniform('training'),
    });
  }

  #observe(reading: ReadingRow, controlledW: number | null): void {
    const netW = netLoadW(reading, this.#seconds);
    const powerW = netW === null || controlledW === null ? null : netW - controlledW;
    const expectedW = this.#expectedW.get(reading.interval);
    this.#expectedW.delete(reading.interval);
    if (powerW !== null && expectedW !== undefined) {
      this.#net.forecaster.score(powerW - expectedW);
    }
    this.#net.observe(reading.interval, powerW, this.#o.clock.now());
  }

  /** What battery and loads took in the interval that just closed, kept for later starts. */
  #controlledIn(interval: Interval): number | null {
    const { battery, journal, controlled, settings, log } = this.#o;
    if (battery === null && settings.loads.length === 0) return 0;
    const batteryW = battery === null ? 0 : battery.meanW(interval);
    if (batteryW === null) return null;
    const from = interval * this.#seconds * 1000;
    const to = from + this.#seconds * 1000;
    let loadsW = 0;
    for (const load of settings.loads) {
      loadsW += (load.powerW * journal.onTimeMs(load.name, from, to)) / (to - from);
    }
    try {
      controlled.record(interval, batteryW, loadsW);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      log.error('what battery and loads took could not be written to the journal', {
        cause: error.message,
      });
    }
    return batteryW + loadsW;
  }

  /** Once, and not before the clock is right: the range of the history hangs on it. */
  #learnAgain(): void {
    const { journal, controlled, settings, clock } = this.#o;
    if (this.#learnedTo !== null || !clock.isProven()) return;
    const last = Math.floor(clock.now() / 1000 / this.#seconds) - 1;
    const first = last - Math.ceil((HISTORY_DAYS * SECONDS_PER_DAY) / this.#seconds);
    // The last interval may still be about to close.
    this.#learnedTo = first - 1;
    this.#net.load(journal.forecasts, last);
    const hasNone = settings.battery === null && settings.loads.length === 0;
    const took = hasNone ? null : controlled.between(first, last);
    // The latest that was made before an interval is what it is scored by.
    for (const made of journal.forecastsMade(last - ERROR_INTERVALS, last - 1)) {
      const { interval, madeIn, p50W } = made;
      if (madeIn < interval && interval <= last) this.#expectedW.set(interval, p50W);
    }
    for (const reading of journal.readings(first, last)) {
      const { interval } = reading;
      this.#observe(reading, took === null ? 0 : (took.get(interval) ?? null));
      this.#learnedTo = interval;
    }
  }
}

/** Mean net load of a reading, W; null where its energy is not known. */
function netLoadW(reading: ReadingRow, seconds: number): number | null {
  if (reading.importedWs === null || reading.exportedWs === null) return null;
  return (reading.importedWs - reading.exportedWs) / seconds;
}
