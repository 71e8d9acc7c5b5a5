/**
 * Profiles: one data file per device model, that says in which register each value is (design:
 * field). Strict: a key that is not known here is a fault, named with its line.
 */
import * as v from 'valibot';
import type { Resources } from '../../host/ports.ts';
import { readSettings, table } from '../../market/settings/toml.ts';
import { REGISTER_TYPES, type RegisterType } from './registers.ts';

/** Profiles that ship with the program, by what they are of; each is a data file in `profiles`. */
export const METER_PROFILES = ['eastron-sdm630'] as const;
export const BATTERY_PROFILES = ['transax-lab-battery'] as const;

/** Names of values; every profile uses the same. Powers are positive into the metered thing. */
export const POINT_NAMES = [
  'power',
  'power_l1',
  'power_l2',
  'power_l3',
  'voltage_l1',
  'voltage_l2',
  'voltage_l3',
  'current_l1',
  'current_l2',
  'current_l3',
  'frequency',
  'energy_import',
  'energy_export',
  'state_of_charge',
] as const;
export type PointName = (typeof POINT_NAMES)[number];

/** Units as makers give them, and how many of the inner unit (W, Ws, V, A, Hz, share) one is. */
const UNITS = { W: 1, kWh: 3_600_000, V: 1, A: 1, Hz: 1, '%': 0.01 } as const;

export interface Point {
  name: PointName;
  function: 3 | 4;
  /** 0-based wire address. */
  address: number;
  type: RegisterType;
  /** Raw value to inner unit. */
  factor: number;
}

/** A value that is written, with function 16. */
export interface Control {
  address: number;
  type: RegisterType;
}

export interface Profile {
  name: string;
  version: number;
  title: string;
  points: Point[];
  maxRegisters: number;
  maxGap: number;
  controls: { setPoint: Control; deadMan: Control; automatic: Control & { value: number } } | null;
}

const whole = (least: number, most: number) =>
  v.pipe(
    v.number(`must be a number from ${least} to ${most}`),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
const ADDRESS = whole(0, 0xffff);
const TYPE = v.picklist(REGISTER_TYPES, `must be one of ${REGISTER_TYPES.join(', ')}`);
const FUNCTION = v.picklist([3, 4], 'must be 3 (holding registers) or 4 (input registers)');
const TEXT = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));

const POINT = table({
  address: ADDRESS,
  unit: v.picklist(
    Object.keys(UNITS) as (keyof typeof UNITS)[],
    `must be one of ${Object.keys(UNITS).join(', ')}`,
  ),
  function: v.optional(FUNCTION),
  type: v.optional(TYPE),
  scale: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.check((scale) => scale !== 0, 'must not be 0'),
    ),
    1,
  ),
});

const SCHEMA = table({
  profile: TEXT,
  version: whole(1, 1_000_000),
  title: TEXT,
  source: TEXT,
  limits: table({ max_registers: whole(1, 125), max_gap: whole(0, 125) }),
  defaults: table({ function: FUNCTION, type: TYPE }),
  points: table(
    Object.fromEntries(POINT_NAMES.map((name) => [name, v.optional(POINT)])) as Record<
      PointName,
      v.OptionalSchema<typeof POINT, undefined>
    >,
  ),
  controls: v.optional(
    table({
      set_point: table({ address: ADDRESS, type: TYPE, unit: v.literal('W', 'must be "W"') }),
      dead_man: table({ address: ADDRESS, type: TYPE, unit: v.literal('s', 'must be "s"') }),
      automatic: table({ address: ADDRESS, type: TYPE, value: whole(0, 0xffff) }),
    }),
  ),
});

/**
 * @param fileName for the messages only
 * @throws SettingsError with all faults
 */
export function parseProfile(text: string, fileName: string): Profile {
  const raw = readSettings(text, SCHEMA, fileName);
  const points = POINT_NAMES.flatMap((name): Point[] => {
    const point = raw.points[name];
    if (point === undefined) return [];
    return [
      {
        name,
        function: point.function ?? raw.defaults.function,
        address: point.address,
        type: point.type ?? raw.defaults.type,
        factor: point.scale * UNITS[point.unit],
      },
    ];
  });
  const controls = raw.controls;
  return {
    name: raw.profile,
    version: raw.version,
    title: raw.title,
    points,
    maxRegisters: raw.limits.max_registers,
    maxGap: raw.limits.max_gap,
    controls: controls
      ? { setPoint: controls.set_point, deadMan: controls.dead_man, automatic: controls.automatic }
      : null,
  };
}

/** A profile that ships with the program. @throws Error when there is none of that name. */
export function loadProfile(resources: Resources, name: string): Profile {
  const path = `agent/drivers/profiles/${name}.toml`;
  return parseProfile(resources.text(path), path);
}
