/** An electricity meter on a Modbus bus, by its profile. */
import type { Bus } from '../../host/ports.ts';
import type { MeterRole } from '../config/meters.ts';
import { planBlocks } from './blocks.ts';
import { derive, partsOf } from './derive.ts';
import { invertValues } from './invert.ts';
import type { PointValue, PointValues } from './point-values.ts';
import { ProfileError } from './profile-error.ts';
import type { Profile } from './profile-types.ts';
import { PointReader } from './read-points.ts';
import type { PointName } from './vocabulary.ts';

/** One look at the meter. What it does not know is null, never 0. */
export interface MeterValues {
  /** Positive into what is metered: for the grid meter into the home. */
  powerW: number | null;
  /** Both counters since the meter was made; null where one of them is not known. */
  counters: MeterCounters | null;
  /** Each counter by itself, for meters that have one alone; absent where not looked for. */
  imported?: Counter | null;
  exported?: Counter | null;
}

export interface MeterCounters {
  importedWs: number;
  exportedWs: number;
  /** How finely the coarser of the two is told. */
  stepWs: number;
  /** After which value both begin anew; null or absent when that is not known. */
  maxWs?: number | null;
}

export interface Counter {
  energyWs: number;
  /** How finely it is told. */
  stepWs: number;
  /** After which value it begins anew; null when that is not known. */
  maxWs: number | null;
}

export interface Meter {
  /** Power; with the counters where these cost no further request. @throws BusError */
  readFast(): Promise<MeterValues>;
  /** Power and counters. @throws BusError */
  readCounters(): Promise<MeterValues>;
  /** Every value of the profile, in inner units (W, Ws, V, A, Hz). @throws BusError */
  readAll(): Promise<PointValues>;
}

export interface MeterOptions {
  /** The meter was built in the wrong way round. */
  invert?: boolean;
  /** What it counts, by the settings; `grid`, which needs both counters, when not given. */
  role?: MeterRole;
}

const FAST: readonly PointName[] = ['power'];
const WITH_COUNTERS: readonly PointName[] = ['power', 'energy_import', 'energy_export'];

/** @throws ProfileError when the profile is none of a meter, or of one that cannot do this. */
export function openMeter(
  bus: Bus,
  profile: Profile,
  unit: number,
  { invert = false, role = 'grid' }: MeterOptions = {},
): Meter {
  refuseUnfit(profile, role);
  const reader = new PointReader(bus, unit, profile);
  const fast = askFor(profile, FAST);
  const counters = askFor(profile, WITH_COUNTERS);
  const look = async (names: readonly PointName[]) => {
    let points = await reader.read(names);
    const parts = partsOf(profile, ['power']).filter((name) => !points.has(name));
    if (typeof points.get('power')?.value !== 'number' && parts.length > 0) {
      points = derive(profile, new Map([...points, ...(await reader.read(parts))]));
    }
    return valuesOf(invert ? invertValues(points) : points);
  };
  return {
    readFast: () => look(isFree(profile, fast, counters) ? counters : fast),
    readCounters: () => look(counters),
    async readAll() {
      const points = await reader.readAll();
      return invert ? invertValues(points) : points;
    },
  };
}

function refuseUnfit(profile: Profile, role: MeterRole): void {
  const has = (name: PointName) =>
    [...profile.points, ...profile.derived].some((each) => each.name === name);
  const lacks = (role === 'grid' ? WITH_COUNTERS : FAST).filter((name) => !has(name));
  if (lacks.length === 0) return;
  const why =
    role === 'grid' && !lacks.includes('power') ? ', so it cannot be the meter of the grid' : '';
  throw new ProfileError(
    `profile ${profile.name} is none of a meter: it lacks ${lacks.join(', ')}${why}`,
  );
}

/** Of these names those that the profile has; what it derives instead, by its parts. */
function askFor(profile: Profile, names: readonly PointName[]): PointName[] {
  const own = new Set(profile.points.map(({ name }) => name));
  const missing = names.filter((name) => !own.has(name));
  return [...names.filter((name) => own.has(name)), ...partsOf(profile, missing)];
}

function isFree(profile: Profile, fast: readonly PointName[], more: readonly PointName[]): boolean {
  const requests = (names: readonly PointName[]) =>
    planBlocks(
      profile.points.filter(({ name }) => names.includes(name)),
      profile,
    ).length;
  return requests(fast) === requests(more);
}

function valuesOf(points: PointValues): MeterValues {
  const imported = counterOf(points.get('energy_import'));
  const exported = counterOf(points.get('energy_export'));
  const powerW = points.get('power')?.value ?? null;
  if (imported === null || exported === null) {
    return { powerW, counters: null, imported, exported };
  }
  const counters = {
    importedWs: imported.energyWs,
    exportedWs: exported.energyWs,
    stepWs: Math.max(imported.stepWs, exported.stepWs),
    maxWs: imported.maxWs === exported.maxWs ? imported.maxWs : null,
  };
  return { powerW, counters, imported, exported };
}

function counterOf(point: PointValue | undefined): Counter | null {
  if (point === undefined || point.value === null) return null;
  return { energyWs: point.value, stepWs: point.step, maxWs: point.max };
}
