/**
 * The study market: 102 homes on 11 feeders, 26 of which sell, with trades in merge order. Seeded;
 * reservation prices in ticks, every ask below every bid, limits that never bind, so that there are
 * as many trades as are asked for.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Chunk, Offer } from '../../market/offers.ts';
import type { Seeded } from '../../testbed/homes/seeded.ts';

export const HOMES = 102;
export const SELLERS = 26;
export const FEEDERS = 11;
const INTERVAL_SECONDS = 900;
const TICK_MICRO_PER_KWH = 10_000;

/** Offers with ids from 1, as the chain will number them when they are posted in this order. */
export function studyOffers(chance: Seeded, first: Interval, last: Interval): Offer[] {
  const intervals = last - first + 1;
  return Array.from({ length: HOMES }, (_, place): Offer => {
    const isSeller = place < SELLERS;
    const tick = isSeller ? chance.between(8, 18) : chance.between(19, 30);
    const maxPowerW = 4_000;
    return {
      id: place + 1,
      feeder: 1 + (place % FEEDERS),
      side: isSeller ? 'sell' : 'buy',
      firstInterval: first,
      lastInterval: last,
      energyWs: maxPowerW * INTERVAL_SECONDS * intervals,
      maxPowerW,
      priceMicroPerKwh: Math.floor(tick) * TICK_MICRO_PER_KWH,
    };
  });
}

/** Most trades that the merge of the study's offers has in one interval. */
export const MOST_TRADES = HOMES - 1;

/**
 * A chunk of so many trades: a stretch of the merge of all asks with all bids, which begins
 * elsewhere in each interval, so that a solution with few trades still touches many offers.
 * @param powerW of each trade
 */
export function mergedChunk(
  offers: readonly Offer[],
  interval: Interval,
  trades: number,
  powerW: number,
): Chunk {
  const inOrder = (side: Offer['side']) =>
    offers
      .filter((offer) => offer.side === side)
      .sort((a, b) => a.priceMicroPerKwh - b.priceMicroPerKwh || a.id - b.id);
  const [asks, bids] = [inOrder('sell'), inOrder('buy')];
  const steps = asks.length + bids.length - 1;
  const from = trades >= steps ? 0 : (interval * trades) % (steps - trades);
  const chunk: Chunk = { interval, trades: [] };
  let [ask, bid] = [0, 0];
  for (let step = 0; step < from + Math.min(trades, steps); step++) {
    const [seller, buyer] = [asks[ask], bids[bid]];
    if (seller === undefined || buyer === undefined) break;
    if (step >= from) chunk.trades.push({ askId: seller.id, bidId: buyer.id, powerW });
    // Both sides advance evenly.
    if (ask + 1 < asks.length && (ask + 1) * bids.length <= (bid + 1) * asks.length) ask += 1;
    else bid += 1;
  }
  return chunk;
}
