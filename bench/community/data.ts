/**
 * Communities from folders of measured homes: net load by interval, batteries, the supplier's
 * prices. Shapes: CityLearn 2022 (`Building_N.csv`, `pricing.csv`, `schema.json`), HAMLET
 * (`sfh_load/*.csv`, `pv/*.csv`), Swiss homes (`load_kwh.csv`).
 *
 * Where a set has no roofs, batteries or prices, those stated below are added.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatteryModel } from '../../agent/strategy/battery.ts';

export interface CommunityHome {
  name: string;
  /** Mean W of each interval, without the battery; export is negative. */
  netW: Float64Array;
  battery: BatteryModel | null;
}

export interface Community {
  name: string;
  intervalSeconds: number;
  /** Number of the first interval: slots of the day are counted from it. */
  firstInterval: number;
  homes: CommunityHome[];
  /** Supplier's prices of each interval. */
  useMicroPerKwh: Float64Array;
  feedInMicroPerKwh: Float64Array;
}

export class DataError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DataError';
  }
}

/** Paid for what is fed in, in all sets; none of them has a price for it. */
const FEED_IN_MICRO = 80_000;
/** Price of use of the sets that have none. */
const USE_MICRO = 300_000;
/** Every second home of a set without roofs gets one of so many kW, and CityLearn's battery. */
const ROOF_KW = 5;
const ROOF_EVERY = 2;
const WS_PER_KWH = 3_600_000;
const USUAL_BATTERY = { capacity: 6.4, efficiency: 0.9, nominal_power: 5 };
/** Midnight of 2022-08-01 UTC, a Monday as in CityLearn's first row but one, in hours. */
const CITYLEARN_FIRST_HOUR = 460_224 - 1;
const WEEK_SLOTS = 672;

/** @throws DataError when the folder has none of the shapes. */
export function communityOf(folder: string, most: number): Community {
  if (existsSync(join(folder, 'schema.json'))) return cityLearn(folder, most);
  if (existsSync(join(folder, 'sfh_load'))) return hamlet(folder, most);
  if (existsSync(join(folder, 'load_kwh.csv'))) return swiss(folder, most);
  throw new DataError(`${folder} has neither schema.json nor sfh_load/ nor load_kwh.csv`);
}

interface Schema {
  buildings: Record<string, BuildingSchema>;
}

interface BuildingSchema {
  pv: { attributes: { nominal_power: number } };
  electrical_storage: { attributes: typeof USUAL_BATTERY };
}

function cityLearn(folder: string, most: number): Community {
  const schema: Schema = JSON.parse(readFileSync(join(folder, 'schema.json'), 'utf8'));
  const homes: CommunityHome[] = [];
  for (const [name, { pv, electrical_storage: storage }] of Object.entries(schema.buildings)) {
    const file = join(folder, `${name}.csv`);
    if (homes.length >= most || !existsSync(file)) continue;
    const table = tableOf(file);
    const load = table.column('non_shiftable_load');
    const sun = table.column('solar_generation');
    const peakKw = pv.attributes.nominal_power;
    const netW = load.map((kwh, row) => kwh * 1000 - (sun[row] ?? 0) * peakKw);
    homes.push({ name, netW, battery: batteryOf(storage.attributes) });
  }
  const prices = tableOf(join(folder, 'pricing.csv')).column('electricity_pricing');
  return {
    ...{ name: 'citylearn-2022', intervalSeconds: 3600, firstInterval: CITYLEARN_FIRST_HOUR },
    homes,
    useMicroPerKwh: prices.map((price) => Math.round(price * 1e6)),
    feedInMicroPerKwh: prices.map(() => FEED_IN_MICRO),
  };
}

function hamlet(folder: string, most: number): Community {
  const roofs = roofsOf(folder);
  const files = readdirSync(join(folder, 'sfh_load')).sort().slice(0, most);
  const tables = files.map((file) => tableOf(join(folder, 'sfh_load', file)));
  const start = Math.round((tables[0]?.column('timestamp')[0] ?? 0) / 900);
  const homes = tables.map((table, index) =>
    withRoof(files[index] ?? '', table.column('electricity'), index, roofs),
  );
  return flat({ name: 'hamlet', intervalSeconds: 900, firstInterval: start, homes });
}

function swiss(folder: string, most: number): Community {
  const sibling = join(folder, '..', 'hamlet-homes-15min');
  const roofs = existsSync(sibling) ? roofsOf(sibling) : [];
  const table = tableOf(join(folder, 'load_kwh.csv'));
  const names = table.names.slice(2, 2 + most);
  const homes = names.map((name, index) =>
    withRoof(
      name,
      table.column(name).map((kwh) => kwh * 4000),
      index,
      roofs,
    ),
  );
  // Weeks begin on a Monday at midnight: of the week of 2022-10-31, in slots of 900 s.
  const firstInterval = Math.round(Date.UTC(2022, 9, 31) / 900_000);
  if ((homes[0]?.netW.length ?? 0) % WEEK_SLOTS !== 0) throw new DataError('weeks are not whole');
  return flat({ name: 'swiss', intervalSeconds: 900, firstInterval, homes });
}

function flat(rest: Omit<Community, 'useMicroPerKwh' | 'feedInMicroPerKwh'>): Community {
  const length = Math.min(...rest.homes.map(({ netW }) => netW.length));
  return {
    ...rest,
    homes: rest.homes.map((home) => ({ ...home, netW: home.netW.slice(0, length) })),
    useMicroPerKwh: new Float64Array(length).fill(USE_MICRO),
    feedInMicroPerKwh: new Float64Array(length).fill(FEED_IN_MICRO),
  };
}

function withRoof(
  name: string,
  loadW: Float64Array,
  index: number,
  roofs: readonly Float64Array[],
): CommunityHome {
  const roof = roofs[Math.floor(index / ROOF_EVERY) % Math.max(1, roofs.length)];
  if (roof === undefined || index % ROOF_EVERY !== 0) return { name, netW: loadW, battery: null };
  const netW = loadW.map((value, row) => value - (roof[row % roof.length] ?? 0) * ROOF_KW * 1000);
  return { name, netW, battery: batteryOf(USUAL_BATTERY) };
}

function roofsOf(folder: string): Float64Array[] {
  const files = readdirSync(join(folder, 'pv')).sort();
  return files.map((file) => tableOf(join(folder, 'pv', file)).column('electricity'));
}

/** The whole capacity is used: what is kept back is the strategy's affair. */
function batteryOf(attributes: typeof USUAL_BATTERY): BatteryModel {
  const powerW = attributes.nominal_power * 1000;
  return {
    ...{ capacityWs: attributes.capacity * WS_PER_KWH, chargeW: powerW, dischargeW: powerW },
    ...{ lowShare: 0, highShare: 1, efficiency: attributes.efficiency },
  };
}

/** @throws DataError when a column is missing or a value is no number. */
function tableOf(file: string): { names: string[]; column(name: string): Float64Array } {
  const [head = '', ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  const rows = lines.map((line) => line.split(','));
  return {
    names,
    column(name) {
      const at = names.indexOf(name);
      if (at < 0) throw new DataError(`${file} has no column ${name}`);
      const values = Float64Array.from(rows, (row) => Number(row[at]));
      if (values.some((value) => Number.isNaN(value))) {
        throw new DataError(`${file} has values in ${name} that are no numbers`);
      }
      return values;
    },
  };
}
