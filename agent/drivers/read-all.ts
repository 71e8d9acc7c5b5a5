/** Every value of a device, once: for people who stand before it. */
import type { Bus } from '../../host/ports.ts';
import { derive } from './derive.ts';
import { invertValues } from './invert.ts';
import { findImplausible } from './plausibility.ts';
import { type PointValue, type PointValues, UNKNOWN } from './point-values.ts';
import type { Profile } from './profile-types.ts';
import { PointReader } from './read-points.ts';
import { isRefusal } from './sunspec.ts';
import type { PointName } from './vocabulary.ts';

export interface Reading {
  values: PointValues;
  /** How many requests a look at everything takes. */
  requests: number;
  /** What does not fit, a sentence each. */
  odd: string[];
}

/**
 * A value that the device refuses is null, and said in `odd`; the others are read all the same.
 * @throws BusError, also when it refuses all of them
 */
export async function readAll(
  bus: Bus,
  unit: number,
  profile: Profile,
  { invert = false }: { invert?: boolean } = {},
): Promise<Reading> {
  const reader = new PointReader(bus, unit, profile);
  const { read, refused } = await readWhatThereIs(reader, profile);
  const values = invert ? invertValues(read) : read;
  const requests = reader.requests(reader.names());
  const odd =
    refused.length === 0 ? [] : [`it refuses ${refused.join(', ')}: another model or firmware?`];
  return { values, requests, odd: [...odd, ...findImplausible(profile, values)] };
}

async function readWhatThereIs(
  reader: PointReader,
  profile: Profile,
): Promise<{ read: PointValues; refused: PointName[] }> {
  let refusal: unknown;
  try {
    return { read: await reader.readAll(), refused: [] };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    refusal = error;
  }
  const values = new Map<PointName, PointValue>();
  const refused: PointName[] = [];
  for (const name of reader.names()) {
    try {
      for (const [each, value] of await reader.read([name])) values.set(each, value);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      values.set(name, UNKNOWN);
      refused.push(name);
    }
  }
  if (refused.length === reader.names().length) throw refusal;
  return { read: derive(profile, values), refused };
}
