/** Limits for a while, on a real chain whose time goes a quarter of an hour at once. */
import { join } from 'node:path';
import { hexlify } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setFeederLimitsCall } from '../../chain/calls.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { type Interval, intervalAt, startOf } from '../../market/intervals.ts';
import {
  addLimitPath,
  answerLimits,
  type LimitWish,
  limitStandings,
  removeLimitPath,
} from '../../operator/dso/limit-admin.ts';
import { setUpDso } from './dso-world.ts';

const test = suite('operator: limits');

async function setUp() {
  const world = await setUpDso();
  const { books, clock, facts, utility } = world;
  const { calendar } = facts;
  const dso = world.begin();
  // The chain goes by the machine's clock: both go on from here by whole intervals.
  const now = () => intervalAt(calendar, clock.now() / 1000);
  await world.round(dso);
  const ports = { books, calendar, clock };
  const ask = (path: string) => {
    const { pathname, searchParams } = new URL(path, 'http://socket');
    const { status, body } = answerLimits(pathname, searchParams, ports);
    return { status, ...(JSON.parse(body) as { code: string; sentence: string }) };
  };
  /** A quarter of an hour later the DSO looks, as often as it takes. */
  const goTo = async (interval: Interval) => {
    const aheadMs = startOf(calendar, interval) * 1000 + 5_000;
    await utility.anvil.call('evm_setTime', [Math.floor(aheadMs / 1000)]);
    clock.nowMs = aheadMs;
    for (let looks = 0; looks < 3; looks += 1) await world.round(dso);
  };
  // Shortly before an interval ends, its successor's limits are no longer to be had.
  await goTo(now() + 1);
  const first = now();
  return {
    ...world,
    ...{ dso, calendar, goTo, first, last: () => now() + calendar.horizonIntervals - 1 },
    order: (wish: Partial<LimitWish>) =>
      ask(
        addLimitPath({
          ...{ feeder: 1, internalLimitW: 5_000, externalLimitW: 5_000 },
          ...{ firstInterval: 0, lastInterval: 0, ...wish },
        }),
      ),
    remove: (id: number) => ask(removeLimitPath(id)),
    standings: () => limitStandings(books.control, calendar, clock.now() / 1000),
    async limits(from: Interval, to: Interval, feeder = 1) {
      const list: string[] = [];
      for (let t = from; t <= to; t += 1) {
        const { internalLimitW, externalLimitW } = await world.reads.limitsAt(feeder, t);
        list.push(`${internalLimitW / 1000}/${externalLimitW / 1000}`);
      }
      return list.join(' ');
    },
  };
}

test('an order holds exactly in its intervals, and then the limits are as before', async () => {
  const world = await setUp();
  try {
    const from = world.last() + 3;
    const said = world.order({ firstInterval: from, lastInterval: from + 1 });
    assert.is(said.status, 200, said.sentence);
    assert.match(said.sentence, `limit 1: feeder 1 is held from`);
    for (let t = world.first + 1; t <= world.first + 8; t += 1) await world.goTo(t);
    assert.is(await world.limits(from - 1, from + 3), '25/20 5/5 5/5 25/20 25/20');
    assert.is(await world.limits(from, from, 2), '25/20');
    assert.equal(
      world.standings().map(({ state, missedIntervals }) => [state, missedIntervals]),
      [['set', 0]],
    );
    // Two changes, and not one more.
    const sent = world.sql.all("SELECT ref FROM outbox WHERE ref LIKE 'limits:%'");
    assert.is(sent.length, 2);
  } finally {
    await world.close();
  }
});

test('orders overlap: the least of each limit holds; a removed one goes back', async () => {
  const world = await setUp();
  try {
    const from = world.last() + 2;
    world.order({ firstInterval: from, lastInterval: from + 2, externalLimitW: null });
    world.order({ firstInterval: from + 1, lastInterval: from + 3, internalLimitW: 9_000 });
    const third = { firstInterval: from, lastInterval: from + 9, internalLimitW: 1_000 };
    world.order({ ...third, externalLimitW: 1_000 });
    assert.is(world.remove(3).status, 200);
    assert.is(world.remove(3).code, 'unknown');
    for (let t = world.first + 1; t <= world.first + 7; t += 1) await world.goTo(t);
    assert.is(await world.limits(from - 1, from + 4), '25/20 5/20 5/5 5/5 9/5 25/20');
  } finally {
    await world.close();
  }
});

test('what comes too soon says from when it can hold, and offers the emergency', async () => {
  const world = await setUp();
  try {
    const { calendar } = world;
    const soon = world.order({ firstInterval: world.first, lastInterval: world.first + 3 });
    assert.equal([soon.status, soon.code], [409, 'too-soon']);
    assert.match(soon.sentence, `suspend 1 ${world.first} ${world.last()}`);
    const half = world.order({ firstInterval: world.first, lastInterval: world.last() + 4 });
    assert.is(half.status, 200);
    assert.match(half.sentence, 'is held from');
    assert.match(half.sentence, 'In an emergency');
    assert.is(world.standings()[0]?.state, 'late');
    assert.is(world.standings()[0]?.missedIntervals, calendar.horizonIntervals);
    for (const [wish, code] of [
      [{ feeder: 3 }, 'no-feeder'],
      [{ internalLimitW: 25_001 }, 'above'],
      [{ internalLimitW: 25_000, externalLimitW: 20_000 }, 'above'],
      [{ firstInterval: world.last() + 9 }, 'malformed'],
    ] as const) {
      const range = { firstInterval: world.last() + 2, lastInterval: world.last() + 3 };
      assert.is(world.order({ ...range, ...wish }).code, code);
    }
  } finally {
    await world.close();
  }
});

test("the owner's limits bound orders, also when he lowers them meanwhile", async () => {
  const world = await setUp();
  try {
    const from = world.last() + 2;
    world.order({ firstInterval: from, lastInterval: from + 2, internalLimitW: 8_000 });
    await world.goTo(world.first + 1);
    const owner = hexlify(readKeyFile(join(world.utility.folder, 'owner.key')));
    const { microgrid } = world.facts.contracts;
    const limits = { internalLimitW: 6_000, externalLimitW: 20_000 };
    await world.sendFrom(owner, setFeederLimitsCall(microgrid, 1, limits));
    // His word overrides the order until the DSO hears of it.
    await world.round(world.dso);
    await world.round(world.dso);
    for (let t = world.first + 2; t <= world.first + 6; t += 1) await world.goTo(t);
    assert.is(await world.limits(from - 1, from + 4), '25/20 6/5 6/5 6/5 6/20 6/20');
  } finally {
    await world.close();
  }
});

test.run();
