/** Which of the optimal solutions is taken: nothing of the optimum is given up for it. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sharesOf } from '../../../bench/clearing/fills.ts';
import { marketOf } from '../../../bench/clearing/market.ts';
import { pairwiseProgram } from '../../../bench/clearing/pairwise-program.ts';
import { clear } from '../../../solver/clearing/clear.ts';
import type { ClearingInput, TieRule } from '../../../solver/clearing/input.ts';
import { maximize } from '../../../solver/clearing/linear-program.ts';
import { INTERVAL_SECONDS, type MarketShape, markets } from './random-markets.ts';

const test = suite('solver/clearing/tie-rules');

const RUNS = { numRuns: 100 };
const WELFARE: TieRule = { kind: 'earliest-deadline', second: 'welfare' };
const EQUAL_SHARES: TieRule = { kind: 'earliest-deadline', second: 'equal-shares' };
const ARBITRARY: TieRule = { kind: 'arbitrary', seed: 5 };

const SHAPES: MarketShape[] = (['uniform', 'mixed'] as const).flatMap((prices) =>
  (['wide', 'external-above', 'external-below'] as const).map((limits) => ({
    prices,
    limits,
    hasUtility: true,
  })),
);

test('no rule lowers the total, nor the energy with the utility', async () => {
  let networks = 0;
  for (const shape of SHAPES) {
    await fc.assert(
      fc.asyncProperty(markets(shape), async (market) => {
        const results = await Promise.all(
          [WELFARE, EQUAL_SHARES, ARBITRARY].map((tieRule) => clear({ ...market, tieRule })),
        );
        if (results.some(({ method }) => method !== 'flow')) return;
        networks++;
        const totals = results.map(({ objective }) => [
          objective.homeEnergyWs,
          objective.utilityEnergyWs,
        ]);
        assert.equal(totals[1], totals[0]);
        assert.equal(totals[2], totals[0]);
      }),
      RUNS,
    );
  }
  assert.ok(networks > 200, `${networks} markets were networks`);
});

/** Best welfare among solutions that put energy first, then early deadlines: goal after goal. */
async function bestWelfare(input: ClearingInput): Promise<number> {
  const { program, welfareCosts, pairs } = pairwiseProgram(input);
  const deadlines = [...new Set(input.offers.map(({ lastInterval }) => lastInterval))].sort(
    (a, b) => a - b,
  );
  const goals = [0, 1].flatMap((side) =>
    deadlines.map((deadline) =>
      pairs.map((pair) => (pair[side]?.lastInterval === deadline ? 1 : 0)),
    ),
  );
  const { values } = await maximize(program, [...goals, welfareCosts]);
  return values.at(-1) ?? 0;
}

test('welfare is that of linear programs solved goal after goal', async () => {
  const shape: MarketShape = { prices: 'mixed', limits: 'wide', hasUtility: false };
  let gains = 0;
  await fc.assert(
    fc.asyncProperty(markets(shape), async (market) => {
      const result = await clear({ ...market, tieRule: WELFARE });
      assert.is(result.method, 'flow');
      const welfare = Number(result.objective.welfare) / INTERVAL_SECONDS;
      const best = await bestWelfare(market);
      assert.ok(Math.abs(welfare - best) < 0.01 + 1e-6 * best, `${welfare}, best ${best}`);
      const other = await clear({ ...market, tieRule: ARBITRARY });
      if (result.objective.welfare > other.objective.welfare) gains++;
    }),
    RUNS,
  );
  assert.ok(gains > 0, 'the rule makes a difference');
});

test('behind the hub of a limit cheap asks are used first as well', async () => {
  const ask = { side: 'sell', firstInterval: 1, lastInterval: 1, feeder: 1 } as const;
  const watts = { energyWs: 100 * INTERVAL_SECONDS, maxPowerW: 100 };
  const result = await clear({
    offers: [
      { ...ask, ...watts, id: 1, priceMicroPerKwh: 7 },
      { ...ask, ...watts, id: 2, priceMicroPerKwh: 3 },
      { ...ask, ...watts, id: 3, side: 'buy', feeder: 2, priceMicroPerKwh: 9 },
      { ...ask, ...watts, id: 4, side: 'buy', feeder: 3, priceMicroPerKwh: 5 },
    ],
    firstInterval: 1,
    lastInterval: 1,
    limitsAt: (feeder) => ({ internalLimitW: feeder === 1 ? 100 : 1000, externalLimitW: 1000 }),
    intervalSeconds: INTERVAL_SECONDS,
    minTradeWs: 1,
    tieRule: WELFARE,
  });
  assert.equal(result.chunks, [{ interval: 1, trades: [{ askId: 2, bidId: 3, powerW: 100 }] }]);
});

test('equal shares raise the lowest fill, at the same total', async () => {
  for (const prices of ['uniform', 'ticks'] as const) {
    const market = marketOf({ homes: 102, producers: 30, prices, seed: 2 });
    // One deadline, so that nobody is first by that.
    const offers = market.offers
      .filter(
        ({ side, firstInterval: first }) => side === 'sell' || first > market.lastInterval - 4,
      )
      .map((one) => (one.side === 'sell' ? { ...one, lastInterval: market.lastInterval } : one));
    const one = { ...market, offers };
    const welfare = await clear({ ...one, tieRule: WELFARE });
    const shares = await clear({ ...one, tieRule: EQUAL_SHARES });
    assert.is(shares.energyWs, welfare.energyWs);
    const [before, after] = [sharesOf(one, welfare), sharesOf(one, shares)];
    if (prices === 'uniform') {
      assert.ok(after.lowestFill > before.lowestFill, `${before.lowestFill} ${after.lowestFill}`);
    }
    assert.ok(after.jainIndex > before.jainIndex, `${before.jainIndex} ${after.jainIndex}`);
  }
});

test('offers that nothing tells apart get the same share, to the watt', async () => {
  const base = { firstInterval: 1, lastInterval: 1, priceMicroPerKwh: 5 };
  const offers = [300, 200, 101, 400].map((powerW, at) => ({
    ...base,
    id: at + 1,
    side: at < 3 ? ('sell' as const) : ('buy' as const),
    feeder: at + 1,
    energyWs: powerW * INTERVAL_SECONDS,
    maxPowerW: powerW,
  }));
  const { chunks } = await clear({
    offers,
    firstInterval: 1,
    lastInterval: 1,
    limitsAt: () => ({ internalLimitW: 1000, externalLimitW: 1000 }),
    intervalSeconds: INTERVAL_SECONDS,
    minTradeWs: 1,
    tieRule: EQUAL_SHARES,
  });
  const sold = chunks[0]?.trades.map(({ powerW }) => powerW) ?? [];
  for (const [at, powerW] of sold.entries()) {
    const fairW = (400 * (offers[at]?.maxPowerW ?? 0)) / 601;
    assert.ok(Math.abs(powerW - fairW) <= 2, `${powerW} W, fair ${fairW} W`);
  }
});

test.run();
