import { keccak256 } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { TransportError } from '../../host/ports.ts';
import {
  hash,
  never,
  quantity,
  Raw,
  Refusal,
  type Script,
  scriptedTransport,
  stillClock,
} from './scripted-transport.ts';

const test = suite('rpc');
const ADDRESS = `0x${'ab'.repeat(20)}`;

function client(script: Script, urls = ['http://one']) {
  const transport = scriptedTransport(script);
  const clock = stillClock();
  const rpc = new JsonRpc({ urls, transport, identity: 'reader', clock, deadlineMs: 1_000 });
  return { rpc, transport, clock };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RpcError) return error.code;
    throw error;
  }
  return 'none';
}

const block = (number: number, more: object = {}) => ({
  number: quantity(number),
  timestamp: quantity(number * 10),
  hash: hash(number),
  parentHash: hash(Math.max(0, number - 1)),
  ...more,
});

test('an answer is believed only under the id of its request', async () => {
  const wrong = [{ id: 999 }, { id: '1' }, { id: null }, {}];
  for (const change of wrong) {
    const body = JSON.stringify({ jsonrpc: '2.0', result: '0x1', ...change });
    const { rpc } = client(() => new Raw({ body }));
    assert.is(await codeOf(rpc.blockNumber()), 'malformed', JSON.stringify(change));
  }
  const { rpc } = client(() => '0x1f');
  assert.is(await rpc.blockNumber(), 31);
});

test('what is no JSON-RPC answer is malformed, whatever it is', async () => {
  const bodies = ['', 'null', '[]', '"x"', '{', '<html>', '{"id":1}', '{"id":1,"error":null}', '7'];
  for (const body of bodies) {
    const { rpc } = client(() => new Raw({ body }));
    assert.is(await codeOf(rpc.blockNumber()), 'malformed', body);
  }
  const { rpc } = client(() => new Raw({ status: 500, body: 'Internal Server Error' }));
  assert.is(await codeOf(rpc.blockNumber()), 'malformed');
});

test('a JSON-RPC error is read whatever HTTP status it comes with', async () => {
  const body = JSON.stringify({ id: 1, error: { code: -32000, message: 'nonce too low' } });
  const { rpc } = client(() => new Raw({ status: 400, body }));
  const error = await rpc.sendRaw('0x02').catch((reason: unknown) => reason);
  assert.instance(error, RpcError);
  if (error instanceof RpcError) assert.equal([error.code, error.rpcCode], ['rejected', -32000]);
});

test("a contract's refusal keeps its data, where each client puts them", async () => {
  const data = '0x08c379a0';
  for (const error of [
    { code: 3, message: 'execution reverted', data },
    { code: -32000, message: 'Execution reverted', data },
    { code: -32603, message: 'x', data: { message: 'y', data } },
    { code: 3, message: 'execution reverted' },
  ]) {
    const { rpc } = client(() => new Refusal(error));
    const got = await rpc.ethCall({ to: ADDRESS, data: '0x' }).catch((reason: unknown) => reason);
    assert.instance(got, RpcError);
    if (!(got instanceof RpcError)) continue;
    assert.is(got.code, 'reverted');
    assert.is(got.data, 'data' in error ? data : null);
  }
});

test('values of every wrong type are refused', async () => {
  const hostile = [null, 1, -1, true, '', '0x', '12', '0xg', '-0x1', [], {}, `0x${'f'.repeat(65)}`];
  for (const value of hostile) {
    const { rpc } = client(() => value);
    const what = JSON.stringify(value);
    assert.is(await codeOf(rpc.chainId()), 'malformed', what);
    assert.is(await codeOf(rpc.sendRaw('0x02')), 'malformed', what);
    assert.is(await codeOf(rpc.logs([ADDRESS], 0, 9)), Array.isArray(value) ? 'none' : 'malformed');
    assert.is(await codeOf(rpc.block('latest')), 'malformed', what);
    if (value !== '0x') assert.is(await codeOf(rpc.code(ADDRESS)), 'malformed', what);
    for (const key of ['number', 'timestamp', 'hash', 'parentHash']) {
      const { rpc: other } = client(() => block(5, { [key]: value }));
      assert.is(await codeOf(other.block(5)), 'malformed', `${key} ${what}`);
    }
  }
});

test('a block that was not asked for is refused', async () => {
  const { rpc } = client(() => block(6));
  assert.is(await codeOf(rpc.block(5)), 'malformed');
  assert.is((await rpc.block(6)).timestamp, 60);
});

test('logs come in order and once, and never of other contracts or blocks', async () => {
  const log = (blockNumber: number, logIndex: number, more: object = {}) => ({
    address: ADDRESS.toUpperCase().replace('0X', '0x'),
    topics: [hash(1)],
    data: '0xAB',
    blockNumber: quantity(blockNumber),
    logIndex: quantity(logIndex),
    transactionHash: hash(100 + blockNumber),
    blockHash: hash(blockNumber),
    removed: false,
    ...more,
  });
  const { rpc } = client(() => [log(3, 1), log(2, 0), log(3, 0), log(2, 0)]);
  const got = await rpc.logs([ADDRESS], 2, 3);
  assert.equal(
    got.map((each) => [each.blockNumber, each.logIndex, each.data]),
    [
      [2, 0, '0xab'],
      [3, 0, '0xab'],
      [3, 1, '0xab'],
    ],
  );
  for (const bad of [
    log(4, 0),
    log(1, 0),
    log(2, 0, { address: `0x${'cd'.repeat(20)}` }),
    log(2, 0, { removed: true }),
    log(2, 0, { removed: 'no' }),
    log(2, 0, { blockHash: null }),
    log(3, 0, { blockHash: hash(9) }),
    log(2, 0, { topics: 'x' }),
    log(2, 0, { topics: [1] }),
    log(2, 0, { data: '0xabc' }),
    log(2, 0, { transactionHash: undefined }),
    log(3, 0, { transactionHash: hash(7) }),
    { ...log(2, 0), blockNumber: null },
    null,
    'x',
  ]) {
    const { rpc: other } = client(() => [log(3, 0), bad]);
    assert.is(await codeOf(other.logs([ADDRESS], 2, 3)), 'malformed', JSON.stringify(bad));
  }
});

test('a receipt is of the transaction that was asked for', async () => {
  const receipt = {
    transactionHash: hash(1),
    blockNumber: '0x5',
    status: '0x1',
    gasUsed: '0x5208',
    contractAddress: null,
  };
  const { rpc } = client(() => receipt);
  assert.is((await rpc.receipt(hash(1)))?.isSuccess, true);
  assert.is(await codeOf(rpc.receipt(hash(2))), 'malformed');
  const { rpc: odd } = client(() => ({ ...receipt, status: '0x2' }));
  assert.is(await codeOf(odd.receipt(hash(1))), 'malformed');
  const { rpc: waiting } = client(() => null);
  assert.is(await waiting.receipt(hash(1)), null);
});

test('a batch is matched by id, in any order, errors at their place', async () => {
  const answers = [
    { id: 2, error: { code: -1, message: 'no' } },
    { id: 1, result: '0x1' },
  ];
  const calls = [
    { method: 'a', params: [] },
    { method: 'b', params: [] },
  ];
  const whole = (answer: unknown) => {
    const transport = scriptedTransport(() => null);
    transport.post = async () => ({ status: 200, body: JSON.stringify(answer) });
    return new JsonRpc({ urls: ['http://one'], transport, identity: 'r', clock: stillClock() });
  };
  const [first, second] = await whole(answers).batch(calls);
  assert.is(first, '0x1');
  assert.instance(second, RpcError);
  for (const bad of [
    [],
    [answers[0]],
    [answers[0], answers[0]],
    [answers[0], { id: 3, result: 1 }],
    [answers[0], null],
    {},
    null,
  ]) {
    assert.is(await codeOf(whole(bad).batch(calls)), 'malformed', JSON.stringify(bad));
  }
  const refused = { id: null, error: { code: -32600, message: 'batches are not supported' } };
  assert.is(await codeOf(whole(refused).batch(calls)), 'rejected');
});

test('the next endpoint is asked when one fails, and the failed one last for a while', async () => {
  const asked: string[] = [];
  const { rpc, clock } = client(
    ({ url }) => {
      asked.push(url);
      if (url !== 'http://one') return '0x2';
      return new Raw(new TransportError('unreachable', 'refused'));
    },
    ['http://one', 'http://two'],
  );
  assert.is(await rpc.blockNumber(), 2);
  assert.is(rpc.endpoint, 'http://two');
  await rpc.blockNumber();
  clock.monotonic += 31_000;
  await rpc.blockNumber();
  assert.equal(asked, ['http://one', 'http://two', 'http://two', 'http://one', 'http://two']);
});

test('an answer that says no is not asked elsewhere', async () => {
  const { rpc, transport } = client(
    () => new Refusal({ code: -32000, message: 'no such block' }),
    ['http://one', 'http://two'],
  );
  assert.is(await codeOf(rpc.code(ADDRESS)), 'rejected');
  assert.is(transport.posted.length, 1);
});

test('a transaction goes to one endpoint after the other until one takes it', async () => {
  const urls = ['http://one', 'http://two', 'http://three'];
  const answers: Record<string, unknown> = {
    'http://one': new Refusal({ code: -32000, message: 'nonce too low' }),
    'http://two': hash(7),
    'http://three': keccak256('0x02'),
  };
  const { rpc, transport } = client(({ url }) => answers[url], urls);
  assert.is(await rpc.sendRaw('0x02'), keccak256('0x02'));
  const asked = () => transport.posted.splice(0).map(({ url }) => url);
  assert.equal(asked(), urls);
  assert.is(await rpc.sendRaw('0x02'), keccak256('0x02'));
  assert.equal(asked(), ['http://two', 'http://three'], 'another one comes first each time');
  answers['http://three'] = new Raw(new TransportError('unreachable', 'x'));
  assert.is(await codeOf(rpc.sendRaw('0x02')), 'rejected');
  assert.equal(asked(), ['http://three', 'http://one', 'http://two']);
});

test('words of an endpoint are cut short, and cannot move a cursor', async () => {
  const message = `no\u001b[2J\r\n\u202e${'x'.repeat(10_000)}`;
  const { rpc } = client(
    () => new Refusal({ code: Number.MAX_VALUE, message, data: `0x${'00'.repeat(9e4)}` }),
  );
  const error = await rpc.blockNumber().catch((reason: unknown) => reason);
  assert.ok(error instanceof RpcError && error.data === null && error.rpcCode === null);
  if (!(error instanceof RpcError)) return;
  assert.match(error.message, /^eth_blockNumber: no\ufffd\[2J\ufffd{3}x+\.\.\.$/);
  assert.ok(error.message.length < 400);
});

test('an answer of too many values or levels is not parsed', async () => {
  const many = `[${'{},'.repeat(40_000)}{}]`;
  const deep = `${'['.repeat(1_000)}${']'.repeat(1_000)}`;
  const escapes = `["${'\\u0041'.repeat(40_000)}"]`;
  for (const [body, code] of [
    [many, 'too-large'],
    [escapes, 'too-large'],
    [deep, 'malformed'],
    [`"${'a'.repeat(600_000)}`, 'malformed'],
  ] as const) {
    const { rpc } = client(() => new Raw({ body }));
    assert.is(await codeOf(rpc.blockNumber()), code, body.slice(0, 9));
  }
  const quoted = JSON.stringify(`${'[{,'.repeat(40_000)}`);
  const { rpc } = client(() => new Raw({ body: `{"id":1,"result":${quoted}}` }));
  assert.is(await codeOf(rpc.code(ADDRESS)), 'malformed', 'brackets in a string do not count');
});

test('every failure of the transport is typed, and limits go with every request', async () => {
  for (const [code, expected] of [
    ['unreachable', 'unreachable'],
    ['deadline', 'unreachable'],
    ['too-large', 'too-large'],
    ['refused', 'unreachable'],
    ['protocol', 'unreachable'],
  ] as const) {
    const { rpc, transport } = client(() => new Raw(new TransportError(code, 'x')));
    assert.is(await codeOf(rpc.blockNumber()), expected);
    const options = transport.posted[0]?.options;
    assert.is(options?.deadlineMs, 1_000);
    assert.is(options?.identity, 'reader');
    assert.ok((options?.maxBytes ?? Number.POSITIVE_INFINITY) <= 2 * 1024 * 1024);
  }
});

test('aborting throws the reason of the signal', async () => {
  const aborter = new AbortController();
  const reason = new Error('stopping');
  const { rpc } = client(() => {
    aborter.abort(reason);
    return new Raw(new TransportError('aborted', 'x'));
  });
  assert.is(await rpc.blockNumber(aborter.signal).catch((error: unknown) => error), reason);
});

test('finality picks the block: the latest, some blocks back, or a tag', async () => {
  const { rpc, transport } = client(({ request }) => {
    const [tag] = request.params;
    return block(tag === 'latest' ? 20 : tag === 'finalized' ? 12 : Number(tag));
  });
  assert.is((await rpc.finalBlock({ kind: 'instant' }, never)).number, 20);
  assert.is((await rpc.finalBlock({ kind: 'depth', blocks: 3 }, never)).number, 17);
  assert.is((await rpc.finalBlock({ kind: 'depth', blocks: 30 }, never)).number, 0);
  assert.is((await rpc.finalBlock({ kind: 'tag', tag: 'finalized' }, never)).number, 12);
  assert.is(transport.posted.length, 6);
});

test.run();
