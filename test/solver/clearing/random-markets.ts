/** Small random markets for property tests, degenerate ones among them. */
import fc from 'fast-check';
import type { FeederLimits, Offer } from '../../../market/offers.ts';
import type { ClearingInput } from '../../../solver/clearing/input.ts';

export const INTERVAL_SECONDS = 900;
export const FIRST = 1000;

export interface MarketShape {
  prices: 'uniform' | 'mixed';
  /** External limits below internal ones, or never; or none that could bind. */
  limits: 'external-below' | 'external-above' | 'wide';
  hasUtility: boolean;
}

export function markets(shape: MarketShape): fc.Arbitrary<ClearingInput> {
  const power = fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 4000 }) },
    { weight: 2, arbitrary: fc.constant(1_000_000) },
  );
  const limits = fc.tuple(power, power).map(([internalLimitW, other]): FeederLimits => {
    if (shape.limits === 'wide') return { internalLimitW: 1_000_000, externalLimitW: 1_000_000 };
    const isAbove = shape.limits === 'external-above';
    const externalLimitW = (isAbove ? Math.max : Math.min)(internalLimitW, other);
    return { internalLimitW, externalLimitW };
  });
  return fc
    .record({
      offers: fc.array(offers(shape), { minLength: 0, maxLength: 24, size: 'max' }),
      limits: fc.array(limits, { minLength: 3, maxLength: 3 }),
      intervals: fc.constantFrom(1, 2, 3, 4),
    })
    .map((market) => ({
      offers: market.offers.map((offer, at) => ({ ...offer, id: at + 1 })),
      firstInterval: FIRST,
      lastInterval: FIRST + market.intervals - 1,
      limitsAt: (feeder) => market.limits[feeder - 1] ?? { internalLimitW: 0, externalLimitW: 0 },
      intervalSeconds: INTERVAL_SECONDS,
      minTradeWs: 1,
    }));
}

function offers(shape: MarketShape): fc.Arbitrary<Offer> {
  return fc
    .record({
      feeder: fc.integer({ min: shape.hasUtility ? 0 : 1, max: 3 }),
      sells: fc.boolean(),
      first: fc.integer({ min: -1, max: 3 }),
      length: fc.constantFrom(1, 2, 3, 4),
      energyWs: fc.oneof(
        { weight: 1, arbitrary: fc.constant(0) },
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 3000 * INTERVAL_SECONDS }) },
        {
          weight: 5,
          arbitrary: fc.integer({ min: 1, max: 30 }).map((k) => k * 100 * INTERVAL_SECONDS),
        },
      ),
      maxPowerW: fc.oneof(
        { weight: 1, arbitrary: fc.constant(0) },
        { weight: 5, arbitrary: fc.integer({ min: 1, max: 3000 }) },
        { weight: 5, arbitrary: fc.constant(10_000) },
      ),
      price: shape.prices === 'uniform' ? fc.constant(10) : fc.integer({ min: 1, max: 6 }),
    })
    .map(
      ({ feeder, sells, first, length, energyWs, maxPowerW, price }): Offer => ({
        id: 0,
        feeder,
        side: sells ? 'sell' : 'buy',
        firstInterval: FIRST + first,
        lastInterval: FIRST + first + length - 1,
        energyWs,
        maxPowerW,
        // A utility that sells dear and buys cheap, as utilities do.
        priceMicroPerKwh: feeder > 0 ? price : sells ? 5 : 2,
      }),
    );
}
