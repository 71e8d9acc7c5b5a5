/** Prices that everybody offers at, and those of a home alone. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askPrice, bidPrice, commonPrices, MARGIN } from '../../../agent/strategy/tariff.ts';
import { COMMON_POWERS_W, commonPowers, PRICE_GRID_MICRO } from '../../../market/common-sizes.ts';

const test = suite('strategy: tariff and common sizes');

const PRICES = fc
  .tuple(fc.integer({ min: 0, max: 500_000 }), fc.integer({ min: 0, max: 500_000 }))
  .map(([feedInMicroPerKwh, span]) => ({
    feedInMicroPerKwh,
    useMicroPerKwh: feedInMicroPerKwh + span,
  }));

test('common prices stand on the grid, and no home offers below or bids above its own', () => {
  fc.assert(
    fc.property(PRICES, (prices) => {
      const { askMicroPerKwh, bidMicroPerKwh } = commonPrices(prices);
      assert.is(askMicroPerKwh % PRICE_GRID_MICRO, 0);
      assert.is(bidMicroPerKwh % PRICE_GRID_MICRO, 0);
      assert.ok(askMicroPerKwh >= askPrice(prices, MARGIN));
      assert.ok(bidMicroPerKwh <= bidPrice(prices, MARGIN));
    }),
  );
});

test('with a span of five cents and more, common asks and bids meet', () => {
  fc.assert(
    fc.property(PRICES, (prices) => {
      if (prices.useMicroPerKwh - prices.feedInMicroPerKwh < 50_000) return;
      const { askMicroPerKwh, bidMicroPerKwh } = commonPrices(prices);
      assert.ok(askMicroPerKwh <= bidMicroPerKwh, JSON.stringify(prices));
    }),
  );
});

test('a power is made up of common powers, and less than the smallest is left', () => {
  const least = Math.min(...COMMON_POWERS_W);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50_000 }), (powerW) => {
      const powers = commonPowers(powerW);
      const sum = powers.reduce((total, each) => total + each, 0);
      assert.ok(sum <= powerW && powerW - sum < least);
      assert.ok(powers.every((each) => COMMON_POWERS_W.includes(each)));
    }),
  );
  assert.equal(commonPowers(2_600), [1_000, 1_000, 250, 250]);
  assert.equal(commonPowers(2_600, 900), [1_000, 1_000], 'smaller ones are not taken');
});

test.run();
