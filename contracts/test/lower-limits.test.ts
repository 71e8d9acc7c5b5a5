import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CALENDAR } from './deployment.ts';
import { C, inWorld, START, type World } from './world.ts';

const test = suite('contracts/Microgrid: limits that a granter lowers');

const L = CALENDAR.horizonIntervals;

async function limits(world: World, feeder: number, interval: number): Promise<string> {
  const answer = await world.read('microgrid', 'limitsAt', [feeder, interval]);
  return answer.toArray().map(Number).join('/');
}

const lower = (world: World, limitsW: readonly [number, number], at?: number) =>
  world.send(world.granter, 'microgrid', 'lowerFeederLimits', [1, ...limitsW], at);

test('a granter lowers limits beyond every postable interval, and back up to the owner', () =>
  inWorld({}, async (world) => {
    const { events } = await lower(world, [5_000, 4_000], START + 100);
    assert.equal(events[0]?.name, 'FeederLimitsSet');
    assert.equal(events[0]?.args.toArray(), [1n, BigInt(C + L), 5_000n, 4_000n]);
    assert.is(await limits(world, 1, C + L - 1), '25000/20000');
    assert.is(await limits(world, 1, C + L), '5000/4000');
    await lower(world, [25_000, 20_000], START + 900);
    assert.is(await limits(world, 1, C + L), '5000/4000');
    assert.is(await limits(world, 1, C + L + 1), '25000/20000');
    assert.is(await limits(world, 2, C + L), '25000/20000', 'the others are as they were');
  }));

test('never above what the owner set, by not a watt, in neither limit', () =>
  inWorld({}, async (world) => {
    const refused = (args: unknown[]) =>
      world.refused(world.granter, 'microgrid', 'lowerFeederLimits', args);
    for (const args of [
      [1, 25_001, 20_000],
      [1, 25_000, 20_001],
      [1, 2n ** 64n - 1n, 0],
    ]) {
      assert.match(await refused(args), 'AboveCeiling(1, [25000, 20000])');
    }
    const { events } = await world.send(world.owner, 'microgrid', 'setFeederLimits', [1, 900, 800]);
    assert.equal(events[1]?.name, 'FeederCeilingSet');
    assert.equal(events[1]?.args.toArray(), [1n, 900n, 800n]);
    assert.match(await refused([1, 901, 800]), 'AboveCeiling(1, [900, 800])');
    await lower(world, [900, 0]);
    assert.equal((await world.read('microgrid', 'ceilingOf', [1])).toArray(), [900n, 800n]);
    assert.is(await refused([0, 1, 1]), 'NoSuchFeeder(0)');
    assert.is(await refused([4, 0, 0]), 'NoSuchFeeder(4)');
    const stranger = world.fresh();
    const why = await world.refused(stranger, 'microgrid', 'lowerFeederLimits', [1, 0, 0]);
    assert.is(why, `NotPermitted(${stranger.address})`);
  }));

test.run();
