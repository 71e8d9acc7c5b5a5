/**
 * Seeded communities of any size for measuring the clearing: one window on a sunny afternoon.
 *
 * As in the TRANSAX study: 9.3 homes on a feeder, limits of 20 kW, prosumers on some of the feeders
 * only, so that limits bind. A prosumer offers what each interval yields over a range that its
 * battery allows; a consumer bids for each interval by itself. Production does not depend on how
 * many prosumers share it.
 */
import type { Offer } from '../../market/offers.ts';
import type { ClearingInput } from '../../solver/clearing/input.ts';
import { Seeded } from '../../testbed/homes/seeded.ts';

export type Prices = 'uniform' | 'ticks' | 'random';

export interface MarketSize {
  homes: number;
  producers: number;
  prices: Prices;
  seed: number;
}

export const WINDOW_INTERVALS = 12;
const INTERVAL_SECONDS = 900;
const FIRST_INTERVAL = 1_000_000;
/** Quarter-hour of the day in which the window starts: 11:00. */
const FIRST_QUARTER = 44;
const HOMES_PER_FEEDER = 102 / 11;
const PRODUCING_FEEDERS = 0.4;
const LIMIT_W = 20_000;
const TICK_MICRO_PER_KWH = 10_000;
/** Mean peak of a prosumer when one home in twenty is one. */
const PEAK_W = 40_000;

export function marketOf({ homes, producers, prices, seed }: MarketSize): ClearingInput {
  const chance = new Seeded(seed);
  const feeders = Math.max(1, Math.round(homes / HOMES_PER_FEEDER));
  const isProducer = drawProducers(homes, producers, feeders, chance);
  const peakW = (PEAK_W * 0.05 * homes) / producers;
  const bidShare = 0.95 / (1 - producers / homes);
  const offers: Offer[] = [];
  for (let home = 0; home < homes; home++) {
    const feeder = 1 + (home % feeders);
    const own = { feeder, chance, prices, offers };
    if (isProducer[home] === 1) addAsks({ ...own, peakW: peakW * chance.between(0.5, 1.5) });
    else addBids({ ...own, meanW: chance.between(400, 1600) * bidShare });
  }
  return {
    offers,
    firstInterval: FIRST_INTERVAL,
    lastInterval: FIRST_INTERVAL + WINDOW_INTERVALS - 1,
    limitsAt: () => ({ internalLimitW: LIMIT_W, externalLimitW: LIMIT_W }),
    intervalSeconds: INTERVAL_SECONDS,
    minTradeWs: 1,
  };
}

/** Prosumers, drawn among the homes of the first feeders. */
function drawProducers(
  homes: number,
  producers: number,
  feeders: number,
  chance: Seeded,
): Uint8Array {
  const among = Math.max(1, Math.round(feeders * PRODUCING_FEEDERS));
  const candidates = Array.from({ length: homes }, (_, home) => home).filter(
    (home) => home % feeders < among || producers > homes * PRODUCING_FEEDERS,
  );
  const isProducer = new Uint8Array(homes);
  for (let drawn = 0; drawn < producers && candidates.length > 0; drawn++) {
    const at = chance.whole(0, candidates.length - 1);
    const home = candidates[at];
    candidates[at] = candidates.at(-1) ?? 0;
    candidates.pop();
    if (home !== undefined) isProducer[home] = 1;
  }
  return isProducer;
}

interface Home {
  feeder: number;
  chance: Seeded;
  prices: Prices;
  offers: Offer[];
}

function addAsks({ feeder, chance, prices, offers, peakW }: Home & { peakW: number }): void {
  const priceMicroPerKwh = priceOf(prices, 'sell', chance);
  const batteryW = chance.whole(5_000, 15_000);
  for (let interval = 0; interval < WINDOW_INTERVALS; interval++) {
    const hour = (FIRST_QUARTER + interval) / 4;
    const sun = Math.max(0, Math.cos((((hour - 12.5) / 6) * Math.PI) / 2));
    const powerW = Math.round(peakW * sun * chance.between(0.7, 1.3));
    const length = chance.whole(0, WINDOW_INTERVALS - 1);
    if (powerW <= 0) continue;
    offers.push({
      id: offers.length + 1,
      feeder,
      side: 'sell',
      firstInterval: FIRST_INTERVAL + interval,
      lastInterval: FIRST_INTERVAL + Math.min(WINDOW_INTERVALS - 1, interval + length),
      energyWs: powerW * INTERVAL_SECONDS,
      maxPowerW: length === 0 ? powerW : Math.min(powerW, batteryW),
      priceMicroPerKwh,
    });
  }
}

function addBids({ feeder, chance, prices, offers, meanW }: Home & { meanW: number }): void {
  const priceMicroPerKwh = priceOf(prices, 'buy', chance);
  for (let interval = 0; interval < WINDOW_INTERVALS; interval++) {
    const powerW = Math.round(meanW * chance.between(0.4, 1.6));
    const at = FIRST_INTERVAL + interval;
    offers.push({
      id: offers.length + 1,
      feeder,
      side: 'buy',
      firstInterval: at,
      lastInterval: at,
      energyWs: powerW * INTERVAL_SECONDS,
      maxPowerW: powerW,
      priceMicroPerKwh,
    });
  }
}

/** One price of a home: asks mostly below bids, so that most can trade and some cannot. */
function priceOf(prices: Prices, side: Offer['side'], chance: Seeded): number {
  const isAsk = side === 'sell';
  if (prices === 'uniform') return 10 * TICK_MICRO_PER_KWH;
  if (prices === 'ticks')
    return (isAsk ? chance.whole(1, 25) : chance.whole(6, 30)) * TICK_MICRO_PER_KWH;
  return isAsk ? chance.whole(1, 800_000) : chance.whole(200_000, 1_000_000);
}
