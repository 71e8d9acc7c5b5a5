/**
 * The text of weather forecasts that `[forecast] weather` names, be it a file or what a topic of
 * MQTT told last: looked at in each interval, read again when it changed. What is wrong with it is
 * said once.
 */
import { FileError, type Log, type UnixMs } from '../../../host/ports.ts';
import type { Weather } from '../../strategy/forecast/weather.ts';
import { WeatherSeries } from './weather-series.ts';
import { type ReadWeather, readWeather } from './weather-text.ts';

export interface WeatherText {
  /** Path of the file, or address and topic. */
  place: string;
  /** @throws FileError when there is none */
  read(): string;
}

export interface WeatherStatus {
  place: string;
  rows: number;
  /** Of the rows; null without any. */
  span: { fromMs: UnixMs; toMs: UnixMs } | null;
  /** Why it is not, or not wholly, of use; null when all is well. */
  problem: string | null;
}

/** Faults that are told by themselves. */
const SHOWN = 3;

export class WeatherFile {
  readonly #source: WeatherText;
  readonly #log: Log;
  #text: string | null = null;
  #series = new WeatherSeries([]);
  #said: string | null = null;

  constructor(source: WeatherText, log: Log) {
    this.#source = source;
    this.#log = log;
  }

  /** Reads it again, if it changed. A file that cannot be read leaves what was read before. */
  refresh(nowMs: UnixMs): WeatherStatus {
    const { text, read, status } = lookAtWeather(this.#source, nowMs, this.#text);
    if (read !== null) this.#series = new WeatherSeries(read.rows);
    if (text !== null) this.#text = text;
    const { problem } = status;
    if (problem !== null && problem !== this.#said) {
      this.#log.warn(`forecasts of the weather: ${problem}`, { from: this.#source.place });
    }
    if (problem === null && this.#said !== null) {
      this.#log.info('forecasts of the weather are well again', { from: this.#source.place });
    }
    this.#said = problem;
    return status;
  }

  /** Expected over [fromMs, toMs); null where the file says nothing of it. */
  mean(fromMs: UnixMs, toMs: UnixMs): Weather | null {
    return this.#series.mean(fromMs, toMs);
  }
}

/**
 * What a text holds at a moment.
 * @param known its text as it was read last: where it is the same, `read` stays null
 */
export function lookAtWeather(source: WeatherText, nowMs: UnixMs, known: string | null) {
  const { place } = source;
  try {
    const text = source.read();
    const read = readWeather(text);
    const { span } = new WeatherSeries(read.rows);
    const problem = problemOf(read, span, nowMs);
    const status: WeatherStatus = { place, rows: read.rows.length, span, problem };
    return { text, read: text === known ? null : read, status };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const status: WeatherStatus = { place, rows: 0, span: null, problem: error.message };
    return { text: null, read: null, status };
  }
}

function problemOf(
  { rows, faults }: ReadWeather,
  span: WeatherStatus['span'],
  nowMs: UnixMs,
): string | null {
  const told = faults.slice(0, SHOWN).map(({ line, message }) => {
    return line === 0 ? `the text ${message}` : `line ${line}: ${message}`;
  });
  const more = faults.length > SHOWN ? [`and ${faults.length - SHOWN} more lines`] : [];
  const isOld = rows.length > 0 && span !== null && span.toMs <= nowMs;
  const old = isOld ? ['it is old: it ends before now'] : [];
  const all = [...old, ...told, ...more];
  return all.length === 0 ? null : all.join('; ');
}
