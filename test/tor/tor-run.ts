/**
 * A neighbourhood of real processes that trades through a private Tor network, while parts of it
 * fail. Its agents live in a network namespace in which only their meters can be reached.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileContracts } from '../../build/contracts.ts';
import type { GridFacts } from '../../market/grid.ts';
import { parseGridFile } from '../../market/grid-json.ts';
import { type ChainRecord, collectChain } from '../../testbed/audit/collect.ts';
import { chooseCommunity } from '../../testbed/choose-community.ts';
import { INTERVAL_SECONDS } from '../../testbed/neighbourhood.ts';
import { type RunOptions, readOptions } from '../../testbed/options.ts';
import { figuresOf, type RunFigures } from '../../testbed/report.ts';
import { prepareRun, type Run, startHome } from '../../testbed/run.ts';
import type { LoggedStream } from '../../testbed/tor/circuit-log.ts';
import type { TorFigures } from '../../testbed/tor/run-tor.ts';
import type { TorNetwork } from '../../testbed/tor/tor-network.ts';
import { until } from '../system/processes.ts';
import { HouseNamespace, type Packets } from './house-namespace.ts';
import { type Latency, latencyOf } from './latency.ts';
import { OnionTap, type SeenConnection } from './onion-tap.ts';

export interface Fault {
  name: string;
  /** Counted from 0; it begins in the first half of that interval. */
  interval: number;
  /** Breaks something and mends what does not mend itself. */
  strike(tor: TorNetwork): Promise<void>;
}

export interface StruckFault {
  name: string;
  /** When it was over: the newest block then. */
  mendedAtBlock: number;
  seconds: number;
}

export interface TorPlan {
  homes: number;
  feeders: number;
  intervals: number;
  /** Real seconds of an interval. */
  speed: number;
  faults: readonly Fault[];
  say: (line: string) => void;
}

export interface TorAftermath {
  figures: RunFigures;
  tor: TorFigures;
  latency: Latency;
  faults: StruckFault[];
  streams: LoggedStream[];
  /** Circuits that carried more than one identity. */
  sharedCircuits: string[];
  /** Host of the DSO's onion service. */
  dsoHost: string;
  connections: SeenConnection[];
  chain: ChainRecord;
  /** Of the whole run. */
  packets: Packets;
  /** What one agent that was told to use the clear net sent after it. */
  clearNetPackets: Packets;
  /** Complaints of the agents, for whoever reads a failure. */
  tails: string;
}

/** Around noon, when everybody has something to trade. */
const START = '2026-06-12T10:00:00Z';
const CLEAR_NET_MS = 60_000;

/** @throws TorError, RunError, ChildError */
export async function playThroughTor(plan: TorPlan): Promise<TorAftermath> {
  await compileContracts();
  const options = optionsOf(plan);
  const house = await HouseNamespace.start();
  const taps = new Map<string, OnionTap>();
  let run: Run | null = null;
  try {
    run = await prepareRun(options, chooseCommunity(options), {
      say: plan.say,
      signal: new AbortController().signal,
      within: house.within,
      onionTarget: async (url, service) => {
        const tap = await OnionTap.before(url, service);
        taps.set(service, tap);
        return { port: tap.port, tellsCircuits: true };
      },
    });
    return await play(run, { plan, house, taps });
  } finally {
    await run?.stop();
    await run?.remove();
    for (const tap of taps.values()) await tap.close();
    await house.close();
  }
}

function optionsOf({ homes, feeders, intervals, speed }: TorPlan): RunOptions {
  const options = readOptions([
    ...['--tor', '--start', START, '--homes', String(homes), '--feeders', String(feeders)],
    ...['--intervals', String(intervals), '--speed', String(speed)],
  ]);
  if (options === null) throw new Error('these options ask for help');
  return options;
}

interface Parts {
  plan: TorPlan;
  house: HouseNamespace;
  /** By the name of the onion service. */
  taps: ReadonlyMap<string, OnionTap>;
}

async function play(run: Run, { plan, house, taps }: Parts): Promise<TorAftermath> {
  const { homes } = run.neighbourhood;
  const network = networkOf(run);
  const ports = homes.map(({ modbusPort }) => modbusPort);
  await house.open(ports, run.directory);
  const latency = await latencyOf(network.socks(), network.onionUrl('chain1'));
  plan.say(`a call: ${latency.firstMs} ms at first, ${latency.keptAliveMs} ms kept alive`);
  for (const [service, tap] of taps) {
    // Those so far were this test's own.
    tap.connections.length = 0;
    tap.epoch = () => String(network.service(service).pid);
  }
  plan.say(`${homes.length} agents start`);
  const trouble = new Trouble(run, plan);
  await run.play(new AbortController().signal, () => trouble.step());
  await trouble.over();
  const tor = await run.tor?.figures();
  const packets = await house.packets();
  const tails = homes.map(({ spec }) => run.children.find(spec.name)?.tail() ?? '').join('\n');
  await run.stop();
  const facts = factsOf(run);
  const streams = run.tor?.log.streams() ?? [];
  const sharedCircuits = run.tor?.log.shared() ?? [];
  const dsoHost = new URL(network.onionUrl('dso')).hostname;
  const measured = { wallSeconds: 0, maxRssMiB: 0, endedIntervals: plan.intervals };
  if (tor === undefined) throw new Error('this run has no Tor');
  return {
    figures: await figuresOf(run, facts, measured),
    ...{ tor, latency, faults: trouble.struck, streams, sharedCircuits, dsoHost, packets, tails },
    connections: [...taps.values()].flatMap((tap) => tap.connections),
    chain: await collectChain(run.chain.anvil.url, facts.contracts, facts.deployedAtBlock),
    clearNetPackets: await clearNet(run, house),
  };
}

function networkOf({ tor }: Run): TorNetwork {
  if (tor === null) throw new Error('this run has no Tor');
  return tor.network;
}

function factsOf(run: Run): GridFacts {
  const file = join(run.neighbourhood.operatorConfig, '..', 'grid.json');
  return parseGridFile(readFileSync(file, 'utf8')).facts;
}

/** Lets the faults happen, each in its interval and one after the other. */
class Trouble {
  readonly struck: StruckFault[] = [];
  readonly #run: Run;
  readonly #plan: TorPlan;
  #underWay: Promise<void> = Promise.resolve();
  #next = 0;
  #failure: unknown = null;

  constructor(run: Run, plan: TorPlan) {
    this.#run = run;
    this.#plan = plan;
  }

  async step(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const fault = this.#plan.faults[this.#next];
    const interval = this.#run.now() / 1000 / INTERVAL_SECONDS - this.#run.firstInterval;
    if (fault === undefined || interval < fault.interval) return;
    this.#next += 1;
    this.#underWay = this.#underWay
      .then(() => this.#strike(fault))
      .catch((cause) => {
        this.#failure = cause;
      });
  }

  /** @throws what made a fault fail */
  async over(): Promise<void> {
    await this.#underWay;
    if (this.#failure !== null) throw this.#failure;
  }

  async #strike({ name, strike }: Fault): Promise<void> {
    this.#plan.say(`fault: ${name}`);
    const beganAt = performance.now();
    await strike(networkOf(this.#run));
    const seconds = Math.round((performance.now() - beganAt) / 100) / 10;
    const head = Number(await this.#run.chain.anvil.call('eth_blockNumber'));
    this.struck.push({ name, mendedAtBlock: head, seconds });
    this.#plan.say(`over after ${seconds} s: ${name}`);
  }
}

/** Shows that the sniffer sees an agent which does not use Tor. */
async function clearNet(run: Run, house: HouseNamespace): Promise<Packets> {
  const [home] = run.neighbourhood.homes;
  if (home === undefined) throw new Error('this run has no homes');
  const tor = readFileSync(home.config, 'utf8');
  const settings = tor.replace('[lab]\n', '[lab]\nclear_net = true\n');
  writeFileSync(home.config, settings);
  const agent = startHome(run, home);
  agent.mayEnd = true;
  try {
    return await until(
      'a packet in clear',
      async () => {
        const packets = await house.packets();
        return Object.keys(packets.others).length > 0 ? packets : null;
      },
      CLEAR_NET_MS,
    );
  } finally {
    agent.kill('SIGKILL');
    await agent.ended;
  }
}
