/** The DSO's loop and answers on a real chain, without its HTTP server. */
import { join } from 'node:path';
import { hexlify, randomBytes, SigningKey, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Call,
  depositEnergyCall,
  depositFinancialCall,
  setGranterCall,
} from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { Outbox } from '../../chain/outbox.ts';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { openSql } from '../../host/sqlite.ts';
import { systemClock } from '../../host/system-clock.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { hashAccountQuery, hashReading, isSignedBy, type Reading } from '../../market/messages.ts';
import {
  accountQueryJson,
  openAnswer,
  PATHS,
  parseAccountAnswer,
  parseReadingsAnswer,
  parseWithdrawalAnswer,
  readingsJson,
} from '../../market/messages-json.ts';
import { Books } from '../../operator/books/books.ts';
import { BOOKS_MIGRATIONS } from '../../operator/books/schema.ts';
import { firstBlockToRead } from '../../operator/dso/log-keeper.ts';
import { Dso } from '../../operator/dso/service.ts';
import { stillClock } from '../chain/scripted-transport.ts';
import { untilSettled } from '../chain/until-settled.ts';
import {
  makeMeter,
  makeWithdrawal,
  startUtility,
  type TestMeter,
  type WithdrawalWish,
} from './world.ts';

const test = suite('dso');

const UNSENT = "SELECT count(*) AS count FROM outbox WHERE state = 'queued'";

/** A deployed market with one enrolled meter. */
async function deployed() {
  const utility = await startUtility();
  const run = async (...command: string[]) => {
    const { code, log } = await utility.run(command);
    assert.is(code, 0, log.join('\n'));
  };
  await run('deploy');
  await run('grid', 'export');
  const grid = utility.grid();
  const meter = makeMeter();
  await run('meter', 'add', meter.requestCode(grid), '--feeder', '1', '--max-w', '11000');
  return { utility, grid, meter };
}

/** Books, outbox and clock of a DSO that is driven round by round. */
function openParts(url: string, folder: string, { chainId, finality }: GridFacts) {
  const transport = clearTransport({ origins: [url] });
  let stop = new AbortController();
  const clock = {
    ...stillClock(Date.now()),
    delay: systemClock().delay,
    pacer: () => ({ until: async () => stop.abort(), close() {} }),
  };
  const rpc = new JsonRpc({ urls: [url], transport, identity: 'dso', clock });
  const sql = openSql(join(folder, 'books.db'), { migrations: BOOKS_MIGRATIONS });
  const store = new SqlOutboxStore(sql);
  const outbox = new Outbox({ store, rpcFor: () => rpc, chainId, finality, clock });
  /** One round of the DSO's loop. */
  const round = async (dso: Dso) => {
    stop = new AbortController();
    await dso.run(stop.signal);
  };
  const close = () => {
    transport.close();
    sql.close();
  };
  return { clock, rpc, sql, books: new Books(sql), outbox, round, close };
}

/** Asks as a meter does: the answer is opened with the DSO's key. */
async function post(dso: Dso, facts: GridFacts, path: string, body: string, requestId: string) {
  const query = new URLSearchParams();
  const { signal } = new AbortController();
  const answer = await dso.handle({ method: 'POST', path, query, body, signal });
  assert.is(answer.status, 200, String(answer.body));
  return openAnswer(domainOf(facts), requestId, String(answer.body), facts.dso.address);
}

async function setUp() {
  const { utility, grid, meter } = await deployed();
  const { facts } = grid;
  const { chainId, contracts, finality, deployedAtBlock } = facts;
  const parts = openParts(utility.anvil.url, utility.folder, facts);
  const { books, outbox, rpc, clock, sql } = parts;
  const log = { info() {}, warn() {}, error() {} };
  const solver = Wallet.createRandom().address;

  /** A DSO that goes on from the books, as after a restart. */
  const begin = (fromBlock = firstBlockToRead(books, deployedAtBlock)) => {
    const feed = new LogFollower({ rpc, chainId, contracts, fromBlock, finality, log });
    const key = readKeyFile(join(utility.folder, 'dso.key'));
    const stake = { address: solver, stakeMicro: 1_000_000n };
    const rules = { usePriceMicroPerKwh: 300_000, pollMs: 1_000 };
    return new Dso({ books, outbox, feed, grid: facts, key, solver: stake, ...rules, clock, log });
  };
  const withdraw = async (dso: Dso, { withdrawal, body }: ReturnType<typeof makeWithdrawal>) => {
    const text = await post(dso, facts, PATHS.withdrawals, body, withdrawal.requestId);
    const answer = parseWithdrawalAnswer(text);
    // The grants left before the answer: here they are only waited for.
    if (answer.state === 'accepted') assert.is(sql.get(UNSENT)?.count, 0);
    await untilSettled(outbox);
    return answer;
  };
  /** Sends a call from an anonymous address, as its agent would. */
  const sendFrom = async (addressKey: string, call: Call) => {
    const key = new SigningKey(addressKey);
    await outbox.seed(new Wallet(addressKey).address.toLowerCase());
    const entry = outbox.enqueue(key, call);
    const settled = await untilSettled(outbox);
    assert.is(settled.find(({ hash }) => hash === entry.hash)?.state, 'mined');
  };
  return {
    ...{ ...parts, utility, grid, facts, meter, solver, begin, withdraw, sendFrom },
    post: (dso: Dso, path: string, body: string, id: string) => post(dso, facts, path, body, id),
    reads: new MarketReads(rpc, contracts),
    wish: (more: WithdrawalWish = {}, who: TestMeter = meter) => makeWithdrawal(who, grid, more),
    balance: () => books.meters.find(meter.meterId)?.balanceMicro,
    async close() {
      parts.close();
      await utility.close();
    },
  };
}

test('a withdrawal is granted on the chain, and the repeated request says so', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    await world.round(dso);
    const wish = world.wish({ amountMicro: 2_000_000n });
    assert.is((await world.withdraw(dso, wish)).state, 'accepted');
    const address = wish.withdrawal.address.toLowerCase();
    assert.is(await world.reads.balanceMicro(address), 2_000_000n);
    assert.is((await world.reads.asset(1)).owner, address);
    await world.round(dso);
    const again = await world.withdraw(world.begin(), wish);
    assert.equal([again.state, 'assetIds' in again && again.assetIds], ['granted', [1]]);
    assert.is(await world.reads.assetCount(), 1);
    assert.is(world.balance(), 48_000_000n);
  } finally {
    await world.close();
  }
});

test('the solver gets its stake once, over any number of starts', async () => {
  const world = await setUp();
  try {
    for (let starts = 0; starts < 3; starts += 1) await world.round(world.begin());
    await untilSettled(world.outbox);
    assert.is(await world.reads.balanceMicro(world.solver), 1_000_000n);
  } finally {
    await world.close();
  }
});

test('a deposit is credited once, also when the whole log is read again', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    await world.round(dso);
    const wish = world.wish({ amountMicro: 3_000_000n });
    await world.withdraw(dso, wish);
    await world.round(dso);
    const { contracts } = world.facts;
    await world.sendFrom(wish.addressKey, depositFinancialCall(contracts, 1_000_000n));
    await world.sendFrom(wish.addressKey, depositFinancialCall(contracts, 500_000n));
    await world.sendFrom(wish.addressKey, depositEnergyCall(contracts, 1));
    await world.round(dso);
    assert.is(world.balance(), 48_500_000n);
    await world.round(world.begin());
    await world.round(world.begin(world.facts.deployedAtBlock));
    assert.is(world.balance(), 48_500_000n);
    const { assets } = wish.withdrawal;
    const at = assets[0]?.firstInterval ?? 0;
    assert.equal(world.books.grants.touching(world.meter.meterId, at, at), []);
  } finally {
    await world.close();
  }
});

test('what the contract refuses is told as failed, and its money goes back', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    await world.round(dso);
    // The owner takes the granter's role away.
    const owner = readKeyFile(join(world.utility.folder, 'owner.key'));
    const { microgrid } = world.facts.contracts;
    await world.sendFrom(hexlify(owner), setGranterCall(microgrid, world.facts.dso.address, false));
    const wish = world.wish({ amountMicro: 2_000_000n });
    assert.is((await world.withdraw(dso, wish)).state, 'accepted');
    assert.is(world.balance(), 48_000_000n);
    await world.round(dso);
    await world.round(dso);
    const answer = await world.withdraw(dso, wish);
    assert.is(answer.state, 'failed');
    if (answer.state === 'failed') assert.match(answer.sentence, 'NotGranter');
    assert.is(world.balance(), 50_000_000n);
    await world.round(dso);
    assert.is(world.balance(), 50_000_000n);
  } finally {
    await world.close();
  }
});

test('readings are countersigned once, in any order, and shown in the list', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    const now = intervalAt(world.facts.calendar, Date.now() / 1000);
    const domain = domainOf(world.facts);
    const { meterId } = world.meter;
    const reading = (interval: number, importedWs: number): Reading => {
      const rest = { exportedWs: 0, quality: 'measured' as const };
      return { meterId, interval, importedWs, ...rest };
    };
    const send = async (list: Reading[], signer = world.meter) => {
      const requestId = hexlify(randomBytes(32));
      const readings = list.map((each) => ({
        reading: each,
        meterSignature: signer.sign(hashReading(domain, each)),
      }));
      const body = readingsJson({ requestId, meterId, readings });
      return parseReadingsAnswer(await world.post(dso, PATHS.readings, body, requestId)).receipts;
    };
    const told = (receipts: Awaited<ReturnType<typeof send>>) =>
      receipts.map((each) => ('code' in each ? each.code : each.state));
    const first = reading(now - 3, 700);
    const receipts = await send([first, reading(now - 2, 800), reading(now, 5)]);
    assert.equal(told(receipts), ['countersigned', 'countersigned', 'not-ended']);
    const [receipt] = receipts;
    assert.ok(receipt?.state === 'countersigned');
    if (receipt?.state === 'countersigned') {
      const digest = hashReading(domain, first);
      assert.ok(isSignedBy(digest, receipt.dsoSignature, world.facts.dso.address));
    }
    assert.equal((await send([first]))[0], receipt);
    assert.equal(told(await send([reading(now - 3, 701)])), ['other-reading']);
    assert.equal(told(await send([reading(now - 4, 1)], makeMeter())), ['bad-signature']);
    const { out, log } = await world.utility.run(['meter', 'list', '--json']);
    assert.is(out.length, 1, log.join('\n'));
    const [listed] = JSON.parse(out[0] ?? '');
    assert.is(listed.balanceMicro, '50000000');
    const sums = { count: 2, lastInterval: now - 2, importedWs: 1500, exportedWs: 0 };
    assert.equal(listed.readings, sums);
  } finally {
    await world.close();
  }
});

test('an account is told to its meter only', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    const ask = async (meterId: string, signer: TestMeter) => {
      const requestId = hexlify(randomBytes(32));
      const digest = hashAccountQuery(domainOf(world.facts), { meterId, requestId });
      const body = accountQueryJson({ meterId, requestId, meterSignature: signer.sign(digest) });
      return parseAccountAnswer(await world.post(dso, PATHS.account, body, requestId));
    };
    const { meterId } = world.meter;
    const own = await ask(meterId, world.meter);
    assert.is(own.state === 'open' && own.balanceMicro, 50_000_000n);
    const stranger = makeMeter();
    const other = await ask(meterId, stranger);
    assert.is(other.state === 'failed' && other.code, 'bad-signature');
    const unknown = await ask(stranger.meterId, stranger);
    assert.is(unknown.state === 'failed' && unknown.code, 'unknown-meter');
  } finally {
    await world.close();
  }
});

test('what cannot be read, and a clock that is not set, get plain answers', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    const query = new URLSearchParams();
    const { signal } = new AbortController();
    const statusOf = async (method: string, path: string, body: string) => {
      const answer = await dso.handle({ method, path, query, body, signal });
      return `${answer.status} ${JSON.parse(String(answer.body)).code}`;
    };
    assert.is(await statusOf('POST', PATHS.withdrawals, '{}'), '400 malformed');
    assert.is(await statusOf('POST', PATHS.readings, 'x'), '400 malformed');
    assert.is(await statusOf('GET', PATHS.account, ''), '405 not-post');
    assert.is(await statusOf('POST', '/v1/other', ''), '404 no-such-path');
    // Never reached the chain: its nonce is not known, and nothing can be signed.
    const wish = world.wish();
    assert.is(await statusOf('POST', PATHS.withdrawals, wish.body), '503 not-ready');
    world.clock.isGood = false;
    assert.is(await statusOf('POST', PATHS.withdrawals, wish.body), '503 clock');
    world.clock.isGood = true;
    await world.round(dso);
    assert.is((await world.withdraw(dso, wish)).state, 'accepted');
  } finally {
    await world.close();
  }
});

test.run();
