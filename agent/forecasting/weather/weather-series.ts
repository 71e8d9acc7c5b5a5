/** Rows of weather forecasts, as the mean of any span of time. Pure. */
import type { UnixMs } from '../../../host/ports.ts';
import type { Weather } from '../../strategy/forecast/weather.ts';
import type { WeatherRow } from './weather-text.ts';

/** A row says nothing of later times, should no other follow. */
const LONGEST_MS = 3 * 3_600_000;

export class WeatherSeries {
  readonly #rows: readonly WeatherRow[];

  /** @param rows by time */
  constructor(rows: readonly WeatherRow[]) {
    this.#rows = rows;
  }

  /** From the first moment to the end of the last row; null without rows. */
  get span(): { fromMs: UnixMs; toMs: UnixMs } | null {
    const first = this.#rows[0];
    return first === undefined
      ? null
      : { fromMs: first.fromMs, toMs: this.#endMs(this.#rows.length - 1) };
  }

  /** Mean over [fromMs, toMs), by how long each row holds; null where no row does. */
  mean(fromMs: UnixMs, toMs: UnixMs): Weather | null {
    const irradiance = { sum: 0, ms: 0 };
    const temperature = { sum: 0, ms: 0 };
    for (let place = this.#placeAt(fromMs); place < this.#rows.length; place += 1) {
      const row = this.#rows[place];
      if (row === undefined || row.fromMs >= toMs) break;
      const ms = Math.min(toMs, this.#endMs(place)) - Math.max(fromMs, row.fromMs);
      add(irradiance, row.irradianceWm2, ms);
      add(temperature, row.temperatureC, ms);
    }
    const found = { irradianceWm2: meanOf(irradiance), temperatureC: meanOf(temperature) };
    return found.irradianceWm2 === null && found.temperatureC === null ? null : found;
  }

  /** The last row that began at or before a moment, or the first one. */
  #placeAt(ms: UnixMs): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#rows[middle]?.fromMs ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #endMs(place: number): UnixMs {
    const from = this.#rows[place]?.fromMs ?? 0;
    const next = this.#rows[place + 1]?.fromMs;
    // The last one lasts as long as the one before it did.
    const before = this.#rows[place - 1]?.fromMs;
    const lengthMs = next === undefined ? from - (before ?? from - LONGEST_MS) : next - from;
    return from + Math.min(LONGEST_MS, lengthMs);
  }
}

function add(into: { sum: number; ms: number }, value: number | null, ms: number): void {
  if (value === null || ms <= 0) return;
  into.sum += value * ms;
  into.ms += ms;
}

function meanOf({ sum, ms }: { sum: number; ms: number }): number | null {
  return ms === 0 ? null : sum / ms;
}
