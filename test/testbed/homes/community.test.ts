import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type CommunitySpec,
  GENERATED_START_MS,
  generateCommunity,
} from '../../../testbed/homes/community.ts';
import { transaxLookalike } from '../../../testbed/homes/lookalike.ts';

const test = suite('generated neighbourhoods');

const small = (seed: number): CommunitySpec =>
  generateCommunity({ homes: 12, feeders: 3, seed, startsAtMs: GENERATED_START_MS, days: 2 });

const kwhOf = (trace: Float64Array) => trace.reduce((sum, watts) => sum + watts / 4000, 0);

test('the same seed gives the same homes, another seed others', () => {
  assert.equal(small(3), small(3));
  assert.not.equal(small(3).homes, small(4).homes);
});

test('twelve homes look like homes: load, PV for half, batteries for all', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { homes } = small(seed);
    assert.is(homes.filter((home) => home.pvW.some((watts) => watts > 0)).length, 6);
    assert.ok(homes.filter((home) => home.switchedLoad).length >= 4);
    for (const home of homes) {
      const kwhPerDay = kwhOf(home.loadW) / 2;
      assert.ok(kwhPerDay > 3 && kwhPerDay < 25, `${home.name}: ${kwhPerDay} kWh a day`);
      assert.ok(home.loadW.every((watts) => watts >= 20 && Number.isInteger(watts)));
      const capacityKwh = (home.battery?.capacityWs ?? 0) / 3_600_000;
      assert.ok(capacityKwh >= 5 && capacityKwh <= 15);
      assert.ok(home.pvW.every((watts) => watts >= 0 && watts < home.maxPowerW));
    }
    assert.equal([...new Set(homes.map((home) => home.feeder))], [1, 2, 3]);
  }
});

test('PV rises after dawn, falls to nothing at night', () => {
  const day = generateCommunity({
    homes: 12,
    feeders: 3,
    seed: 1,
    startsAtMs: Date.UTC(2026, 5, 11, 22),
    days: 1,
  });
  const pv = day.homes[0]?.pvW ?? new Float64Array();
  assert.ok(pv.slice(0, 16).every((watts) => watts === 0));
  assert.ok((pv[52] ?? 0) > 2000);
  assert.ok(pv.slice(92).every((watts) => watts === 0));
});

test('feeder limits bind in some intervals and not in most', () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const { homes, feeders } = small(seed);
    const overloaded = feeders.map(({ externalLimitW }, index) => {
      const members = homes.filter((home) => home.feeder === index + 1);
      let count = 0;
      for (let step = 0; step < 192; step += 1) {
        const net = members.reduce((s, h) => s + (h.loadW[step] ?? 0) - (h.pvW[step] ?? 0), 0);
        if (Math.abs(net) > externalLimitW) count += 1;
      }
      return count / 192;
    });
    assert.ok(Math.max(...overloaded) > 0.02);
    assert.ok(overloaded.every((share) => share < 0.5));
  }
});

test('the look-alike has the paper’s 102 homes, 11 feeders and 5 producers', () => {
  const { homes, feeders } = transaxLookalike(1);
  assert.is(homes.length, 102);
  assert.equal(feeders, Array(11).fill({ internalLimitW: 25_000, externalLimitW: 20_000 }));
  const sizes = feeders.map((_, at) => homes.filter((home) => home.feeder === at + 1).length);
  assert.equal(sizes, [9, 17, 5, 13, 8, 1, 10, 17, 5, 13, 4]);
  const producers = homes.filter((home) => home.pvW.some((watts) => watts > 0));
  assert.is(producers.length, 5);
  assert.ok(producers.every((home) => home.battery?.capacityWs === 90 * 3_600_000));
  assert.is(homes.filter((home) => home.switchedLoad).length, 0);
  assert.is(new Set(homes.map((home) => home.name)).size, 102);
});

test.run();
