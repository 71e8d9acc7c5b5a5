/**
 * What the home will draw, learned from its journal: each interval that closes is taken in, less
 * what battery and switched loads took, and what was expected of it is scored. At start it learns
 * again what the journal holds.
 */
import type { HouseMqtt } from '../../host/mqtt-port.ts';
import { type Clock, type Files, type Log, type Random, SqlError } from '../../host/ports.ts';
import type { Threads } from '../../host/thread-port.ts';
import type { Interval } from '../../market/intervals.ts';
import type { BatteryTap } from '../battery-tap.ts';
import type { AgentSettings } from '../config.ts';
import type { ControlledPower } from '../journal/controlled.ts';
import type { ExpectedParts } from '../journal/generated.ts';
import type { Journal } from '../journal/journal.ts';
import type { ReadingRow } from '../journal/rows.ts';
import { byIrradiance } from '../strategy/forecast/by-irradiance.ts';
import type { ForecasterOptions } from '../strategy/forecast/forecaster.ts';
import { HomeDays } from '../strategy/forecast/home-days.ts';
import { netOfParts } from '../strategy/forecast/net-of-parts.ts';
import type { NetLoadForecast } from '../strategy/plan.ts';
import { Trainer } from '../training/trainer.ts';
import { HISTORY_DAYS, IMPOSSIBLE_TIMES } from './history-limits.ts';
import { movedTo, SeriesForecast } from './series-forecast.ts';
import { HomeWeather } from './weather/home-weather.ts';
import { WeatherFile, type WeatherText } from './weather/weather-file.ts';
import { fileText, MqttText } from './weather/weather-places.ts';

/** What meters on the roof saw. */
export interface Generation {
  /** A mean in W, never negative; null where it is not known. */
  generatedW(interval: Interval): number | null;
}

export interface HomeForecastsOptions {
  settings: Pick<AgentSettings, 'battery' | 'loads' | 'home' | 'forecast'>;
  intervalSeconds: number;
  clock: Clock;
  files: Files;
  mqtt: HouseMqtt;
  log: Log;
  random: Random;
  journal: Journal;
  controlled: ControlledPower;
  battery: BatteryTap | null;
  /** Null: no meter counts what the home generates. */
  generation: Generation | null;
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
  /** Load and generation, where a meter counts the latter. */
  readonly #parts: { load: SeriesForecast; generation: SeriesForecast } | null;
  /** All of them. */
  readonly #series: readonly SeriesForecast[];
  /** Null: no file of it is named. */
  readonly #weather: HomeWeather | null;
  /** Expected last, of the intervals that a plan reaches. */
  #expectedParts = new Map<Interval, ExpectedParts>();
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
    const forecaster: ForecasterOptions = {
      intervalSeconds: this.#seconds,
      local: new HomeDays(zone, this.#seconds),
      limitW: IMPOSSIBLE_TIMES * maxPowerW,
    };
    this.#weather = weatherOf(options);
    this.#parts =
      options.generation === null
        ? null
        : {
            load: new SeriesForecast('load', forecaster),
            generation: this.#generationBy(forecaster),
          };
    const others = new Map([['parts', (at: Interval) => this.#netOfParts(at)]] as const);
    this.#net = new SeriesForecast('net', { ...forecaster, ...(this.#parts && { others }) });
    this.#series = [this.#net, ...(this.#parts ? Object.values(this.#parts) : [])];
    this.#trainer = options.settings.forecast.method === 'simple' ? null : this.#trainerOf(options);
  }

  start(signal: AbortSignal): void {
    this.#weather?.start(signal);
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
      const { interval } = reading;
      this.#observe(reading, this.#controlledIn(interval), this.#generatedIn(interval));
    }
    this.#learnedTo = upTo;
  }

  /** Before forecasts that must be the same in each run of stepped time. */
  async settled(): Promise<void> {
    this.#learnAgain();
    if (!this.#o.isRealPace) await this.#trainer?.settled();
  }

  /** `net`, `load` or `generation`; null where it is not forecast. */
  series(name: string): SeriesForecast | null {
    return this.#series.find((each) => each.name === name) ?? null;
  }

  /** @returns null while nothing at all is known of this home */
  forecast(interval: Interval): NetLoadForecast | null {
    return this.#net.forecast(interval);
  }

  /**
   * Of the intervals after `current`; null while nothing at all is known of this home.
   * @param kept how many of them the journal will hold
   */
  ahead(current: Interval, count: number, kept: number): NetLoadForecast[] | null {
    this.#weather?.refresh(current);
    const forecasts: NetLoadForecast[] = [];
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const forecast = this.forecast(current + ahead);
      if (forecast === null) return null;
      forecasts.push(forecast);
    }
    for (const each of this.#series) each.expect();
    this.#expectedParts = this.#partsOf(forecasts.slice(0, kept));
    return forecasts;
  }

  /** Within the transaction that keeps a plan made in `now`. @throws SqlError */
  write(now: Interval): void {
    for (const each of this.#series) each.write(this.#o.journal.forecasts);
    this.#o.journal.generated.putExpected(now, this.#expectedParts);
    this.#weather?.write();
  }

  /** What was written is durable, and a plan stands on these forecasts. */
  written(next: NetLoadForecast | undefined): void {
    for (const each of this.#series) each.written();
    if (next !== undefined) this.#expectedW.set(next.interval, next.p50W);
  }

  #generationBy(forecaster: ForecasterOptions): SeriesForecast {
    const weather = this.#weather;
    const byWeather = (interval: Interval, own: NetLoadForecast): NetLoadForecast | null => {
      if (weather === null) return null;
      const { known } = series.forecaster;
      const expectedW = byIrradiance(known, (at) => weather.at(at), interval);
      return Number.isNaN(expectedW) ? null : movedTo(expectedW, own, 'expected irradiance');
    };
    const others = new Map([['irradiance', byWeather]] as const);
    const series = new SeriesForecast('generation', { ...forecaster, leastW: 0, others });
    return series;
  }

  #netOfParts(interval: Interval): NetLoadForecast | null {
    const load = this.#parts?.load.forecast(interval) ?? null;
    const generation = this.#parts?.generation.forecast(interval) ?? null;
    return load === null || generation === null ? null : netOfParts(load, generation);
  }

  #partsOf(forecasts: readonly NetLoadForecast[]): Map<Interval, ExpectedParts> {
    const found = new Map<Interval, ExpectedParts>();
    for (const { interval } of forecasts) {
      const load = this.#parts?.load.forecast(interval) ?? null;
      const generation = this.#parts?.generation.forecast(interval) ?? null;
      if (load === null || generation === null) continue;
      found.set(interval, { loadW: load.p50W, generationW: generation.p50W });
    }
    return found;
  }

  #trainerOf({ clock, log, threads, settings, journal, random }: HomeForecastsOptions): Trainer {
    return new Trainer({
      ...{ clock, log, threads, zone: settings.home.zone, intervalSeconds: this.#seconds },
      ...{ records: journal.forecasts, series: this.#series },
      moment: random.uniform('training'),
    });
  }

  #observe(reading: ReadingRow, controlledW: number | null, generatedW: number | null): void {
    const netW = netLoadW(reading, this.#seconds);
    const powerW = netW === null || controlledW === null ? null : netW - controlledW;
    const expectedW = this.#expectedW.get(reading.interval);
    this.#expectedW.delete(reading.interval);
    if (powerW !== null && expectedW !== undefined) {
      this.#net.forecaster.score(powerW - expectedW);
    }
    const nowMs = this.#o.clock.now();
    const { interval } = reading;
    this.#net.observe(interval, powerW, nowMs);
    const loadW = powerW === null || generatedW === null ? null : powerW + generatedW;
    this.#parts?.load.observe(interval, loadW, nowMs);
    this.#parts?.generation.observe(interval, generatedW, nowMs);
  }

  /** What was generated in the interval that just closed, kept for later starts. */
  #generatedIn(interval: Interval): number | null {
    const { generation, journal } = this.#o;
    const powerW = generation?.generatedW(interval) ?? null;
    if (powerW !== null)
      this.#keep('what was generated', () => journal.generated.record(interval, powerW));
    return powerW;
  }

  #keep(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const fields = { cause: error.message };
      this.#o.log.error(`${what} could not be written to the journal`, fields);
    }
  }

  /** What battery and loads took in the interval that just closed, kept for later starts. */
  #controlledIn(interval: Interval): number | null {
    const { battery, journal, controlled, settings } = this.#o;
    if (battery === null && settings.loads.length === 0) return 0;
    const batteryW = battery === null ? 0 : battery.meanW(interval);
    if (batteryW === null) return null;
    const from = interval * this.#seconds * 1000;
    const to = from + this.#seconds * 1000;
    let loadsW = 0;
    for (const load of settings.loads) {
      loadsW += (load.powerW * journal.onTimeMs(load.name, from, to)) / (to - from);
    }
    this.#keep('what battery and loads took', () => controlled.record(interval, batteryW, loadsW));
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
    this.#weather?.load(first, last);
    for (const each of this.#series) each.load(journal.forecasts, last);
    const generatedW = this.#parts === null ? null : journal.generated.between(first, last);
    const hasNone = settings.battery === null && settings.loads.length === 0;
    const took = hasNone ? null : controlled.between(first, last);
    // The latest that was made before an interval is what it is scored by.
    for (const made of journal.forecastsMade(last - ERROR_INTERVALS, last - 1)) {
      const { interval, madeIn, p50W } = made;
      if (madeIn < interval && interval <= last) this.#expectedW.set(interval, p50W);
    }
    for (const reading of journal.readings(first, last)) {
      const { interval } = reading;
      const controlledW = took === null ? 0 : (took.get(interval) ?? null);
      this.#observe(reading, controlledW, generatedW?.get(interval) ?? null);
      this.#learnedTo = interval;
    }
  }
}

function weatherOf(options: HomeForecastsOptions): HomeWeather | null {
  const { settings, files, mqtt, log, journal, intervalSeconds } = options;
  const { weather } = settings.forecast;
  if (weather === null) return null;
  const homeOf = (text: WeatherText, listen?: (signal: AbortSignal) => void) =>
    new HomeWeather(new WeatherFile(text, log), journal.weather, intervalSeconds, listen);
  if (typeof weather === 'string') return homeOf(fileText(files, weather));
  const told = new MqttText(weather);
  return homeOf(told, (signal) => told.listen(mqtt, signal));
}

/** Mean net load of a reading, W; null where its energy is not known. */
function netLoadW(reading: ReadingRow, seconds: number): number | null {
  if (reading.importedWs === null || reading.exportedWs === null) return null;
  return (reading.importedWs - reading.exportedWs) / seconds;
}
