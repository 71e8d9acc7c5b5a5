import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Community } from '../../../bench/community/data.ts';
import { throughMarket } from '../../../bench/community/market.ts';
import type { MarketSettings } from '../../../bench/community/market-settings.ts';
import { centralOptimumMicro } from '../../../bench/community/optimum.ts';
import { sumOf, withoutAgents } from '../../../bench/community/rivals.ts';
import { deviationsMicro, deviationsWs } from '../../../bench/community/settlement.ts';

const test = suite('bench: community');
const HOURS = 24 * 6;
const COUNTED = { from: 48, wearMicroPerKwh: 20_000 };
const BATTERY = {
  ...{ capacityWs: 6 * 3_600_000, chargeW: 3000, dischargeW: 3000 },
  ...{ lowShare: 0, highShare: 1, efficiency: 0.9 },
};

/** Four homes: roofs on two of them, and evenings that cost twice as much. */
function smallCommunity(): Community {
  const hours = Array.from({ length: HOURS }, (_, hour) => hour % 24);
  const sunW = (hour: number) => Math.max(0, 4000 - 160 * (hour - 12) ** 2);
  const loadW = (hour: number, home: number) =>
    300 + 150 * home + (hour >= 17 && hour < 21 ? 900 : 0) + ((hour * 37 + home * 11) % 5) * 60;
  return {
    ...{ name: 'small', intervalSeconds: 3600, firstInterval: 24_000 },
    homes: [0, 1, 2, 3].map((home) => ({
      name: `home ${home}`,
      netW: Float64Array.from(hours, (h) => loadW(h, home) - (home < 2 ? sunW(h) : 0)),
      battery: home % 2 === 0 ? BATTERY : null,
    })),
    useMicroPerKwh: Float64Array.from(hours, (h) => (h >= 17 && h < 21 ? 500_000 : 220_000)),
    feedInMicroPerKwh: new Float64Array(HOURS).fill(80_000),
  };
}

const SETTINGS: MarketSettings = {
  ...COUNTED,
  ...{ forecast: 'perfect', settling: 'netted', strategy: 'adaptive' },
  ...{ following: 'value', seed: 1 },
};

test('rivals, market and optimum stand in the order that they must', async () => {
  const community = smallCommunity();
  const cost = (hasBatteries: boolean, settling: 'single' | 'netted') =>
    sumOf(withoutAgents(community, COUNTED, { hasBatteries, settling }).costMicro);
  const alone = cost(true, 'single');
  const shared = cost(true, 'netted');
  const netted = await throughMarket(community, SETTINGS);
  const single = await throughMarket(community, { ...SETTINGS, settling: 'single' });
  const optimum = await centralOptimumMicro(community, COUNTED);
  assert.ok(alone < cost(false, 'single'));
  assert.ok(shared < alone);
  assert.ok(sumOf(netted.costMicro) < shared, 'agents do better than sharing afterwards');
  assert.ok(sumOf(netted.costMicro) <= sumOf(single.costMicro) * 1.01);
  // What was stored before the counted days is a gift that the optimum does not have.
  const giftMicro = 2 * 6 * 500_000;
  assert.ok(optimum <= sumOf(netted.costMicro) + giftMicro);
  assert.ok(netted.tradedWs > 0);
});

test('with everything known, equal shares save more, and nobody loses', async () => {
  const whole = smallCommunity();
  const homes = whole.homes.map((home) => ({ ...home, battery: BATTERY }));
  const community = { ...whole, homes };
  const played = async (strategy: MarketSettings['strategy']) =>
    (await throughMarket(community, { ...SETTINGS, strategy })).costMicro;
  const shared = await played('even-share');
  const alone = withoutAgents(community, COUNTED, { hasBatteries: true, settling: 'single' });
  assert.ok(sumOf(shared) < sumOf(await played('adaptive')));
  for (const [home, cost] of shared.entries()) {
    assert.ok(cost < (alone.costMicro[home] ?? 0), `home ${home}`);
  }
});

test('the same seed gives the same bills', async () => {
  const runs = [
    await throughMarket(smallCommunity(), SETTINGS),
    await throughMarket(smallCommunity(), SETTINGS),
  ];
  assert.equal(runs[0], runs[1]);
});

test('netting only moves money between homes: its sum is that of one meter', () => {
  const energy = fc.integer({ min: -20_000_000, max: 20_000_000 });
  fc.assert(
    fc.property(fc.array(energy, { minLength: 1, maxLength: 8 }), (meteredWs) => {
      const prices = { useMicroPerKwh: 300_000, feedInMicroPerKwh: 80_000 };
      const settled = { ...prices, meteredWs, tradedWs: [] };
      const netted = deviationsMicro(settled, 'netted');
      const single = deviationsMicro(settled, 'single');
      const netWs = sumOf(meteredWs);
      const asOne = (netWs * (netWs > 0 ? 300_000 : 80_000)) / 3_600_000;
      assert.ok(Math.abs(sumOf(netted) - asOne) < 1e-3 * Math.max(1, Math.abs(asOne)));
      for (const [home, micro] of netted.entries()) {
        assert.ok(micro <= (single[home] ?? 0) + 1e-6, 'nobody pays more than singly');
      }
      const { needWs, surplusWs } = deviationsWs(settled);
      assert.ok(Math.abs(needWs - surplusWs - netWs) < 1e-3);
    }),
  );
});

test.run();
