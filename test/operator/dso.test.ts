/** The DSO's loop and answers on a real chain, without its HTTP server. */
import { join } from 'node:path';
import { hexlify, randomBytes } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { depositEnergyCall, depositFinancialCall, setGranterCall } from '../../chain/calls.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { domainOf } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { hashAccountQuery, hashReading, isSignedBy, type Reading } from '../../market/messages.ts';
import {
  accountQueryJson,
  PATHS,
  parseAccountAnswer,
  parseReadingsAnswer,
  readingsJson,
} from '../../market/messages-json.ts';
import { untilSettled } from '../chain/until-settled.ts';
import { setUpDso } from './dso-world.ts';
import { makeMeter, type TestMeter } from './world.ts';

const test = suite('dso');

test('a withdrawal is granted on the chain, and the repeated request says so', async () => {
  const world = await setUpDso();
  try {
    const dso = world.begin();
    await world.round(dso);
    const wish = world.wish({ amountMicro: 2_000_000n });
    assert.is((await world.withdraw(dso, wish)).state, 'accepted');
    await world.sign(dso);
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
  const world = await setUpDso();
  try {
    for (let starts = 0; starts < 3; starts += 1) await world.round(world.begin());
    await untilSettled(world.outbox);
    assert.is(await world.reads.balanceMicro(world.solver), 1_000_000n);
  } finally {
    await world.close();
  }
});

test('a deposit is credited once, also when the whole log is read again', async () => {
  const world = await setUpDso();
  try {
    const dso = world.begin();
    await world.round(dso);
    const wish = world.wish({ amountMicro: 3_000_000n });
    await world.withdraw(dso, wish);
    await world.sign(dso);
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
    assert.equal(world.books.grants.touching([world.meter.meterId], at, at), []);
  } finally {
    await world.close();
  }
});

test('what the contract refuses is told as failed, and its money goes back', async () => {
  const world = await setUpDso();
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
    await world.sign(dso);
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
  const world = await setUpDso();
  try {
    const dso = world.begin();
    const now = intervalAt(world.facts.calendar, world.clock.now() / 1000);
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
  const world = await setUpDso();
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
  const world = await setUpDso();
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
