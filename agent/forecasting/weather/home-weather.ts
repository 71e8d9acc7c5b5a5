/**
 * The weather of intervals: expected ones from the file, past ones as they were expected last,
 * which the journal keeps. So what is learned from the past is of the same kind as what is known of
 * the future.
 */
import type { Interval } from '../../../market/intervals.ts';
import type { WeatherRecords } from '../../journal/weather-records.ts';
import type { Weather } from '../../strategy/forecast/weather.ts';
import { HISTORY_DAYS } from '../history-limits.ts';
import type { WeatherFile } from './weather-file.ts';

export class HomeWeather {
  readonly #file: WeatherFile;
  readonly #intervalMs: number;
  readonly #past = new Map<Interval, Weather>();
  /** The interval that ran when the file was looked at last. */
  #now: Interval = 0;
  readonly #records: WeatherRecords;
  /** Intervals of the past that count. */
  readonly #kept: number;

  readonly #listen: (signal: AbortSignal) => void;

  /** @param listen begins to hear what the file is made of, where that is told */
  constructor(
    file: WeatherFile,
    records: WeatherRecords,
    intervalSeconds: number,
    listen: (signal: AbortSignal) => void = () => {},
  ) {
    this.#listen = listen;
    this.#file = file;
    this.#records = records;
    this.#intervalMs = intervalSeconds * 1000;
    this.#kept = Math.ceil((HISTORY_DAYS * 86_400) / intervalSeconds);
  }

  start(signal: AbortSignal): void {
    this.#listen(signal);
  }

  /** Takes up what the journal holds. @throws SqlError */
  load(first: Interval, last: Interval): void {
    for (const [interval, weather] of this.#records.between(first, last)) {
      this.#past.set(interval, weather);
    }
  }

  /** Looks at the file. @param now the interval that runs */
  refresh(now: Interval): void {
    this.#now = now;
    this.#file.refresh(now * this.#intervalMs);
    for (const interval of [now, now + 1]) {
      const weather = this.#ofFile(interval);
      if (weather !== null) this.#past.set(interval, weather);
    }
    this.#past.delete(now - this.#kept);
  }

  /** Within a transaction of the journal. @throws SqlError */
  write(): void {
    for (const interval of [this.#now, this.#now + 1]) {
      const weather = this.#past.get(interval);
      if (weather !== undefined) this.#records.put(interval, weather);
    }
  }

  at(interval: Interval): Weather | null {
    return (interval > this.#now ? this.#ofFile(interval) : this.#past.get(interval)) ?? null;
  }

  #ofFile(interval: Interval): Weather | null {
    return this.#file.mean(interval * this.#intervalMs, (interval + 1) * this.#intervalMs);
  }
}
