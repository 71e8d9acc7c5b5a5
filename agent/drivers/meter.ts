/** An electricity meter on a Modbus bus, by its profile. */
import type { Bus } from '../../host/ports.ts';
import { planBlocks } from './blocks.ts';
import type { PointName, Profile } from './profile.ts';
import { type PointValues, readPoints } from './read-points.ts';

/** One look at the meter. What it does not know is null, never 0. */
export interface MeterValues {
  /** Positive into the home. */
  powerW: number | null;
  /** Both counters since the meter was made; null where this look did not read them. */
  counters: MeterCounters | null;
}

export interface MeterCounters {
  importedWs: number;
  exportedWs: number;
  /** How finely the coarser of the two is told. */
  stepWs: number;
}

export interface Meter {
  /** Power; with the counters where these cost no further request. @throws BusError */
  readFast(): Promise<MeterValues>;
  /** Power and counters. @throws BusError */
  readCounters(): Promise<MeterValues>;
  /** Every value of the profile, in inner units (W, Ws, V, A, Hz). @throws BusError */
  readAll(): Promise<PointValues>;
}

const FAST: readonly PointName[] = ['power'];
const WITH_COUNTERS: readonly PointName[] = ['power', 'energy_import', 'energy_export'];

/** @throws RangeError when the profile is none of a meter. */
export function openMeter(bus: Bus, profile: Profile, unit: number): Meter {
  const blocksOf = (names: readonly PointName[]) =>
    planBlocks(
      profile.points.filter(({ name }) => names.includes(name)),
      profile,
    );
  const missing = WITH_COUNTERS.filter(
    (name) => !profile.points.some((each) => each.name === name),
  );
  if (missing.length > 0) {
    throw new RangeError(
      `profile ${profile.name} is none of a meter: it lacks ${missing.join(', ')}`,
    );
  }
  const all = planBlocks(profile.points, profile);
  const counters = blocksOf(WITH_COUNTERS);
  const isFree = counters.length === blocksOf(FAST).length;
  const fast = isFree ? counters : blocksOf(FAST);
  return {
    readFast: async () => valuesOf(await readPoints(bus, unit, fast)),
    readCounters: async () => valuesOf(await readPoints(bus, unit, counters)),
    readAll: () => readPoints(bus, unit, all),
  };
}

function valuesOf(points: PointValues): MeterValues {
  const imported = points.get('energy_import');
  const exported = points.get('energy_export');
  const powerW = points.get('power')?.value ?? null;
  if (typeof imported?.value !== 'number' || typeof exported?.value !== 'number') {
    return { powerW, counters: null };
  }
  const stepWs = Math.max(imported.step, exported.step);
  return { powerW, counters: { importedWs: imported.value, exportedWs: exported.value, stepWs } };
}
