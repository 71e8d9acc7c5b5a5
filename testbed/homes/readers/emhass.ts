/**
 * EMHASS's French home (davidusb-geek/emhass): `long_train_data.csv`, every half hour, load and PV
 * in W with gaps. A gap takes the value of the same time on the nearest earlier day that has one.
 */
import { join } from 'node:path';
import { CsvTable } from '../csv.ts';
import { localMidnight } from '../local-time.ts';
import type { MeasuredSet } from '../measured.ts';
import { STEPS_PER_DAY } from '../trace-step.ts';

const HALF_HOUR_MS = 1_800_000;
const STEPS_PER_ROW = 2;
const ROWS_PER_DAY = 48;

export function readEmhass(dir: string): MeasuredSet {
  const table = CsvTable.open(join(dir, 'long_train_data.csv'));
  const time = table.column('utc');
  const load = table.column('load_w');
  const pv = table.column('pv_w');
  const firstMs = timeAt(table, 0, time);
  const midnight = localMidnight(firstMs);
  const firstDayMs = midnight === firstMs ? midnight : localMidnight(midnight + 36 * 3_600_000);
  const skipped = (firstDayMs - firstMs) / HALF_HOUR_MS;
  const days = Math.floor((table.rows.length - skipped) / ROWS_PER_DAY);
  if (days < 1) throw table.fault(-1, 'there is no whole day');
  const loads: (number | null)[] = [];
  const roof: (number | null)[] = [];
  for (let row = skipped; row < skipped + days * ROWS_PER_DAY; row += 1) {
    if (timeAt(table, row, time) !== firstMs + row * HALF_HOUR_MS) {
      throw table.fault(row, 'the time is not half an hour after the line before');
    }
    loads.push(table.numberOrGap(row, load, 0));
    roof.push(table.numberOrGap(row, pv, 0));
  }
  const missing = loads.filter((value) => value === null).length;
  return {
    source: 'a French home (davidusb-geek/emhass)',
    days,
    firstDayMs,
    homes: [{ loadW: fillGaps(loads), pvW: fillGaps(roof) }],
    pvPerUnit: [],
    limits: null,
    boilers: true,
    startHour: 9,
    notes: [`${missing} gaps of the load are filled from earlier days, PV likewise (0 at night).`],
  };
}

function timeAt(table: CsvTable, row: number, column: number): number {
  const text = table.text(row, column);
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs))
    throw table.fault(row, `"${text}" is not a time such as 2024-03-01T00:00Z`);
  return atMs;
}

/** To steps of 15 minutes; the first days, which have no earlier ones, take the next that has. */
function fillGaps(values: (number | null)[]): Float64Array {
  const trace = new Float64Array((values.length / ROWS_PER_DAY) * STEPS_PER_DAY);
  for (let slot = 0; slot < ROWS_PER_DAY; slot += 1) {
    let last = 0;
    for (let row = slot; row < values.length; row += ROWS_PER_DAY) {
      const value = values[row];
      if (value !== null && value !== undefined) {
        last = value;
        break;
      }
    }
    for (let row = slot; row < values.length; row += ROWS_PER_DAY) {
      last = values[row] ?? last;
      trace.fill(last, row * STEPS_PER_ROW, (row + 1) * STEPS_PER_ROW);
    }
  }
  return trace;
}
