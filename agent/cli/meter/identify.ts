/** Which device it is that answers: each profile asks what only its own model answers. */
import { BusError } from '../../../host/ports.ts';
import { probeProfile } from '../../drivers/probe.ts';
import type { Profile } from '../../drivers/profile-types.ts';
import { PointReader } from '../../drivers/read-points.ts';
import type { ReadBus } from './socket-bus.ts';

/** What a profile found of itself in a device. */
export interface Match {
  profile: string;
  version: number;
  title: string;
  /** Of its probes, the share that passed. */
  share: number;
  voltageV: number | null;
  frequencyHz: number | null;
}

/** `nobody`: no answer at all. `unknown`: an answer that fits no profile. Surest match first. */
export type Found =
  | { kind: 'nobody' }
  | { kind: 'unknown'; said: string }
  | { kind: 'known'; matches: Match[] };

/** What people know how to judge. */
const SHOWN: readonly string[] = ['voltage_l1', 'frequency'];

/** A gateway's words for a unit that is not there (Modbus 1.1b3). */
const GATEWAY: readonly (number | null)[] = [10, 11];

/**
 * @param code the function that a unit is first asked with: most answer any, were it with a
 * refusal, and each silence costs the scan a second
 * @throws BusError `closed`: there is no way to the bus at all
 */
export async function identify(
  bus: ReadBus,
  unit: number,
  profiles: readonly Profile[],
  code: 3 | 4,
): Promise<Found> {
  if (!(await isThere(bus, unit, code))) return { kind: 'nobody' };
  const matches: (Match & { asked: number })[] = [];
  for (const profile of profiles) {
    const { isMatch, score, asked } = await probeProfile(bus, unit, profile);
    if (!isMatch) continue;
    const { name, version, title } = profile;
    const seen = await valuesOf(bus, unit, profile);
    matches.push({ profile: name, version, title, share: score, asked, ...seen });
  }
  if (matches.length === 0) return { kind: 'unknown', said: 'fits no profile' };
  matches.sort((one, two) => two.asked - one.asked);
  return { kind: 'known', matches: matches.map(({ asked: _, ...match }) => match) };
}

/** Whoever refuses is there; a gateway speaks for one that is not. */
async function isThere(bus: ReadBus, unit: number, code: 3 | 4): Promise<boolean> {
  try {
    await (code === 3 ? bus.readHolding(unit, 0, 2) : bus.readInput(unit, 0, 2));
    return true;
  } catch (error) {
    if (!(error instanceof BusError) || error.code === 'closed') throw error;
    return error.code === 'exception' && !GATEWAY.includes(error.exceptionCode);
  }
}

async function valuesOf(bus: ReadBus, unit: number, profile: Profile) {
  try {
    const reader = new PointReader(bus, unit, profile);
    const shown = reader.names().filter((name) => SHOWN.includes(name));
    const values = await reader.read(shown);
    return {
      voltageV: values.get('voltage_l1')?.value ?? null,
      frequencyHz: values.get('frequency')?.value ?? null,
    };
  } catch (error) {
    if (!(error instanceof BusError) || error.code === 'closed') throw error;
    return { voltageV: null, frequencyHz: null };
  }
}
