import { computeAddress, keccak256, SigningKey, Transaction } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Call } from '../../chain/calls.ts';
import { askingOutbox, OutboxError } from '../../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../../chain/outbox-store.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { type Sql, SqlError, TransportError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import type { Finality } from '../../market/grid.ts';
import { laxPolicy } from './lax-policy.ts';
import {
  hash,
  never,
  quantity,
  Raw,
  Refusal,
  scriptedTransport,
  stillClock,
} from './scripted-transport.ts';

const test = suite('outbox');

const KEY = new SigningKey(`0x${'11'.repeat(32)}`);
const ADDRESS = computeAddress(KEY.publicKey).toLowerCase();
const CALL: Call = { to: `0x${'22'.repeat(20)}`, data: '0x1234', gasLimit: 100_000, kind: 'poke' };

/** A chain that mines what it is told to, and remembers everything that it was ever sent. */
class Chain {
  received: string[] = [];
  pool = new Map<string, string>();
  mined = new Map<string, { block: number; isSuccess: boolean }>();
  head = 1;
  nonce = 0;
  /** Answers to the next calls of a method, before those of the chain. */
  script = new Map<string, unknown[]>();

  answer(method: string, params: unknown[]): unknown {
    const next = this.script.get(method)?.shift();
    if (next !== undefined) return typeof next === 'function' ? next(params) : next;
    const [first] = params as [string];
    switch (method) {
      case 'eth_sendRawTransaction':
        return this.receive(first);
      case 'eth_getTransactionReceipt':
        return this.receipt(first);
      case 'eth_getTransactionByHash':
        return this.pool.has(first) || this.mined.has(first) ? { hash: first } : null;
      case 'eth_getTransactionCount':
        return quantity(this.nonce);
      case 'eth_getBlockByNumber': {
        const number = first === 'latest' ? this.head : Number(first);
        const timestamp = quantity(1_000 + number);
        return { number: quantity(number), timestamp, hash: hash(number), parentHash: hash(0) };
      }
      case 'eth_call':
        return new Refusal({ code: 3, message: 'execution reverted', data: WORDS });
      default:
        return new Refusal({ code: -32601, message: `no method ${method}` });
    }
  }

  receive(raw: string): unknown {
    const id = keccak256(raw);
    this.received.push(id);
    if (this.pool.has(id) || this.mined.has(id)) {
      return new Refusal({ code: -32000, message: 'already known' });
    }
    if (Transaction.from(raw).nonce < this.nonce) {
      return new Refusal({ code: -32000, message: 'nonce too low' });
    }
    this.pool.set(id, raw);
    return id;
  }

  receipt(id: string): unknown {
    const found = this.mined.get(id);
    if (found === undefined) return null;
    return {
      transactionHash: id,
      blockNumber: quantity(found.block),
      status: found.isSuccess ? '0x1' : '0x0',
      gasUsed: '0x5208',
      contractAddress: null,
    };
  }

  mine(isSuccess = true): void {
    this.head += 1;
    for (const [id, raw] of this.pool) {
      this.mined.set(id, { block: this.head, isSuccess });
      this.nonce = Math.max(this.nonce, Transaction.from(raw).nonce + 1);
    }
    this.pool.clear();
  }

  next(method: string, ...answers: unknown[]): void {
    this.script.set(method, answers);
  }
}

/** `Error("too late")`. */
const WORDS =
  '0x08c379a00000000000000000000000000000000000000000000000000000000000000020' +
  '0000000000000000000000000000000000000000000000000000000000000008' +
  '746f6f206c617465000000000000000000000000000000000000000000000000';
const LOST = new Raw(new TransportError('deadline', 'no answer'));

function setUp(
  chain: Chain,
  sql = openSql(':memory:', { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] }),
) {
  const transport = scriptedTransport(({ request }) =>
    chain.answer(request.method, request.params),
  );
  const clock = stillClock();
  const rpc = new JsonRpc({ urls: ['http://one'], transport, identity: 'a', clock });
  const store = new SqlOutboxStore(sql);
  const restart = (finality: Finality = { kind: 'instant' }) =>
    askingOutbox({ store, rpcFor: () => rpc, chainId: 5, finality, clock, policy: laxPolicy });
  return { outbox: restart(), store, clock, transport, restart, sql };
}

function seeded(chain: Chain) {
  const parts = setUp(chain);
  parts.store.seedNonce(ADDRESS, 0);
  return parts;
}

test('a signed call is of type 2, with no fees, its limits and the next nonce', () => {
  const { outbox } = seeded(new Chain());
  const entries = [outbox.enqueue(KEY, CALL), outbox.enqueue(KEY, CALL, 'why')];
  for (const [nonce, entry] of entries.entries()) {
    const transaction = Transaction.from(entry.raw ?? '');
    assert.is(transaction.nonce, nonce);
    assert.is(transaction.from?.toLowerCase(), ADDRESS);
    assert.is(transaction.hash, entry.hash);
    assert.equal([transaction.type, transaction.chainId], [2, 5n]);
    assert.equal([transaction.maxFeePerGas, transaction.maxPriorityFeePerGas], [0n, 0n]);
    assert.equal([transaction.gasLimit, transaction.value], [100_000n, 0n]);
  }
  assert.equal(
    outbox.store.byRef('why').map(({ nonce }) => nonce),
    [1],
  );
});

test('what is sent, mined and final is settled, and nothing of it is sent again', async () => {
  const chain = new Chain();
  const { outbox, store } = seeded(chain);
  const { hash: id } = outbox.enqueue(KEY, CALL, 'why');
  assert.is((await outbox.flush(never)).waiting, 1);
  assert.is(store.find(id)?.state, 'sent');
  chain.mine();
  const report = await outbox.flush(never);
  assert.equal(
    report.settled.map(({ hash, state, blockNumber }) => [hash, state, blockNumber]),
    [[id, 'mined', 2]],
  );
  assert.equal([report.waiting, report.error], [0, null]);
  assert.is(store.find(id)?.raw, null);
  await outbox.flush(never);
  assert.is(chain.received.length, 1);
});

test('nothing is signed while the clock is not proven, but what is signed is sent', async () => {
  const chain = new Chain();
  const { outbox, clock } = seeded(chain);
  outbox.enqueue(KEY, CALL);
  clock.isGood = false;
  try {
    outbox.enqueue(KEY, CALL);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, OutboxError);
    if (error instanceof OutboxError) assert.is(error.code, 'clock');
  }
  await outbox.flush(never);
  assert.is(chain.received.length, 1);
});

test('a lost answer, a crash, and both: the same bytes go out and count once', async () => {
  for (const isDelivered of [true, false]) {
    for (const isRestarted of [true, false]) {
      for (const isMinedBetween of [true, false]) {
        const chain = new Chain();
        const { outbox, restart, clock, store } = seeded(chain);
        const { hash: id } = outbox.enqueue(KEY, CALL);
        chain.next('eth_sendRawTransaction', ([raw]: [string]) => {
          if (isDelivered) chain.receive(raw);
          return LOST;
        });
        assert.is((await outbox.flush(never)).error?.code, 'unreachable');
        assert.is(store.find(id)?.state, 'queued');
        if (isMinedBetween) chain.mine();
        clock.monotonic += 40_000;
        const later = isRestarted ? restart() : outbox;
        await later.flush(never);
        chain.mine();
        await later.flush(never);
        assert.is(store.find(id)?.state, 'mined');
        assert.equal([...new Set(chain.received)], [id]);
        assert.is(chain.nonce, 1);
      }
    }
  }
});

test('what no block takes is sent again after a while, with the same bytes', async () => {
  const chain = new Chain();
  const { outbox, clock } = seeded(chain);
  outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  chain.pool.clear();
  await outbox.flush(never);
  assert.is(chain.received.length, 1);
  clock.monotonic += 31_000;
  await outbox.flush(never);
  assert.is(chain.received.length, 2);
  assert.is(chain.received[0], chain.received[1]);
});

test('a refusal by the contract is recorded with its words', async () => {
  const chain = new Chain();
  const { outbox, store } = seeded(chain);
  const { hash: id } = outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  chain.mine(false);
  const [entry] = (await outbox.flush(never)).settled;
  assert.equal([entry?.state, entry?.reason], ['reverted', 'too late']);
  assert.equal([store.find(id)?.state, store.find(id)?.reason], ['reverted', 'too late']);
});

test('an endpoint that refuses for now is asked again, and later nonces wait', async () => {
  const chain = new Chain();
  const { outbox } = seeded(chain);
  outbox.enqueue(KEY, CALL);
  outbox.enqueue(KEY, CALL);
  const full = new Refusal({ code: -32000, message: 'txpool is full' });
  chain.next('eth_sendRawTransaction', full);
  const report = await outbox.flush(never);
  assert.equal([report.refused.length, report.waiting, chain.received.length], [1, 2, 0]);
  assert.is((await outbox.flush(never)).refused.length, 0);
  assert.is(chain.received.length, 2);
});

test('a nonce used by something else is believed on the second look only', async () => {
  const chain = new Chain();
  const { outbox, store } = seeded(chain);
  chain.nonce = 1;
  const { hash: id } = outbox.enqueue(KEY, CALL);
  assert.is((await outbox.flush(never)).refused.length, 1);
  assert.is(store.find(id)?.state, 'queued');
  const [entry] = (await outbox.flush(never)).settled;
  assert.is(entry?.state, 'replaced');
  assert.is((await outbox.flush(never)).waiting, 0);
});

test('an outcome counts when its block is final', async () => {
  const chain = new Chain();
  const { restart, store } = seeded(chain);
  const outbox = restart({ kind: 'depth', blocks: 2 });
  const { hash: id } = outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  chain.mine();
  await outbox.flush(never);
  assert.is(store.find(id)?.state, 'sent');
  chain.head += 2;
  await outbox.flush(never);
  assert.is(store.find(id)?.state, 'mined');
});

test('a first nonce is asked for once, and a lower one is never believed later', async () => {
  const chain = new Chain();
  chain.nonce = 7;
  const { outbox, store, transport } = setUp(chain);
  await outbox.seed(ADDRESS, never);
  chain.nonce = 3;
  await outbox.seed(ADDRESS, never);
  assert.is(outbox.enqueue(KEY, CALL).nonce, 7);
  store.seedNonce(ADDRESS, 0);
  assert.is(outbox.enqueue(KEY, CALL).nonce, 8);
  const counts = transport.posted.filter(
    ({ request }) => request.method === 'eth_getTransactionCount',
  );
  assert.is(counts.length, 1);
});

test('an unknown address and a nonce taken twice are typed errors', () => {
  const { outbox, store } = setUp(new Chain());
  try {
    outbox.enqueue(KEY, CALL);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, OutboxError);
  }
  store.seedNonce(ADDRESS, 0);
  const { raw, state: _, ...entry } = outbox.enqueue(KEY, CALL);
  try {
    store.insert({ ...entry, hash: '0x01', raw: raw ?? '' });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SqlError);
    if (error instanceof SqlError) assert.is(error.code, 'constraint');
  }
});

test('what a rolled-back step signed is gone, and its nonce is free again', () => {
  const { outbox, sql, store } = seeded(new Chain());
  const attempt = (database: Sql) =>
    database.transaction(() => {
      outbox.enqueue(KEY, CALL);
      throw new Error('the step fails');
    });
  assert.throws(() => attempt(sql), 'the step fails');
  assert.is(store.open().length, 0);
  assert.is(outbox.enqueue(KEY, { ...CALL, kind: 'other' }).nonce, 0);
});

test('hostile answers settle nothing and lose nothing', async () => {
  const hostile = [null, 7, 'x', {}, [], hash(9), new Raw({ body: '<html>' }), LOST];
  for (const answer of hostile) {
    const chain = new Chain();
    const { outbox, store, clock } = seeded(chain);
    const { hash: id } = outbox.enqueue(KEY, CALL);
    chain.next('eth_sendRawTransaction', answer);
    chain.next('eth_getTransactionReceipt', answer);
    await outbox.flush(never);
    await outbox.flush(never);
    assert.ok(['queued', 'sent'].includes(store.find(id)?.state ?? ''), JSON.stringify(answer));
    clock.monotonic += 60_000;
    await outbox.flush(never);
    chain.mine();
    await outbox.flush(never);
    assert.is(store.find(id)?.state, 'mined', JSON.stringify(answer));
  }
});

test('an address that is forgotten leaves nothing behind', async () => {
  const chain = new Chain();
  const { outbox, store } = seeded(chain);
  const { hash: id } = outbox.enqueue(KEY, CALL);
  store.forget(ADDRESS);
  assert.equal([store.find(id), store.nextNonce(ADDRESS)], [null, null]);
});

test.run();
