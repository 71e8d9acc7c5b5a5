/** The rows of the design's table "When things go wrong" that concern a whole agent. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunningAgent, startAgent } from '../../agent/agent.ts';
import { readAgentSettings } from '../../agent/config.ts';
import { pinGrid } from '../../agent/pinned-grid.ts';
import { WALLET_MIGRATIONS } from '../../agent/wallet/schema.ts';
import { createWallet } from '../../agent/wallet/wallet.ts';
import { nodeFiles } from '../../host/files.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { openBus } from '../../host/modbus/open-bus.ts';
import { houseMqtt } from '../../host/mqtt.ts';
import type { Log } from '../../host/ports.ts';
import { nodeRandom } from '../../host/random.ts';
import { relayWires } from '../../host/relay-wires.ts';
import { projectResources } from '../../host/resources.ts';
import { openSql } from '../../host/sqlite.ts';
import { SteppedClock } from '../../host/stepped-clock.ts';
import { type Fixture, START_MS, withFixture } from './agent-fixture.ts';

const test = suite('agent: when things go wrong');
const KEY = new Uint8Array(32).fill(7);

interface Run extends Fixture {
  agent: RunningAgent;
  lines: string[];
  /** Lets market time run, a look at a time. */
  runTo(ms: number): Promise<void>;
}

interface Change {
  key?: Uint8Array;
  prepare?: (fixture: Fixture) => Promise<void>;
}

async function withAgent(change: Change, work: (run: Run) => Promise<void>): Promise<void> {
  const clock = new SteppedClock(START_MS);
  await withFixture(
    () => clock.now(),
    async (fixture) => {
      enrolIn(fixture);
      await change.prepare?.(fixture);
      const { config, grid } = fixture;
      const settings = readAgentSettings(readFileSync(config, 'utf8'), config, dirname(config));
      const lines: string[] = [];
      const transport = clearTransport({
        origins: [...grid.facts.rpc, grid.facts.dso.url].map((url) => new URL(url).origin),
      });
      const starting = clock.pacer();
      const agent = await startAgent(settings, {
        clock,
        random: nodeRandom(),
        log: logInto(lines),
        resources: projectResources(),
        files: nodeFiles(),
        readKey: () => change.key ?? KEY,
        openSql,
        openBus: ({ name, connection }) => openBus({ name, connection, timeoutMs: 250 }),
        wires: relayWires(),
        transport,
        listener: null,
        threads: null,
        mqtt: houseMqtt(),
      });
      starting.close();
      try {
        const runTo = async (ms: number) => {
          let next: number | null = clock.now();
          while (clock.now() < ms) {
            next = await clock.advance(Math.min(ms, Math.max(clock.now(), next ?? ms)));
          }
        };
        await work({ ...fixture, agent, lines, runTo });
      } finally {
        await agent.stop();
        transport.close();
        clock.close();
      }
    },
  );
}

function enrolIn({ folder, grid, gridFile }: Fixture): void {
  pinGrid(nodeFiles(), join(folder, 'grid.json'), readFileSync(gridFile, 'utf8'));
  const sql = openSql(join(folder, 'wallet.db'), { key: KEY, migrations: WALLET_MIGRATIONS });
  createWallet(sql, KEY, grid.facts, nodeRandom());
  sql.close();
}

function logInto(lines: string[]): Log {
  const note =
    (level: string) =>
    (message: string, fields: object = {}) => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
  return { info: note('info'), warn: note('warn'), error: note('error') };
}

test('an RPC and a DSO that are down: metering goes on, nothing is offered', () =>
  withAgent({}, async ({ agent, lines, runTo, home }) => {
    await runTo(START_MS + 2 * 900_000 + 60_000);
    const status = agent.status();
    assert.is(status.state, 'degraded');
    assert.ok(status.problems.some((problem) => /chain is not read/.test(problem)));
    const told = [status.dso?.problem ?? '', ...status.problems].join();
    assert.match(told, /DSO does not answer|cannot be reached/);
    assert.ok((status.settling?.waiting ?? 0) >= 1, 'readings are kept');
    assert.is(status.following.way, 'automatic');
    assert.is(home.state().batteryMode, 'automatic');
    assert.equal(status.schedule, []);
    assert.equal(status.offers, []);
    for (const cause of [/chain does not answer/, /no offers until the DSO/]) {
      assert.is(lines.filter((line) => cause.test(line)).length, 1, `one line: ${cause}`);
    }
  }));

test('a wrong wallet key: one clear line, metering only, the wallet untouched', async () => {
  let before = Buffer.alloc(0);
  await withAgent(
    {
      key: new Uint8Array(32).fill(8),
      prepare: async ({ folder }) => {
        before = readFileSync(join(folder, 'wallet.db'));
      },
    },
    async ({ agent, lines, runTo, folder }) => {
      await runTo(START_MS + 900_000 + 60_000);
      const status = agent.status();
      assert.match(status.wallet.problem ?? '', /key does not fit/);
      assert.ok(status.problems.some((problem) => /does not trade: the key/.test(problem)));
      assert.ok(status.meter.powerW !== null, 'it meters');
      assert.is(status.chain, null);
      assert.is(lines.filter((line) => line.startsWith('error')).length, 1);
      assert.equal(readFileSync(join(folder, 'wallet.db')), before);
    },
  );
});

test('a meter that answers rubbish: one clear line, and no value is believed', async () => {
  const rubbish = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write(Buffer.from('ffeeddccbbaa99887766554433221100', 'hex')));
  });
  await new Promise<void>((resolve) => rubbish.listen(0, '127.0.0.1', resolve));
  const address = rubbish.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    await withAgent(
      {
        prepare: async ({ change }) => {
          change('bus = "house"\nunit = 1', 'bus = "rubbish"\nunit = 1');
          const bus = `[buses.rubbish]\nconnection = "tcp://127.0.0.1:${port}"\n`;
          change('[meters.house]', `${bus}[meters.house]`);
        },
      },
      async ({ agent, lines, runTo, home }) => {
        await runTo(START_MS + 120_000);
        const status = agent.status();
        assert.is(status.meter.powerW, null);
        assert.ok(status.meter.isSilent);
        assert.match(
          status.problems[0] ?? '',
          /meter at tcp:\/\/127\.0\.0\.1:\d+ gives no good answer/,
        );
        const bus = status.buses.find(({ name }) => name === 'rubbish');
        assert.is(bus?.good, 0);
        assert.ok((bus?.failed ?? 0) > 0);
        assert.is(home.state().batteryMode, 'automatic');
        const told = lines.filter((line) => /^(warn|error) .*meter/.test(line));
        assert.ok(told.length <= 2, lines.join('\n'));
      },
    );
  } finally {
    rubbish.close();
  }
});

test.run();
