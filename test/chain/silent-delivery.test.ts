/**
 * The outbox of anonymous addresses: it only ever sends, and believes the log alone. The chain here
 * mines what it is told to; endpoints answer what they like.
 */
import { computeAddress, keccak256, SigningKey, Transaction } from 'ethers';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Call } from '../../chain/calls.ts';
import { foreignCall, outcomesOf } from '../../chain/log-outcomes.ts';
import { Outbox } from '../../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../../chain/outbox-store.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { SilentDelivery } from '../../chain/silent-delivery.ts';
import { writerLines } from '../../chain/writer-lines.ts';
import { TransportError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import type { MarketEvent } from '../../market/events.ts';
import { laxPolicy } from './lax-policy.ts';
import { never, Raw, Refusal, scriptedTransport, stillClock } from './scripted-transport.ts';

const test = suite('outbox: silent');

const KEY = new SigningKey(`0x${'11'.repeat(32)}`);
const ADDRESS = computeAddress(KEY.publicKey).toLowerCase();
const CALL: Call = { to: `0x${'22'.repeat(20)}`, data: '0x1234', gasLimit: 100_000, kind: 'poke' };
const RESEND_MS = 120_000;
const SPREAD_MS = 90_000;
const LOST = new Raw(new TransportError('deadline', 'no answer'));

/** Whoever is sent something may deliver it, and answers what the script says. */
function setUp(urls = ['http://one']) {
  const sql = openSql(':memory:', { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] });
  const store = new SqlOutboxStore(sql);
  store.seedNonce(ADDRESS, 0);
  const clock = stillClock();
  const received: string[] = [];
  const forgotten: string[] = [];
  const answers: unknown[] = [];
  const transport = scriptedTransport(({ request }) => {
    const raw = String(request.params[0]);
    received.push(keccak256(raw));
    return answers.shift() ?? keccak256(raw);
  });
  transport.forget = (identity) => forgotten.push(identity);
  let chance = 0.5;
  const random = { bytes: () => new Uint8Array(), uniform: () => chance };
  const openLine = writerLines({ urls, transport, clock });
  const restart = () => {
    const times = { resendMs: RESEND_MS, spreadMs: SPREAD_MS };
    const delivery = new SilentDelivery({ store, openLine, clock, random, ...times });
    return new Outbox({ store, delivery, chainId: 5, policy: laxPolicy, clock });
  };
  /** What a poll of the log tells. */
  const learn = (outbox: Outbox, hashes: string[], events: string[] = hashes) => {
    const included = hashes.map((hash) => ({ hash, blockNumber: 7 }));
    for (const { hash, outcome } of outcomesOf(store, { events: events.map(posted), included })) {
      outbox.settle(hash, outcome, 'kept');
    }
  };
  const setChance = (next: number) => {
    chance = next;
  };
  const parts = { store, clock, transport, received, forgotten, answers };
  return { ...parts, restart, outbox: restart(), learn, setChance };
}

function posted(transactionHash: string): MarketEvent {
  const at = { blockNumber: 7, logIndex: 0, transactionHash };
  return { ...at, kind: 'financial-deposited', owner: ADDRESS, amountMicro: 1n };
}

const states = (store: SqlOutboxStore) => store.ofAddress(ADDRESS).map(({ state }) => state);

test('it sends each address on a line of its own, and asks for nothing', async () => {
  const { outbox, store, transport, forgotten, clock, learn } = setUp();
  const other = new SigningKey(`0x${'33'.repeat(32)}`);
  const otherAddress = computeAddress(other.publicKey).toLowerCase();
  store.seedNonce(otherAddress, 0);
  const { hash } = outbox.enqueue(KEY, CALL);
  outbox.enqueue(other, CALL);
  for (let round = 0; round < 20; round += 1) {
    await outbox.flush(never);
    clock.nowMs += 60_000;
  }
  learn(outbox, [hash]);
  await outbox.flush(never);
  const methods = new Set(transport.posted.map(({ request }) => request.method));
  assert.equal([...methods], ['eth_sendRawTransaction']);
  for (const { options, request } of transport.posted) {
    const { from } = Transaction.from(String(request.params[0]));
    assert.is(options.identity, `writer ${from?.toLowerCase()}`);
  }
  assert.is(forgotten.length, transport.posted.length, 'each line is used once');
});

test('what shows in no block goes again after a while, and what was mined does not', async () => {
  const { outbox, store, clock, received, learn } = setUp();
  const { hash } = outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  assert.equal(states(store), ['sent']);
  await outbox.flush(never);
  clock.nowMs += RESEND_MS;
  await outbox.flush(never);
  assert.is(received.length, 1, 'not yet');
  clock.nowMs += RESEND_MS / 2;
  await outbox.flush(never);
  assert.equal(received, [hash, hash]);
  learn(outbox, [hash]);
  clock.nowMs += 10 * RESEND_MS;
  await outbox.flush(never);
  assert.equal([states(store), received.length], [['mined'], 2]);
});

test('a lost answer or a crash: the same bytes, at a random moment', async () => {
  for (const isRestarted of [false, true]) {
    for (const chance of [0.1, 0.9]) {
      const { outbox, restart, clock, received, answers, setChance } = setUp();
      setChance(chance);
      const { hash } = outbox.enqueue(KEY, CALL);
      answers.push(LOST);
      assert.is((await outbox.flush(never)).error?.code, 'unreachable');
      const later = isRestarted ? restart() : outbox;
      await later.flush(never);
      clock.nowMs += chance * SPREAD_MS - 1;
      await later.flush(never);
      assert.is(received.length, 1, 'not before its moment');
      clock.nowMs += 1;
      await later.flush(never);
      assert.equal(received, [hash, hash]);
    }
  }
});

test('nothing that an endpoint says settles anything', async () => {
  const lies = [
    ...['nonce too low', 'already known', 'replacement transaction underpriced'].map(
      (message) => new Refusal({ code: -32000, message }),
    ),
    ...[null, 7, {}, `0x${'ff'.repeat(32)}`, new Raw({ body: '<html>' }), LOST],
  ];
  for (const lie of lies) {
    const { outbox, store, clock, answers, received } = setUp();
    const { hash } = outbox.enqueue(KEY, CALL);
    for (let round = 0; round < 40; round += 1) {
      answers.unshift(lie);
      await outbox.flush(never);
      clock.nowMs += 60_000;
    }
    assert.ok(['queued', 'sent'].includes(states(store)[0] ?? ''), JSON.stringify(lie));
    assert.ok(received.length > 5);
    assert.equal([...new Set(received)], [hash]);
  }
});

test('in a final block without an event: refused; should the event come, it counts', async () => {
  const { outbox, store, learn } = setUp();
  const { hash } = outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  learn(outbox, [hash], []);
  assert.equal(states(store), ['reverted']);
  learn(outbox, [], [hash]);
  assert.equal(states(store), ['mined']);
  learn(outbox, [hash], []);
  assert.equal(states(store), ['mined'], 'for good');
});

test('a listing that lied costs no funds: earlier bytes go again before later ones', async () => {
  const { outbox, received, learn } = setUp();
  const first = outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  learn(outbox, [first.hash], []);
  const second = outbox.enqueue(KEY, { ...CALL, kind: 'next' });
  await outbox.flush(never);
  assert.equal(received, [first.hash, first.hash, second.hash]);
});

test('a nonce that a later one proves used up is given up, and no other', async () => {
  const { outbox, store, learn } = setUp();
  const entries = [1, 2, 3].map(() => outbox.enqueue(KEY, CALL));
  await outbox.flush(never);
  learn(outbox, [entries[1]?.hash ?? '']);
  assert.equal(states(store), ['replaced', 'mined', 'sent']);
});

test('after a rewritten log all bytes of living addresses go again', async () => {
  const { outbox, store, clock, received, learn } = setUp();
  const entries = [outbox.enqueue(KEY, CALL), outbox.enqueue(KEY, CALL)];
  await outbox.flush(never);
  learn(
    outbox,
    entries.map(({ hash }) => hash),
  );
  received.length = 0;
  store.reopen();
  assert.equal(states(store), ['sent', 'sent']);
  clock.nowMs += SPREAD_MS;
  await outbox.flush(never);
  clock.nowMs += SPREAD_MS;
  await outbox.flush(never);
  assert.equal(
    received,
    entries.map(({ hash }) => hash),
  );
});

test('what endpoints take and no block shows is stuck; a silent line says nothing', async () => {
  for (const isAnswered of [true, false]) {
    const { outbox, clock, answers } = setUp();
    const { hash } = outbox.enqueue(KEY, CALL);
    for (let round = 0; round < 30; round += 1) {
      if (!isAnswered) answers.unshift(LOST);
      await outbox.flush(never);
      clock.nowMs += 60_000;
    }
    assert.is(outbox.isStuck(hash), isAnswered);
  }
});

test('the next attempt begins with the next endpoint', async () => {
  const { outbox, clock, transport } = setUp(['http://one', 'http://two']);
  outbox.enqueue(KEY, CALL);
  for (let round = 0; round < 3; round += 1) {
    await outbox.flush(never);
    clock.nowMs += 2 * RESEND_MS;
  }
  assert.equal(
    transport.posted.map(({ url }) => url),
    ['http://one', 'http://two', 'http://one'],
  );
});

test('market time that was set back holds nothing up', async () => {
  const { outbox, clock, received } = setUp();
  outbox.enqueue(KEY, CALL);
  await outbox.flush(never);
  clock.nowMs -= 10 * 365 * 86_400_000;
  await outbox.flush(never);
  assert.is(received.length, 2);
});

test('what another copy of the wallet did is adopted, and its nonce is not used again', () => {
  const { store, outbox } = setUp();
  const event = posted(`0x${'ab'.repeat(32)}`);
  const kind = foreignCall(event, store);
  assert.is(kind, 'depositFinancial');
  if (kind === null) return;
  const { transactionHash: hash } = event;
  store.adopt({ hash, address: ADDRESS, kind, ref: '1', queuedAtMs: 0 }, 7);
  assert.is(foreignCall(event, store), null, 'once');
  assert.is(outbox.enqueue(KEY, CALL).nonce, 1);
});

test('whatever happens in whatever order: one transaction for a nonce, none lost', async () => {
  const step = fc.constantFrom('sign', 'flush', 'lose', 'refuse', 'restart', 'mine', 'wait');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const world = setUp();
      let { outbox } = world;
      /** What the chain has, by nonce. */
      const mined: string[] = [];
      const signed: string[] = [];
      const mine = () => {
        const fresh: string[] = [];
        while (world.received.includes(signed[mined.length] ?? '')) {
          fresh.push(signed[mined.length] ?? '');
          mined.push(signed[mined.length] ?? '');
        }
        world.learn(outbox, fresh);
      };
      for (const each of steps) {
        if (each === 'sign') signed.push(outbox.enqueue(KEY, CALL).hash);
        if (each === 'lose') world.answers.push(LOST);
        if (each === 'refuse') world.answers.push(new Refusal({ code: -1, message: 'full' }));
        if (each === 'restart') outbox = world.restart();
        if (each === 'wait') world.clock.nowMs += 60_000;
        if (each === 'mine') mine();
        if (each !== 'sign') await outbox.flush(never);
      }
      world.answers.length = 0;
      for (let round = 0; round < 4; round += 1) {
        world.clock.nowMs += 2 * RESEND_MS;
        await outbox.flush(never);
        mine();
      }
      assert.equal(mined, signed);
      assert.ok(states(world.store).every((state) => state === 'mined'));
      const byNonce = new Map<number, Set<string>>();
      for (const { request } of world.transport.posted) {
        const { nonce, hash } = Transaction.from(String(request.params[0]));
        byNonce.set(nonce, (byNonce.get(nonce) ?? new Set()).add(String(hash)));
      }
      for (const hashes of byNonce.values()) assert.is(hashes.size, 1);
    }),
    { numRuns: 60 },
  );
});

test('a failure of the line is told, and is no answer', async () => {
  const { outbox, answers } = setUp();
  outbox.enqueue(KEY, CALL);
  answers.push(LOST);
  const { error } = await outbox.flush(never);
  assert.instance(error, RpcError);
});

test.run();
