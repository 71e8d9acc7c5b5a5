/**
 * The agent's settings: `agent.toml`, parsed once into inner units, all faults reported together
 * (design: fixed names; 12). Every value with a unit is text.
 */
import * as v from 'valibot';
import { count, durationMs, energyWs, powerW, share } from '../market/settings/quantities.ts';
import { timeZone } from '../market/settings/time-zone.ts';
import { readSettings, table } from '../market/settings/toml.ts';
import type { SecondTieRule } from '../solver/clearing/input.ts';
import { BATTERY_PROFILES, METER_PROFILES } from './drivers/profile.ts';
import type { BatteryModel } from './strategy/battery.ts';

/** A device in the house, reached by IP literal only, so that no name is ever looked up. */
export interface TcpAddress {
  host: string;
  port: number;
}

export interface MeterSettings {
  /** Name of a data file in `agent/drivers/profiles`. */
  profile: string;
  connection: TcpAddress;
  unit: number;
  pollMs: number;
}

export interface BatterySettings extends BatteryModel {
  profile: string;
  connection: TcpAddress;
  unit: number;
}

export interface RelaySettings {
  driver: 'modbus-coil';
  connection: TcpAddress;
  unit: number;
  coil: number;
}

export interface LoadSettings {
  name: string;
  powerW: number;
  relay: RelaySettings;
  energyPerDayWs: number;
  minimumOnMs: number;
  minimumOffMs: number;
  safe: 'on' | 'off';
}

/** This agent clears the market too, as one solver among any number. */
export interface SolverSettings {
  pollMs: number;
  /** What decides among optimal solutions, after early deadlines. */
  secondTieRule: SecondTieRule;
  /** In a larger market it leaves clearing to others, so as not to hold up the home. */
  mostOffers: number;
}

export interface AgentSettings {
  meter: MeterSettings;
  battery: BatterySettings | null;
  loads: LoadSettings[];
  home: { /** IANA zone. */ zone: string; maxPowerW: number };
  /** Absolute paths. */
  state: {
    wallet: string;
    journal: string;
    key: string;
    grid: string;
    socket: string;
    solver: string;
  };
  trading: {
    pollMs: number;
    /** How many intervals ahead offers for a single interval are made. */
    ahead: number;
    /** Expected time between blocks. */
    blockMs: number;
  };
  following: { enabled: boolean };
  /** Null: off. */
  solver: SolverSettings | null;
  lab: { clearNet: boolean; singleEndpoint: boolean; clock: string | undefined };
}

/**
 * @param folder the absolute folder of the file: relative paths in it start there
 * @throws SettingsError with all faults
 */
export function readAgentSettings(text: string, fileName: string, folder: string): AgentSettings {
  const raw = readSettings(text, SCHEMA, fileName);
  const at = (path: string) => (path.startsWith('/') ? path : `${folder}/${path}`);
  return {
    meter: {
      profile: raw.meter.profile,
      connection: raw.meter.connection,
      unit: raw.meter.unit,
      pollMs: raw.meter.poll,
    },
    battery: raw.battery === undefined ? null : batteryOf(raw.battery),
    loads: Object.entries(raw.loads).map(([name, load]) => ({
      name,
      powerW: load.power,
      relay: load.relay,
      energyPerDayWs: load.energy_per_day,
      minimumOnMs: load.minimum_on,
      minimumOffMs: load.minimum_off,
      safe: load.safe,
    })),
    home: { zone: raw.home.zone, maxPowerW: raw.home.max_power },
    state: {
      wallet: at(raw.state.wallet),
      journal: at(raw.state.journal),
      key: at(raw.state.key),
      grid: at(raw.state.grid),
      socket: at(raw.state.socket),
      solver: at(raw.state.solver),
    },
    trading: { pollMs: raw.trading.poll, ahead: raw.trading.ahead, blockMs: raw.trading.block },
    following: { enabled: raw.following.enabled },
    solver:
      raw.solver === undefined
        ? null
        : {
            pollMs: raw.solver.poll,
            secondTieRule: raw.solver.tie_rule,
            mostOffers: raw.solver.most_offers,
          },
    lab: {
      clearNet: raw.lab.clear_net,
      singleEndpoint: raw.lab.single_endpoint,
      clock: raw.lab.clock,
    },
  };
}

/** `tcp://192.168.1.20:502`, `tcp://[fe80::1]:502`. */
const CONNECTION = v.pipe(
  v.string('must be text, for example "tcp://192.168.1.20:502"'),
  v.rawTransform<string, TcpAddress>(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value;
    const match = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/]+):(\d{1,5})$/.exec(text);
    const [, host = '', port = ''] = match ?? [];
    if (!match || Number(port) < 1 || Number(port) > 65535) {
      addIssue({ message: `"${text}" is not a connection like "tcp://192.168.1.20:502"` });
      return NEVER;
    }
    if (!isIpLiteral(host)) {
      addIssue({
        message:
          `"${text}" names a host; devices are reached by IP address only, ` +
          'so that no name is looked up',
      });
      return NEVER;
    }
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  }),
);

const MODBUS_UNIT = v.pipe(
  v.number('must be a number from 0 to 247'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must be from 0 to 247'),
  v.maxValue(247, 'must be from 0 to 247'),
);

const NAME = v.pipe(
  v.string('must be text'),
  v.regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens'),
);

const PATH = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));
const FLAG = v.boolean('must be true or false');

const positivePower = () => v.pipe(powerW(), v.minValue(1, 'must be above 0'));
const atLeast = (ms: number, text: string) =>
  v.pipe(durationMs(), v.minValue(ms, `must be at least ${text}`));

const METER = table({
  profile: profileOf(METER_PROFILES, 'meter'),
  connection: CONNECTION,
  unit: v.optional(MODBUS_UNIT, 1),
  poll: v.optional(
    v.pipe(atLeast(100, '100 ms'), v.maxValue(300_000, 'must be at most 5 min')),
    '1 s',
  ),
});

const BATTERY = table({
  profile: profileOf(BATTERY_PROFILES, 'battery'),
  connection: CONNECTION,
  unit: v.optional(MODBUS_UNIT, 1),
  capacity: v.pipe(energyWs(), v.minValue(3600, 'must be at least 1 Wh')),
  charge: positivePower(),
  discharge: positivePower(),
  charge_window: v.optional(
    v.pipe(
      v.strictTuple([share(), share()], 'must be two shares, for example ["10 %", "95 %"]'),
      v.check(([low, high]) => low < high, 'must name the lower share first'),
    ),
    ['10 %', '95 %'],
  ),
  efficiency: v.optional(v.pipe(share(), v.minValue(0.3, 'must be at least 30 %')), '90 %'),
});

function batteryOf(raw: v.InferOutput<typeof BATTERY>): BatterySettings {
  return {
    profile: raw.profile,
    connection: raw.connection,
    unit: raw.unit,
    capacityWs: raw.capacity,
    chargeW: raw.charge,
    dischargeW: raw.discharge,
    lowShare: raw.charge_window[0],
    highShare: raw.charge_window[1],
    efficiency: raw.efficiency,
  };
}

const SECONDS_PER_DAY = 86_400;

const LOAD = v.pipe(
  table({
    power: positivePower(),
    relay: table({
      driver: v.literal('modbus-coil', 'must be "modbus-coil"'),
      connection: CONNECTION,
      unit: v.optional(MODBUS_UNIT, 1),
      coil: v.pipe(
        v.number('must be a number from 0 to 65535'),
        v.integer('must be a whole number'),
        v.minValue(0, 'must be from 0 to 65535'),
        v.maxValue(65535, 'must be from 0 to 65535'),
      ),
    }),
    energy_per_day: energyWs(),
    minimum_on: v.optional(durationMs(), '10 min'),
    minimum_off: v.optional(durationMs(), '5 min'),
    safe: v.optional(v.picklist(['on', 'off'], 'must be "on" or "off"'), 'off'),
  }),
  v.forward(
    v.partialCheck(
      [['power'], ['energy_per_day']],
      (load) => load.energy_per_day <= load.power * SECONDS_PER_DAY,
      'is more than the load can take in a day at its power',
    ),
    ['energy_per_day'],
  ),
);

const LOADS = v.pipe(
  v.record(NAME, LOAD, 'must be tables like [loads.boiler]'),
  v.check((loads) => {
    const coils = Object.values(loads).map((load) => JSON.stringify(load.relay));
    return new Set(coils).size === coils.length;
  }, 'name the same relay twice'),
);

const NO_TOR =
  'must be true: this release has no Tor transport yet and would show the address of the house ' +
  'to chain and DSO; in a lab, say [lab] clear_net = true';

const LAB = table({
  clear_net: v.optional(
    v.pipe(
      FLAG,
      v.check((isClear) => isClear, NO_TOR),
    ),
    false,
  ),
  single_endpoint: v.optional(FLAG, false),
  clock: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^(stepped:.+|scaled:[\d.]+:[\d.]+:[\d.]+)$/, 'must be stepped:... or scaled:...'),
    ),
  ),
});

const SOLVER = table({
  poll: v.optional(atLeast(100, '100 ms'), '5 s'),
  tie_rule: v.optional(
    v.picklist(['welfare', 'equal-shares'], 'must be "welfare" or "equal-shares"'),
    'welfare',
  ),
  most_offers: v.optional(count(1, 100_000), 1000),
});

const SCHEMA = table({
  meter: METER,
  battery: v.optional(BATTERY),
  loads: v.optional(LOADS, {}),
  home: table({
    zone: timeZone(),
    max_power: positivePower(),
  }),
  state: v.optional(
    table({
      wallet: v.optional(PATH, 'wallet.db'),
      journal: v.optional(PATH, 'journal.db'),
      key: v.optional(PATH, 'keystore.key'),
      grid: v.optional(PATH, 'grid.json'),
      socket: v.optional(PATH, 'agent.sock'),
      solver: v.optional(PATH, 'solver.db'),
    }),
    {},
  ),
  trading: v.optional(
    table({
      poll: v.optional(atLeast(100, '100 ms'), '5 s'),
      ahead: v.optional(count(1, 95), 1),
      block: v.optional(atLeast(100, '100 ms'), '15 s'),
    }),
    {},
  ),
  following: v.optional(table({ enabled: v.optional(FLAG, true) }), {}),
  solver: v.optional(SOLVER),
  lab: v.optional(LAB, {}),
});

function profileOf(known: readonly string[], device: string) {
  const list = known.map((name) => `"${name}"`).join(', ');
  return v.picklist(known, `must be the profile of a ${device} that this release has: ${list}`);
}

function isIpLiteral(host: string): boolean {
  if (host.startsWith('[')) return /:.*:/.test(host);
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}
