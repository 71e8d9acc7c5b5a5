import { AbiCoder } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readArtifact } from '../../build/contracts.ts';
import { closeOf, firstOpenInterval, startOf } from '../../market/intervals.ts';
import { CALENDAR, inOrder, MARKET_DELAY, MICROGRID_TYPES } from './deployment.ts';
import { C, inWorld, START, type World } from './world.ts';

const test = suite('contracts/Microgrid');

const L = CALENDAR.horizonIntervals;

async function limits(world: World, feeder: number, interval: number): Promise<string> {
  const answer = await world.read('microgrid', 'limitsAt', [feeder, interval]);
  return answer.toArray().map(Number).join('/');
}

test('a calendar under which nothing could ever be posted is refused', () =>
  inWorld({}, async (world) => {
    const good = { ...CALENDAR };
    const bad = [
      { ...good, intervalSeconds: 3 },
      { ...good, clearIntervals: 0 },
      { ...good, horizonIntervals: 1 },
      { ...good, horizonIntervals: 97 },
      { ...good, horizonIntervals: 2, leadSeconds: 600, quietSeconds: 301 },
      { ...good, horizonIntervals: 2, clearIntervals: 2 },
    ];
    for (const [calendar, refused] of [
      ...bad.map((c) => [c, true] as const),
      [{ ...good, horizonIntervals: 2, leadSeconds: 600, quietSeconds: 300 }, false] as const,
    ]) {
      const values = [world.owner.address, inOrder(calendar), 0];
      const words = AbiCoder.defaultAbiCoder().encode(MICROGRID_TYPES, values);
      const data = readArtifact('Microgrid').bytecode + words.slice(2);
      const error = await world.anvil.call('eth_call', [{ data }, 'latest']).then(
        () => null,
        (e: Error) => e.message,
      );
      assert.is(error !== null, refused, JSON.stringify(calendar));
    }
  }));

test('intervals open and close at the seconds that market/intervals.ts says', () =>
  inWorld({ calendar: { clearIntervals: 2 } }, async (world) => {
    const calendar = { ...CALENDAR, clearIntervals: 2 };
    for (const t of [C, C + 1, C + 7]) {
      assert.is(Number(await world.read('microgrid', 'startOf', [t])), startOf(calendar, t));
      assert.is(Number(await world.read('microgrid', 'closeOf', [t])), closeOf(calendar, t));
    }
    for (const at of [1, 839, 840, 841, 899, 900, 1739, 1740]) {
      await world.mine(START + at);
      const open = firstOpenInterval(calendar, START + at);
      assert.is(Number(await world.read('microgrid', 'firstOpenInterval')), open, `${at} s`);
      const current = Number(await world.read('microgrid', 'currentInterval'));
      assert.is(current, C + Math.floor(at / 900));
    }
  }));

test('before it is sealed limits and tariff change at once', () =>
  inWorld({ sealed: false }, async (world) => {
    await world.send(world.owner, 'microgrid', 'setFeederLimits', [1, 9_000, 8_000]);
    assert.is(await limits(world, 1, C), '9000/8000');
    await world.send(world.owner, 'microgrid', 'setTariff', [[1], [2]]);
    const tariff = await world.read('microgrid', 'tariffAt', [C]);
    assert.equal(tariff.toArray(), [1n, 2n]);
  }));

test('once sealed a change of limits spares every postable interval', () =>
  inWorld({}, async (world) => {
    const at = START + 100;
    const sent = await world.send(world.owner, 'microgrid', 'setFeederLimits', [1, 9, 8], at);
    assert.equal(sent.events[0]?.args.toArray(), [1n, BigInt(C + L), 9n, 8n]);
    for (let t = C; t < C + L; t++) assert.is(await limits(world, 1, t), '25000/20000');
    assert.is(await limits(world, 1, C + L), '9/8');
    // A second thought within the interval replaces the first one.
    await world.send(world.owner, 'microgrid', 'setFeederLimits', [1, 7, 6]);
    await world.send(world.owner, 'microgrid', 'setFeederLimits', [1, 5, 4], START + 900);
    assert.is(await limits(world, 1, C + L - 1), '25000/20000');
    assert.is(await limits(world, 1, C + L), '7/6');
    assert.is(await limits(world, 1, C + L + 1), '5/4');
    const [all, until] = await world.read('microgrid', 'allLimitsAt', [C + L]);
    const [utility, one, two] = all.toArray();
    assert.is(until, BigInt(C + L), 'one later they are others');
    assert.is(utility.internalLimitW, 2n ** 64n - 1n);
    assert.is(one.externalLimitW, 6n);
    assert.is(two.internalLimitW, 25_000n);
  }));

test('a feeder added later carries nothing in postable intervals', () =>
  inWorld({}, async (world) => {
    await world.send(world.owner, 'microgrid', 'addFeeder', [1_000, 500]);
    assert.is(Number(await world.read('microgrid', 'feederCount')), 4);
    assert.is(await limits(world, 4, C + L - 1), '0/0');
    assert.is(await limits(world, 4, C + L), '1000/500');
    assert.match(
      await world.refused(world.owner, 'microgrid', 'setFeederLimits', [5, 1, 1]),
      'NoSuchFeeder(5)',
    );
    assert.match(
      await world.refused(world.owner, 'microgrid', 'setFeederLimits', [0, 1, 1]),
      'NoSuchFeeder(0)',
    );
  }));

test('a tariff is spread evenly over the UTC day and repeats', () =>
  inWorld({}, async (world) => {
    const use = Array.from({ length: 24 }, (_, hour) => 100 + hour);
    const feedIn = Array.from({ length: 96 }, (_, quarter) => quarter);
    await world.send(world.owner, 'microgrid', 'setTariff', [use, feedIn]);
    const midnight = Math.ceil((C + L) / 96) * 96;
    for (const quarter of [0, 3, 4, 50, 95, 96]) {
      const answer = await world.read('microgrid', 'tariffAt', [midnight + quarter]);
      const day = quarter % 96;
      assert.equal(answer.toArray(), [BigInt(100 + Math.floor(day / 4)), BigInt(day)]);
    }
    assert.equal((await world.read('microgrid', 'tariffAt', [C + L - 1])).toArray(), [
      300_000n,
      80_000n,
    ]);
    const many = Array.from({ length: 97 }, () => 1);
    for (const prices of [
      [[], [1]],
      [[1], []],
      [many, [1]],
      [[1], many],
    ]) {
      const why = await world.refused(world.owner, 'microgrid', 'setTariff', prices);
      assert.match(why, 'BadTariff');
    }
  }));

test("only the owner can do what is the owner's", () =>
  inWorld({}, async (world) => {
    const stranger = world.fresh();
    const calls: [string, unknown[]][] = [
      ['addFeeder', [1, 1]],
      ['setFeederLimits', [1, 1, 1]],
      ['setTariff', [[1], [1]]],
      ['setGranter', [stranger.address, true]],
      ['setSettler', [stranger.address, true]],
      ['proposeMarket', [stranger.address]],
      ['admitMarket', [stranger.address]],
      ['proposeOwner', [stranger.address]],
      ['seal', []],
    ];
    for (const [method, args] of calls) {
      for (const caller of [stranger, world.granter]) {
        const why = await world.refused(caller, 'microgrid', method, args);
        assert.is(why, `NotOwner(${caller.address})`, method);
      }
    }
    assert.match(await world.refused(stranger, 'microgrid', 'suspend', [1, C, C]), 'NotPermitted');
    assert.match(await world.refused(stranger, 'microgrid', 'acceptOwner'), 'NotProposedOwner');
    assert.match(await world.refused(world.owner, 'microgrid', 'seal'), 'AlreadySealed');
  }));

test('once sealed a market is admitted only after the delay, to the second', () =>
  inWorld({}, async (world) => {
    const market = world.fresh().address;
    const { owner } = world;
    assert.match(await world.refused(owner, 'microgrid', 'admitMarket', [market]), 'NotProposed');
    const at = START + 100;
    await world.send(owner, 'microgrid', 'proposeMarket', [market], at);
    const early = at + MARKET_DELAY - 1;
    assert.is(
      await world.refused(owner, 'microgrid', 'admitMarket', [market], early),
      `TooEarly(${at + MARKET_DELAY})`,
    );
    assert.not.ok(await world.read('microgrid', 'isMarket', [market]));
    await world.send(owner, 'microgrid', 'admitMarket', [market], early + 1);
    assert.ok(await world.read('microgrid', 'isMarket', [market]));
    assert.match(
      await world.refused(owner, 'microgrid', 'proposeMarket', [market]),
      'AlreadyMarket',
    );
  }));

test('ownership passes in two steps, and the old owner then has none', () =>
  inWorld({}, async (world) => {
    const next = world.fresh();
    await world.send(world.owner, 'microgrid', 'proposeOwner', [next.address]);
    await world.send(world.owner, 'microgrid', 'setSettler', [next.address, true]);
    await world.send(next, 'microgrid', 'acceptOwner');
    assert.is(String(await world.read('microgrid', 'owner')), next.address);
    assert.match(
      await world.refused(world.owner, 'microgrid', 'setTariff', [[1], [1]]),
      'NotOwner',
    );
    assert.match(await world.refused(next, 'microgrid', 'acceptOwner'), 'NotProposedOwner');
  }));

test('a suspension covers exactly its range, feeder by feeder, and not what is past', () =>
  inWorld({}, async (world) => {
    const edge = Math.ceil(C / 256) * 256;
    const ranges = [
      [C, C],
      [edge - 2, edge + 1],
      [edge + 300, edge + 900],
    ] as const;
    for (const [first, last] of ranges) {
      await world.send(world.granter, 'microgrid', 'suspend', [2, first, last]);
      for (const [t, expected] of [
        [first - 1, false],
        [first, true],
        [last, true],
        [last + 1, false],
      ] as const) {
        assert.is(await world.read('microgrid', 'isSuspended', [2, t]), expected as never, `${t}`);
        assert.is(await world.read('microgrid', 'anySuspended', [t]), expected as never);
        assert.not.ok(await world.read('microgrid', 'isSuspended', [1, t]));
      }
    }
    for (const [feeder, first, last, error] of [
      [4, C, C, 'NoSuchFeeder'],
      [1, C + 1, C, 'BadRange'],
      [1, C - 2, C - 1, 'BadRange'],
      [1, C, C + 4096, 'BadRange'],
    ] as const) {
      const why = await world.refused(world.owner, 'microgrid', 'suspend', [feeder, first, last]);
      assert.match(why, error);
    }
  }));

test.run();
