/** What becomes of the agent when its solver cannot work: nothing, and the solver starts anew. */
import { Interface } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SolvingService } from '../../../agent/solving.ts';
import { DsoClient } from '../../../agent/wallet/dso-client.ts';
import { WALLET_MIGRATIONS } from '../../../agent/wallet/schema.ts';
import { createWallet } from '../../../agent/wallet/wallet.ts';
import { MATCHING_ABI } from '../../../chain/abi.ts';
import { JsonRpc } from '../../../chain/rpc.ts';
import { SqlError, type Transport, TransportError } from '../../../host/ports.ts';
import { nodeRandom } from '../../../host/random.ts';
import { openSql } from '../../../host/sqlite.ts';
import { SteppedClock } from '../../../host/stepped-clock.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';

const test = suite('agent: solving');

const matching = new Interface(MATCHING_ABI);
const START_MS = Date.UTC(2026, 5, 12, 9);
const POLL_MS = 5_000;
const INTERVAL_MS = 900_000;
const FACTS = exampleGrid(`0x${'42'.repeat(20)}`);
const TERMS = { params: [[1, 1, 4, 1_000_000, 0, 1, 0]], maxTradesPerChunk: [500] };

/** A chain that knows the market's terms and nothing else, when it answers at all. */
function termsOnly(world: { isDown: boolean }): Transport {
  return {
    kind: 'clear',
    async post(_, body) {
      if (world.isDown) throw new TransportError('unreachable', 'no answer');
      const { id, method, params } = JSON.parse(body);
      if (method === 'eth_getTransactionCount') {
        return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, result: '0x0' }) };
      }
      const name = matching.getFunction(String(params[0]?.data).slice(0, 10))?.name;
      const values = TERMS[name as keyof typeof TERMS];
      if (values === undefined) throw new TransportError('unreachable', 'no answer');
      const result = matching.encodeFunctionResult(String(name), values);
      return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, result }) };
    },
    forget() {},
    problem: () => null,
    close() {},
  };
}

function setUp() {
  const world = { isDown: true, isDiskBad: true, opened: 0, closed: 0, said: [] as string[] };
  const clock = new SteppedClock(START_MS);
  const key = new Uint8Array(32).fill(7);
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  const wallet = createWallet(sql, key, FACTS, nodeRandom());
  const transport = termsOnly(world);
  const say = (text: string) => void world.said.push(text);
  const service = new SolvingService({
    settings: { pollMs: POLL_MS, secondTieRule: 'welfare', mostOffers: 9 },
    facts: FACTS,
    clock,
    log: { info: say, warn: say, error: say },
    wallet,
    dso: new DsoClient({ facts: FACTS, transport, wallet, clock }),
    rpc: new JsonRpc({ urls: FACTS.rpc, transport, identity: 'solver', clock }),
    openFeed: () => ({
      poll: async () => {
        throw new RangeError('a defect');
      },
    }),
    openSql: (migrations) => {
      if (world.isDiskBad) throw new SqlError('solver.db', 'io', 'the disk is gone');
      world.opened += 1;
      const file = openSql(':memory:', { migrations });
      const close = () => {
        world.closed += 1;
        file.close();
      };
      return { ...bound(file), close };
    },
  });
  return { world, clock, service };
}

/** The methods of a database as plain functions. */
function bound(sql: ReturnType<typeof openSql>): ReturnType<typeof openSql> {
  return {
    run: (text, ...params) => sql.run(text, ...params),
    get: (text, ...params) => sql.get(text, ...params),
    all: (text, ...params) => sql.all(text, ...params),
    transaction: (work) => sql.transaction(work),
    bytesOnDisk: () => sql.bytesOnDisk(),
    close: () => sql.close(),
  };
}

test('it waits for the chain, and starts anew after a bad disk and after a defect', async () => {
  const { world, clock, service } = setUp();
  const at = (ms: number) => clock.advance(START_MS + ms);
  service.start(new AbortController().signal);
  assert.is(await at(0), START_MS + POLL_MS);
  assert.is(await at(POLL_MS), START_MS + 2 * POLL_MS);
  assert.is(world.said.length, 1);
  assert.match(world.said[0] ?? '', 'the solver waits for the chain: ');

  world.isDown = false;
  const failedMs = 2 * POLL_MS;
  assert.is(await at(failedMs), START_MS + failedMs + INTERVAL_MS);
  assert.match(service.status().problem ?? '', 'the solver failed: the disk is gone');

  world.isDiskBad = false;
  for (const times of [1, 2]) {
    const nextMs = failedMs + times * INTERVAL_MS;
    assert.is(await at(nextMs), START_MS + nextMs + INTERVAL_MS);
    assert.match(service.status().problem ?? '', 'the solver failed: a defect');
    assert.equal([world.opened, world.closed], [times, times]);
  }
  await service.stop();
});

test.run();
