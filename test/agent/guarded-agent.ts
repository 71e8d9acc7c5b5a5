/**
 * A whole agent on a clock that the test moves, with an emulated home on real Modbus TCP. What lies
 * beyond it (log, DSO, disk, keystore, the proof of time) can be taken away and given back.
 */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SigningKey } from 'ethers';
import { type RunningAgent, startAgent } from '../../agent/agent.ts';
import { readAgentSettings } from '../../agent/config.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { pinGrid } from '../../agent/pinned-grid.ts';
import { WALLET_MIGRATIONS } from '../../agent/wallet/schema.ts';
import { createWallet } from '../../agent/wallet/wallet.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { nodeFiles } from '../../host/files.ts';
import { openBus } from '../../host/modbus/open-bus.ts';
import { houseMqtt } from '../../host/mqtt.ts';
import {
  type Bus,
  BusError,
  FileError,
  type Log,
  type Transport,
  TransportError,
} from '../../host/ports.ts';
import { nodeRandom } from '../../host/random.ts';
import { relayWires } from '../../host/relay-wires.ts';
import { projectResources } from '../../host/resources.ts';
import { openSql } from '../../host/sqlite.ts';
import type { MarketEvent } from '../../market/events.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { hashReading } from '../../market/messages.ts';
import {
  answerJson,
  PATHS,
  parseAccountQuery,
  parseReadings,
  parseWithdrawal,
  sealAnswer,
} from '../../market/messages-json.ts';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { type InstalledHome, installHome, steadyHome } from '../system/installed-home.ts';
import { DSO_KEY, labGrid } from '../system/lab-grid.ts';
import { fillable } from './fillable-sql.ts';
import { ManualClock } from './manual-clock.ts';

export const FIRST = GENERATED_START_MS / 900_000;
const KEY = new Uint8Array(32).fill(7);
const DEADLINE_MS = 1_000;

/** What is missing now. */
export interface Lack {
  chain: boolean;
  /** New blocks: the chain answers, and stands still. */
  blocks: boolean;
  dso: boolean;
  disk: boolean;
  key: boolean;
  meter: boolean;
}

export interface GuardedAgent {
  clock: ManualClock;
  home: InstalledHome;
  agent: RunningAgent;
  lack: Lack;
  /** `warn text`. */
  lines: string[];
  /** Signed requests that reached the DSO, by path. */
  asked: string[];
  /** Runs to a moment in interval `FIRST + index`, 0 to 1 of it. */
  runTo(index: number, share: number): Promise<void>;
}

/** @param heldTo targets of the intervals from `FIRST` on, W: final before this start */
export async function withGuardedAgent(
  heldTo: readonly number[],
  lack: Partial<Lack>,
  work: (guarded: GuardedAgent) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const clock = new ManualClock(GENERATED_START_MS);
  const spec = steadyHome({ pvW: 4000, loadW: 500, hasBattery: true, hasBoiler: true });
  const home = await installHome(folder.path, spec, () => clock.trueMs());
  home.configure({ pollSeconds: 15 });
  const all = { chain: false, blocks: false, dso: false, disk: false, key: false, meter: false };
  const now: Lack = { ...all, ...lack };
  const lines: string[] = [];
  const asked: string[] = [];
  try {
    const facts = enrol(home, heldTo);
    const agent = await start(home, facts, { clock, lack: now, lines, asked });
    const runTo = (index: number, share: number) => clock.runTo((FIRST + index + share) * 900_000);
    try {
      await work({ clock, home, agent, lack: now, lines, asked, runTo });
    } finally {
      await agent.stop();
    }
  } finally {
    await home.close();
    folder.dispose();
  }
}

function enrol(home: InstalledHome, heldTo: readonly number[]): GridFacts {
  const { facts } = pinGrid(nodeFiles(), join(home.folder, 'grid.json'), labGrid());
  const wallet = openSql(join(home.folder, 'wallet.db'), {
    key: KEY,
    migrations: WALLET_MIGRATIONS,
  });
  createWallet(wallet, KEY, facts, nodeRandom()).close();
  const journal = new Journal(
    openSql(join(home.folder, 'journal.db'), { migrations: [...JOURNAL_MIGRATIONS] }),
  );
  for (const [index, committedW] of heldTo.entries()) {
    const interval = FIRST + index;
    journal.recordSchedule({ interval, committedW, untradedW: 0, decidedAtMs: 0 });
  }
  journal.close();
  return facts;
}

interface Surroundings extends Pick<GuardedAgent, 'clock' | 'lack' | 'lines' | 'asked'> {}

function start(home: InstalledHome, facts: GridFacts, around: Surroundings): Promise<RunningAgent> {
  const { clock, lack, lines } = around;
  const { config } = home;
  const settings = readAgentSettings(readFileSync(config, 'utf8'), config, dirname(config));
  return startAgent(settings, {
    clock,
    random: nodeRandom(),
    log: logInto(lines),
    resources: projectResources(),
    files: nodeFiles(),
    readKey() {
      if (lack.key) throw new FileError('keystore.key', 'missing', 'there is no keystore.key');
      return KEY;
    },
    openSql: (path, options) => fillable(openSql(path, options), () => lack.disk),
    wires: relayWires(),
    openBus: ({ name, connection }) => {
      const bus = openBus({ name, connection, timeoutMs: DEADLINE_MS });
      return name === 'meter' ? silenced(bus, lack) : bus;
    },
    transport: dsoAlone(facts, around),
    listener: null,
    threads: null,
    mqtt: houseMqtt(),
    openFeed: () => logOf(around),
  });
}

/** At once: real deadlines would take too long in stepped time. */
function silenced(bus: Bus, lack: Lack): Bus {
  return {
    readInput: async (unit, address, count) => {
      if (lack.meter) throw new BusError('timeout', 'no answer in time');
      return bus.readInput(unit, address, count);
    },
    readHolding: (...read) => bus.readHolding(...read),
    writeHolding: (...write) => bus.writeHolding(...write),
    writeRegister: (...write) => bus.writeRegister(...write),
    readCoils: (...read) => bus.readCoils(...read),
    readDiscrete: (...read) => bus.readDiscrete(...read),
    readCoil: (...read) => bus.readCoil(...read),
    writeCoil: (...write) => bus.writeCoil(...write),
    counters: () => bus.counters(),
    frames: () => bus.frames(),
    close: () => bus.close(),
  };
}

/** The market's log: a tariff, then nothing new. */
function logOf({ clock, lack }: Surroundings) {
  let events: MarketEvent[] = [tariff()];
  let stillAt: number | null = null;
  return {
    async poll() {
      if (lack.chain) throw new RpcError('unreachable', 'the endpoint is away');
      const now = Math.floor(clock.now() / 1000);
      stillAt = lack.blocks ? (stillAt ?? now) : null;
      const timestamp = stillAt ?? now;
      const head = { number: timestamp - GENERATED_START_MS / 1000, timestamp };
      const found = { events, head, included: [] };
      events = [];
      return found;
    },
  };
}

function tariff(): MarketEvent {
  const prices = { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] };
  const transactionHash = `0x${'0'.repeat(64)}`;
  const place = { blockNumber: 1, logIndex: 0, transactionHash };
  return { kind: 'tariff-set', fromInterval: 0, ...prices, ...place };
}

/** Takes every request, and grants later: the chain never hears of one. */
function dsoAlone(facts: GridFacts, { lack, asked }: Surroundings): Transport {
  const domain = domainOf(facts);
  const sign = (digest: string) => new SigningKey(DSO_KEY).sign(digest).serialized;
  const answers: Record<string, (text: string) => Parameters<typeof answerJson>[0]> = {
    [PATHS.account]: (text) => {
      const { requestId, meterId } = parseAccountQuery(text);
      const account = { balanceMicro: 50_000_000n, feeder: 1, maxPowerW: 11_000 };
      return { requestId, meterId, state: 'open', ...account, suspended: false };
    },
    [PATHS.withdrawals]: (text) => {
      const { requestId, address } = parseWithdrawal(text).withdrawal;
      return { requestId, address, state: 'accepted' };
    },
    [PATHS.readings]: (text) => {
      const { requestId, meterId, readings } = parseReadings(text);
      const receipts = readings.map(({ reading }) => ({
        interval: reading.interval,
        state: 'countersigned' as const,
        dsoSignature: sign(hashReading(domain, reading)),
      }));
      return { requestId, meterId, receipts };
    },
  };
  return {
    kind: 'clear',
    forget() {},
    problem: () => null,
    close() {},
    async post(url, body) {
      const { pathname } = new URL(url);
      const answer = answers[pathname];
      if (lack.dso || answer === undefined) {
        throw new TransportError('unreachable', `${url} is away`);
      }
      asked.push(pathname);
      const said = answer(body);
      const sealed = sealAnswer(domain, said.requestId, answerJson(said), sign);
      return { status: 200, body: sealed };
    },
  };
}

function logInto(lines: string[]): Log {
  const note =
    (level: string) =>
    (message: string, fields: object = {}) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { info: note('info'), warn: note('warn'), error: note('error') };
}
