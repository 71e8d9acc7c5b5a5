/** The utility offers on a feeder of its own: it comes after the homes, and never meets itself. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { marketOf } from '../../../bench/clearing/market.ts';
import { verifySolution } from '../../../market/matching/verify.ts';
import { type Offer, UTILITY_FEEDER } from '../../../market/offers.ts';
import { clear } from '../../../solver/clearing/clear.ts';
import type { ClearingInput } from '../../../solver/clearing/input.ts';
import { FIRST, type MarketShape, markets } from './random-markets.ts';

const test = suite('solver/clearing/utility');

/** A bid at the feed-in price and an ask at the time-of-use price, in every interval. */
function utilityOffers(input: ClearingInput, feedIn: number, use: number): Offer[] {
  const count = input.lastInterval - input.firstInterval + 1;
  return Array.from({ length: 2 * count }, (_, at) => ({
    id: 1_000_000 + at,
    feeder: UTILITY_FEEDER,
    side: at % 2 === 0 ? ('buy' as const) : ('sell' as const),
    firstInterval: input.firstInterval + Math.floor(at / 2),
    lastInterval: input.firstInterval + Math.floor(at / 2),
    energyWs: 1_000_000 * input.intervalSeconds,
    maxPowerW: 1_000_000,
    priceMicroPerKwh: at % 2 === 0 ? feedIn : use,
  }));
}

async function withAndWithout(homes: ClearingInput, feedIn: number, use: number) {
  const utility = utilityOffers(homes, feedIn, use);
  const isUtility = new Set(utility.map(({ id }) => id));
  const alone = await clear(homes);
  const both = await clear({ ...homes, offers: [...homes.offers, ...utility] });
  const trades = both.chunks.flatMap(({ trades }) => trades);
  const selfTrades = trades.filter(
    ({ askId, bidId }) => isUtility.has(askId) && isUtility.has(bidId),
  );
  assert.is(selfTrades.length, 0);
  return { alone, both };
}

test('bids at feed-in, asks at time of use: energy between homes stays as it is', async () => {
  for (const prices of ['uniform', 'ticks', 'random'] as const) {
    const homes = marketOf({ homes: 102, producers: 7, prices, seed: 1 });
    const { alone, both } = await withAndWithout(homes, 50_000, 300_000);
    assert.is(both.objective.homeEnergyWs, alone.objective.homeEnergyWs, prices);
    assert.is(both.energyWs, both.upperBoundWs, prices);
    if (prices !== 'uniform') assert.ok(both.objective.utilityEnergyWs > 0n, prices);
    assert.is(Number(both.objective.utilityEnergyWs), both.utilityBoundWs, prices);
  }
});

test('so it is in every market whose net limits cannot bind', async () => {
  const shape: MarketShape = { prices: 'mixed', limits: 'external-above', hasUtility: false };
  let traded = 0;
  await fc.assert(
    fc.asyncProperty(
      markets(shape),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      async (homes, feedIn, use) => {
        const { alone, both } = await withAndWithout(homes, feedIn, use);
        assert.is(both.upperBoundWs, alone.upperBoundWs);
        if (alone.energyWs < alone.upperBoundWs || both.energyWs < both.upperBoundWs) return;
        assert.is(both.objective.homeEnergyWs, alone.objective.homeEnergyWs);
        if (both.objective.utilityEnergyWs > 0n) traded++;
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(traded > 20, `the utility traded in ${traded} markets`);
});

test('a trade with the utility on both sides is refused', () => {
  const input = marketOf({ homes: 2, producers: 1, prices: 'uniform', seed: 1 });
  const offers = utilityOffers({ ...input, firstInterval: FIRST, lastInterval: FIRST }, 5, 5);
  const [bid, ask] = offers;
  const trade = { askId: ask?.id ?? 0, bidId: bid?.id ?? 0, powerW: 100 };
  const faults = verifySolution([{ interval: FIRST, trades: [trade] }], {
    intervalSeconds: 900,
    minTradeWs: 1,
    offer: (id) => {
      const offer = offers.find((one) => one.id === id);
      return offer && { ...offer, postedAt: 0 };
    },
    limitsAt: input.limitsAt,
    isOpen: () => true,
    lastPostingOf: () => 1,
  });
  assert.equal(
    faults.map(({ code }) => code),
    ['both-utility'],
  );
});

test.run();
