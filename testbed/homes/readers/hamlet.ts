/**
 * HAMLET's single-family homes (tum-ens/HAMLET): `sfh_load/*.csv` in W and `pv/*.csv` per unit of
 * peak power, every 15 minutes, each with the columns `timestamp` (unix seconds) and `electricity`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CsvTable, DataError } from '../csv.ts';
import { localMidnight } from '../local-time.ts';
import type { MeasuredSet } from '../measured.ts';
import { STEPS_PER_DAY, TRACE_STEP_SECONDS } from '../trace-step.ts';

interface Series {
  file: string;
  startsAt: number;
  values: number[];
}

export function readHamlet(dir: string): MeasuredSet {
  const loads = readFolder(join(dir, 'sfh_load'));
  const roofs = readFolder(join(dir, 'pv'));
  const all = [...loads, ...roofs];
  const begin = Math.max(...all.map((series) => series.startsAt));
  const firstDayMs = nextLocalMidnight(begin * 1000);
  const steps = Math.min(
    ...all.map((s) => s.values.length - (firstDayMs / 1000 - s.startsAt) / TRACE_STEP_SECONDS),
  );
  const days = Math.floor(steps / STEPS_PER_DAY);
  if (days < 1) throw new DataError('malformed', `${dir}: the files share no whole day`);
  const cut = (series: Series): Float64Array => {
    const from = (firstDayMs / 1000 - series.startsAt) / TRACE_STEP_SECONDS;
    return Float64Array.from(series.values.slice(from, from + days * STEPS_PER_DAY));
  };
  return {
    source: 'HAMLET single-family homes (tum-ens/HAMLET)',
    days,
    firstDayMs,
    homes: loads.map((series) => ({ loadW: cut(series), pvW: null })),
    pvPerUnit: roofs.map(cut),
    limits: null,
    boilers: true,
    startHour: 9,
    notes: [],
  };
}

function readFolder(dir: string): Series[] {
  let files: string[];
  try {
    files = readdirSync(dir).filter((name) => name.endsWith('.csv'));
  } catch (cause) {
    throw new DataError('missing', `${dir} cannot be read`, cause);
  }
  if (files.length === 0) throw new DataError('missing', `${dir} holds no .csv file`);
  return files.sort().map((name) => readSeries(join(dir, name)));
}

function readSeries(path: string): Series {
  const table = CsvTable.open(path);
  const time = table.column('timestamp');
  const value = table.column('electricity');
  if (table.rows.length === 0) throw table.fault(-1, 'there is no row below the header');
  const startsAt = table.number(0, time);
  if (startsAt % TRACE_STEP_SECONDS !== 0) throw table.fault(0, 'not on a quarter of an hour');
  const values = table.rows.map((_, row) => {
    if (table.number(row, time) !== startsAt + row * TRACE_STEP_SECONDS) {
      throw table.fault(row, 'the time is not 900 s after the line before');
    }
    return table.number(row, value, 0);
  });
  return { file: table.file, startsAt, values };
}

function nextLocalMidnight(atMs: number): number {
  const midnight = localMidnight(atMs);
  return midnight === atMs ? atMs : localMidnight(midnight + 36 * 3_600_000);
}
