/** Solutions before they are bytes: built by the monotone merge, grown, told what room is left. */
import type { Chance } from '../chance.ts';
import { type Chunk, openIntervals } from '../model/solutions.ts';
import { leftWs, limitsAt, type Offer, openOffer, type State } from '../model/state.ts';
import { encode, type Trade, worthOf } from '../model/trades.ts';
import { usable } from './markets.ts';

export interface Draft {
  interval: number;
  trades: Trade[];
}

/** How many watts one trade may still get, by what binds it. */
export type Room = Record<Binding, number>;
export const BINDINGS = [
  'ask power',
  'bid power',
  'ask energy',
  'bid energy',
  'sold inside',
  'bought inside',
  'export',
  'import',
] as const;
export type Binding = (typeof BINDINGS)[number];

export function offerOf(state: State, id: number): Offer {
  const offer = openOffer(state, id);
  if (offer === undefined) throw new RangeError(`no open offer ${id}`);
  return offer;
}

export function roomOf(
  state: State,
  drafts: readonly Draft[],
  draft: Draft,
  trade: { askId: number; bidId: number },
): Room {
  const [ask, bid] = [offerOf(state, trade.askId), offerOf(state, trade.bidId)];
  const total = (list: readonly Trade[], counts: (each: Trade) => boolean) =>
    list.reduce((powerW, each) => powerW + (counts(each) ? each.powerW : 0), 0);
  const all = drafts.flatMap(({ trades }) => trades);
  const feeder = (id: number) => offerOf(state, id).feeder;
  const energyRoom = (offer: Offer) => {
    const usedW = total(all, ({ askId, bidId }) => askId === offer.id || bidId === offer.id);
    return Math.floor(leftWs(offer) / state.calendar.intervalSeconds) - usedW;
  };
  const here = draft.trades;
  const sold = (of: number) => total(here, ({ askId }) => feeder(askId) === of);
  const bought = (of: number) => total(here, ({ bidId }) => feeder(bidId) === of);
  const limits = (of: number) =>
    of === 0
      ? { internalLimitW: Number.POSITIVE_INFINITY, externalLimitW: Number.POSITIVE_INFINITY }
      : limitsAt(state, of, draft.interval);
  const isInside = ask.feeder === bid.feeder;
  const net = (of: number) => sold(of) - bought(of);
  const external = (of: number, sign: number) =>
    isInside ? Number.POSITIVE_INFINITY : limits(of).externalLimitW - sign * net(of);
  return {
    'ask power': ask.maxPowerW - total(here, ({ askId }) => askId === ask.id),
    'bid power': bid.maxPowerW - total(here, ({ bidId }) => bidId === bid.id),
    'ask energy': energyRoom(ask),
    'bid energy': energyRoom(bid),
    'sold inside': limits(ask.feeder).internalLimitW - sold(ask.feeder),
    'bought inside': limits(bid.feeder).internalLimitW - bought(bid.feeder),
    export: external(ask.feeder, 1),
    import: external(bid.feeder, -1),
  };
}

export function leastRoom(room: Room): number {
  return Math.max(0, Math.min(...BINDINGS.map((binding) => room[binding])));
}

export function leastPowerW(state: State): number {
  const { minTradeWs } = state.params;
  return Math.max(1, Math.ceil(minTradeWs / state.calendar.intervalSeconds));
}

/** @param fill up to which share trades use their room, per cent */
export function build(state: State, chance: Chance, fill: number): Draft[] {
  const drafts: Draft[] = [];
  for (const interval of chance.shuffled(openIntervals(state))) {
    if (chance.isOnce(4)) continue;
    const draft: Draft = { interval, trades: [] };
    drafts.push(draft);
    merge(state, chance, drafts, draft, fill);
  }
  return drafts.filter(({ trades }) => trades.length > 0);
}

function merge(
  state: State,
  chance: Chance,
  drafts: readonly Draft[],
  draft: Draft,
  fill: number,
): void {
  const asks = usable(state, 'sell', draft.interval);
  const bids = usable(state, 'buy', draft.interval);
  for (let [a, b] = [0, 0]; a < asks.length && b < bids.length; ) {
    const [ask, bid] = [asks[a], bids[b]];
    if (ask === undefined || bid === undefined) return;
    if (ask.price > bid.price || (ask.feeder === 0 && bid.feeder === 0)) {
      if (ask.price > bid.price || chance.isOnce(2)) b++;
      else a++;
      continue;
    }
    const pair = { askId: ask.id, bidId: bid.id };
    const room = roomOf(state, drafts, draft, pair);
    const mostW = leastRoom(room);
    const powerW = fill >= 100 ? mostW : Math.floor((mostW * chance.between(1, fill)) / 100);
    const price = priceOf(state, chance, ask, bid);
    if (powerW >= leastPowerW(state)) draft.trades.push({ ...pair, powerW, price });
    const isAskFull = room['ask power'] <= powerW || room['ask energy'] <= powerW;
    if (isAskFull || (powerW < mostW && chance.isOnce(2))) a++;
    else b++;
  }
}

/** Often at an end, where a wrong comparison shows. */
export function priceOf(state: State, chance: Chance, ask: Offer, bid: Offer): number {
  if (state.params.priceRule === 0) return 0;
  return chance.pick([ask.price, bid.price, chance.between(ask.price, bid.price)]);
}

/** The same with more in some trades. */
export function grow(state: State, chance: Chance, drafts: readonly Draft[]): Draft[] {
  const grown = copyOf(drafts);
  for (const draft of chance.shuffled(grown).slice(0, 3)) {
    for (const trade of chance.shuffled(draft.trades).slice(0, 2)) {
      const room = leastRoom(roomOf(state, grown, draft, trade));
      trade.powerW += Math.min(room, chance.between(1, 1 + Math.floor(room / 10)));
    }
  }
  return grown;
}

export function copyOf(drafts: readonly Draft[]): Draft[] {
  return drafts.map(({ interval, trades }) => ({
    interval,
    trades: trades.map((trade) => ({ ...trade })),
  }));
}

export function chunkOf(state: State, { interval, trades }: Draft): Chunk {
  const { intervalSeconds } = state.calendar;
  const claimed = worthOf(trades, (id) => state.offers.get(id), intervalSeconds);
  // Where prices do not meet, a claim cannot say so.
  if (claimed.welfare < 0n) claimed.welfare = 0n;
  return { interval, claimed, trades: encode(trades, state.params.priceRule === 1) };
}

/** With honest claims. */
export function chunksOf(state: State, drafts: readonly Draft[]): Chunk[] {
  return drafts.map((draft) => chunkOf(state, draft));
}
