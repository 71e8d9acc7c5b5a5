/** How often a meter may ask, what strangers get, and that a repetition hears the same bytes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { domainOf } from '../../market/grid-json.ts';
import { hashAccountQuery } from '../../market/messages.ts';
import { accountQueryJson, PATHS } from '../../market/messages-json.ts';
import { MeterRates, StrangerGate, TooManyError } from '../../operator/dso/rates.ts';
import { type PaperDso, paperDso } from './paper-dso.ts';
import { makeMeter, type TestMeter } from './world.ts';

const test = suite('operator: rates');

function waitOf(work: () => void): number {
  try {
    work();
    return 0;
  } catch (error) {
    if (!(error instanceof TooManyError)) throw error;
    return error.waitSeconds;
  }
}

test('twice an interval at once, then as time goes on; kinds and meters are apart', () => {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const options = { perInterval: 90, intervalSeconds: 900, clock, usedBefore: () => 0 };
  const rates = new MeterRates(options);
  const taken = (meter: string, path = '/a', cost = 1) =>
    waitOf(() => rates.take(meter, path, cost));
  for (let count = 0; count < 180; count += 1) assert.is(taken('m'), 0);
  assert.is(taken('m'), 10);
  assert.is(taken('m', '/b'), 0);
  assert.is(taken('n'), 0);
  clock.nowMs += 9_000;
  assert.is(taken('m'), 1);
  clock.nowMs += 1_000;
  assert.is(taken('m'), 0);
  // A clock that is set back gives nothing, and costs nothing for ever.
  clock.nowMs = -1e9;
  assert.is(taken('m'), 10);
  clock.nowMs += 20_000;
  assert.is(taken('m', '/a', 3), 10);
  assert.is(taken('m', '/a', 2), 0);
  // More than could ever be saved up is let through when all is there.
  clock.nowMs += 1e9;
  assert.is(taken('m', '/a', 5_000), 0);
  assert.is(taken('m'), 10);
});

test('after a restart it goes on from what the books tell', () => {
  const clock = { now: () => 0 };
  const options = { perInterval: 10, intervalSeconds: 900, clock, usedBefore: () => 18 };
  const rates = new MeterRates(options);
  assert.is(
    waitOf(() => rates.take('m', '/a', 2)),
    0,
  );
  assert.is(
    waitOf(() => rates.take('m', '/a')),
    90,
  );
});

test('rubbish ends a connection, and all of it together leaves those alone who are known', () => {
  const clock = { ms: 0, monotonicMs: () => clock.ms };
  const gate = new StrangerGate(clock);
  const known = {};
  gate.enter(known);
  gate.good(known);
  const one = {};
  for (let count = 0; count < 8; count += 1) {
    gate.enter(one);
    gate.failed(one);
  }
  assert.is(
    waitOf(() => gate.enter(one)),
    5,
  );
  for (let count = 0; count < 52; count += 1) {
    const other = {};
    gate.enter(other);
    gate.failed(other);
  }
  assert.is(
    waitOf(() => gate.enter({})),
    5,
    'a new connection',
  );
  assert.is(
    waitOf(() => gate.enter(known)),
    0,
  );
  clock.ms += 60;
  assert.is(
    waitOf(() => gate.enter({})),
    0,
  );
  clock.ms += 1_000;
  assert.is(
    waitOf(() => gate.enter(one)),
    0,
  );
});

function query(world: PaperDso, { meterId, sign }: TestMeter, signer = sign): string {
  const requestId = world.newId();
  const digest = hashAccountQuery(domainOf(world.facts), { meterId, requestId });
  return accountQueryJson({ meterId, requestId, meterSignature: signer(digest) });
}

test('a meter that asks too often is told to wait; others, and other kinds, are not', async () => {
  const world = paperDso();
  const [meter, other] = [world.enrol(), world.enrol()];
  const dso = world.begin({ requestsPerInterval: 3 });
  const ask = (who: TestMeter) => world.post(dso, PATHS.account, query(world, who));
  for (let count = 0; count < 6; count += 1) assert.is((await ask(meter)).status, 200);
  const { status, text } = await ask(meter);
  assert.is(status, 429);
  assert.equal(JSON.parse(text), {
    code: 'too-many',
    sentence: 'this meter asks too often; ask again later: in 300 s',
    waitSeconds: 300,
  });
  assert.is((await ask(other)).status, 200);
  const wish = world.wish(meter);
  assert.is((await world.post(dso, PATHS.withdrawals, wish.body)).status, 200);
  world.clock.nowMs += 300_000;
  assert.is((await ask(meter)).status, 200);
});

test("what others send in a meter's name costs it nothing", async () => {
  const world = paperDso();
  const meter = world.enrol();
  const dso = world.begin({ requestsPerInterval: 2 });
  const forger = makeMeter();
  let refused = 0;
  for (let count = 0; count < 500; count += 1) {
    const forged = query(world, meter, forger.sign);
    if ((await world.post(dso, PATHS.account, forged)).status === 429) refused += 1;
  }
  assert.is(refused, 500 - 60);
  // Heard before: its connection goes on, and its budget is whole.
  world.clock.monotonic += 1_000;
  const connection = {};
  for (let count = 0; count < 4; count += 1) {
    assert.is((await world.post(dso, PATHS.account, query(world, meter), connection)).status, 200);
  }
  assert.is((await world.post(dso, PATHS.account, query(world, meter), connection)).status, 429);
});

test('withdrawals of before a restart count', async () => {
  const world = paperDso();
  const meter = world.enrol();
  const ask = async (dso: ReturnType<PaperDso['begin']>) =>
    (await world.post(dso, PATHS.withdrawals, world.wish(meter, { feeder: 2 }).body)).status;
  const before = world.begin({ requestsPerInterval: 4 });
  for (let count = 0; count < 7; count += 1) assert.is(await ask(before), 200);
  const after = world.begin({ requestsPerInterval: 4 });
  assert.is(await ask(after), 200);
  assert.is(await ask(after), 429);
});

test('a repeated request hears the same bytes: at once, later, and after a restart', async () => {
  const world = paperDso();
  const meter = world.enrol();
  const dso = world.begin();
  for (const more of [{ amountMicro: 5n }, { feeder: 2 }]) {
    const { body } = world.wish(meter, more);
    const ask = (of = dso) => world.post(of, PATHS.withdrawals, body);
    const first = await ask();
    const answers = await Promise.all([ask(), ask(), ask(world.begin()), ask(world.begin())]);
    for (const answer of answers) assert.equal(answer, first);
  }
  assert.is(world.books.grants.accepted().length, 1);
  assert.is(world.sql.all("SELECT * FROM ledger WHERE reason = 'granted'").length, 1);
  assert.is(world.books.grants.allGrants().length, 1);
});

test.run();
