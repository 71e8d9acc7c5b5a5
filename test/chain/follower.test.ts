import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FollowerError,
  type FollowerOptions,
  LISTED_BLOCKS,
  LISTED_SECONDS,
  LogFollower,
} from '../../chain/follower.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { TransportError } from '../../host/ports.ts';
import { contracts, ScriptedChain } from './scripted-chain.ts';
import { hash, never, Raw, scriptedTransport, stillClock } from './scripted-transport.ts';

const test = suite('follower');

function follow(chain: ScriptedChain, more: Partial<FollowerOptions> = {}) {
  const warnings: string[] = [];
  const log = { info() {}, warn: (text: string) => warnings.push(text), error() {} };
  const transport = scriptedTransport(({ request }) =>
    chain.answer(request.method, request.params),
  );
  const clock = stillClock();
  const rpc = new JsonRpc({ urls: ['http://one'], transport, identity: 'reader', clock });
  const options = { rpc, chainId: 5, contracts, fromBlock: 1, log, ...more };
  const follower = new LogFollower({ finality: { kind: 'instant' }, ...options });
  const poll = async () => {
    const { events, head } = await follower.poll(never);
    const blocks = events.map((event) => event.blockNumber);
    return { blocks, head: head.number, timestamp: head.timestamp };
  };
  return { follower, poll, warnings, transport };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RpcError || error instanceof FollowerError) return error.code;
    throw error;
  }
  return 'none';
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('every block from the deployment on is read once and in order', async () => {
  const chain = new ScriptedChain();
  chain.head = 12;
  const { poll } = follow(chain, { fromBlock: 3, pageBlocks: 4 });
  assert.equal(await poll(), { blocks: range(3, 12), head: 12, timestamp: 1_012 });
  assert.equal(chain.ranges, [
    [3, 6],
    [7, 10],
    [11, 12],
  ]);
  assert.equal(await poll(), { blocks: [], head: 12, timestamp: 1_012 });
  chain.head = 14;
  assert.equal(await poll(), { blocks: [13, 14], head: 14, timestamp: 1_014 });
});

test('only blocks that count as final are read', async () => {
  const chain = new ScriptedChain();
  chain.head = 10;
  const { poll } = follow(chain, { finality: { kind: 'depth', blocks: 4 } });
  assert.equal((await poll()).blocks, range(1, 6));
  chain.head = 11;
  assert.equal((await poll()).blocks, [7]);
});

test('a range that an endpoint finds too large is read in smaller ones', async () => {
  const chain = new ScriptedChain();
  chain.head = 40;
  chain.maxRange = 5;
  const { poll } = follow(chain);
  assert.equal((await poll()).blocks, range(1, 40));
  chain.maxRange = 0;
  chain.head = 41;
  assert.is(await codeOf(poll()), 'rejected');
  chain.maxRange = 9;
  assert.equal((await poll()).blocks, [41]);
});

test('after long absence pages are small, so that no turn of the loop takes long', async () => {
  const chain = new ScriptedChain();
  chain.head = 600;
  const { poll } = follow(chain);
  assert.equal((await poll()).blocks, range(1, 600));
  const sizes = chain.ranges.map(([from, to]) => to - from + 1);
  assert.equal(sizes, [250, 128, 222]);
});

test('answers too large for us are asked for in smaller ranges as well', async () => {
  const chain = new ScriptedChain();
  chain.head = 8;
  chain.nextLogs = new Raw(new TransportError('too-large', 'x'));
  const { poll } = follow(chain);
  assert.equal((await poll()).blocks, range(1, 8));
  assert.equal(chain.ranges[1], [1, 4]);
});

test('after a failure in the middle nothing is lost and nothing comes twice', async () => {
  const chain = new ScriptedChain();
  chain.head = 9;
  const { poll } = follow(chain, { pageBlocks: 3 });
  chain.nextLogs = 'rubbish';
  assert.is(await codeOf(poll()), 'malformed');
  assert.equal((await poll()).blocks, range(1, 9));
  chain.head = 12;
  chain.nextLogs = [{ ...chain.log(10), data: '0x1234' }];
  assert.is(await codeOf(poll()), 'malformed');
  assert.equal((await poll()).blocks, [10, 11, 12]);
});

test('all transactions of the blocks read are listed, in order, each once', async () => {
  const chain = new ScriptedChain();
  chain.head = 60;
  const { follower } = follow(chain, { fromBlock: 3, withTransactions: true });
  const listed = (blocks: number[]) =>
    blocks.flatMap((blockNumber) => [
      { hash: hash(10_000 + blockNumber), blockNumber },
      { hash: hash(20_000 + blockNumber), blockNumber },
    ]);
  assert.equal((await follower.poll(never)).included, listed(range(3, 60)));
  assert.equal((await follower.poll(never)).included, []);
  chain.head = 63;
  assert.equal((await follower.poll(never)).included, listed([61, 62, 63]));
  const { follower: plain } = follow(chain);
  assert.equal((await plain.poll(never)).included, []);
});

test('after long absence the blocks of the last hours are listed, not all', async () => {
  const chain = new ScriptedChain();
  chain.head = 1_000;
  chain.blockSeconds = 60;
  const { follower } = follow(chain, { withTransactions: true });
  const { included } = await follower.poll(never);
  const first = included[0]?.blockNumber ?? 0;
  const listedSeconds = (chain.head - first) * chain.blockSeconds;
  assert.ok(listedSeconds >= LISTED_SECONDS && listedSeconds < LISTED_SECONDS + 250 * 60);
  chain.blockSeconds = 0.1;
  chain.head = 6_500;
  chain.blocks = [];
  const { follower: quick } = follow(chain, { withTransactions: true });
  assert.is((await quick.poll(never)).included.length, 2 * LISTED_BLOCKS);
  const before = chain.blocks.filter((number) => number <= 6_500 - LISTED_BLOCKS);
  assert.ok(before.length < 20, 'the ends of stretches');
});

test('blocks that do not hang together are not believed', async () => {
  const chain = new ScriptedChain();
  chain.head = 9;
  const { follower } = follow(chain, { withTransactions: true });
  const block = chain.block.bind(chain);
  chain.block = (number) => ({ ...block(number), ...(number === 5 ? { hash: hash(1) } : {}) });
  assert.is(await codeOf(follower.poll(never)), 'malformed');
  chain.block = (number) => ({
    ...block(number),
    ...(number === 5 ? { transactions: ['x'] } : {}),
  });
  assert.is(await codeOf(follower.poll(never)), 'malformed');
  chain.block = block;
  assert.is((await follower.poll(never)).events.length, 9);
});

test('an endpoint of another chain is refused', async () => {
  const chain = new ScriptedChain();
  chain.chainId = 6;
  const { poll } = follow(chain);
  assert.is(await codeOf(poll()), 'wrong-chain');
  chain.chainId = 5;
  assert.equal((await poll()).head, 0);
});

test('an endpoint whose chain was begun anew, under the same id, is refused', async () => {
  const chain = new ScriptedChain();
  chain.hasMarket = false;
  const { poll } = follow(chain);
  assert.is(await codeOf(poll()), 'wrong-chain');
  chain.hasMarket = true;
  assert.equal((await poll()).head, 0);
});

test('a head that goes back is reported once and waited for', async () => {
  const chain = new ScriptedChain();
  chain.head = 9;
  const { poll, warnings } = follow(chain);
  await poll();
  chain.head = 5;
  assert.equal(await poll(), { blocks: [], head: 9, timestamp: 1_009 });
  assert.equal((await poll()).blocks, []);
  assert.is(warnings.length, 1);
  chain.head = 10;
  assert.equal((await poll()).blocks, [10]);
});

test('blocks replaced below what was final stop it until it is restarted', async () => {
  for (const head of [9, 10, 15]) {
    const chain = new ScriptedChain();
    chain.head = 9;
    const { poll, follower } = follow(chain);
    await poll();
    chain.forkedFrom = 8;
    chain.head = head;
    assert.is(await codeOf(poll()), 'rewritten', `head ${head}`);
    assert.is(await codeOf(poll()), 'rewritten');
    follower.restart();
    assert.equal((await poll()).blocks, range(1, head));
  }
});

test('what two endpoints say is not mixed within one poll', async () => {
  const chain = new ScriptedChain();
  chain.head = 9;
  let isFirstDown = false;
  const transport = scriptedTransport(({ request, url }) => {
    if (url === 'http://one') {
      if (isFirstDown) return new Raw(new TransportError('unreachable', 'x'));
      if (request.method === 'eth_getBlockByNumber') isFirstDown = true;
      return chain.answer(request.method, request.params);
    }
    // The second lags: it has no blocks after 7, and leaves their logs out without an error.
    const lagging = new ScriptedChain();
    lagging.head = 7;
    return lagging.answer(request.method, request.params);
  });
  const urls = ['http://one', 'http://two'];
  const rpc = new JsonRpc({ urls, transport, identity: 'reader', clock: stillClock() });
  const { poll } = follow(chain, { rpc });
  assert.is(await codeOf(poll()), 'unreachable');
  assert.equal((await poll()).blocks, range(1, 7));
});

test.run();
