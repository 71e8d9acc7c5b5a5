/**
 * CityLearn's challenge of 2022: `Building_*.csv` by the hour (`non_shiftable_load` in kWh,
 * `solar_generation` in W per kW of the plant), sizes of plant and battery in `schema.json`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { BatterySpec } from '../../emulators/lab-battery.ts';
import { CsvTable, DataError, readData } from '../csv.ts';
import { localMidnight } from '../local-time.ts';
import type { MeasuredHome, MeasuredSet } from '../measured.ts';

const STEPS_PER_HOUR = 4;
/** The data begin with August 2016; hours are counted 1 to 24, each by its end. */
const AUGUST_2016_MS = localMidnight(Date.UTC(2016, 7, 1, 10));

const Building = v.object({
  pv: v.object({ attributes: v.object({ nominal_power: v.number() }) }),
  electrical_storage: v.object({
    attributes: v.object({
      capacity: v.number(),
      efficiency: v.number(),
      nominal_power: v.number(),
    }),
  }),
});
const Schema = v.object({ buildings: v.record(v.string(), v.unknown()) });

export function readCityLearn(dir: string): MeasuredSet {
  const buildings = readBuildings(join(dir, 'schema.json'));
  const files = readdirSync(dir).filter((name) => /^Building_\d+\.csv$/.test(name));
  if (files.length === 0) throw new DataError('missing', `${dir} holds no Building_*.csv`);
  files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const homes = files.map((file) => readBuilding(join(dir, file), buildings(file.slice(0, -4))));
  const steps = Math.min(...homes.map((home) => home.loadW.length));
  for (const home of homes) home.loadW = home.loadW.slice(0, steps);
  return {
    source: 'CityLearn challenge 2022 (intelligent-environments-lab/CityLearn)',
    days: steps / 96,
    firstDayMs: AUGUST_2016_MS,
    homes: homes.map((home) => ({ ...home, pvW: home.pvW?.slice(0, steps) ?? null })),
    pvPerUnit: [],
    limits: null,
    boilers: true,
    startHour: 9,
    notes: ['Hourly values stand for all four quarters; Californian local time is taken as local.'],
  };
}

function readBuildings(path: string): (name: string) => v.InferOutput<typeof Building> {
  const text = readData(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError('malformed', `schema.json is not JSON: ${(cause as Error).message}`, cause);
  }
  const schema = v.safeParse(Schema, json);
  if (!schema.success) throw new DataError('malformed', 'schema.json: "buildings" is missing');
  return (name) => {
    const building = v.safeParse(Building, schema.output.buildings[name]);
    if (building.success) return building.output;
    const issue = building.issues[0];
    const at = v.getDotPath(issue) ?? '';
    throw new DataError('malformed', `schema.json, buildings.${name}.${at}: ${issue.message}`);
  };
}

function readBuilding(path: string, building: v.InferOutput<typeof Building>): MeasuredHome {
  const table = CsvTable.open(path);
  const [hour, load, sun] = ['hour', 'non_shiftable_load', 'solar_generation'].map((name) =>
    table.column(name),
  ) as [number, number, number];
  // The first line may be the last hour of the day before.
  let from = 0;
  while (from < table.rows.length && table.number(from, hour) !== 1) from += 1;
  const hours = Math.floor((table.rows.length - from) / 24) * 24;
  if (hours === 0) throw table.fault(-1, 'there is no whole day');
  const loadW = new Float64Array(hours * STEPS_PER_HOUR);
  const pvW = new Float64Array(hours * STEPS_PER_HOUR);
  for (let i = 0; i < hours; i += 1) {
    const row = from + i;
    if (table.number(row, hour) !== (i % 24) + 1) {
      throw table.fault(row, `hour ${(i % 24) + 1} is expected here`);
    }
    const steps = [i * STEPS_PER_HOUR, (i + 1) * STEPS_PER_HOUR] as const;
    loadW.fill(table.number(row, load, 0) * 1000, ...steps);
    pvW.fill(table.number(row, sun, 0) * building.pv.attributes.nominal_power, ...steps);
  }
  return { loadW, pvW, battery: batteryOf(building) };
}

function batteryOf(building: v.InferOutput<typeof Building>): BatterySpec {
  const { capacity, efficiency, nominal_power } = building.electrical_storage.attributes;
  return {
    capacityWs: capacity * 3_600_000,
    chargeW: nominal_power * 1000,
    dischargeW: nominal_power * 1000,
    efficiency,
    initialShare: 0.5,
  };
}
