/** Grants of many withdrawals in one transaction, on a real chain with its caps. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SteppedClock } from '../../host/stepped-clock.ts';
import { intervalAt } from '../../market/intervals.ts';
import { setUpDso } from './dso-world.ts';
import { assetAt } from './world.ts';

const test = suite('dso batches');

const CAPS = '[caps]\nfeeder_power = "8 kW"\nmoney_per_day = "20"\n';
const GRANTS = "SELECT * FROM outbox WHERE kind = 'grant' ORDER BY nonce";

test('many withdrawals are granted by one transaction, far below the limit of gas', async () => {
  const world = await setUpDso();
  try {
    const dso = world.begin();
    await world.round(dso);
    const at = intervalAt(world.facts.calendar, world.clock.now() / 1000) + 4;
    const wishes = Array.from({ length: 50 }, (_, each) =>
      world.wish({ assets: [assetAt(at, { maxPowerW: 200 })], amountMicro: BigInt(each + 1) }),
    );
    for (const wish of wishes) assert.is((await world.withdraw(dso, wish)).state, 'accepted');
    await world.sign(dso);
    await world.round(dso);
    // Grants stand in the order of their request ids, which is chance: it tells nothing.
    const inOrder = wishes
      .map(({ withdrawal }) => withdrawal.requestId)
      .sort((one, other) => (one < other ? -1 : 1));
    for (const [each, wish] of wishes.entries()) {
      const answer = await world.withdraw(dso, wish);
      assert.equal(
        [answer.state, 'assetIds' in answer && answer.assetIds],
        ['granted', [inOrder.indexOf(wish.withdrawal.requestId) + 1]],
      );
      const held = await world.reads.balanceMicro(wish.withdrawal.address);
      assert.is(held, BigInt(each + 1));
    }
    const entries = world.sql.all(GRANTS);
    assert.is(entries.length, 1);
    const gas = Number(entries[0]?.gas_used);
    assert.ok(gas < 16_000_000 / 2, `${gas} gas`);
  } finally {
    await world.close();
  }
});

test('grants over a cap fail by themselves; the others come, once, over any restart', async () => {
  const world = await setUpDso(CAPS);
  try {
    const first = world.begin();
    await world.round(first);
    const at = intervalAt(world.facts.calendar, world.clock.now() / 1000) + 4;
    const asset = (maxPowerW: number, interval = at) => [assetAt(interval, { maxPowerW })];
    const good = world.wish({ assets: asset(1_000), amountMicro: 2_000_000n });
    const overPower = world.wish({ assets: asset(9_000, at + 1), amountMicro: 1_000_000n });
    const overMoney = world.wish({ assets: [], amountMicro: 30_000_000n });
    const late = world.wish({ assets: asset(2_000), amountMicro: 3_000_000n });
    const wishes = [good, overPower, overMoney, late];
    for (const wish of wishes) assert.is((await world.withdraw(first, wish)).state, 'accepted');
    assert.is(world.balance(), 14_000_000n);
    // Each step is another start: refused together, then each by itself, then what came of it.
    for (let starts = 0; starts < 3; starts += 1) await world.sign(world.begin());
    const last = world.begin();
    await world.round(last);
    const states = [];
    for (const wish of wishes) states.push(await world.withdraw(last, wish));
    assert.equal(
      states.map(({ state }) => state),
      ['granted', 'failed', 'failed', 'granted'],
    );
    const [, power, money] = states;
    assert.match(power?.state === 'failed' ? power.sentence : '', 'PowerCapExceeded');
    assert.match(money?.state === 'failed' ? money.sentence : '', 'MoneyCapExceeded');
    assert.is(world.balance(), 45_000_000n);
    assert.equal(world.warned.filter((text) => /together/.test(text)).length, 1);
    assert.is(world.sql.all(GRANTS).length, 5);
    const balances = await Promise.all(
      wishes.map(({ withdrawal }) => world.reads.balanceMicro(withdrawal.address)),
    );
    assert.equal(balances, [2_000_000n, 0n, 0n, 3_000_000n]);
    assert.is(await world.reads.assetCount(), 2);
    // An address that got nothing may be asked for again, one that got something may not.
    const retry = ({ addressKey }: typeof good) =>
      world.withdraw(last, world.wish({ addressKey, assets: [], amountMicro: 1_000_000n }));
    assert.equal(
      [(await retry(good)).state, (await retry(overMoney)).state, (await retry(overMoney)).state],
      ['failed', 'accepted', 'failed'],
    );
    await world.sign(last);
    assert.is(await world.reads.balanceMicro(overMoney.withdrawal.address), 1_000_000n);
  } finally {
    await world.close();
  }
});

test('a batch is signed between polls when its time is up; polls keep their beat', async () => {
  const world = await setUpDso();
  const stop = new AbortController();
  const startMs = world.clock.now();
  const clock = new SteppedClock(startMs);
  const dso = world.begin(undefined, { clock, pollMs: 60_000 });
  const running = dso.run(stop.signal);
  try {
    assert.is(await clock.advance(startMs), startMs + 60_000);
    const [wish, later] = [world.wish(), world.wish()];
    assert.is((await world.withdraw(dso, wish)).state, 'accepted');
    assert.is(await clock.advance(startMs + 9_000), startMs + 15_000);
    assert.is((await world.withdraw(dso, later)).state, 'accepted');
    assert.is(world.sql.all(GRANTS).length, 0);
    assert.is(await clock.advance(startMs + 15_000), startMs + 60_000);
    const { requestId } = later.withdrawal;
    const [entry] = world.sql.all(GRANTS);
    assert.is(world.books.grants.find(requestId)?.carrier, entry?.hash);
    assert.is(world.books.grants.unsigned().length, 0);
  } finally {
    stop.abort();
    await running;
    await world.close();
  }
});

test.run();
