/** Offers that may not trade with each other, not now, not here, not at this price. */
import { firstOpenAt } from '../model/calendar.ts';
import type { Offer, Side } from '../model/state.ts';
import type { Trade } from '../model/trades.ts';
import { type Case, caseOf, type Ground, type Mutator, opened, withTrades } from './cases.ts';
import { leastPowerW, priceOf } from './drafts.ts';
import { usable } from './markets.ts';

type Pair = readonly [ask: Offer, bid: Offer];

export const OFFER_MUTATORS: readonly Mutator[] = [
  foreign('no offer 0 for an ask', (trade) => ({ ...trade, askId: 0 })),
  foreign('no offer 0 for a bid', (trade) => ({ ...trade, bidId: 0 })),
  foreign('the offer to come for an ask', (trade, count) => ({ ...trade, askId: count + 1 })),
  foreign('the offer to come for a bid', (trade, count) => ({ ...trade, bidId: count + 1 })),
  foreign('offer 2^32 - 1', (trade) => ({ ...trade, bidId: 0xffff_ffff })),
  wrongSide('an ask as bid', ['sell', 'sell']),
  wrongSide('a bid as ask', ['buy', 'buy']),
  wrongSide('ask and bid changed places', ['buy', 'sell']),
  closed('a closed ask', 'sell'),
  closed('a closed bid', 'buy'),
  outside('an ask before its first interval', 'sell', -1),
  outside('an ask after its last interval', 'sell', 1),
  outside('a bid before its first interval', 'buy', -1),
  outside('a bid after its last interval', 'buy', 1),
  late('an ask posted a second too late', 'sell'),
  late('a bid posted a second too late', 'buy'),
  {
    name: 'prices 1 apart',
    make: (ground) =>
      solo(ground, 'PricesDoNotMeet', ([ask, bid]) => {
        if (ask.price === bid.price + 1) return 'bad';
        return ask.price === bid.price ? 'good' : null;
      }),
  },
  {
    name: 'the utility with itself',
    make: (ground) =>
      solo(ground, 'UtilityWithItself', ([ask, bid]) => {
        if (ask.price > bid.price) return null;
        return ask.feeder + bid.feeder === 0 ? 'bad' : 'good';
      }),
  },
  price('price 1 below the ask', ({ ask }) => [ask - 1, ask]),
  price('price 1 above the bid', ({ bid }) => [bid + 1, bid]),
];

function tradeOf(ground: Ground, [ask, bid]: Pair): Trade {
  const { state, chance } = ground;
  const isMet = ask.price <= bid.price;
  const price = isMet ? priceOf(state, chance, ask, bid) : ask.price;
  const least = leastPowerW(state);
  const powerW = least + chance.below(20);
  return { askId: ask.id, bidId: bid.id, powerW, price: state.params.priceRule === 1 ? price : 0 };
}

/** One trade alone in an interval; the twin is one between others. */
function solo(
  ground: Ground,
  expected: string,
  judge: (pair: Pair) => 'bad' | 'good' | null,
): Case | null {
  const { state, base, chance } = ground;
  const { interval } = chance.pick(base);
  const found: Partial<Record<'bad' | 'good', Pair>> = {};
  const bids = chance.shuffled(usable(state, 'buy', interval));
  for (const ask of chance.shuffled(usable(state, 'sell', interval))) {
    for (const bid of bids) {
      const kind = judge([ask, bid]);
      if (kind !== null) found[kind] ??= [ask, bid];
    }
  }
  if (found.bad === undefined) return null;
  const draft = (pair: Pair) => withTrades(ground, interval, [tradeOf(ground, pair)]);
  return caseOf(ground, expected, draft(found.bad), found.good ? draft(found.good) : null);
}

function foreign(name: string, change: (trade: Trade, count: number) => Trade): Mutator {
  return {
    name,
    make: (ground) => {
      const { drafts, draft, trade } = opened(ground);
      draft.trades = draft.trades.map((each) =>
        each === trade ? change(each, ground.state.offers.size) : each,
      );
      return caseOf(ground, 'NoSuchOffer', drafts);
    },
  };
}

function wrongSide(name: string, [first, second]: readonly [Side, Side]): Mutator {
  return {
    name,
    make: (ground) => {
      const { state, base, chance } = ground;
      const { interval } = chance.pick(base);
      const [firsts, seconds] = [usable(state, first, interval), usable(state, second, interval)];
      if (firsts.length === 0 || seconds.length === 0) return null;
      const pair = [chance.pick(firsts), chance.pick(seconds)] as const;
      return caseOf(ground, 'WrongSide', withTrades(ground, interval, [tradeOf(ground, pair)]));
    },
  };
}

function closed(name: string, side: Side): Mutator {
  return {
    name,
    make: (ground) => {
      const { state, chance } = ground;
      const gone = [...state.offers.values()].filter(
        (offer) => offer.isClosed && offer.side === side,
      );
      if (gone.length === 0) return null;
      const { id } = chance.pick(gone);
      const { drafts, trade } = opened(ground);
      Object.assign(trade, side === 'sell' ? { askId: id } : { bidId: id });
      return caseOf(ground, 'AlreadyClosed', drafts);
    },
  };
}

/** An offer beside its range, with another that is there. @param step towards which side */
function outside(name: string, side: Side, step: -1 | 1): Mutator {
  return {
    name,
    make: (ground) => {
      const { state, chance } = ground;
      const { interval } = opened(ground).draft;
      const inner = interval - step;
      const edge = (offer: Offer) => (step > 0 ? offer.last : offer.first) === inner;
      const offers = usable(state, side, inner).filter(edge);
      const other = side === 'sell' ? 'buy' : 'sell';
      for (const offer of chance.shuffled(offers)) {
        const there = usable(state, other, interval);
        for (const match of chance.shuffled(there)) {
          const pair = side === 'sell' ? ([offer, match] as const) : ([match, offer] as const);
          if (pair[0].price > pair[1].price || offer.feeder + match.feeder === 0) continue;
          const trades = [tradeOf(ground, pair)];
          const isInside = match.first <= inner && inner <= match.last;
          const good = isInside ? withTrades(ground, inner, trades) : null;
          return caseOf(ground, 'OutsideOffer', withTrades(ground, interval, trades), good);
        }
      }
      return null;
    },
  };
}

/** The twin's offer came at the last moment. */
function late(name: string, side: Side): Mutator {
  return {
    name,
    make: (ground) => {
      const { state, chance } = ground;
      const interval = firstOpenAt(state.calendar, state.now + 1);
      const on = usable(state, side, interval);
      const onTime = on.length === 0 ? 0 : Math.max(...on.map((offer) => offer.postedAt));
      const tooLate = [...state.offers.values()].filter(
        (offer) =>
          offer.side === side &&
          !offer.isClosed &&
          offer.first <= interval &&
          interval <= offer.last &&
          offer.postedAt === onTime + 1,
      );
      const others = usable(state, side === 'sell' ? 'buy' : 'sell', interval);
      const trades = (offers: readonly Offer[]) => {
        for (const offer of chance.shuffled(offers)) {
          for (const match of chance.shuffled(others)) {
            const pair = side === 'sell' ? ([offer, match] as const) : ([match, offer] as const);
            const isWrong = pair[0].price > pair[1].price || offer.feeder + match.feeder === 0;
            if (!isWrong) return [tradeOf(ground, pair)];
          }
        }
        return null;
      };
      const bad = trades(tooLate);
      const good = trades(on.filter((offer) => offer.postedAt === onTime));
      if (bad === null) return null;
      const twin = good ? withTrades(ground, interval, good) : null;
      return caseOf(ground, 'PostedTooLate', withTrades(ground, interval, bad), twin);
    },
  };
}

function price(
  name: string,
  change: (prices: { ask: number; bid: number }) => readonly [bad: number, good: number],
): Mutator {
  return {
    name,
    make: (ground) => {
      const { state } = ground;
      if (state.params.priceRule === 0) return null;
      const { drafts, draft, trade } = opened(ground);
      const ask = state.offers.get(trade.askId)?.price ?? 0;
      const bid = state.offers.get(trade.bidId)?.price ?? 0;
      const [bad, good] = change({ ask, bid });
      const said = (said: number) =>
        drafts.map((each) => ({
          interval: each.interval,
          trades: each.trades.map((one) =>
            each === draft && one === trade ? { ...one, price: said } : one,
          ),
        }));
      return caseOf(ground, 'PriceOutside', said(bad), said(good));
    },
  };
}
