/** The meters in the house, `[meters.NAME]`: exactly one counts the whole home. */
import * as v from 'valibot';
import { table } from '../../market/settings/toml.ts';
import { between, FLAG, MODBUS_UNIT, NAME } from './words.ts';

/** What a meter counts; `grid` is the whole home, as the utility's meter does. */
export const METER_ROLES = ['grid', 'pv', 'battery', 'load'] as const;
export type MeterRole = (typeof METER_ROLES)[number];

export interface MeterSettings {
  name: string;
  role: MeterRole;
  /** Name of a device profile. */
  profile: string;
  /** Name of a bus. */
  bus: string;
  unit: number;
  pollMs: number;
  /** Built in the wrong way round: flips powers, swaps import and export. */
  isInverted: boolean;
}

const METER = table({
  role: v.picklist(METER_ROLES, `must be one of ${METER_ROLES.join(', ')}`),
  profile: v.pipe(v.string('must be text'), v.nonEmpty('must name a profile')),
  bus: NAME,
  unit: v.optional(MODBUS_UNIT, 1),
  poll: v.optional(between([100, '100 ms'], [300_000, '5 min']), '1 s'),
  invert: v.optional(FLAG, false),
});

export const METERS = v.pipe(
  v.record(NAME, METER, 'must be tables like [meters.house]'),
  v.check(
    (meters) => Object.values(meters).filter(({ role }) => role === 'grid').length === 1,
    'must have exactly one with role = "grid": the one that counts the whole home',
  ),
);

export function metersOf(raw: v.InferOutput<typeof METERS>): MeterSettings[] {
  return Object.entries(raw).map(([name, { poll, invert, ...meter }]) => ({
    name,
    ...meter,
    pollMs: poll,
    isInverted: invert,
  }));
}
