/** A stolen or broken board: another one takes its place, and the old key can do nothing. */
import { hexlify, randomBytes } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { depositFinancialCall } from '../../chain/calls.ts';
import { domainOf } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { hashAccountQuery, hashReading } from '../../market/messages.ts';
import {
  accountQueryJson,
  PATHS,
  parseAccountAnswer,
  parseReadingsAnswer,
  readingsJson,
} from '../../market/messages-json.ts';
import { answerAdmin, replacePath, suspendPath } from '../../operator/dso/admin.ts';
import { auditOf } from './audit-world.ts';
import { setUpDso } from './dso-world.ts';
import { assetAt, makeMeter, type TestMeter } from './world.ts';

const test = suite('operator: replace');
const MICRO = 1_000_000n;

async function setUp() {
  const world = await setUpDso();
  const { books, grid, clock } = world;
  const admin = (path: string) => {
    const { status, body } = answerAdmin('POST', path, { books, grid, feederCount: 2, clock });
    return { status, ...(JSON.parse(body) as { code: string; sentence: string }) };
  };
  const account = async (dso: ReturnType<typeof world.begin>, who: TestMeter) => {
    const query = { meterId: who.meterId, requestId: hexlify(randomBytes(32)) };
    const meterSignature = who.sign(hashAccountQuery(domainOf(world.facts), query));
    const body = accountQueryJson({ ...query, meterSignature });
    return parseAccountAnswer(await world.post(dso, PATHS.account, body, query.requestId));
  };
  const interval = intervalAt(world.facts.calendar, clock.now() / 1000);
  const readingState = async (dso: ReturnType<typeof world.begin>, who: TestMeter) => {
    const { meterId } = who;
    const reading = {
      ...{ meterId, interval: interval - 1, importedWs: 1, exportedWs: 0 },
      quality: 'measured' as const,
    };
    const meterSignature = who.sign(hashReading(domainOf(world.facts), reading));
    const requestId = hexlify(randomBytes(32));
    const body = readingsJson({ requestId, meterId, readings: [{ reading, meterSignature }] });
    const text = await world.post(dso, PATHS.readings, body, requestId);
    return parseReadingsAnswer(text).receipts[0]?.state;
  };
  return { world, admin, account, readingState, interval };
}

test('account, feeder and limits move; the old key is refused everything', async () => {
  const { world, admin, account, readingState, interval } = await setUp();
  try {
    const { meter: old, books } = world;
    const dso = world.begin();
    await world.round(dso);
    const held = world.wish({
      amountMicro: 5n * MICRO,
      assets: [assetAt(interval + 4, { maxPowerW: 9_000 })],
    });
    await world.withdraw(dso, held);
    await world.sign(dso);
    await world.round(dso);
    assert.is((await world.withdraw(dso, held)).state, 'granted');
    // Asked for and not signed yet: the thief does not get it.
    const waiting = world.wish({ amountMicro: 2n * MICRO, assets: [assetAt(interval + 5)] });
    assert.is((await world.withdraw(dso, waiting)).state, 'accepted');

    const next = makeMeter();
    const path = replacePath(old.meterId, next.requestCode(world.grid));
    assert.is(admin(path).status, 200);
    assert.is(admin(path).status, 200, 'the same again changes nothing');
    assert.is(books.meters.find(old.meterId)?.balanceMicro, 0n);
    assert.is(books.meters.find(next.meterId)?.balanceMicro, 45n * MICRO);

    for (const wish of [held, waiting, world.wish()]) {
      const answer = await world.withdraw(dso, wish);
      assert.is(answer.state === 'failed' && answer.code, 'replaced-meter');
    }
    assert.is((await account(dso, old)).state, 'failed');
    assert.is(await readingState(dso, old), 'refused');
    await world.sign(dso);
    assert.is(await world.reads.balanceMicro(waiting.withdrawal.address), 0n);

    // What the old one holds counts against the limit of the line.
    const tooMuch = world.wish({ assets: [assetAt(interval + 4, { maxPowerW: 3_000 })] }, next);
    const refused = await world.withdraw(dso, tooMuch);
    assert.is(refused.state === 'failed' && refused.code, 'power-limit');
    const fits = world.wish({ assets: [assetAt(interval + 4, { maxPowerW: 2_000 })] }, next);
    assert.is((await world.withdraw(dso, fits)).state, 'accepted');
    const open = await account(dso, next);
    assert.equal(open.state === 'open' && [open.feeder, open.maxPowerW], [1, 11_000]);

    // What comes back from the old one's addresses is the new account's.
    await world.sendFrom(held.addressKey, depositFinancialCall(world.facts.contracts, 5n * MICRO));
    await world.round(dso);
    assert.is(books.meters.find(next.meterId)?.balanceMicro, 50n * MICRO);
    await world.sign(dso);
    await world.round(dso);
    assert.equal((await auditOf(world)).findings, []);
  } finally {
    await world.close();
  }
});

test('a replaced meter never comes back, and its line goes on', async () => {
  const { world, admin } = await setUp();
  try {
    const { meter: old, books } = world;
    const next = makeMeter();
    assert.is(admin(replacePath(old.meterId, next.requestCode(world.grid))).status, 200);
    assert.is(admin(suspendPath(old.meterId, false)).code, 'replaced');
    // Once more: the line goes on.
    const third = makeMeter();
    const again = replacePath(next.meterId, third.requestCode(world.grid));
    assert.is(admin(again).status, 200);
    assert.is(
      admin(replacePath(old.meterId, makeMeter().requestCode(world.grid))).code,
      'replaced',
    );
    assert.equal(books.meters.lineOf(third.meterId), [third.meterId, next.meterId, old.meterId]);
    assert.is(books.meters.accountOf(old.meterId), third.meterId);
    assert.is(books.meters.find(third.meterId)?.balanceMicro, 50n * MICRO);
  } finally {
    await world.close();
  }
});

test('what is no replacement is told in one clear line', async () => {
  const { world, admin } = await setUp();
  try {
    const { meter } = world;
    // A board with the old wallet restored has the old key: the same meter.
    const same = admin(replacePath(meter.meterId, meter.requestCode(world.grid)));
    assert.equal([same.status, same.code], [409, 'enrolled']);
    assert.match(same.sentence, 'make a new wallet on the new board');
    const next = makeMeter();
    const code = next.requestCode(world.grid);
    assert.is(admin(replacePath('0x12', code)).code, 'unknown');
    assert.is(admin(replacePath(meter.meterId, code.slice(0, -1))).code, 'length');
  } finally {
    await world.close();
  }
});

test.run();
