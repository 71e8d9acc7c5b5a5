/**
 * What may stand in a profile file. The same schema checks the files and writes the published JSON
 * Schema (docs/schema/meter-profile.schema.json, by build/profile-schema.ts).
 */
import * as v from 'valibot';
import { durationMs } from '../../market/settings/quantities.ts';
import { table } from '../../market/settings/toml.ts';
import { REGISTER_TYPES, type RegisterType, WORD_ORDERS } from './registers.ts';
import { POINT_NAMES, type PointName, UNIT_NAMES } from './vocabulary.ts';

export const FOUNDATIONS = ['field-proven', 'two sources', 'one source'] as const;
export const KINDS = ['meter', 'inverter', 'battery'] as const;
export const GROUPS = ['fast', 'slow', 'once'] as const;

/** A frame of 125 registers is the most that Modbus carries. */
const MOST_REGISTERS = 125;

const whole = (least: number, most: number) =>
  v.pipe(
    v.number(`must be a number from ${least} to ${most}`),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
const oneOf = <const T extends readonly (string | number)[]>(values: T) =>
  v.picklist(values, `must be one of ${values.join(', ')}`);
const TEXT = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));
const TEXTS = v.pipe(v.array(TEXT, 'must be a list of texts'), v.nonEmpty('must not be empty'));
const FLAG = v.boolean('must be true or false');
const NUMBER = v.number('must be a number');
const ADDRESS = whole(0, 0xffff);
const FUNCTION = oneOf([1, 2, 3, 4]);
const NAME = oneOf(POINT_NAMES);

const TYPE = v.custom<RegisterType>(
  (value) =>
    typeof value === 'string' &&
    ((REGISTER_TYPES as readonly string[]).includes(value) ||
      /^str\(([1-9]|[1-5]\d)\)$/.test(value)),
  `must be one of ${REGISTER_TYPES.join(', ')}, or text like str(8) in so many registers`,
);
const ORDER = oneOf(WORD_ORDERS);
const RAW = v.pipe(NUMBER, v.integer('must be whole: raw bits, for example 0x7FFF'));
const NAN = v.union(
  [v.picklist(['auto', 'none']), v.array(RAW)],
  'must be "auto", "none" or a list of raw values, for example [0x7FFF]',
);
const SCALE = v.pipe(
  NUMBER,
  v.check((scale) => scale !== 0 && Number.isFinite(scale), 'must not be 0'),
);
const SIGN = v.picklist([1, -1, 'abs'], 'must be 1, -1 or "abs"');

/** What is common to all that is read from one register. */
const REGISTER = {
  address: ADDRESS,
  function: v.optional(FUNCTION),
  type: v.optional(TYPE),
  order: v.optional(ORDER),
  nan: v.optional(NAN),
  scale: v.optional(SCALE),
  model: v.optional(whole(1, 0xfffe)),
};

export const POINT = table({
  ...REGISTER,
  unit: oneOf(UNIT_NAMES),
  sf: v.optional(ADDRESS),
  sign: v.optional(SIGN),
  group: v.optional(oneOf(GROUPS)),
  optional: v.optional(FLAG),
  max: v.optional(v.pipe(NUMBER, v.minValue(0, 'must not be negative'))),
  resolution: v.optional(v.pipe(NUMBER, v.minValue(0, 'must not be negative'))),
});

export const DERIVED = table({
  sum: v.optional(v.array(NAME, 'must be a list of points')),
  first: v.optional(v.array(NAME, 'must be a list of points')),
});

const PROBE = table({
  ...REGISTER,
  range: v.optional(v.strictTuple([NUMBER, NUMBER], 'must be two numbers, least and most')),
  one_of: v.optional(v.array(NUMBER, 'must be a list of numbers')),
  text: v.optional(TEXT),
});

const REQUIRED = table({
  ...REGISTER,
  name: TEXT,
  one_of: v.pipe(v.array(NUMBER, 'must be a list of numbers'), v.nonEmpty('must not be empty')),
  why: TEXT,
  fix: TEXT,
});

export const LINE = table({
  baud: oneOf([1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]),
  parity: oneOf(['none', 'even', 'odd']),
  stop_bits: v.optional(oneOf([1, 2]), 1),
});

/** How power is commanded; positive charges. */
const SETPOINTS = v.variant('method', [
  /** One register takes watts. */
  table({
    method: v.literal('watts'),
    volatile: FLAG,
    power: table({ address: ADDRESS, type: TYPE }),
    dead_man: table({ address: ADDRESS, type: TYPE }),
    automatic: table({ address: ADDRESS, type: TYPE, value: whole(0, 0xffff) }),
  }),
  /** Limits of both directions, in percent of one power, closed to a point (SunSpec model 124). */
  table({
    method: v.literal('percent-window'),
    volatile: FLAG,
    model: whole(1, 0xfffe),
    full_power: table({ address: ADDRESS, sf: ADDRESS }),
    mode: table({ address: ADDRESS, window: whole(0, 0xffff), automatic: whole(0, 0xffff) }),
    charge_rate: table({ address: ADDRESS, sf: ADDRESS }),
    discharge_rate: table({ address: ADDRESS, sf: ADDRESS }),
    dead_man: table({ address: ADDRESS }),
    grid_charging: v.optional(table({ address: ADDRESS, value: whole(0, 0xffff) })),
  }),
]);

const namedTable = <S extends v.GenericSchema>(schema: S) =>
  table(
    Object.fromEntries(POINT_NAMES.map((name) => [name, v.optional(schema)])) as Record<
      PointName,
      v.OptionalSchema<S, undefined>
    >,
  );

export const PROFILE_SCHEMA = table({
  profile: v.pipe(TEXT, v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be like vendor-model')),
  version: whole(1, 1_000_000),
  kind: oneOf(KINDS),
  vendor: TEXT,
  title: TEXT,
  foundation: oneOf(FOUNDATIONS),
  sources: TEXTS,
  /** What to set on the device, for whoever stands before it. */
  setup: v.optional(v.array(TEXT, 'must be a list of texts'), []),
  transport: v.optional(
    table({
      links: v.optional(v.array(oneOf(['rtu', 'tcp'])), ['rtu', 'tcp']),
      rtu: v.optional(LINE, { baud: 9600, parity: 'none' }),
      alternates: v.optional(v.array(LINE), []),
      unit: v.optional(whole(0, 255), 1),
    }),
    {},
  ),
  limits: table({
    max_registers: whole(1, MOST_REGISTERS),
    max_gap: whole(0, MOST_REGISTERS),
    gap: v.optional(durationMs()),
    timeout: v.optional(durationMs()),
    connect_delay: v.optional(durationMs()),
  }),
  defaults: v.optional(
    table({
      function: v.optional(FUNCTION, 3),
      type: v.optional(TYPE, 'u16'),
      order: v.optional(ORDER, 'ABCD'),
      nan: v.optional(NAN, 'auto'),
      group: v.optional(oneOf(GROUPS), 'slow'),
    }),
    {},
  ),
  sunspec: v.optional(
    table({
      bases: v.optional(v.array(ADDRESS), [40_000, 0, 50_000]),
      /** Models with the same layout; the first that the device has is taken. */
      models: v.pipe(v.array(whole(1, 0xfffe)), v.nonEmpty('must not be empty')),
    }),
  ),
  points: namedTable(POINT),
  derived: v.optional(namedTable(DERIVED), {}),
  probe: v.optional(v.array(PROBE, 'must be tables like [[probe]]'), []),
  require: v.optional(v.array(REQUIRED, 'must be tables like [[require]]'), []),
  plausible: v.optional(
    table({
      power: v.optional(v.pipe(NUMBER, v.minValue(1, 'must be above 0'))),
      voltage: v.optional(v.strictTuple([NUMBER, NUMBER], 'must be two numbers, least and most')),
      sum_tolerance: v.optional(v.pipe(NUMBER, v.minValue(0, 'must not be negative'))),
    }),
    {},
  ),
  setpoints: v.optional(SETPOINTS),
});

export type RawProfile = v.InferOutput<typeof PROFILE_SCHEMA>;
