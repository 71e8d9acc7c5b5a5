/** What must hold between the answers for two markets that differ in one thing. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clear } from '../../../solver/clearing/clear.ts';
import type { ClearingInput } from '../../../solver/clearing/input.ts';
import { type MarketShape, markets } from './random-markets.ts';

const test = suite('solver/clearing: two markets');

const SHAPE: MarketShape = { prices: 'mixed', limits: 'external-below', hasUtility: false };
const RUNS = { numRuns: 60 };

/** Bounds are exact: that of the linear program, or of a flow that reaches it. */
async function optimumWs(input: ClearingInput): Promise<number> {
  return (await clear(input)).upperBoundWs;
}

function neverLower(change: (input: ClearingInput, at: number) => ClearingInput) {
  return fc.assert(
    fc.asyncProperty(markets(SHAPE), fc.nat(), async (input, at) => {
      const before = await optimumWs(input);
      const after = await optimumWs(change(input, at));
      assert.ok(after >= before, `${after} Ws after ${before} Ws`);
    }),
    RUNS,
  );
}

test('an offer less never trades more', async () => {
  await fc.assert(
    fc.asyncProperty(markets(SHAPE), fc.nat(), async (input, at) => {
      const offers = input.offers.filter((_, other) => other !== at % input.offers.length);
      assert.ok((await optimumWs({ ...input, offers })) <= (await optimumWs(input)));
    }),
    RUNS,
  );
});

test('another interval never lowers the optimum', () =>
  neverLower((input) => ({ ...input, lastInterval: input.lastInterval + 1 })));

test('more room in a feeder never lowers it', () =>
  neverLower((input, at) => ({
    ...input,
    limitsAt: (feeder, interval) => {
      const { internalLimitW, externalLimitW } = input.limitsAt(feeder, interval);
      const moreW = feeder === 1 + (at % 3) ? 500 : 0;
      return { internalLimitW: internalLimitW + moreW, externalLimitW: externalLimitW + moreW };
    },
  })));

test('more power of an offer never lowers it', () =>
  neverLower((input, at) => ({
    ...input,
    offers: input.offers.map((offer, other) =>
      other === at % input.offers.length ? { ...offer, maxPowerW: 2 * offer.maxPowerW } : offer,
    ),
  })));

test('an ask that is cheaper, or a bid that is dearer, never lowers it', () =>
  neverLower((input, at) => ({
    ...input,
    offers: input.offers.map((offer, other) => {
      if (other !== at % input.offers.length) return offer;
      const change = offer.side === 'sell' ? -1 : 1;
      return { ...offer, priceMicroPerKwh: offer.priceMicroPerKwh + change };
    }),
  })));

test('the order in which offers come does not matter', async () => {
  await fc.assert(
    fc.asyncProperty(markets(SHAPE), fc.nat(), async (input, seed) => {
      const turn = seed % Math.max(1, input.offers.length);
      const turned = [...input.offers.slice(turn), ...input.offers.slice(0, turn)].reverse();
      assert.equal(await clear({ ...input, offers: turned }), await clear(input));
    }),
    RUNS,
  );
});

test('an offer in two halves trades what the whole does', async () => {
  await fc.assert(
    fc.asyncProperty(markets(SHAPE), fc.nat(), async (market, at) => {
      const even = market.offers.map((offer) => ({
        ...offer,
        energyWs: Math.floor(offer.energyWs / 1800) * 1800,
        maxPowerW: offer.maxPowerW * 2,
      }));
      const chosen = at % Math.max(1, even.length);
      const halves = even.flatMap((offer, other) => {
        if (other !== chosen) return [offer];
        const half = { ...offer, energyWs: offer.energyWs / 2, maxPowerW: offer.maxPowerW / 2 };
        return [half, { ...half, id: 1000 }];
      });
      const whole = await optimumWs({ ...market, offers: even });
      assert.is(await optimumWs({ ...market, offers: halves }), whole);
    }),
    RUNS,
  );
});

test.run();
