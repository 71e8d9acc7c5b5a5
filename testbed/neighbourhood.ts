/**
 * Sets a neighbourhood up as people would: the utility deploys and exports its grid file, an
 * installer gives each home an `agent.toml` and enrols it, the utility adds the meter. Everything
 * goes through the real commands and files; only the houses are emulated.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainHost } from './chain-host.ts';
import type { Children } from './children.ts';
import { agentToml, operatorToml } from './config-files.ts';
import { EmulatedHome } from './emulators/emulated-home.ts';
import { type EnrolmentPlace, enrolAll } from './enrolment.ts';
import type { CommunitySpec, HomeSpec } from './homes/community.ts';
import { reservePort } from './reserved-port.ts';

export const INTERVAL_SECONDS = 900;
const OPERATOR_MAIN = 'operator/main.ts';

export interface Pace {
  /** Market seconds between polls of a meter. */
  pollSeconds: number;
  /** Market seconds between looks at the log. */
  tradingPollSeconds: number;
  blockSeconds: number;
  leadSeconds: number;
}

export interface SetupOptions {
  directory: string;
  community: CommunitySpec;
  chain: ChainHost;
  /** The endpoint that the config files name, when it is not anvil itself. */
  rpcUrl?: string;
  /** How homes reach chain and DSO, whose port is given; directly when absent. */
  outside?: (dsoPort: number) => Promise<Outside>;
  /** What the homes' processes are started by: a program and arguments, which others follow. */
  within?: readonly string[];
  children: Children;
  pace: Pace;
  horizonIntervals: number;
  follow: boolean;
  seed: number;
  /** What keeps addresses apart and the agents leave out; see `agent/countermeasures.ts`. */
  without?: readonly string[];
  /** See `EnrolmentPlace`. */
  isShared?: boolean;
  /** Market time for the emulated homes, ms. */
  now: () => number;
  say: (line: string) => void;
}

/** Chain and DSO as the homes see them. */
export interface Outside {
  rpc: readonly string[];
  dsoUrl: string;
  /** Tor's socket for a home; null: not through Tor. */
  socksOf(home: string): string | null;
}

export interface NeighbourHome {
  spec: HomeSpec;
  emulated: EmulatedHome;
  directory: string;
  config: string;
  modbusPort: number;
  /** Address of its identity key, as the utility knows it. */
  meterId: string;
}

export interface Neighbourhood {
  community: CommunitySpec;
  operatorConfig: string;
  homes: NeighbourHome[];
  /** See `SetupOptions`. */
  within: readonly string[];
  /** What one command of the set-up took, real ms: how long a process takes to start here now. */
  commandMs: number;
  /** Writes all config files again, with the clock of market time; the processes can be started. */
  useClock(clock: string): void;
  close(): Promise<void>;
}

/** @throws ChildError when a command of the setup fails; what `outside` throws. */
export async function setUp(options: SetupOptions): Promise<Neighbourhood> {
  const operatorDirectory = join(options.directory, 'operator');
  mkdirSync(operatorDirectory, { recursive: true });
  const operatorConfig = join(operatorDirectory, 'operator.toml');
  const dsoPort = await reservePort();
  const opening = options.outside?.(dsoPort.port) ?? null;
  // Awaited below; until then its failure must not end the process.
  opening?.catch(() => {});
  const settings = { options, dsoPort: dsoPort.port, file: operatorConfig };
  writeOperator(settings, null, null);
  options.say('utility: deploys the market contracts');
  const operator = (...args: string[]) =>
    options.children.command(`transax-operator ${args.slice(0, 2).join(' ')}`, [
      OPERATOR_MAIN,
      ...args,
      '--config',
      operatorConfig,
    ]);
  await options.chain.whileMining(() => operator('deploy'));
  const outside = (await opening) ?? null;
  writeOperator(settings, null, outside);
  const commandAtMs = performance.now();
  await operator('grid', 'export');
  const commandMs = performance.now() - commandAtMs;

  options.say(`installer: enrols ${options.community.homes.length} meters`);
  const gridFile = join(operatorDirectory, 'grid.json');
  const isShared = options.isShared === true;
  const places = { directory: options.directory, operatorConfig, gridFile, isShared };
  const homes = await moveIn(options, outside, places);
  return {
    community: options.community,
    operatorConfig,
    homes,
    within: options.within ?? [],
    commandMs,
    useClock(clock) {
      dsoPort.release();
      writeOperator(settings, clock, outside);
      for (const home of homes) writeAgent(home, { options, outside, clock });
    },
    async close() {
      dsoPort.release();
      await closeAll(homes);
    },
  };
}

function writeOperator(
  { options, dsoPort, file }: { options: SetupOptions; dsoPort: number; file: string },
  clock: string | null,
  outside: Outside | null,
): void {
  const { community, pace, horizonIntervals } = options;
  const text = operatorToml({
    name: community.source,
    rpc: [options.rpcUrl ?? options.chain.anvil.url],
    dsoPort,
    ...(outside === null ? {} : { metersRpc: outside.rpc, dsoUrl: outside.dsoUrl }),
    community,
    horizonIntervals,
    leadSeconds: pace.leadSeconds,
    pollSeconds: pace.tradingPollSeconds,
    clock,
  });
  writeFileSync(file, text);
}

/** Builds the houses and enrols their meters. @throws ChildError */
async function moveIn(
  options: SetupOptions,
  outside: Outside | null,
  places: Omit<EnrolmentPlace, 'children'>,
): Promise<NeighbourHome[]> {
  const houses = await Promise.all(
    options.community.homes.map((spec) => build(spec, options, outside)),
  );
  const meters = houses.map(({ spec, config }) => ({
    name: spec.name,
    config,
    feeder: spec.feeder,
    maxPowerW: spec.maxPowerW,
  }));
  try {
    const meterIds = await enrolAll(meters, { ...places, children: options.children });
    return houses.map((house, at) => ({ ...house, meterId: meterIds[at] ?? '' }));
  } catch (cause) {
    await closeAll(houses);
    throw cause;
  }
}

async function closeAll(houses: Pick<NeighbourHome, 'emulated'>[]): Promise<void> {
  await Promise.all(houses.map(({ emulated }) => emulated.close()));
}

/** A house with its meter, battery and boiler behind Modbus TCP, and the agent's settings. */
async function build(
  spec: HomeSpec,
  options: SetupOptions,
  outside: Outside | null,
): Promise<Omit<NeighbourHome, 'meterId'>> {
  const directory = join(options.directory, spec.name);
  mkdirSync(directory, { recursive: true });
  const emulated = new EmulatedHome(spec, options.now, options.seed);
  const modbusPort = await emulated.listen('127.0.0.1');
  const home = { spec, emulated, directory, config: join(directory, 'agent.toml'), modbusPort };
  writeAgent(home, { options, outside, clock: null });
  return home;
}

interface WrittenFor {
  options: SetupOptions;
  outside: Outside | null;
  clock: string | null;
}

function writeAgent(
  home: Pick<NeighbourHome, 'spec' | 'config' | 'modbusPort'>,
  { options, outside, clock }: WrittenFor,
): void {
  writeFileSync(
    home.config,
    agentToml({
      home: home.spec,
      modbusPort: home.modbusPort,
      pollSeconds: options.pace.pollSeconds,
      tradingPollSeconds: options.pace.tradingPollSeconds,
      blockSeconds: options.pace.blockSeconds,
      follow: options.follow,
      without: options.without ?? [],
      clock,
      socks: outside?.socksOf(home.spec.name) ?? null,
    }),
  );
}
