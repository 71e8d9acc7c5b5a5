/**
 * The agent's settings: `agent.toml`, parsed once into inner units, all faults reported together
 * (design: fixed names; 12). Every value with a unit is text.
 */
import * as v from 'valibot';
import { TOR } from '../market/endpoints.ts';
import { count } from '../market/settings/quantities.ts';
import { timeZone } from '../market/settings/time-zone.ts';
import { readSettings, table } from '../market/settings/toml.ts';
import type { SecondTieRule } from '../solver/clearing/input.ts';
import { BATTERY, type BatterySettings, batteryOf } from './config/battery.ts';
import { BUSES, type BusSettings, busesOf } from './config/buses.ts';
import { FORECAST, type ForecastSettings, forecastOf } from './config/forecast.ts';
import {
  GROUPS,
  groupFaults,
  groupsOf,
  LOADS,
  type LoadSettings,
  loadsOf,
  relaysOf,
} from './config/loads.ts';
import { METERS, type MeterSettings, metersOf } from './config/meters.ts';
import { atLeast, FLAG, positivePower } from './config/words.ts';
import { COUNTERMEASURES, type Countermeasure } from './countermeasures.ts';
import type { LoadGroup } from './loads/model.ts';
import { STRATEGIES, type StrategyName } from './strategy/counted-prices.ts';

/** This agent clears the market too, as one solver among any number. */
export interface SolverSettings {
  pollMs: number;
  /** What decides among optimal solutions, after early deadlines. */
  secondTieRule: SecondTieRule;
  /** In a larger market it leaves clearing to others, so as not to hold up the home. */
  mostOffers: number;
}

export interface AgentSettings {
  buses: BusSettings[];
  /** One of them has the role `grid`. */
  meters: MeterSettings[];
  battery: BatterySettings | null;
  loads: LoadSettings[];
  groups: LoadGroup[];
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
    /** What the home counts with when it decides what to offer. */
    strategy: StrategyName;
  };
  following: { enabled: boolean };
  forecast: ForecastSettings;
  /** Where Tor listens: the path of a Unix socket, or an address and port of this machine. */
  tor: { socks: string };
  /** Null: off. */
  solver: SolverSettings | null;
  lab: {
    clearNet: boolean;
    singleEndpoint: boolean;
    clock: string | undefined;
    /** This machine's clock is taken as it is, without a time service. */
    unprovenClock: boolean;
    /** What keeps its addresses apart and is left out, to measure what it does. */
    without: readonly Countermeasure[];
  };
}

/**
 * @param folder the absolute folder of the file: relative paths in it start there
 * @throws SettingsError with all faults
 */
export function readAgentSettings(text: string, fileName: string, folder: string): AgentSettings {
  const raw = readSettings(text, AGENT_SCHEMA, fileName);
  const at = (path: string) => (path.startsWith('/') ? path : `${folder}/${path}`);
  return {
    buses: busesOf(raw.buses),
    meters: metersOf(raw.meters),
    battery: raw.battery === undefined ? null : batteryOf(raw.battery),
    loads: loadsOf(raw.loads),
    groups: groupsOf(raw.groups),
    home: { zone: raw.home.zone, maxPowerW: raw.home.max_power },
    state: {
      wallet: at(raw.state.wallet),
      journal: at(raw.state.journal),
      key: at(raw.state.key),
      grid: at(raw.state.grid),
      socket: at(raw.state.socket),
      solver: at(raw.state.solver),
    },
    trading: {
      pollMs: raw.trading.poll,
      ahead: raw.trading.ahead,
      blockMs: raw.trading.block,
      strategy: raw.trading.strategy,
    },
    following: { enabled: raw.following.enabled },
    forecast: forecastOf(raw.forecast, at),
    solver:
      raw.solver === undefined
        ? null
        : {
            pollMs: raw.solver.poll,
            secondTieRule: raw.solver.tie_rule,
            mostOffers: raw.solver.most_offers,
          },
    tor: raw.tor,
    lab: {
      clearNet: raw.lab.clear_net,
      singleEndpoint: raw.lab.single_endpoint,
      clock: raw.lab.clock,
      unprovenClock: raw.lab.unproven_clock,
      without: raw.lab.without,
    },
  };
}

const PATH = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));
const LAB = table({
  clear_net: v.optional(FLAG, false),
  single_endpoint: v.optional(FLAG, false),
  unproven_clock: v.optional(FLAG, false),
  without: v.optional(
    v.array(v.picklist(COUNTERMEASURES, `must be one of ${COUNTERMEASURES.join(', ')}`)),
    [],
  ),
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

const TABLES = table({
  buses: BUSES,
  meters: METERS,
  battery: v.optional(BATTERY),
  loads: v.optional(LOADS, {}),
  groups: v.optional(GROUPS, {}),
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
      strategy: v.optional(
        v.picklist(STRATEGIES, `must be one of ${STRATEGIES.join(', ')}`),
        'adaptive',
      ),
    }),
    {},
  ),
  following: v.optional(table({ enabled: v.optional(FLAG, true) }), {}),
  forecast: v.optional(FORECAST, {}),
  solver: v.optional(SOLVER),
  tor: v.optional(TOR, {}),
  lab: v.optional(LAB, {}),
});

/** Every bus that is named must be there. */
/** The whole file; commands explain settings from it. */
export const AGENT_SCHEMA = v.pipe(
  TABLES,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const known = Object.keys(dataset.value.buses);
    for (const { path, bus } of namedBuses(dataset.value)) {
      if (known.includes(bus)) continue;
      const have = known.length === 0 ? 'there is none' : `there is ${known.join(', ')}`;
      addIssue({ message: `names the bus "${bus}"; ${have}`, path });
    }
    const { groups, loads } = dataset.value;
    for (const { group, message } of groupFaults(groupsOf(groups), loadsOf(loads))) {
      addIssue({ message, path: pathOf(dataset.value, 'groups', group) });
    }
  }),
);

type Raw = v.InferOutput<typeof TABLES>;
type IssuePath = [v.IssuePathItem, ...v.IssuePathItem[]];

function namedBuses(raw: Raw): { path: IssuePath; bus: string }[] {
  const meters = Object.entries(raw.meters).map(([name, { bus }]) => ({
    path: pathOf(raw, 'meters', name, 'bus'),
    bus,
  }));
  const relays = Object.entries(raw.loads).flatMap(([name, load]) =>
    relaysOf(load).flatMap((relay, index) => {
      if (relay.driver !== 'modbus-coil') return [];
      const place = load.kind === 'sg-ready' ? ['relays', String(index)] : ['relay'];
      return [{ path: pathOf(raw, 'loads', name, ...place, 'bus'), bus: relay.bus }];
    }),
  );
  const battery = raw.battery
    ? [{ path: pathOf(raw, 'battery', 'bus'), bus: raw.battery.bus }]
    : [];
  return [...meters, ...battery, ...relays];
}

function pathOf(raw: Raw, ...[first, ...rest]: [string, ...string[]]): IssuePath {
  const item = (key: string, input: unknown): v.IssuePathItem => ({
    type: 'object',
    origin: 'value',
    input: input as Record<string, unknown>,
    key,
    value: (input as Record<string, unknown>)[key],
  });
  const path: IssuePath = [item(first, raw)];
  for (const key of rest) path.push(item(key, path.at(-1)?.value));
  return path;
}

/** The meter that counts the whole home. */
export function gridMeter(settings: Pick<AgentSettings, 'meters'>): MeterSettings {
  const meter = settings.meters.find(({ role }) => role === 'grid');
  if (meter === undefined) throw new RangeError('the settings have no meter of role grid');
  return meter;
}
