/**
 * The operator's settings: `operator.toml`, parsed once into inner units, all faults reported
 * together (design: fixed names; 12). Every value with a unit is text.
 */
import * as v from 'valibot';
import { isLoopback, TOR, unfitForTor } from '../market/endpoints.ts';
import type { Finality } from '../market/grid.ts';
import type { MarketCalendar } from '../market/intervals.ts';
import { ADDRESS_FORM, isHttpUrl } from '../market/json-forms.ts';
import type { FeederLimits } from '../market/offers.ts';
import {
  amountMicro,
  count,
  durationMs,
  durationSeconds,
  energyWs,
  powerW,
  priceMicroPerKwh,
} from '../market/settings/quantities.ts';
import { timeZone } from '../market/settings/time-zone.ts';
import { readSettings, table } from '../market/settings/toml.ts';
import { MAX_UINT48 } from '../market/units.ts';
import type { SecondTieRule } from '../solver/clearing/input.ts';
import { REQUESTS_PER_INTERVAL } from './dso/rates.ts';

export interface GridSettings {
  name: string;
  calendar: MarketCalendar;
  minOfferWs: number;
  minTradeWs: number;
  offersPerAsset: number;
  /** IANA zone. */
  tariffZone: string;
  /** Feeders 1, 2, ... */
  feeders: FeederLimits[];
}

export interface OperatorSettings {
  chain: {
    rpc: string[];
    /** Endpoints as meters reach them, for the grid file. */
    metersRpc: string[];
    finality: Finality;
  };
  /** Absolute paths of keystores, and of the files that hold their passphrases; null: none. */
  keys: Record<'owner' | 'dso' | 'solver', string> & {
    passphrases: Record<'owner' | 'dso' | 'solver', string | null>;
  };
  /** Absolute paths. */
  files: { deployment: string; books: string; solver: string; grid: string; socket: string };
  grid: GridSettings;
  tariff: { useMicroPerKwh: number[]; feedInMicroPerKwh: number[] };
  caps: { moneyMicroPerDay: bigint; feederPowerW: number };
  dso: {
    host: string;
    port: number;
    url: string;
    /** Opening balance of a meter's account. */
    creditMicro: bigint;
    pollMs: number;
    /** Of a meter, of each kind; twice that at once. */
    requestsPerInterval: number;
  };
  solver: {
    pollMs: number;
    stakeMicro: bigint;
    /** What decides among optimal solutions, after early deadlines. */
    secondTieRule: SecondTieRule;
    /** What a better solution gains at least. */
    minGainWs: number;
    /** What final energy between homes pays solvers, while the pot lasts. */
    rewardMicroPerKwh: number;
    /** Where rewards go, with its checksum; null: they are collected by command alone. */
    payout: string | null;
  };
  /** Where Tor listens: the path of a Unix socket, or an address and port of this machine. */
  tor: { socks: string };
  /** `plainKeys`: keys may lie in their files without a passphrase. */
  lab: { clearNet: boolean; plainKeys: boolean; clock: string | undefined };
}

/**
 * @param folder the absolute folder of the file: relative paths in it start there
 * @throws SettingsError with all faults
 */
export function readOperatorSettings(
  text: string,
  fileName: string,
  folder: string,
): OperatorSettings {
  const raw = readSettings(text, SCHEMA, fileName);
  const at = (path: string) => (path.startsWith('/') ? path : `${folder}/${path}`);
  const books = at(raw.files.books);
  return {
    chain: {
      rpc: raw.chain.rpc,
      metersRpc: raw.chain.meters_rpc ?? raw.chain.rpc,
      finality: raw.chain.finality,
    },
    keys: keysOf(raw.keys, at),
    files: {
      deployment: at(raw.files.deployment),
      books,
      solver: `${books.slice(0, books.lastIndexOf('/'))}/solver.db`,
      grid: at(raw.files.grid),
      socket: at(raw.files.socket),
    },
    grid: gridOf(raw.grid),
    tariff: { useMicroPerKwh: raw.tariff.use, feedInMicroPerKwh: raw.tariff.feed_in },
    caps: { moneyMicroPerDay: raw.caps.money_per_day, feederPowerW: raw.caps.feeder_power },
    dso: {
      ...raw.dso.listen,
      url: raw.dso.url,
      creditMicro: raw.dso.credit,
      pollMs: raw.dso.poll,
      requestsPerInterval: raw.dso.requests_per_interval,
    },
    solver: {
      pollMs: raw.solver.poll,
      stakeMicro: raw.solver.stake,
      secondTieRule: raw.solver.tie_rule,
      minGainWs: raw.solver.min_gain,
      rewardMicroPerKwh: raw.solver.reward,
      payout: raw.solver.payout ?? null,
    },
    tor: raw.tor,
    lab: {
      clearNet: raw.lab.clear_net,
      plainKeys: raw.lab.plain_keys,
      clock: raw.lab.clock,
    },
  };
}

function keysOf(
  raw: v.InferOutput<typeof KEYS>,
  at: (path: string) => string,
): OperatorSettings['keys'] {
  const passphrase = (path: string | undefined) => (path === undefined ? null : at(path));
  return {
    owner: at(raw.owner),
    dso: at(raw.dso),
    solver: at(raw.solver),
    passphrases: {
      owner: passphrase(raw.owner_passphrase),
      dso: passphrase(raw.dso_passphrase),
      solver: passphrase(raw.solver_passphrase),
    },
  };
}

function gridOf(raw: v.InferOutput<typeof GRID>): GridSettings {
  const { interval: intervalSeconds } = raw;
  return {
    name: raw.name,
    calendar: {
      intervalSeconds,
      clearIntervals: raw.clear_intervals,
      leadSeconds: raw.lead,
      quietSeconds: raw.quiet ?? Math.floor(intervalSeconds / 3),
      horizonIntervals: raw.horizon,
    },
    minOfferWs: raw.min_offer,
    minTradeWs: raw.min_trade,
    offersPerAsset: raw.offers_per_asset,
    tariffZone: raw.tariff_zone,
    feeders: raw.feeders.map((feeder) => ({
      internalLimitW: feeder.internal_limit,
      externalLimitW: feeder.external_limit,
    })),
  };
}

const FLAG = v.boolean('must be true or false');
const PATH = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));
const TEXT = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), v.maxLength(100));

const poll = v.optional(v.pipe(durationMs(), v.minValue(100, 'must be at least 100 ms')), '5 s');

const URL_FORM = v.pipe(
  v.string('must be text, for example "http://127.0.0.1:8545"'),
  v.check(isHttpUrl, 'is not an address like "http://127.0.0.1:8545"'),
);

/** `"instant"`, `"depth 12"`, `"finalized"`, `"safe"`. */
const FINALITY = v.pipe(
  v.string('must be text, for example "instant"'),
  v.rawTransform<string, Finality>(({ dataset, addIssue, NEVER }) => {
    const depth = /^depth (\d{1,4})$/.exec(dataset.value)?.[1];
    if (depth !== undefined) return { kind: 'depth', blocks: Number(depth) };
    switch (dataset.value) {
      case 'instant':
        return { kind: 'instant' };
      case 'finalized':
      case 'safe':
        return { kind: 'tag', tag: dataset.value };
    }
    const forms = '"instant", "depth 12", "finalized" or "safe"';
    addIssue({ message: `"${dataset.value}" is none of ${forms}` });
    return NEVER;
  }),
);

/** `"127.0.0.1:8800"`. */
const LISTEN = v.pipe(
  v.string('must be text, for example "127.0.0.1:8800"'),
  v.rawTransform<string, { host: string; port: number }>(({ dataset, addIssue, NEVER }) => {
    const match = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):(\d{1,5})$/.exec(dataset.value);
    const [, host = '', port = ''] = match ?? [];
    if (match && Number(port) <= 65_535) {
      return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    }
    addIssue({ message: `"${dataset.value}" is not an address like "127.0.0.1:8800"` });
    return NEVER;
  }),
);

const PRICES = v.pipe(
  v.array(priceMicroPerKwh(), 'must be a list of prices, for example ["0.30 /kWh"]'),
  v.check((list) => [1, 24, 96].includes(list.length), 'must hold 1, 24 or 96 prices'),
);
const limit = () => v.pipe(powerW(), v.minValue(1, 'must be above 0'));

const FEEDER = table({ internal_limit: limit(), external_limit: limit() });

const GRID = table({
  name: TEXT,
  interval: v.optional(
    v.pipe(
      durationSeconds(),
      v.minValue(4, 'must be at least 4 s'),
      v.maxValue(86_400, 'must be at most a day'),
    ),
    '15 min',
  ),
  clear_intervals: v.optional(count(1, 95), 1),
  lead: v.optional(durationSeconds(), '60 s'),
  quiet: v.optional(durationSeconds()),
  horizon: v.optional(count(2, 96), 13),
  min_offer: v.optional(energyWs(), '1 Wh'),
  min_trade: v.optional(energyWs(), '1 Wh'),
  offers_per_asset: v.optional(count(1, 64), 4),
  tariff_zone: timeZone(),
  feeders: v.pipe(
    v.array(FEEDER, 'must be a list of feeders'),
    v.minLength(1, 'must name at least one feeder'),
    v.maxLength(256, 'must name at most 256 feeders'),
  ),
});

const GRID_IN_TIME = v.pipe(
  GRID,
  v.forward(
    v.check(
      (grid) =>
        grid.clear_intervals * grid.interval +
          grid.lead +
          (grid.quiet ?? Math.floor(grid.interval / 3)) <=
        grid.horizon * grid.interval,
      'is too short: with clear_intervals, lead and quiet nothing could ever be posted',
    ),
    ['horizon'],
  ),
);

/** Early deadlines always come first: a rule that forgot them would lose energy of later offers. */
const SECOND_TIE_RULE = v.picklist(
  ['welfare', 'equal-shares'],
  'must be "welfare" or "equal-shares"',
);

const ENDPOINTS = v.pipe(
  v.array(URL_FORM, 'must be a list of addresses'),
  v.minLength(1, 'must name at least one endpoint'),
);

const KEYS = table({
  owner: v.optional(PATH, 'owner.key'),
  dso: v.optional(PATH, 'dso.key'),
  solver: v.optional(PATH, 'solver.key'),
  owner_passphrase: v.optional(PATH),
  dso_passphrase: v.optional(PATH),
  solver_passphrase: v.optional(PATH),
});

const TABLES = table({
  chain: table({
    rpc: ENDPOINTS,
    meters_rpc: v.optional(ENDPOINTS),
    finality: v.optional(FINALITY, 'instant'),
  }),
  keys: v.optional(KEYS, {}),
  files: v.optional(
    table({
      deployment: v.optional(PATH, 'deployment.json'),
      books: v.optional(PATH, 'books.db'),
      grid: v.optional(PATH, 'grid.json'),
      socket: v.optional(PATH, 'dso.sock'),
    }),
    {},
  ),
  grid: GRID_IN_TIME,
  tariff: table({ use: PRICES, feed_in: PRICES }),
  caps: v.optional(
    table({
      money_per_day: v.optional(
        v.pipe(amountMicro(), v.maxValue(2n ** 64n - 1n, 'is more than the contract can count')),
        '100000',
      ),
      feeder_power: v.optional(
        v.pipe(powerW(), v.maxValue(MAX_UINT48), v.minValue(1, 'must be above 0')),
        '10 MW',
      ),
    }),
    {},
  ),
  dso: table({
    listen: v.optional(LISTEN, '127.0.0.1:8800'),
    url: URL_FORM,
    credit: v.optional(amountMicro(), '0'),
    poll,
    requests_per_interval: v.optional(count(1, 1_000_000), REQUESTS_PER_INTERVAL),
  }),
  solver: v.optional(
    table({
      poll,
      tie_rule: v.optional(SECOND_TIE_RULE, 'welfare'),
      stake: v.optional(
        v.pipe(
          amountMicro(),
          v.minValue(1n, 'must be above 0'),
          v.maxValue(2n ** 64n - 1n, 'is more than the contract can count'),
        ),
        '1',
      ),
      min_gain: v.optional(energyWs(), '1 Wh'),
      reward: v.optional(priceMicroPerKwh(), '0 /kWh'),
      payout: v.optional(ADDRESS_FORM),
    }),
    {},
  ),
  tor: v.optional(TOR, {}),
  lab: v.optional(
    table({
      clear_net: v.optional(FLAG, false),
      plain_keys: v.optional(FLAG, false),
      clock: v.optional(
        v.pipe(
          v.string('must be text'),
          v.regex(
            /^(stepped:.+|scaled:[\d.]+:[\d.]+:[\d.]+)$/,
            'must be stepped:... or scaled:...',
          ),
        ),
      ),
    }),
    {},
  ),
});

/**
 * The utility's own node on this machine needs no Tor: nothing leaves. All other endpoints, and
 * all that meters are told of, must be such that Tor can carry them.
 */
const SCHEMA = v.pipe(
  TABLES,
  v.forward(
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || dataset.value.lab.clear_net) return;
      const { rpc, meters_rpc } = dataset.value.chain;
      for (const url of rpc.filter((each) => !isLoopback(each))) {
        const message = unfitForTor(url);
        if (message !== null) addIssue({ message });
      }
      if (meters_rpc === undefined && rpc.some(isLoopback)) {
        addIssue({ message: 'is for this machine alone: tell [chain] meters_rpc too' });
      }
    }),
    ['chain', 'rpc'],
  ),
  v.forward(v.rawCheck(outsideOnly(({ chain }) => chain.meters_rpc ?? [])), [
    'chain',
    'meters_rpc',
  ]),
  v.forward(v.rawCheck(outsideOnly(({ dso }) => [dso.url])), ['dso', 'url']),
);

type Raw = v.InferOutput<typeof TABLES>;

function outsideOnly(urls: (raw: Raw) => string[]) {
  return ({ dataset, addIssue }: v.RawCheckContext<Raw>): void => {
    if (!dataset.typed || dataset.value.lab.clear_net) return;
    for (const url of urls(dataset.value)) {
      const message = unfitForTor(url);
      if (message !== null) addIssue({ message });
    }
  };
}
