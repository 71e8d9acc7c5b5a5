/**
 * Measured Swiss homes (cran/ResidentialEnergyConsumption): `load_kwh.csv`, kWh per quarter of an
 * hour, one column per home after `week` and `slot` (of the week, from Monday midnight, 0 to 671).
 */
import { join } from 'node:path';
import { CsvTable } from '../csv.ts';
import type { MeasuredSet } from '../measured.ts';
import { STEPS_PER_DAY } from '../trace-step.ts';

const STEPS_PER_WEEK = 7 * STEPS_PER_DAY;
/** kWh in a quarter of an hour to mean W. */
const W_PER_KWH_SLOT = 4000;

export function readSwiss(dir: string): MeasuredSet {
  const table = CsvTable.open(join(dir, 'load_kwh.csv'));
  const slot = table.column('slot');
  const firstHome = slot + 1;
  const homes = table.header.length - firstHome;
  if (homes < 1) throw table.fault(-1, 'there is no column of a home');
  const days = Math.floor(table.rows.length / STEPS_PER_WEEK) * 7;
  if (days === 0) throw table.fault(-1, 'there is no whole week');
  const loads = Array.from({ length: homes }, () => new Float64Array(days * STEPS_PER_DAY));
  for (let row = 0; row < days * STEPS_PER_DAY; row += 1) {
    if (table.number(row, slot) !== row % STEPS_PER_WEEK) {
      throw table.fault(row, `slot ${row % STEPS_PER_WEEK} of the week is expected here`);
    }
    for (const [home, load] of loads.entries()) {
      load[row] = table.number(row, firstHome + home, 0) * W_PER_KWH_SLOT;
    }
  }
  return {
    source: 'measured Swiss homes (cran/ResidentialEnergyConsumption)',
    days,
    firstDayMs: null,
    homes: loads.map((loadW) => ({ loadW, pvW: null })),
    pvPerUnit: [],
    limits: null,
    boilers: true,
    startHour: 9,
    notes: ['The weeks are of winter and carry no year; the generated sun is that of June.'],
  };
}
