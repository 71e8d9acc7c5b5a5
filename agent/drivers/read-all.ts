/** Every value of a device, once: for people who stand before it. */
import type { Bus } from '../../host/ports.ts';
import { invertValues } from './invert.ts';
import { findImplausible } from './plausibility.ts';
import type { PointValues } from './point-values.ts';
import type { Profile } from './profile-types.ts';
import { PointReader } from './read-points.ts';

export interface Reading {
  values: PointValues;
  /** How many requests a look at everything takes. */
  requests: number;
  /** What does not fit, a sentence each. */
  odd: string[];
}

/** @throws BusError */
export async function readAll(
  bus: Bus,
  unit: number,
  profile: Profile,
  { invert = false }: { invert?: boolean } = {},
): Promise<Reading> {
  const reader = new PointReader(bus, unit, profile);
  const read = await reader.readAll();
  const values = invert ? invertValues(read) : read;
  const requests = reader.requests(reader.names());
  return { values, requests, odd: findImplausible(profile, values) };
}
