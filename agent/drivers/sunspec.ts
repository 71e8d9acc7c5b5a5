/**
 * SunSpec: a device tells its registers itself. Somewhere (40000, 0 or 50000) stands "SunS", then
 * model after model, each with its number, its length and its values at fixed offsets.
 */
import { type Bus, BusError } from '../../host/ports.ts';
import type { Place, Profile } from './profile-types.ts';

/** Address of the ID register of each model found. */
export type ModelBases = ReadonlyMap<number, number>;

/** The device is not what its profile says. */
export class SunSpecError extends BusError {
  constructor(message: string) {
    super('exception', message, ILLEGAL_ADDRESS);
    this.name = 'SunSpecError';
  }
}

const MARK = [0x5375, 0x6e53] as const;
const END = 0xffff;
const HEADER = 2;
/** More models than any device has: a chain that goes on is no chain. */
const MOST_MODELS = 100;
/** Exception 2 of the Modbus standard. */
const ILLEGAL_ADDRESS = 2;
/** What devices answer for registers that they have not; 3 is "not so many from there". */
const REFUSALS: readonly (number | null)[] = [ILLEGAL_ADDRESS, 3];
/** Where nothing is at all, some know no such function, or call it a failure. */
const NOTHING_THERE: readonly (number | null)[] = [1, ...REFUSALS, 4];

/** Whether the device said that it has no such registers. */
export function isRefusal(error: unknown): error is BusError {
  return error instanceof BusError && REFUSALS.includes(error.exceptionCode);
}

/**
 * Walks the chain of models to its end, or until all of `wanted` are found.
 * @throws SunSpecError when there is no SunSpec device, BusError
 */
export async function discoverModels(
  bus: Bus,
  unit: number,
  bases: readonly number[],
  wanted: ReadonlySet<number>,
): Promise<ModelBases> {
  for (const base of bases) {
    const mark = await wordsAt(bus, unit, base);
    if (mark?.[0] !== MARK[0] || mark[1] !== MARK[1]) continue;
    return walk(bus, unit, base + HEADER, wanted);
  }
  throw new SunSpecError(`unit ${unit} is no SunSpec device: no "SunS" at ${bases.join(', ')}`);
}

async function walk(
  bus: Bus,
  unit: number,
  start: number,
  wanted: ReadonlySet<number>,
): Promise<ModelBases> {
  const found = new Map<number, number>();
  let address = start;
  for (let count = 0; count < MOST_MODELS && address < 0xffff; count += 1) {
    const header = await wordsAt(bus, unit, address);
    const [model, length] = header ?? [];
    if (model === undefined || length === undefined || model === END) break;
    // A device may have a model several times (strings of a battery): the first is the whole.
    if (!found.has(model)) found.set(model, address);
    if ([...wanted].every((each) => found.has(each))) break;
    address += HEADER + length;
  }
  return found;
}

/** Null where the device has no such registers. */
async function wordsAt(bus: Bus, unit: number, address: number): Promise<Uint16Array | null> {
  try {
    return await bus.readHolding(unit, address, HEADER);
  } catch (error) {
    if (error instanceof BusError && NOTHING_THERE.includes(error.exceptionCode)) return null;
    throw error;
  }
}

/** All models that a profile has values in, of its alternatives only the first. */
export function modelsOf(profile: Profile): Set<number> {
  const own = profile.sunspec?.models ?? [];
  const places: Place[] = [...profile.points, ...profile.probes, ...profile.required];
  const models = places.flatMap(({ model }) => model ?? []);
  if (profile.setpoints?.method === 'percent-window') models.push(profile.setpoints.model);
  return new Set(models.map((model) => (own.includes(model) ? (own[0] ?? model) : model)));
}

/**
 * Where a model is; the main one of a profile may be any of its alternatives.
 * @returns null when the device lacks it
 */
export function baseOf(profile: Profile, bases: ModelBases, model: number): number | null {
  const own = profile.sunspec?.models ?? [];
  const names = model === own[0] ? own : [model];
  for (const name of names) {
    const base = bases.get(name);
    if (base !== undefined) return base;
  }
  return null;
}

/** A place with its address on the wire; null when the device lacks the model. */
export function onWire<P extends Place>(
  profile: Profile,
  bases: ModelBases | null,
  place: P,
): P | null {
  if (place.model === null || bases === null) return place;
  const base = baseOf(profile, bases, place.model);
  if (base === null) return null;
  const scaleAddress =
    'scaleAddress' in place && typeof place.scaleAddress === 'number'
      ? { scaleAddress: base + place.scaleAddress }
      : {};
  return { ...place, ...scaleAddress, address: base + place.address };
}
