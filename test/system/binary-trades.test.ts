/**
 * A neighbourhood of three whose agents are the one-file binary, each alone in its folder:
 * enrolled, run in stepped market time against a real chain, DSO and solver, until they have
 * traded.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildBinary } from '../../build/binary.ts';
import { compileContracts } from '../../build/contracts.ts';
import { ROOT } from '../../build/project-root.ts';
import { openSql } from '../../host/sqlite.ts';
import { ChainHost } from '../../testbed/chain-host.ts';
import { Children } from '../../testbed/children.ts';
import { Conductor } from '../../testbed/conductor.ts';
import { GENERATED_START_MS, generateCommunity } from '../../testbed/homes/community.ts';
import { INTERVAL_SECONDS, type Neighbourhood, setUp } from '../../testbed/neighbourhood.ts';
import { paceOf } from '../../testbed/pace.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('binary trades');

const INTERVAL_MS = INTERVAL_SECONDS * 1000;
/** Late morning, so that there is something to sell. */
const STARTS_AT_MS = GENERATED_START_MS + 8 * INTERVAL_MS;
const INTERVALS = 4;
const STOP_MS = 8_000;

interface Agent {
  child: ChildProcess;
  ended: Promise<number | null>;
  said: string;
}

/** The binary alone in the home's folder, which holds what the installer left there. */
function startAgent(binary: string, folder: string): Agent {
  copyFileSync(binary, join(folder, 'transax-agent'));
  const child = spawn('./transax-agent', ['run', '--config', 'agent.toml'], {
    cwd: folder,
    env: { PATH: '/nowhere' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const agent: Agent = { child, ended, said: '' };
  child.stderr?.on('data', (piece) => {
    agent.said += piece;
  });
  return agent;
}

/** Watts committed per interval, from the journal that the agent left. */
function commitments(folder: string): Map<number, number> {
  const sql = openSql(join(folder, 'journal.db'), { readOnly: true });
  try {
    const rows = sql.all('SELECT interval, committed_w FROM schedule WHERE committed_w <> 0');
    return new Map(rows.map((row) => [Number(row.interval), Number(row.committed_w)]));
  } finally {
    sql.close();
  }
}

interface Stage {
  folder: string;
  chain: ChainHost;
  children: Children;
  conductor: Conductor;
  neighbourhood: Neighbourhood;
  close(): Promise<void>;
}

async function setStage(): Promise<Stage> {
  await compileContracts();
  const temporary = temporaryFolder();
  const folder = temporary.path;
  mkdirSync(join(folder, 'logs'));
  const beginsAtMs = STARTS_AT_MS - INTERVAL_MS;
  const chain = await ChainHost.start(beginsAtMs);
  const children = new Children(join(folder, 'logs'), join(ROOT, '.cache', 'compile'));
  const pace = paceOf({ speed: 'max', ticksPerInterval: 12 });
  const conductor = new Conductor(beginsAtMs, pace.blockSeconds, chain);
  const community = generateCommunity({
    homes: 3,
    feeders: 1,
    seed: 1,
    startsAtMs: STARTS_AT_MS,
    days: 2,
  });
  const neighbourhood = await setUp({
    directory: folder,
    community,
    chain,
    children,
    pace,
    horizonIntervals: 13,
    follow: true,
    seed: 1,
    now: () => conductor.now(),
    say: () => {},
  });
  const close = async (): Promise<void> => {
    await children.stopAll(STOP_MS);
    await conductor.close();
    await neighbourhood.close();
    await chain.anvil.stop();
    temporary.dispose();
  };
  return { folder, chain, children, conductor, neighbourhood, close };
}

test('three homes run by the one-file binary trade with each other', async () => {
  const { path: binary } = await buildBinary(
    `${process.platform}-${process.arch}`,
    join(ROOT, '.cache', 'binary-test'),
  );
  const stage = await setStage();
  const agents: Agent[] = [];
  try {
    const { folder, children, conductor, neighbourhood } = stage;
    const socket = join(folder, 'time.sock');
    await conductor.listen(socket);
    neighbourhood.useClock(`stepped:${socket}`);
    for (const command of ['dso', 'solver']) {
      const { operatorConfig } = neighbourhood;
      children.start(command, ['operator/main.ts', command, '--config', operatorConfig]);
    }
    const folders = neighbourhood.homes.map((home) => home.directory);
    for (const each of folders) agents.push(startAgent(binary, each));
    const signal = AbortSignal.timeout(120_000);
    await conductor.gather(agents.length + 2, signal);
    await conductor.runTo(STARTS_AT_MS + INTERVALS * INTERVAL_MS, signal, async () => {});
    signal.throwIfAborted();
    for (const { child } of agents) child.kill('SIGTERM');
    for (const agent of agents) assert.is(await agent.ended, 0, agent.said);

    const netW = new Map<number, number>();
    for (const [interval, powerW] of folders.flatMap((each) => [...commitments(each)])) {
      netW.set(interval, (netW.get(interval) ?? 0) + powerW);
    }
    assert.ok(netW.size > 0, `nothing was traded:\n${agents.map(({ said }) => said).join('\n')}`);
    assert.equal([...new Set(netW.values())], [0], 'what one sells another one buys');
  } finally {
    for (const { child } of agents) child.kill('SIGKILL');
    await stage.close();
  }
});

test.run();
