import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pairwiseOptimum } from '../../../bench/clearing/pairwise-program.ts';
import { verifySolution } from '../../../market/matching/verify.ts';
import type { Offer } from '../../../market/offers.ts';
import { clear } from '../../../solver/clearing/clear.ts';
import type { ClearingInput, ClearingResult } from '../../../solver/clearing/input.ts';
import { FIRST, INTERVAL_SECONDS, type MarketShape, markets } from './random-markets.ts';

const test = suite('solver/clearing/clear');

const RUNS = { numRuns: 150 };

function faultsOf(input: ClearingInput, result: ClearingResult) {
  return verifySolution(result.chunks, {
    intervalSeconds: input.intervalSeconds,
    minTradeWs: input.minTradeWs,
    offer: (id) => {
      const offer = input.offers.find((one) => one.id === id);
      return offer && { ...offer, postedAt: 0 };
    },
    limitsAt: input.limitsAt,
    isOpen: (interval) => interval >= input.firstInterval && interval <= input.lastInterval,
    lastPostingOf: () => 1,
  });
}

/** Cells of small markets: rounding loses less than a watt in each. */
function cellsOf(input: ClearingInput): number {
  return input.offers.reduce((sum, offer) => {
    const first = Math.max(offer.firstInterval, input.firstInterval);
    return sum + Math.max(0, Math.min(offer.lastInterval, input.lastInterval) - first + 1);
  }, 0);
}

const methods = new Map<string, number>();

async function holds(input: ClearingInput): Promise<void> {
  const result = await clear(input);
  methods.set(result.method, (methods.get(result.method) ?? 0) + 1);
  assert.equal(faultsOf(input, result), []);
  const { homeW, utilityW } = await pairwiseOptimum(input);
  const energyW = result.energyWs / INTERVAL_SECONDS;
  const upperBoundW = result.upperBoundWs / INTERVAL_SECONDS;
  assert.ok(energyW <= homeW + 1e-3, `${energyW} W is more than the optimum ${homeW} W`);
  assert.ok(upperBoundW >= Math.floor(homeW + 1e-4), `bound ${upperBoundW}, optimum ${homeW}`);
  assert.ok(upperBoundW >= energyW);
  assert.ok(upperBoundW <= homeW + 1e-3, `bound ${upperBoundW}, optimum ${homeW}`);
  if (result.method === 'linear-program') {
    assert.ok(energyW >= homeW - cellsOf(input), `${energyW} W, optimum ${homeW} W`);
  } else {
    assert.ok(Math.abs(energyW - homeW) < 1e-3, `${energyW} W, optimum ${homeW} W`);
    assert.is(upperBoundW, energyW);
    const tradedW = Number(result.objective.utilityEnergyWs) / INTERVAL_SECONDS;
    const boundW = result.utilityBoundWs / INTERVAL_SECONDS;
    assert.ok(boundW >= Math.floor(utilityW - 1e-3), `bound ${boundW}, utility ${utilityW}`);
    assert.ok(tradedW <= utilityW + 1e-3, `${tradedW} W of ${utilityW} W with the utility`);
    // Where the flow was taken because of its energy between homes, the bound says what is open.
    if (boundW === tradedW) assert.ok(tradedW >= utilityW - 1e-3);
    if (result.method === 'flow') assert.is(tradedW, boundW);
  }
}

const SHAPES: MarketShape[] = (['uniform', 'mixed'] as const).flatMap((prices) =>
  (['external-above', 'external-below'] as const).flatMap((limits) =>
    [false, true].map((hasUtility) => ({ prices, limits, hasUtility })),
  ),
);

for (const shape of SHAPES) {
  const what = `${shape.prices} prices, ${shape.limits}${shape.hasUtility ? ', utility' : ''}`;
  test(`has the pairwise program's optimum and feasible trades: ${what}`, async () => {
    await fc.assert(fc.asyncProperty(markets(shape), holds), RUNS);
  });
}

test('takes all three ways in those markets', () => {
  for (const method of ['flow', 'split-flow', 'linear-program']) {
    assert.ok((methods.get(method) ?? 0) > 0, `${method}: ${[...methods].join(' ')}`);
  }
});

test('drops trades below the minimum and still breaks nothing', async () => {
  const shape: MarketShape = { prices: 'mixed', limits: 'external-below', hasUtility: true };
  let dropped = 0;
  await fc.assert(
    fc.asyncProperty(markets(shape), async (market) => {
      const input = { ...market, minTradeWs: 500 * INTERVAL_SECONDS };
      const result = await clear(input);
      assert.equal(faultsOf(input, result), []);
      if (result.energyWs < result.upperBoundWs) dropped++;
    }),
    RUNS,
  );
  assert.ok(dropped > 0, 'some market had trades to drop');
});

test('leaves the smallest trades out where there may be only so many', async () => {
  const shape: MarketShape = { prices: 'mixed', limits: 'external-below', hasUtility: false };
  let cut = 0;
  await fc.assert(
    fc.asyncProperty(markets(shape), async (market) => {
      const result = await clear({ ...market, maxTrades: 2 });
      assert.equal(faultsOf(market, result), []);
      assert.ok(result.chunks.every(({ trades }) => trades.length <= 2));
      if (result.energyWs < result.upperBoundWs) cut++;
    }),
    RUNS,
  );
  assert.ok(cut > 0, 'some market had too many');
});

function offer(id: number, side: Offer['side'], change: Partial<Offer>): Offer {
  return {
    id,
    side,
    feeder: 1,
    firstInterval: FIRST,
    lastInterval: FIRST,
    energyWs: INTERVAL_SECONDS,
    maxPowerW: 1,
    priceMicroPerKwh: 3,
    ...change,
  };
}

function watts(powerW: number): Pick<Offer, 'energyWs' | 'maxPowerW'> {
  return { energyWs: powerW * INTERVAL_SECONDS, maxPowerW: powerW };
}

function question(offers: Offer[], lastInterval: number, internalW = 1000): ClearingInput {
  return {
    offers,
    firstInterval: FIRST,
    lastInterval,
    limitsAt: (feeder) => ({
      internalLimitW: feeder === 1 ? internalW : 1000,
      externalLimitW: 1000,
    }),
    intervalSeconds: INTERVAL_SECONDS,
    minTradeWs: 1,
  };
}

test('the cycle of five: 2.5 W in parts, 2 W whole, and 2 W is proven', async () => {
  const later = FIRST + 1;
  const input = question(
    [
      offer(1, 'sell', { priceMicroPerKwh: 1, lastInterval: later }),
      offer(2, 'sell', { firstInterval: later, lastInterval: later }),
      offer(3, 'sell', { feeder: 2, lastInterval: later }),
      offer(4, 'buy', { feeder: 3, priceMicroPerKwh: 4 }),
      offer(5, 'buy', {
        feeder: 3,
        priceMicroPerKwh: 4,
        firstInterval: later,
        lastInterval: later,
      }),
      offer(6, 'buy', {
        feeder: 3,
        priceMicroPerKwh: 2,
        firstInterval: later,
        lastInterval: later,
      }),
    ],
    later,
    1,
  );
  assert.ok(Math.abs((await pairwiseOptimum(input)).homeW - 2.5) < 1e-6);
  const result = await clear(input);
  assert.is(result.energyWs, 2 * INTERVAL_SECONDS);
  assert.is(result.upperBoundWs, 2 * INTERVAL_SECONDS);
});

test('no uniform price exists, and both units trade all the same', async () => {
  const price = (priceMicroPerKwh: number) => ({ priceMicroPerKwh });
  const offers = [
    offer(1, 'sell', price(1)),
    offer(2, 'sell', price(3)),
    offer(3, 'buy', price(2)),
    offer(4, 'buy', price(4)),
  ];
  const { chunks } = await clear(question(offers, FIRST));
  const trades = [
    { askId: 1, bidId: 3, powerW: 1 },
    { askId: 2, bidId: 4, powerW: 1 },
  ];
  assert.equal(chunks, [{ interval: FIRST, trades }]);
});

test('the utility does not take the place of a home', async () => {
  const offers = [
    offer(1, 'sell', { ...watts(100), priceMicroPerKwh: 5 }),
    offer(2, 'sell', { ...watts(100), feeder: 0, priceMicroPerKwh: 30 }),
    offer(3, 'buy', { ...watts(100), feeder: 2, priceMicroPerKwh: 35 }),
    offer(4, 'buy', { ...watts(100), feeder: 0, priceMicroPerKwh: 8 }),
  ];
  const { chunks } = await clear(question(offers, FIRST));
  assert.equal(chunks, [{ interval: FIRST, trades: [{ askId: 1, bidId: 3, powerW: 100 }] }]);
});

test('sells first what can be sold only soon', async () => {
  for (const ends of [0, 1]) {
    for (const [keeps, spoils] of [
      [1, 2],
      [2, 1],
    ]) {
      const offers = [
        offer(keeps ?? 0, 'sell', { ...watts(100), lastInterval: FIRST + 40 }),
        offer(spoils ?? 0, 'sell', { ...watts(100), feeder: 2, lastInterval: FIRST + ends }),
        offer(3, 'buy', { ...watts(100), feeder: 3 }),
      ];
      const { chunks } = await clear(question(offers, FIRST + 40));
      assert.equal(chunks[0]?.trades, [{ askId: spoils, bidId: 3, powerW: 100 }]);
    }
  }
});

test('a limit in the way does not turn the order of deadlines round', async () => {
  // The path through a binding limit is longer, which a shortest path would avoid.
  const early = { lastInterval: FIRST + 3 };
  const late = { lastInterval: FIRST + 40 };
  const sold = await clear(
    question(
      [
        offer(1, 'sell', { ...watts(100), ...early }),
        offer(2, 'sell', { ...watts(100), ...late }),
        offer(3, 'sell', { ...watts(100), ...late, feeder: 2 }),
        offer(4, 'buy', { ...watts(100), feeder: 3 }),
      ],
      FIRST + 40,
      150,
    ),
  );
  assert.equal(sold.chunks[0]?.trades, [{ askId: 1, bidId: 4, powerW: 100 }]);
  const bought = await clear(
    question(
      [
        offer(1, 'buy', { ...watts(100), ...early }),
        offer(2, 'buy', { ...watts(100), ...early }),
        offer(3, 'buy', { ...watts(100), ...late, feeder: 2 }),
        offer(4, 'sell', { ...watts(100), feeder: 3 }),
      ],
      FIRST + 40,
      150,
    ),
  );
  assert.equal(bought.chunks[0]?.trades, [{ askId: 4, bidId: 1, powerW: 100 }]);
});

test('serves first who can be served only soon', async () => {
  for (const [early, late] of [
    [2, 3],
    [3, 2],
  ]) {
    const offers = [
      offer(1, 'sell', { ...watts(100), lastInterval: FIRST + 40 }),
      offer(late ?? 0, 'buy', { ...watts(100), firstInterval: FIRST + 9, lastInterval: FIRST + 9 }),
      offer(early ?? 0, 'buy', {
        ...watts(100),
        firstInterval: FIRST + 2,
        lastInterval: FIRST + 2,
      }),
    ];
    const { chunks } = await clear(question(offers, FIRST + 40));
    assert.equal(chunks, [
      { interval: FIRST + 2, trades: [{ askId: 1, bidId: early, powerW: 100 }] },
    ]);
  }
});

test('the linear program puts early deadlines first as well', async () => {
  const both = { lastInterval: FIRST + 3 };
  const offers = [
    offer(1, 'sell', { ...watts(100), lastInterval: FIRST + 40 }),
    offer(2, 'sell', { ...watts(100), ...both }),
    offer(3, 'sell', { ...watts(100), ...both, priceMicroPerKwh: 1 }),
    offer(4, 'buy', { ...watts(200), feeder: 2 }),
    offer(5, 'buy', { ...watts(10), feeder: 2, priceMicroPerKwh: 2 }),
    offer(6, 'buy', { ...watts(10), priceMicroPerKwh: 2 }),
  ];
  const input = question(offers, FIRST + 40);
  // A net limit over two price levels is no network.
  const { chunks, method } = await clear({
    ...input,
    limitsAt: () => ({ internalLimitW: 1000, externalLimitW: 150 }),
  });
  assert.is(method, 'linear-program');
  const sold = (id: number) =>
    (chunks[0]?.trades ?? [])
      .filter(({ askId }) => askId === id)
      .reduce((sum, { powerW }) => sum + powerW, 0);
  assert.is(sold(1), 0);
  assert.is(sold(2) + sold(3), 160);
});

test('what the utility sells into a feeder lets homes there sell more out of it', async () => {
  const offers = [
    offer(1, 'sell', { ...watts(100) }),
    offer(2, 'sell', { ...watts(50), feeder: 0 }),
    offer(3, 'buy', { ...watts(50) }),
    offer(4, 'buy', { ...watts(100), feeder: 2 }),
  ];
  const input = question(offers, FIRST);
  const limitsAt = (feeder: number) => ({
    internalLimitW: 1000,
    externalLimitW: feeder === 1 ? 50 : 1000,
  });
  // Without the utility 50 W go out of the feeder and 50 W stay; with it all 100 W still count.
  const result = await clear({ ...input, limitsAt });
  assert.is(result.energyWs, 100 * INTERVAL_SECONDS);
  assert.equal(faultsOf({ ...input, limitsAt }, result), []);
  const more = [...offers, offer(5, 'buy', { ...watts(50), priceMicroPerKwh: 2 })];
  const other = { ...input, limitsAt, offers: more.filter(({ id }) => id !== 3) };
  const cheap = other.offers.map((one) => (one.id === 2 ? { ...one, priceMicroPerKwh: 2 } : one));
  const eased = await clear({ ...other, offers: cheap });
  assert.is(eased.energyWs, 100 * INTERVAL_SECONDS, 'the import of 50 W allows an export of 100 W');
  assert.is(eased.upperBoundWs, 100 * INTERVAL_SECONDS);
  assert.equal(faultsOf({ ...other, offers: cheap }, eased), []);
});

test('more offers never trade less, and scaling everything scales the result', async () => {
  const shape: MarketShape = { prices: 'mixed', limits: 'external-above', hasUtility: false };
  await fc.assert(
    fc.asyncProperty(markets(shape), async (input) => {
      const whole = await clear(input);
      const fewer = await clear({ ...input, offers: input.offers.slice(1) });
      assert.ok(fewer.upperBoundWs <= whole.upperBoundWs);
      const doubled = await clear({
        ...input,
        offers: input.offers.map((one) => ({
          ...one,
          energyWs: Math.floor(one.energyWs / INTERVAL_SECONDS) * 2 * INTERVAL_SECONDS,
          maxPowerW: one.maxPowerW * 2,
        })),
        limitsAt: (feeder, interval) => {
          const { internalLimitW, externalLimitW } = input.limitsAt(feeder, interval);
          return { internalLimitW: 2 * internalLimitW, externalLimitW: 2 * externalLimitW };
        },
      });
      assert.ok(doubled.upperBoundWs >= 2 * whole.energyWs);
      const rounding = doubled.method === 'linear-program' ? cellsOf(input) * INTERVAL_SECONDS : 0;
      assert.ok(doubled.energyWs >= 2 * whole.energyWs - rounding);
      if (whole.method === 'flow') assert.is(doubled.energyWs, 2 * whole.energyWs);
    }),
    RUNS,
  );
});

test('an empty market clears to nothing', async () => {
  const result = await clear(question([], FIRST));
  assert.equal(result.chunks, []);
  assert.is(result.energyWs, 0);
  assert.is(result.upperBoundWs, 0);
});

test.run();
