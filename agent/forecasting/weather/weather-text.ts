/**
 * Weather forecasts of a file: CSV with the head `utc,irradiance_w_m2,temperature_c`, or a JSON
 * list of objects with these keys. A row holds from its moment until the next one. What is wrong is
 * refused row by row, with its line. Pure.
 */
import type { UnixMs } from '../../../host/ports.ts';
import type { Weather } from '../../strategy/forecast/weather.ts';

export interface WeatherRow extends Weather {
  fromMs: UnixMs;
}

export interface WeatherFault {
  /** From 1; of JSON the place in the list; 0: the whole text. */
  line: number;
  message: string;
}

export interface ReadWeather {
  /** By time, each moment once. */
  rows: WeatherRow[];
  faults: WeatherFault[];
}

const HEAD = ['utc', 'irradiance_w_m2', 'temperature_c'] as const;
/** Ten years of hours would fit. */
const MOST_CHARACTERS = 4_000_000;
/** Beyond what the sun sends, and what was ever measured. */
const IRRADIANCE = { least: 0, most: 1_500 };
const TEMPERATURE = { least: -90, most: 60 };
/** A date and a time, in UTC whether it says so or not. */
const MOMENT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(?:Z|\+00:00)?$/;

export function readWeather(text: string): ReadWeather {
  if (text.length > MOST_CHARACTERS) return wholly('is too long for forecasts of the weather');
  const trimmed = text.trim();
  if (trimmed === '') return wholly('is empty');
  return trimmed.startsWith('[') ? readJson(trimmed) : readCsv(text);
}

function readCsv(text: string): ReadWeather {
  const [head = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const names = head.split(',').map((name) => name.trim().toLowerCase());
  const places = HEAD.map((name) => names.indexOf(name));
  const [at = -1, irradiance = -1, temperature = -1] = places;
  if (at < 0 || (irradiance < 0 && temperature < 0)) {
    return wholly(`must begin with the line ${HEAD.join(',')}`, 1);
  }
  const read = lines.map((line, place) => {
    if (line.trim() === '') return null;
    const cells = line.split(',').map((cell) => cell.trim());
    const cell = (index: number) => (index < 0 || cells[index] === '' ? null : cells[index]);
    return rowOf(place + 2, [cell(at), cell(irradiance), cell(temperature)]);
  });
  return together(read);
}

function readJson(text: string): ReadWeather {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return wholly('is no JSON');
  }
  if (!Array.isArray(list)) return wholly('must be a list');
  const read = list.map((each: unknown, place) => {
    if (typeof each !== 'object' || each === null) {
      return { line: place + 1, message: `must be an object with ${HEAD.join(', ')}` };
    }
    const { utc, irradiance_w_m2, temperature_c } = each as Record<string, unknown>;
    return rowOf(place + 1, [utc, irradiance_w_m2, temperature_c]);
  });
  return together(read);
}

function rowOf(line: number, cells: readonly unknown[]): WeatherRow | WeatherFault {
  const [utc, irradiance, temperature] = cells;
  const fromMs = momentOf(utc);
  if (fromMs === null) return { line, message: `utc is no moment: ${shown(utc)}` };
  const irradianceWm2 = numberOf(irradiance, IRRADIANCE);
  if (irradianceWm2 === undefined) {
    return { line, message: `irradiance_w_m2 must be 0 to 1500: ${shown(irradiance)}` };
  }
  const temperatureC = numberOf(temperature, TEMPERATURE);
  if (temperatureC === undefined) {
    return { line, message: `temperature_c must be -90 to 60: ${shown(temperature)}` };
  }
  return { fromMs, irradianceWm2, temperatureC };
}

/** Null where nothing is told; undefined where it is no such number. */
function numberOf(
  cell: unknown,
  { least, most }: { least: number; most: number },
): number | null | undefined {
  if (cell === null || cell === undefined) return null;
  const isNumber = typeof cell === 'string' && /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(cell);
  const value = isNumber ? Number(cell) : cell;
  const isFit = typeof value === 'number' && value >= least && value <= most;
  return isFit ? value : undefined;
}

/** Seconds since 1970, or a date and a time. */
function momentOf(cell: unknown): UnixMs | null {
  const text = typeof cell === 'number' ? `${cell}` : cell;
  if (typeof text !== 'string') return null;
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  const [, date, time] = MOMENT.exec(text) ?? [];
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}T${time}Z`);
  return Number.isNaN(ms) ? null : ms;
}

function together(read: readonly (WeatherRow | WeatherFault | null)[]): ReadWeather {
  const faults: WeatherFault[] = [];
  const rows = new Map<UnixMs, WeatherRow>();
  for (const each of read) {
    if (each === null) continue;
    if ('message' in each) faults.push(each);
    else rows.set(each.fromMs, each);
  }
  const sorted = [...rows.values()].sort((one, other) => one.fromMs - other.fromMs);
  if (sorted.length === 0 && faults.length === 0) return wholly('has no rows');
  return { rows: sorted, faults };
}

function wholly(message: string, line = 0): ReadWeather {
  return { rows: [], faults: [{ line, message }] };
}

function shown(cell: unknown): string {
  return cell === null || cell === undefined ? 'nothing' : String(cell).slice(0, 40);
}
