/** What the study market, and a real day, cost on a chain. */
import type { Interval } from '../../market/intervals.ts';
import type { Chunk, FeederLimits, Offer } from '../../market/offers.ts';
import { clear } from '../../solver/clearing/clear.ts';
import { Seeded } from '../../testbed/homes/seeded.ts';
import { FEEDERS, MOST_TRADES, mergedChunk, studyOffers } from './study-market.ts';
import { CURRENT, sum, TradingDay } from './trading-day.ts';

export const TRADES = [100, 500, 1000, 3000] as const;
const INTERVALS = 12;
const POWER_W = 12;

export interface SubmissionGas {
  trades: number;
  intervals: number;
  offers: number;
  /** Of a solution that replaces one of the same solver: every slot was used before. */
  submitGas: number;
  /** Of the first solution ever. */
  firstSubmitGas: number;
  finalizeGas: number;
  settleGas: number;
  postGas: number;
}

/** A solution of so many trades: submitted, finalized and settled interval by interval. */
export async function measureSubmission(trades: number): Promise<SubmissionGas> {
  const intervals = Math.max(INTERVALS, Math.ceil(trades / MOST_TRADES));
  const offers = studyOffers(new Seeded(1), CURRENT + 1, CURRENT + intervals);
  const day = await TradingDay.begin(intervals + 1, FEEDERS, offers);
  try {
    const { postGas } = await day.post();
    const share = (place: number) => Math.floor((trades * place) / intervals);
    const solution = (powerW: number) =>
      Array.from({ length: intervals }, (_, place) => {
        const count = share(place + 1) - share(place);
        return mergedChunk(offers, CURRENT + 1 + place, count, powerW);
      });
    const firstSubmitGas = await day.submit(solution(POWER_W - 2));
    await day.submit(solution(POWER_W - 1));
    const chunks = solution(POWER_W);
    const submitGas = await day.submit(chunks);
    const finalizeGas: number[] = [];
    for (const chunk of chunks) finalizeGas.push(await day.finalize(chunk));
    const settleGas: number[] = [];
    for (const chunk of chunks) settleGas.push(await day.settle(chunk));
    const totals = { finalizeGas: sum(finalizeGas), settleGas: sum(settleGas) };
    return {
      ...{ trades, intervals, offers: offers.length, submitGas, firstSubmitGas, ...totals },
      postGas: postGas / offers.length,
    };
  } finally {
    await day.end();
  }
}

export interface ClearedGas {
  trades: number;
  grantGas: number;
  postGas: number;
  submitGas: number;
  finalizeGas: number;
  settleGas: number;
  closeGas: number;
}

/**
 * Everything that trades cost from the grant on, all offers of one interval each.
 * @param intervals in which each home trades, its offers granted and posted at once
 */
export async function measureCleared(intervals: number): Promise<ClearedGas> {
  const all: Offer[] = [];
  const byInterval: Offer[][] = [];
  for (let place = 0; place < intervals; place++) {
    const at = CURRENT + 1 + place;
    byInterval.push(studyOffers(new Seeded(1 + place), at, at));
  }
  // The offers of a home stand together; the chain numbers them in this order.
  for (let home = 0; home < (byInterval[0]?.length ?? 0); home++) {
    for (const offers of byInterval) {
      const offer = offers[home];
      if (offer === undefined) continue;
      offer.id = all.length + 1;
      all.push(offer);
    }
  }
  const chunks = byInterval.map((offers, place) =>
    mergedChunk(offers, CURRENT + 1 + place, MOST_TRADES, POWER_W),
  );
  return playThrough(all, chunks, FEEDERS, intervals);
}

/** The interval of a day with the most trades when it is cleared alone. */
export async function busiestOf(offers: readonly Offer[], limitW: FeederLimits): Promise<Interval> {
  let busiest = { interval: 0, trades: -1 };
  const last = Math.max(...offers.map(({ lastInterval }) => lastInterval));
  const first = Math.min(...offers.map(({ firstInterval }) => firstInterval));
  for (let interval = first; interval <= last; interval++) {
    const trades = (await clearing(offers, interval, interval, limitW)).at(0)?.trades.length ?? 0;
    if (trades > busiest.trades) busiest = { interval, trades };
  }
  return busiest.interval;
}

async function clearing(
  offers: readonly Offer[],
  firstInterval: Interval,
  lastInterval: Interval,
  limitW: FeederLimits,
): Promise<Chunk[]> {
  const limitsAt = () => limitW;
  const rules = { limitsAt, intervalSeconds: 900, minTradeWs: 900 };
  return (await clear({ offers, firstInterval, lastInterval, ...rules })).chunks;
}

/** One interval of a day, or all of a window, cleared by the solver. */
export async function measureReal(
  offers: readonly Offer[],
  first: Interval,
  last: Interval,
  limitW: FeederLimits,
): Promise<ClearedGas & { offers: number }> {
  const shift = CURRENT + 1 - first;
  const seen = offers
    .filter((offer) => offer.lastInterval >= first && offer.firstInterval <= last)
    .map((offer, place) => ({
      ...offer,
      id: place + 1,
      firstInterval: Math.max(offer.firstInterval, first) + shift,
      lastInterval: Math.min(offer.lastInterval, last) + shift,
    }));
  const chunks = await clearing(seen, first + shift, last + shift, limitW);
  const feeders = Math.max(...seen.map(({ feeder }) => feeder));
  return { ...(await playThrough(seen, chunks, feeders, 1)), offers: seen.length };
}

async function playThrough(
  offers: readonly Offer[],
  chunks: readonly Chunk[],
  feeders: number,
  together: number,
): Promise<ClearedGas> {
  const last = Math.max(...offers.map(({ lastInterval }) => lastInterval));
  const day = await TradingDay.begin(Math.max(13, last - CURRENT + 1), feeders, offers);
  try {
    const { grantGas, postGas } = await day.post(together);
    const submitGas = await day.submit(chunks);
    let [finalizeGas, settleGas] = [0, 0];
    for (const chunk of chunks) finalizeGas += await day.finalize(chunk);
    for (const chunk of chunks) settleGas += await day.settle(chunk);
    const closeGas = await day.close(last, chunks);
    const trades = sum(chunks.map((chunk) => chunk.trades.length));
    return { trades, grantGas, postGas, submitGas, finalizeGas, settleGas, closeGas };
  } finally {
    await day.end();
  }
}
