/**
 * Homes out of the CSV files of a folder, by their header line:
 *
 * - `week,slot,HOME,HOME...`: kWh in each quarter hour, weeks from Monday, local time;
 * - `...,non_shiftable_load,...`: CityLearn, kWh in each hour, local time;
 * - `timestamp,electricity`: unix seconds and W, Berlin time (files called `pv...` are no homes);
 * - `utc,load_w,...`: W, empty where unknown, Paris time.
 *
 * Other files are left out.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DataError, readData } from '../../testbed/homes/csv.ts';
import { A_MONDAY, type HomeSeries, plainDays, zoneDays } from './home-series.ts';

const QUARTER_S = 900;
const HOUR_S = 3600;
const WS_PER_KWH = 3_600_000;

/** @throws DataError when the folder cannot be read, or a home has a number or time that is none */
export function readHomes(folder: string): HomeSeries[] {
  const names = namesIn(folder);
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return readHomes(path);
    return name.endsWith('.csv') ? homesIn(path) : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    const message = `${folder} cannot be read: give a folder with CSV files of homes`;
    throw new DataError('missing', message, cause);
  }
}

function homesIn(path: string): HomeSeries[] {
  const [head = '', ...lines] = readData(path).trim().split(/\r?\n/);
  const columns = head.split(',');
  const name = basename(path, '.csv');
  const column = (at: number) => lines.map((line) => numberIn(path, line.split(',')[at] ?? ''));
  if (columns[0] === 'week' && columns[1] === 'slot') return weeksOf(columns, lines, path);
  const hourly = columns.indexOf('non_shiftable_load');
  if (hourly >= 0) {
    const loadW = Float32Array.from(column(hourly), (kwh) => (kwh * WS_PER_KWH) / HOUR_S);
    // The first row is the last hour of a Sunday.
    const firstInterval = A_MONDAY / HOUR_S - 1;
    return [{ name, intervalSeconds: HOUR_S, firstInterval, local: plainDays(HOUR_S), loadW }];
  }
  if (head === 'timestamp,electricity' && !name.startsWith('pv')) {
    return [dated(name, column(0), column(1), 'Europe/Berlin')];
  }
  if (columns[0] === 'utc' && columns[1] === 'load_w') {
    const times = lines.map((line) => secondsIn(path, line.split(',')[0] ?? ''));
    return [dated(name, times, column(1), 'Europe/Paris')];
  }
  return [];
}

function weeksOf(columns: string[], lines: string[], path: string): HomeSeries[] {
  const homes = columns.slice(2).map((name): HomeSeries => {
    return {
      name,
      intervalSeconds: QUARTER_S,
      firstInterval: A_MONDAY / QUARTER_S,
      local: plainDays(QUARTER_S),
      loadW: new Float32Array(lines.length),
    };
  });
  for (const [row, line] of lines.entries()) {
    const cells = line.split(',');
    for (const [home, series] of homes.entries()) {
      const kwh = numberIn(path, cells[home + 2] ?? '');
      series.loadW[row] = (kwh * WS_PER_KWH) / QUARTER_S;
    }
  }
  return homes;
}

/** Rows with a time each, in any order, with gaps. */
function dated(name: string, times: number[], loadW: number[], zone: string): HomeSeries {
  const sorted = [...new Set(times)].sort((one, other) => one - other);
  const steps = sorted.slice(1).map((time, place) => time - (sorted[place] ?? 0));
  const intervalSeconds = steps.reduce((least, step) => Math.min(least, step), 86_400);
  const firstInterval = Math.floor((sorted[0] ?? 0) / intervalSeconds);
  const last = Math.floor((sorted.at(-1) ?? 0) / intervalSeconds);
  const values = new Float32Array(last - firstInterval + 1).fill(Number.NaN);
  for (const [row, time] of times.entries()) {
    values[Math.floor(time / intervalSeconds) - firstInterval] = loadW[row] ?? Number.NaN;
  }
  const local = zoneDays(zone, intervalSeconds);
  return { name, intervalSeconds, firstInterval, local, loadW: values };
}

/** NaN for an empty cell. */
function numberIn(path: string, cell: string): number {
  if (cell.trim() === '') return Number.NaN;
  const value = Number(cell);
  if (Number.isNaN(value)) throw new DataError('malformed', `${path}: "${cell}" is no number`);
  return value;
}

/** Unix seconds of a time in words. */
function secondsIn(path: string, cell: string): number {
  const ms = Date.parse(cell);
  if (Number.isNaN(ms)) throw new DataError('malformed', `${path}: "${cell}" is no time`);
  return ms / 1000;
}
