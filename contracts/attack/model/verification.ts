/**
 * Which rules the chunks of a solution break (design: a solution). Told from the whole of each
 * chunk, without a cursor: pairs, sums by offer, sums by feeder.
 */
import { latestPostingOf } from './calendar.ts';
import { leftWs, limitsAt, type Offer, openOffer, type State } from './state.ts';
import type { Trade } from './trades.ts';

interface TradesOf {
  interval: number;
  trades: readonly Trade[];
}

/**
 * @param usedWs by offer, taken by earlier parts of the same solution; what is traded is added
 * @returns the names of broken rules
 */
export function brokenRules(
  state: State,
  chunks: readonly TradesOf[],
  usedWs: Map<number, number>,
): Set<string> {
  const broken = new Set<string>();
  for (const { interval, trades } of chunks) {
    const isWhole = checkOffers(state, interval, trades, broken);
    checkTrades(state, trades, broken);
    if (!isWhole) continue; // its sums cannot be told
    checkSums(state, interval, trades, broken);
    for (const { askId, bidId, powerW } of trades) {
      const energyWs = powerW * state.calendar.intervalSeconds;
      for (const id of [askId, bidId]) usedWs.set(id, (usedWs.get(id) ?? 0) + energyWs);
    }
  }
  for (const [id, used] of usedWs) {
    const offer = openOffer(state, id);
    if (offer !== undefined && used > leftWs(offer)) broken.add('OfferOverEnergy');
  }
  return broken;
}

/** @returns whether all offers are there and on their side. */
function checkOffers(
  state: State,
  interval: number,
  trades: readonly Trade[],
  broken: Set<string>,
): boolean {
  let isWhole = true;
  const latest = latestPostingOf(state.calendar, interval);
  for (const trade of trades) {
    for (const [id, side] of [
      [trade.askId, 'sell'],
      [trade.bidId, 'buy'],
    ] as const) {
      const offer = state.offers.get(id);
      if (offer === undefined || offer.isClosed || offer.side !== side) {
        const what = offer?.isClosed ? 'AlreadyClosed' : 'WrongSide';
        broken.add(offer === undefined ? 'NoSuchOffer' : what);
        isWhole = false;
        continue;
      }
      if (interval < offer.first || interval > offer.last) broken.add('OutsideOffer');
      if (offer.postedAt > latest) broken.add('PostedTooLate');
    }
  }
  return isWhole;
}

function checkTrades(state: State, trades: readonly Trade[], broken: Set<string>): void {
  const { intervalSeconds } = state.calendar;
  const { minTradeWs, priceRule } = state.params;
  let before: { ask: Offer; bid: Offer } | null = null;
  for (const trade of trades) {
    const isSmall = trade.powerW === 0 || trade.powerW * intervalSeconds < minTradeWs;
    if (isSmall) broken.add('TradeTooSmall');
    const [ask, bid] = [state.offers.get(trade.askId), state.offers.get(trade.bidId)];
    if (ask === undefined || bid === undefined || ask.isClosed || bid.isClosed) continue;
    if (ask.price > bid.price) broken.add('PricesDoNotMeet');
    const isOutside = trade.price < ask.price || trade.price > bid.price;
    if (priceRule === 1 && isOutside) broken.add('PriceOutside');
    if (ask.feeder === 0 && bid.feeder === 0) broken.add('UtilityWithItself');
    if (before !== null && !follows(before, { ask, bid })) broken.add('OutOfOrder');
    before = { ask, bid };
  }
}

/** Neither side goes back, by price and then number, and one of them goes on. */
function follows(before: { ask: Offer; bid: Offer }, next: { ask: Offer; bid: Offer }): boolean {
  const step = (a: Offer, b: Offer) => b.price - a.price || b.id - a.id;
  const [asks, bids] = [step(before.ask, next.ask), step(before.bid, next.bid)];
  return asks >= 0 && bids >= 0 && asks + bids > 0;
}

function checkSums(
  state: State,
  interval: number,
  trades: readonly Trade[],
  broken: Set<string>,
): void {
  const powerOf = sumsBy(trades, ({ askId, bidId }) => [askId, bidId]);
  for (const [id, powerW] of powerOf) {
    if (powerW > (openOffer(state, id)?.maxPowerW ?? 0)) broken.add('OfferOverPower');
  }
  const feederOf = (id: number) => state.offers.get(id)?.feeder ?? 0;
  const sold = sumsBy(trades, ({ askId }) => [feederOf(askId)]);
  const bought = sumsBy(trades, ({ bidId }) => [feederOf(bidId)]);
  for (const feeder of state.limits.keys()) {
    const { internalLimitW, externalLimitW } = limitsAt(state, feeder, interval);
    const [soldW, boughtW] = [sold.get(feeder) ?? 0, bought.get(feeder) ?? 0];
    if (Math.max(soldW, boughtW) > internalLimitW) broken.add('InternalLimitBroken');
    if (Math.abs(soldW - boughtW) > externalLimitW) broken.add('ExternalLimitBroken');
  }
}

function sumsBy(trades: readonly Trade[], keys: (trade: Trade) => number[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const trade of trades) {
    for (const key of keys(trade)) sums.set(key, (sums.get(key) ?? 0) + trade.powerW);
  }
  return sums;
}
