import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AgreedFeed, oneOfEachOrigin, openMarketFeed } from '../../chain/agreed-feed.ts';
import { FollowerError, LogFollower } from '../../chain/follower.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { TransportError } from '../../host/ports.ts';
import { contracts, ScriptedChain } from './scripted-chain.ts';
import {
  hash,
  never,
  Raw,
  Refusal,
  type Script,
  scriptedTransport,
  stillClock,
} from './scripted-transport.ts';

const test = suite('agreed feed');

const finality = { kind: 'instant' } as const;

/** Endpoints of chains; `lies` takes the place of what a chain would say. */
function world(chains: ScriptedChain[], withTransactions = true) {
  const lies: (Script | null)[] = chains.map(() => null);
  const urls = chains.map((_, at) => `http://e${at + 1}/key`);
  const silent = new Set<string>();
  const scripted = scriptedTransport((posted) => {
    const at = urls.indexOf(posted.url);
    const lie = lies[at]?.(posted);
    if (lie !== undefined) return lie;
    return chains[at]?.answer(posted.request.method, posted.request.params);
  });
  const transport: typeof scripted = {
    ...scripted,
    post: (url, body, options) =>
      silent.has(url) ? new Promise(() => {}) : scripted.post(url, body, options),
  };
  const clock = { ...stillClock(), delay: () => new Promise<void>(setImmediate) };
  const settings = { chainId: 5, contracts, fromBlock: 1, finality, withTransactions };
  const feed = new AgreedFeed({ ...settings, urls, transport, identity: 'reader', clock });
  const poll = async () => {
    const { events, head, included } = await feed.poll(never);
    const blocks = events.map(({ blockNumber }) => blockNumber);
    return { blocks, head: head.number, included: included.length };
  };
  const states = () => feed.agreement().endpoints.map(({ state }) => state);
  return { feed, poll, lies, silent, states, clock, transport };
}

/** So many endpoints of the same chain. */
function same(count: number, head: number): ScriptedChain[] {
  return Array.from({ length: count }, () => {
    const chain = new ScriptedChain();
    chain.head = head;
    return chain;
  });
}

function advance(chains: ScriptedChain[], blocks = 1): void {
  for (const chain of chains) chain.head += blocks;
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

test('what all say alike counts, over a connection and an identity for each', async () => {
  const chains = same(3, 4);
  const { poll, states, transport, feed } = world(chains);
  assert.equal(await poll(), { blocks: [1, 2, 3, 4], head: 4, included: 8 });
  assert.equal(states(), ['agrees', 'agrees', 'agrees']);
  assert.is(feed.agreement().needed, 2);
  const pairs = new Set(transport.posted.map(({ url, options }) => `${url} ${options.identity}`));
  assert.equal([...pairs].sort(), [
    'http://e1/key reader 1',
    'http://e2/key reader 2',
    'http://e3/key reader 3',
  ]);
  advance(chains);
  assert.equal(await poll(), { blocks: [5], head: 5, included: 2 });
});

/** What one endpoint of three says, and the state it gets. */
const LIES: Record<string, [Script, string]> = {
  'hides a log': [({ request }) => (request.method === 'eth_getLogs' ? [] : undefined), 'wrong'],
  'invents a log': [
    ({ request }) => {
      if (request.method !== 'eth_getLogs') return undefined;
      const chain = new ScriptedChain();
      chain.head = 9;
      const log = chain.log(9);
      return [...(chain.logs(1, 9) as object[]), { ...log, logIndex: '0x1' }];
    },
    'wrong',
  ],
  'has another block': [
    ({ request }) =>
      request.method === 'eth_getBlockByNumber'
        ? { ...new ScriptedChain().block(9), hash: hash(77) }
        : undefined,
    'wrong',
  ],
  'is not there': [() => new Raw(new TransportError('unreachable', 'x')), 'silent'],
  'sends rubbish': [() => new Raw({ body: '<html>' }), 'wrong'],
  'serves another chain': [
    ({ request }) => (request.method === 'eth_chainId' ? '0x9' : undefined),
    'wrong-chain',
  ],
  refuses: [() => new Refusal({ code: -32000, message: 'pay' }), 'wrong'],
};

test('one that lies or fails is named and stops nobody, wherever it stands', async () => {
  for (const [name, [lie, state]] of Object.entries(LIES)) {
    for (const at of [0, 1, 2]) {
      const chains = same(3, 9);
      const { poll, states, lies } = world(chains);
      lies[at] = lie;
      const news = await poll();
      assert.equal(news.blocks, [1, 2, 3, 4, 5, 6, 7, 8, 9], name);
      assert.equal([news.head, news.included], [9, 18], name);
      const expected = ['agrees', 'agrees', 'agrees'];
      expected[at] = state;
      assert.equal(states(), expected, name);
      lies[at] = null;
    }
  }
});

test('with two, one that lies stops both, and nothing new is believed meanwhile', async () => {
  for (const [name, [lie, state]] of Object.entries(LIES)) {
    // The id of the chain is asked for now and then only; its blocks tell as much.
    if (state === 'wrong-chain') continue;
    const chains = same(2, 3);
    const { poll, states, lies, feed } = world(chains);
    assert.equal((await poll()).blocks, [1, 2, 3]);
    advance(chains, 6);
    lies[1] = lie;
    assert.is(await codeOf(poll()), 'disagreement', name);
    if (state !== 'wrong') assert.is(states()[1], state, name);
    assert.is(await codeOf(poll()), 'disagreement', name);
    const error = await feed.poll(never).catch((reason: unknown) => reason);
    assert.match(String(error), /no 2 of 2 endpoints say the same: http:\/\/e1 /);
    lies[1] = null;
    assert.equal((await poll()).blocks, [4, 5, 6, 7, 8, 9], name);
    assert.equal(states(), ['agrees', 'agrees'], name);
  }
});

test('the head that counts is the highest that enough of them have', async () => {
  const chains = same(3, 5);
  const { poll, states, feed } = world(chains);
  const [first, second, third] = chains as [ScriptedChain, ScriptedChain, ScriptedChain];
  first.head = 7;
  second.head = 6;
  assert.is((await poll()).head, 6);
  assert.equal(states(), ['agrees', 'agrees', 'behind']);
  assert.is(feed.agreement().endpoints[2]?.problem, null, 'a block behind is nothing to speak of');
  first.head = second.head = 40;
  assert.is((await poll()).head, 40);
  assert.match(feed.agreement().endpoints[2]?.problem ?? '', /35 blocks behind/);
  third.head = 1_000_000_000;
  assert.is((await poll()).head, 40);
  assert.equal(states(), ['agrees', 'agrees', 'wrong']);
  second.head = 41;
  assert.is((await poll()).head, 40, 'one of the two that are right has no block 41 yet');
});

test('two that lie alike are a majority of three, but not of five', async () => {
  const lie: Script = ({ request }) => (request.method === 'eth_getLogs' ? [] : undefined);
  const three = world(same(3, 4));
  three.lies[0] = three.lies[1] = lie;
  assert.equal((await three.poll()).blocks, []);
  const five = world(same(5, 4));
  five.lies[0] = five.lies[1] = lie;
  assert.equal((await five.poll()).blocks, [1, 2, 3, 4]);
  assert.equal(five.states(), ['wrong', 'wrong', 'agrees', 'agrees', 'agrees']);
  const four = world(same(4, 4));
  four.lies[0] = four.lies[1] = lie;
  assert.is(await codeOf(four.poll()), 'disagreement');
});

test('one that failed rests, but is asked where it is needed', async () => {
  const chains = same(3, 4);
  const { poll, states, lies, clock, transport } = world(chains);
  lies[2] = () => new Raw(new TransportError('unreachable', 'x'));
  await poll();
  const asked = () =>
    new Set(transport.posted.splice(0).map(({ url }) => new URL(url).host.slice(1)));
  assert.equal([...asked()].sort(), ['1', '2', '3']);
  advance(chains);
  lies[2] = null;
  await poll();
  assert.equal([...asked()].sort(), ['1', '2']);
  lies[0] = ({ request }) => (request.method === 'eth_getLogs' ? [] : undefined);
  advance(chains);
  assert.is(await codeOf(poll()), 'disagreement', 'the two that are awake contradict each other');
  assert.equal((await poll()).blocks, [6]);
  assert.equal(states(), ['wrong', 'agrees', 'agrees']);
  lies[0] = null;
  clock.monotonic += 500_000;
  advance(chains);
  await poll();
  assert.equal(states(), ['agrees', 'agrees', 'agrees']);
});

test('one that never answers is not waited for once the others have', async () => {
  const chains = same(3, 4);
  const { poll, states, feed, silent } = world(chains);
  silent.add('http://e3/key');
  assert.equal((await poll()).blocks, [1, 2, 3, 4]);
  assert.equal(states(), ['agrees', 'agrees', 'silent']);
  assert.match(feed.agreement().endpoints[2]?.problem ?? '', /later than the others/);
});

test('a chain of another beginning is named as such', async () => {
  const chains = same(3, 4);
  const [, second] = chains as [ScriptedChain, ScriptedChain, ScriptedChain];
  second.forkedFrom = 0;
  const { poll, states } = world(chains);
  assert.equal((await poll()).blocks, [1, 2, 3, 4]);
  assert.equal(states(), ['agrees', 'wrong-chain', 'agrees']);
});

test('history that one changes is its lie; history that most change is a new chain', async () => {
  const chains = same(3, 9);
  const { poll, states, feed } = world(chains);
  await poll();
  const [first, second] = chains as [ScriptedChain, ScriptedChain, ScriptedChain];
  first.forkedFrom = 7;
  advance(chains);
  assert.equal((await poll()).blocks, [10]);
  assert.equal(states(), ['wrong', 'agrees', 'agrees']);
  second.forkedFrom = 7;
  advance(chains);
  assert.is(await codeOf(poll()), 'rewritten');
  feed.restart();
  assert.is((await poll()).blocks.length, 11);
});

test('transactions that one leaves out or adds are its lie', async () => {
  for (const transactions of [[], [hash(10_004), hash(20_004), hash(5)]]) {
    const chains = same(3, 4);
    const [first] = chains as [ScriptedChain, ScriptedChain, ScriptedChain];
    const block = first.block.bind(first);
    first.block = (number) => ({ ...block(number), ...(number === 4 ? { transactions } : {}) });
    const { poll, states } = world(chains);
    assert.is((await poll()).included, 8);
    assert.is(states()[0], 'wrong');
  }
});

test('stretches that are too long for most are read in shorter ones', async () => {
  const chains = same(3, 150);
  for (const chain of chains) {
    const logs = chain.logs.bind(chain);
    chain.logs = (from, to) =>
      (logs(from, to) as object[]).map((log) => ({ ...log, data: `0x${'00'.repeat(20_000)}` }));
  }
  const { poll } = world(chains, false);
  const seen: number[] = [];
  for (let polls = 0; seen.length < 150 && polls < 30; polls += 1) {
    seen.push(...(await poll()).blocks);
  }
  assert.equal(
    seen,
    Array.from({ length: 150 }, (_, at) => at + 1),
  );
});

test('URLs of one origin are one endpoint', () => {
  const urls = ['http://a/1', 'http://a/2', 'http://b', 'https://a/1'];
  assert.equal(oneOfEachOrigin(urls), ['http://a/1', 'http://b', 'https://a/1']);
  const transport = scriptedTransport(() => null);
  const parts = { transport, identity: 'reader', clock: stillClock(), finality };
  const open = (some: string[]) =>
    openMarketFeed({ ...parts, urls: some, chainId: 5, contracts, fromBlock: 1 });
  assert.instance(open(['http://a/1', 'http://a/2']), LogFollower);
  assert.instance(open(['http://a/1', 'http://b']), AgreedFeed);
});

test.run();
