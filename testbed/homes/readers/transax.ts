/**
 * The day of the TRANSAX microgrid (TransactiveSCC/TRANSAX): `day-profile.csv`, one column a home,
 * mean kW of each quarter of an hour of one day, however the header names it. Rows: feeder, place,
 * annual consumption, peak production, then 96 of time and values.
 */
import { join } from 'node:path';
import { CsvTable } from '../csv.ts';
import { producerBattery, TRANSAX_LIMITS } from '../lookalike.ts';
import type { MeasuredHome, MeasuredSet } from '../measured.ts';
import { STEPS_PER_DAY } from '../trace-step.ts';
import type { Asked } from './asked.ts';

const PEAK_ROW = 2;
/** The header and four rows stand before the values; the header is not among `rows`. */
const FIRST_VALUE_ROW = 4;

interface Column {
  home: MeasuredHome;
  feeder: number;
  isProducer: boolean;
}

/** @param asked how many homes and feeders the run wants; with 102 and 11 all is as measured */
export function readTransax(dir: string, asked: Asked): MeasuredSet {
  const table = CsvTable.open(join(dir, 'day-profile.csv'));
  if (table.rows.length < FIRST_VALUE_ROW + STEPS_PER_DAY) {
    throw table.fault(table.rows.length - 1, 'the day has fewer than 96 rows of values');
  }
  const columns: Column[] = [];
  for (let column = 1; column < table.header.length; column += 1) {
    // Columns without a feeder are sums.
    if ((table.header[column] ?? '').trim() !== '') columns.push(readColumn(table, column));
  }
  const chosen = choose(columns, asked.homes);
  for (const { home, feeder } of chosen) {
    home.feeder = ((feeder - 1) % asked.feeders) + 1;
  }
  return {
    source: 'the TRANSAX microgrid (TransactiveSCC/TRANSAX)',
    days: 1,
    firstDayMs: null,
    homes: chosen.map(({ home }) => home),
    pvPerUnit: [],
    limits: { ...TRANSAX_LIMITS },
    boilers: false,
    startHour: 0,
    notes: [
      'One day that repeats. Producers have batteries of 90 kWh (40 kW), consumers none.',
      'Limits of the paper: 20 kW external, 25 kW internal on every feeder.',
    ],
  };
}

function readColumn(table: CsvTable, column: number): Column {
  const feeder = Number(table.header[column]);
  if (!Number.isInteger(feeder) || feeder < 1) {
    throw table.fault(-1, `"${table.header[column]}" in column ${column + 1} is no feeder number`);
  }
  const isProducer = table.text(PEAK_ROW, column) !== '';
  const values = new Float64Array(STEPS_PER_DAY);
  for (let step = 0; step < STEPS_PER_DAY; step += 1) {
    values[step] = table.number(FIRST_VALUE_ROW + step, column, 0) * 1000;
  }
  const none = new Float64Array(STEPS_PER_DAY);
  const home: MeasuredHome = isProducer
    ? { loadW: none, pvW: values, battery: producerBattery() }
    : { loadW: values, pvW: none, battery: null };
  return { home, feeder, isProducer };
}

/** All of them in order, or fewer with the same share of producers, the smallest first. */
function choose(columns: Column[], homes: number): Column[] {
  if (homes >= columns.length) return columns;
  const energy = ({ home }: Column) => (home.pvW ?? home.loadW).reduce((a, b) => a + b, 0);
  const producers = columns.filter((c) => c.isProducer).sort((a, b) => energy(a) - energy(b));
  const wanted = Math.max(1, Math.round((producers.length * homes) / columns.length));
  const kept = new Set(producers.slice(0, wanted));
  const consumers = columns.filter((column) => !column.isProducer);
  const places = homes - kept.size;
  for (let i = 0; i < places; i += 1) {
    const consumer = consumers[Math.floor((i * consumers.length) / places)];
    if (consumer) kept.add(consumer);
  }
  return columns.filter((column) => kept.has(column));
}
