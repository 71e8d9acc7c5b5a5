/**
 * A process that carries many agents in stepped time: `agent-host.ts LIST SOCKET SEED`, where LIST
 * is a JSON file with the paths of their settings, SOCKET is the conductor's and SEED that of the
 * run's chance. Each agent has its own journal, wallet, bus, addresses and connections, as in a
 * process of its own; clock and log reader are shared.
 */

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type RunningAgent, startAgent } from '../agent/agent.ts';
import { type AgentSettings, readAgentSettings } from '../agent/config.ts';
import { openMarketFeed } from '../chain/agreed-feed.ts';
import { nodeFiles } from '../host/files.ts';
import { clearTransport } from '../host/http-transport.ts';
import { readKeyFile } from '../host/key-file.ts';
import { stderrLog } from '../host/log.ts';
import { openBus } from '../host/modbus/open-bus.ts';
import { houseMqtt } from '../host/mqtt.ts';
import type { Clock, Random, Transport } from '../host/ports.ts';
import { relayWires } from '../host/relay-wires.ts';
import { projectResources } from '../host/resources.ts';
import { openSql } from '../host/sqlite.ts';
import { connectSteppedClock } from '../host/stepped-socket.ts';
import type { Threads } from '../host/thread-port.ts';
import { nodeThreads } from '../host/threads.ts';
import { torTransport } from '../host/tor-transport.ts';
import type { GridFacts } from '../market/grid.ts';
import { parseGridFile } from '../market/grid-json.ts';
import { labRandom } from './lab-random.ts';
import { SharedFeed } from './shared-feed.ts';

const BUS_TIMEOUT_MS = 10_000;

async function main(listFile: string, socket: string, seed: string): Promise<void> {
  const configs = JSON.parse(readFileSync(listFile, 'utf8')) as string[];
  const settings = configs.map((path) =>
    readAgentSettings(readFileSync(path, 'utf8'), path, dirname(path)),
  );
  const [first] = settings;
  if (first === undefined) throw new Error(`${listFile} names no agent`);
  const { facts } = parseGridFile(readFileSync(first.state.grid, 'utf8'));
  const transport = transportOf(first, facts);
  const transports: Transport[] = [transport];
  const clock = await connectSteppedClock(socket, listFile);
  // Held busy until all agents run, so that none of them misses a step.
  const starting = clock.pacer('start');
  const feed = openFeed(facts, transport, clock);
  const threads = nodeThreads();
  const agents: RunningAgent[] = [];
  for (const each of settings) {
    const own = transportOf(each, facts);
    transports.push(own);
    agents.push(await startOne(each, { clock, transport: own, feed, seed, threads }));
  }
  starting.close();
  await told();
  await Promise.all(agents.map((agent) => agent.stop()));
  for (const each of transports) each.close();
  clock.close();
}

interface Shared {
  clock: Clock;
  transport: Transport;
  feed: SharedFeed;
  seed: string;
  threads: Threads;
}

function startOne(settings: AgentSettings, shared: Shared): Promise<RunningAgent> {
  const log = stderrLog(settings.state.journal);
  return startAgent(settings, {
    clock: shared.clock,
    random: randomOf(settings, shared.seed),
    log,
    resources: projectResources(),
    files: nodeFiles(),
    readKey: () => readKeyFile(settings.state.key),
    openSql,
    openBus: ({ name, connection }) => openBus({ name, connection, timeoutMs: BUS_TIMEOUT_MS }),
    wires: relayWires(),
    transport: shared.transport,
    listener: null,
    threads: shared.threads,
    mqtt: houseMqtt(),
    openFeed: (fromBlock) => shared.feed.open(fromBlock),
  });
}

/** Chance by the home's name, so that a run in stepped time can be repeated. */
function randomOf(settings: AgentSettings, seed: string): Random {
  return labRandom(`${dirname(settings.state.journal).split('/').at(-1) ?? ''} ${seed}`);
}

function openFeed(facts: GridFacts, transport: Transport, clock: Clock): SharedFeed {
  const { rpc: urls, chainId, contracts, finality, deployedAtBlock: fromBlock } = facts;
  const market = { chainId, contracts, fromBlock, finality, withTransactions: true };
  const source = openMarketFeed({ urls, transport, identity: 'reader', clock, ...market });
  return new SharedFeed(source, clock);
}

function transportOf({ lab, tor }: AgentSettings, facts: GridFacts): Transport {
  const origins = [...facts.rpc, facts.dso.url].map((url) => new URL(url).origin);
  return lab.clearNet ? clearTransport({ origins }) : torTransport({ socks: tor.socks, origins });
}

function told(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

const [listFile = '', socket = '', seed = ''] = process.argv.slice(2);
main(listFile, socket, seed).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
