/**
 * A market around a home or two: anvil, the contracts, DSO and solver, and emulated homes enrolled
 * by the real commands. Market time is scaled. The agents reach the chain through a gate that can
 * be cut; the utility has its own way.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileContracts } from '../../build/contracts.ts';
import type { Clock } from '../../host/ports.ts';
import { type Scale, scaledClock } from '../../host/scaled-clock.ts';
import { ChainHost } from '../../testbed/chain-host.ts';
import { operatorToml } from '../../testbed/config-files.ts';
import { freePort } from '../../testbed/free-port.ts';
import { GENERATED_START_MS, type HomeSpec } from '../../testbed/homes/community.ts';
import type { Outside } from '../../testbed/neighbourhood.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { Gate } from './gate.ts';
import { type InstalledHome, installHome } from './installed-home.ts';
import { AGENT, type Ended, OPERATOR, type Program, run, Started, until } from './processes.ts';

export const INTERVAL_MS = 900_000;
/** Real time between blocks. */
const BLOCK_REAL_MS = 200;
/** Each home is polled so often in an interval. */
const LOOKS = 12;
/** Time for the agents to start before the first interval, real ms. */
const START_REAL_MS = 3_000;

export interface MarketHome {
  spec: HomeSpec;
  /** The agent's program for this home; from source by default. */
  program?: (folder: string) => Program;
  /** Changes its `agent.toml`. */
  edit?: (text: string) => string;
}

export interface Utility {
  config: string;
  dso: Started;
  solver: Started;
  /** Starts the DSO anew, after it was killed. */
  restartDso(): void;
  command(...words: string[]): Promise<Ended>;
}

export interface Market {
  clock: Clock;
  /** What that clock is made of. */
  scale: Scale;
  chain: ChainHost;
  /** Between the agents and the chain. */
  gate: Gate;
  utility: Utility;
  homes: InstalledHome[];
  /** Id of each home's meter, lower case. */
  meterIds: string[];
  /** The interval that runs. */
  interval(): number;
}

/** Makes another way for the agents to chain and DSO, before they are told of it. */
export type Reach = (at: { chainPort: number; dsoPort: number }) => Promise<Outside>;

/** @param intervalRealMs real time of an interval */
export async function withMarket(
  wanted: readonly MarketHome[],
  intervalRealMs: number,
  work: (market: Market) => Promise<void>,
  reach?: Reach,
): Promise<void> {
  await compileContracts();
  const folder = temporaryFolder();
  const startsAtMs = GENERATED_START_MS;
  const factor = INTERVAL_MS / intervalRealMs;
  const chain = await ChainHost.start(startsAtMs - INTERVAL_MS);
  const gate = await Gate.to(chain.anvil.port);
  const homes: InstalledHome[] = [];
  const meterIds: string[] = [];
  let clock: Clock | null = null;
  try {
    const dsoPort = await freePort();
    const outside = (await reach?.({ chainPort: chain.anvil.port, dsoPort })) ?? null;
    const place = { chain, gate, factor, homes: wanted, dsoPort, outside };
    const config = await setUpUtility(folder.path, place);
    for (const { spec, program } of wanted) {
      const now = () => clock?.now() ?? startsAtMs;
      const its = program?.(join(folder.path, spec.name)) ?? AGENT;
      const home = await installHome(folder.path, spec, now, its);
      homes.push(home);
      meterIds.push(await enrol(home, spec, config));
    }
    const wallOriginMs = Date.now() + START_REAL_MS;
    const scale = { startsAtMs, wallOriginMs, factor };
    clock = scaledClock(scale);
    const setting = `scaled:${startsAtMs}:${wallOriginMs}:${factor}`;
    homes.forEach((home, at) => {
      const times = { pollSeconds: INTERVAL_MS / 1000 / LOOKS, ...timesOf(factor) };
      const { spec, edit } = wanted[at] ?? {};
      const socks = outside?.socksOf(spec?.name ?? '') ?? null;
      home.configure({ ...times, clock: setting, socks }, edit);
    });
    useDirectly(config, gate.url, chain.anvil.url, setting);
    await operate({ clock, scale, chain, gate, homes, meterIds, config }, work);
  } finally {
    for (const home of homes) await home.close();
    await gate.cut();
    await chain.anvil.stop();
    folder.dispose();
  }
}

const timesOf = (factor: number) => {
  const blockSeconds = Math.ceil((BLOCK_REAL_MS / 1000) * factor);
  return { blockSeconds, tradingPollSeconds: Math.max(blockSeconds, 30) };
};

interface Place {
  chain: ChainHost;
  gate: Gate;
  factor: number;
  homes: readonly MarketHome[];
  dsoPort: number;
  outside: Outside | null;
}

/** Deploys and exports. @returns the path of operator.toml */
async function setUpUtility(folder: string, place: Place): Promise<string> {
  const { chain, gate, factor, homes, dsoPort, outside } = place;
  const directory = join(folder, 'operator');
  mkdirSync(directory);
  const config = join(directory, 'operator.toml');
  const { blockSeconds, tradingPollSeconds } = timesOf(factor);
  const feeders = Math.max(...homes.map(({ spec }) => spec.feeder));
  const limits = { internalLimitW: 25_000, externalLimitW: 20_000 };
  const specs = homes.map(({ spec }) => spec);
  const text = operatorToml({
    name: 'Example',
    rpc: [gate.url],
    ...(outside === null ? {} : { metersRpc: outside.rpc, dsoUrl: outside.dsoUrl }),
    dsoPort,
    community: {
      source: 'Example',
      startsAtMs: GENERATED_START_MS,
      feeders: Array.from({ length: feeders }, () => limits),
      homes: specs,
      notes: [],
    },
    horizonIntervals: 13,
    leadSeconds: Math.max(60, 4 * blockSeconds),
    pollSeconds: tradingPollSeconds,
    clock: null,
  });
  writeFileSync(config, text);
  await chain.whileMining(() => succeed(OPERATOR, 'deploy', '--config', config));
  await succeed(OPERATOR, 'grid', 'export', '--config', config);
  return config;
}

/** As installer and utility do it between them. @returns the meter's id */
async function enrol(home: InstalledHome, spec: HomeSpec, config: string): Promise<string> {
  const code = await home.command('enrol', join(config, '..', 'grid.json'));
  if (code.code !== 0) throw new Error(code.err);
  const limits = ['--feeder', String(spec.feeder), '--max-w', String(spec.maxPowerW)];
  const told = await succeed(
    OPERATOR,
    ...['meter', 'add', code.out.trim(), ...limits, '--config', config],
  );
  const [meterId] = /0x[0-9a-fA-F]{40}/.exec(told) ?? [];
  if (meterId === undefined) throw new Error(`meter add named no meter: ${told}`);
  return meterId.toLowerCase();
}

/** The utility's own way to the chain does not lead through the gate. */
function useDirectly(config: string, gateUrl: string, url: string, setting: string): void {
  const text = readFileSync(config, 'utf8').replace(gateUrl, url);
  writeFileSync(config, `${text}clock = "${setting}"\n`);
}

async function operate(
  parts: Pick<Market, 'clock' | 'scale' | 'chain' | 'gate' | 'homes' | 'meterIds'> & {
    config: string;
  },
  work: (market: Market) => Promise<void>,
): Promise<void> {
  const { clock, chain, config } = parts;
  const stop = new AbortController();
  const miner = chain.mineByClock(clock, timesOf(parts.scale.factor).blockSeconds, stop.signal);
  const startDso = () => new Started(OPERATOR, 'dso', '--config', config);
  const utility: Utility = {
    config,
    dso: startDso(),
    solver: new Started(OPERATOR, 'solver', '--config', config),
    restartDso() {
      utility.dso = startDso();
    },
    command: (...words) => run(OPERATOR, ...words, '--config', config),
  };
  try {
    await until('the DSO answers', () => utility.dso.lines.some((line) => /answers/.test(line)));
    await work({ ...parts, utility, interval: () => Math.floor(clock.now() / INTERVAL_MS) });
  } finally {
    await Promise.all([utility.dso.stop(), utility.solver.stop()]);
    stop.abort();
    await miner;
  }
}

async function succeed(program: Program, ...args: string[]): Promise<string> {
  const { code, out, err } = await run(program, ...args);
  if (code !== 0) throw new Error(`${args.slice(0, 2).join(' ')} ended with ${code}: ${err}`);
  return out;
}
