/**
 * The settings of loads: `[loads.*]` and `[groups.*]` of `agent.toml`, and what
 * keeps a battery from harm. docs/loads.md explains them for people.
 */
import * as v from 'valibot';
import { count, durationMs, energyWs, share } from '../../market/settings/quantities.ts';
import { table } from '../../market/settings/toml.ts';
import { DAY_S, type EnergyNeed, type LoadGroup, type LoadModel } from '../loads/model.ts';
import { RELAY, type RelaySettings, relayKey } from './relay.ts';
import { FLAG, NAME, positivePower } from './words.ts';

export interface LoadSettings extends LoadModel {
  /** One, two for `sg-ready`, none for `monitor`. */
  relays: readonly RelaySettings[];
}

const positiveTime = () => v.pipe(durationMs(), v.minValue(1000, 'must be at least 1 s'));

/** `"06:30"`, `"24:00"` -> second of the local day. */
const TIME_OF_DAY = v.pipe(
  v.string('must be a time of the day, for example "07:00"'),
  v.regex(
    /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
    'must be a time of the day from "00:00" to "24:00", for example "07:00"',
  ),
  v.transform((text) => Number(text.slice(0, 2)) * 3600 + Number(text.slice(3)) * 60),
);

const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const DAYS = v.pipe(
  v.array(
    v.picklist(DAY_NAMES, `must be of ${DAY_NAMES.map((day) => `"${day}"`).join(', ')}`),
    'must be a list of days, for example ["mon", "tue"]',
  ),
  v.nonEmpty('must name a day'),
  v.transform((days) => days.map((day) => DAY_NAMES.indexOf(day))),
);

const COMMON = {
  power: positivePower(),
  minimum_on: v.optional(durationMs(), '10 min'),
  minimum_off: v.optional(durationMs(), '5 min'),
  maximum_on: v.optional(positiveTime()),
  starts_per_hour: v.optional(count(1, 3600)),
  safe: v.optional(v.picklist(['on', 'off'], 'must be "on" or "off"'), 'off'),
  feedback: v.optional(
    table({
      expect: v.optional(positivePower()),
      tolerance: v.optional(share(), '30 %'),
      within: v.optional(positiveTime(), '15 s'),
    }),
  ),
};

const BY = v.optional(
  v.pipe(v.array(TIME_OF_DAY, 'must be a list of times, for example ["07:00"]'), v.nonEmpty()),
  ['24:00'],
);

const THERMOSTATIC = table({
  ...COMMON,
  kind: v.optional(v.literal('thermostatic'), 'thermostatic'),
  relay: RELAY,
  energy_per_day: energyWs(),
  by: BY,
  comfort_floor: v.optional(energyWs()),
  cycle: v.optional(table({ every: positiveTime(), duration: positiveTime() })),
  surplus: v.optional(FLAG, false),
});

const INTERRUPTIBLE = table({
  ...COMMON,
  kind: v.literal('interruptible'),
  relay: RELAY,
  minimum_on: v.optional(durationMs(), '1 min'),
  minimum_off: v.optional(durationMs(), '1 min'),
  energy_per_day: v.optional(energyWs(), '0 Wh'),
  by: BY,
  days: v.optional(DAYS),
  surplus: v.optional(FLAG, false),
});

const DEADLINE = table({
  ...COMMON,
  kind: v.literal('deadline'),
  relay: RELAY,
  energy: v.optional(energyWs()),
  duration: v.optional(positiveTime()),
  by: TIME_OF_DAY,
  days: v.optional(DAYS),
  must_run: v.optional(FLAG, true),
});

const SG_READY = table({
  ...COMMON,
  kind: v.literal('sg-ready'),
  relays: v.strictTuple([RELAY, RELAY], 'must be the two relays of SG-Ready'),
  boost: v.optional(
    v.picklist(['recommended', 'forced'], 'must be "recommended" or "forced"'),
    'recommended',
  ),
  minimum_on: v.optional(durationMs(), '30 min'),
  minimum_off: v.optional(durationMs(), '10 min'),
  safe: v.optional(v.literal('off', 'must be "off": normal operation'), 'off'),
  surplus: v.optional(FLAG, true),
});

const MONITOR = table({ kind: v.literal('monitor'), power: positivePower() });

const KINDS = ['thermostatic', 'interruptible', 'deadline', 'sg-ready', 'monitor'] as const;

type Raw =
  | v.InferOutput<typeof THERMOSTATIC>
  | v.InferOutput<typeof INTERRUPTIBLE>
  | v.InferOutput<typeof DEADLINE>
  | v.InferOutput<typeof SG_READY>
  | v.InferOutput<typeof MONITOR>;

const BY_KIND = {
  ...{ thermostatic: THERMOSTATIC, interruptible: INTERRUPTIBLE, deadline: DEADLINE },
  ...{ 'sg-ready': SG_READY, monitor: MONITOR },
};

/** By its kind; without one a load is thermostatic. */
const LOAD = v.pipe(
  v.lazy((raw) => {
    const kind = isRecord(raw) ? (raw.kind ?? 'thermostatic') : 'thermostatic';
    const known = KINDS.find((each) => each === kind);
    if (known === undefined) return UNKNOWN_KIND;
    return BY_KIND[known] as v.GenericSchema<unknown, Raw>;
  }),
  v.rawCheck<Raw>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const [key, message] of faultsOf(dataset.value)) {
      const input = { ...dataset.value };
      addIssue({ message, path: [{ type: 'object', origin: 'value', input, key, value: null }] });
    }
  }),
);

const UNKNOWN_KIND = table({
  kind: v.picklist(KINDS, `must be of ${KINDS.map((kind) => `"${kind}"`).join(', ')}`),
}) as unknown as v.GenericSchema<unknown, Raw>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** What is wrong between the keys of one load. */
function* faultsOf(load: Raw): Generator<readonly [key: string, message: string]> {
  const most = load.power * DAY_S;
  const tooMuch = 'is more than the load can take in a day at its power';
  if ('energy_per_day' in load && load.energy_per_day > most) yield ['energy_per_day', tooMuch];
  if (load.kind !== 'deadline') return;
  if ((load.energy === undefined) === (load.duration === undefined)) {
    yield ['energy', 'or duration is needed, and one of them alone'];
  }
  if ((load.energy ?? 0) > most) yield ['energy', tooMuch];
  if ((load.duration ?? 0) > DAY_S * 1000) yield ['duration', 'must be at most a day'];
}

/** `[loads.*]`. */
export const LOADS = v.pipe(
  v.record(NAME, LOAD, 'must be tables like [loads.boiler]'),
  v.check((loads) => {
    const relays = Object.values(loads).flatMap((load) => relaysOf(load).map(relayKey));
    return new Set(relays).size === relays.length;
  }, 'name the same relay twice'),
);

/** `[groups.*]`. Members are checked by `groupFaults`. */
export const GROUPS = v.record(
  NAME,
  v.pipe(
    table({
      members: v.pipe(v.array(NAME, 'must be a list of loads'), v.nonEmpty('must name a load')),
      interlock: v.optional(FLAG, false),
      max: v.optional(positivePower()),
    }),
    v.check((group) => group.interlock || group.max !== undefined, 'needs max, or interlock'),
  ),
  'must be tables like [groups.fuse]',
);

/** Keys of `[battery]` that keep it from harm, beside those of its model. */
export const BATTERY_CARE = {
  /** Never sold nor used to follow: for the house alone. */
  reserve: v.optional(share(), '0 %'),
  /** After so long without a word it goes to its own automatic mode. */
  dead_man: v.optional(v.pipe(durationMs(), v.minValue(10_000, 'must be at least 10 s')), '1 min'),
  /** False: set-points wear out its memory, and are written on change alone. */
  volatile: v.optional(FLAG, true),
  /** Of set-points that wear it out. */
  writes_per_day: v.optional(count(1, 100_000), 48),
};

export function loadsOf(raw: v.InferOutput<typeof LOADS>): LoadSettings[] {
  return Object.entries(raw).map(([name, load]) => loadOf(name, load));
}

export function groupsOf(raw: v.InferOutput<typeof GROUPS>): LoadGroup[] {
  return Object.entries(raw).map(([name, { members, interlock, max }]) => ({
    ...{ name, members, isInterlock: interlock, maxW: max ?? null },
  }));
}

/** What is wrong between groups and loads, in words. */
export function groupFaults(
  groups: readonly LoadGroup[],
  loads: readonly LoadModel[],
): { group: string; message: string }[] {
  const faults: { group: string; message: string }[] = [];
  for (const { name: group, members, isInterlock, maxW } of groups) {
    const known = loads.filter(({ name }) => members.includes(name));
    for (const member of members) {
      const load = known.find(({ name }) => name === member);
      if (load === undefined) faults.push({ group, message: `names no load "${member}"` });
      else if (load.kind === 'monitor') {
        faults.push({ group, message: `names "${member}", which is never switched` });
      }
    }
    const safeOn = known.filter(({ safe }) => safe === 'on');
    if (isInterlock && safeOn.length > 1) {
      faults.push({ group, message: 'has two loads whose safe state is "on"' });
    }
    const safeW = safeOn.reduce((sum, { powerW: each }) => sum + each, 0);
    if (maxW !== null && safeW > maxW) {
      faults.push({ group, message: 'is overloaded by loads whose safe state is "on"' });
    }
  }
  return faults;
}

/** The relays of one load, as parsed. */
export function relaysOf(load: Raw): readonly RelaySettings[] {
  if (load.kind === 'monitor') return [];
  return load.kind === 'sg-ready' ? load.relays : [load.relay];
}

function loadOf(name: string, raw: Raw): LoadSettings {
  const relays = relaysOf(raw);
  const open = {
    ...{ need: null, programMs: null, cycle: null, comfortFloorWs: null, takesSurplus: false },
    isForcedBoost: false,
  };
  if (raw.kind === 'monitor') {
    const limits = { minimumOnMs: 0, minimumOffMs: 0, maximumOnMs: null, startsPerHour: null };
    const never = { safe: 'off', feedback: null } as const;
    return { ...open, ...limits, ...never, name, kind: 'monitor', powerW: raw.power, relays };
  }
  return {
    ...open,
    ...{ name, kind: raw.kind, powerW: raw.power, relays, safe: raw.safe },
    ...{ minimumOnMs: raw.minimum_on, minimumOffMs: raw.minimum_off },
    ...{ maximumOnMs: raw.maximum_on ?? null, startsPerHour: raw.starts_per_hour ?? null },
    feedback:
      raw.feedback === undefined
        ? null
        : {
            ...{ expectW: raw.feedback.expect ?? raw.power, tolerance: raw.feedback.tolerance },
            withinMs: raw.feedback.within,
          },
    ...specialOf(raw),
  };
}

/** What only its kind has. */
function specialOf(raw: Exclude<Raw, { kind: 'monitor' }>): Partial<LoadModel> {
  if (raw.kind === 'sg-ready') {
    return { takesSurplus: raw.surplus, isForcedBoost: raw.boost === 'forced' };
  }
  if (raw.kind === 'deadline') {
    const energyWs = raw.energy ?? Math.round((raw.power * (raw.duration ?? 0)) / 1000);
    const days = raw.days ?? null;
    return {
      need: { energyWs, bySeconds: [raw.by], days, mustRun: raw.must_run },
      programMs: raw.duration ?? null,
    };
  }
  const need: EnergyNeed = {
    ...{ energyWs: raw.energy_per_day, bySeconds: [...raw.by].sort((a, b) => a - b) },
    ...{ days: raw.kind === 'interruptible' ? (raw.days ?? null) : null, mustRun: true },
  };
  if (raw.kind === 'interruptible') return { need, takesSurplus: raw.surplus };
  return {
    ...{ need, takesSurplus: raw.surplus, comfortFloorWs: raw.comfort_floor ?? null },
    cycle:
      raw.cycle === undefined ? null : { everyMs: raw.cycle.every, durationMs: raw.cycle.duration },
  };
}
