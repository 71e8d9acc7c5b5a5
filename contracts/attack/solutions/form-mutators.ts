/** Unordered and repeated trades, chunks of the wrong form, claims that are not true. */

import { lastTradableAt } from '../model/calendar.ts';
import type { Chunk } from '../model/solutions.ts';
import type { Objective } from '../model/trades.ts';
import { decode, worthOf } from '../model/trades.ts';
import { submitting } from '../moves.ts';
import {
  type Case,
  caseOf,
  type Ground,
  type Mutator,
  opened,
  submission,
  submissionOf,
  withTrades,
} from './cases.ts';
import { chunksOf, leastPowerW, priceOf } from './drafts.ts';
import { STRANGER, usable } from './markets.ts';

export const ORDER_MUTATORS: readonly Mutator[] = [
  order('two trades changed places', (trades, at) => {
    const [first, second] = trades.slice(at, at + 2);
    if (first !== undefined && second !== undefined) trades.splice(at, 2, second, first);
  }),
  order('the last trade first', (trades) => trades.unshift(...trades.splice(-1))),
  order('a trade in two halves', (trades, at, least) => {
    const trade = trades[at];
    if (trade === undefined || trade.powerW < 2 * least) return;
    const powerW = trade.powerW - least;
    trades.splice(at, 1, { ...trade, powerW }, { ...trade, powerW: least });
  }),
  order('a pair again at the end', (trades, at, least) => {
    const trade = trades[at];
    if (trade === undefined || trade.powerW < 2 * least) return;
    trade.powerW -= least;
    trades.push({ ...trade, powerW: least });
  }),
];

function order(
  name: string,
  change: (trades: Ground['base'][number]['trades'], at: number, leastW: number) => void,
): Mutator {
  return {
    name,
    make: (ground) => {
      const { drafts, draft } = opened(ground);
      change(draft.trades, ground.chance.below(draft.trades.length), leastPowerW(ground.state));
      return caseOf(ground, 'OutOfOrder', drafts);
    },
  };
}

export const CHUNK_MUTATORS: readonly Mutator[] = [
  length('a byte short', (trades) => trades.slice(0, -2)),
  length('a byte over', (trades) => `${trades}00`),
  length('a trade but for one byte more', (trades) => trades + trades.slice(2, 24)),
  {
    name: 'an interval twice',
    make: (ground) => {
      const { drafts, draft } = opened(ground);
      if (draft.trades.length < 2) return null;
      const at = ground.chance.between(1, draft.trades.length - 1);
      const rest = { interval: draft.interval, trades: draft.trades.splice(at) };
      return caseOf(ground, 'DuplicateChunk', [...drafts, rest]);
    },
  },
  { name: 'an interval beyond the horizon', make: beyond },
  {
    name: 'a solver without stake',
    make: (ground) => {
      const { state, base } = ground;
      const twin = submission(state, base);
      const move = submitting(STRANGER, chunksOf(state, base));
      return { expected: 'NotStaked', bad: { move, at: twin.at }, twin };
    },
  },
];

function length(name: string, change: (trades: string) => string): Mutator {
  return {
    name,
    make: (ground) => {
      const { state, chance, base } = ground;
      const chunks = chunksOf(state, base);
      const chunk = chance.pick(chunks);
      chunk.trades = change(chunk.trades);
      const isPriced = state.params.priceRule === 1;
      const trades = decode(chunk.trades, isPriced);
      const { intervalSeconds } = state.calendar;
      chunk.claimed = worthOf(trades, (id) => state.offers.get(id), intervalSeconds);
      const twin = submission(state, base);
      return { expected: 'BadLength', bad: submissionOf(chunks, twin.at), twin };
    },
  };
}

function beyond(ground: Ground): Case | null {
  const { state, chance } = ground;
  const last = lastTradableAt(state.calendar, state.now + 1);
  const trades = (interval: number) => {
    for (const ask of chance.shuffled(usable(state, 'sell', interval))) {
      for (const bid of chance.shuffled(usable(state, 'buy', interval))) {
        if (ask.price > bid.price || ask.feeder + bid.feeder === 0) continue;
        const price = priceOf(state, chance, ask, bid);
        return [{ askId: ask.id, bidId: bid.id, powerW: leastPowerW(state), price }];
      }
    }
    return null;
  };
  const [bad, good] = [trades(last + 1), trades(last)];
  if (bad === null) return null;
  const twin = good ? withTrades(ground, last, good) : null;
  return caseOf(ground, 'BeyondHorizon', withTrades(ground, last + 1, bad), twin);
}

const FIGURES = ['homeEnergyWs', 'utilityEnergyWs', 'welfare'] as const;

export const CLAIM_MUTATORS: readonly Mutator[] = [
  ...FIGURES.flatMap((figure) => [
    claim(`claim of ${figure} + 1`, ([one]) => {
      if (one) one.claimed = changed(one.claimed, figure, 1n);
    }),
    claim(`claim of ${figure} - 1`, ([one]) => {
      if (one && one.claimed[figure] > 0n) one.claimed = changed(one.claimed, figure, -1n);
    }),
  ]),
  claim('claims of two chunks changed places', ([one, other]) => {
    if (one && other) [one.claimed, other.claimed] = [other.claimed, one.claimed];
  }),
  claim('one claims for the other', ([one, other]) => {
    if (!one || !other || other.claimed.welfare === 0n) return;
    one.claimed = changed(one.claimed, 'welfare', 1n);
    other.claimed = changed(other.claimed, 'welfare', -1n);
  }),
  claim('energy of the utility claimed for homes', ([one]) => {
    if (!one) return;
    const { homeEnergyWs, utilityEnergyWs, welfare } = one.claimed;
    one.claimed = { homeEnergyWs: homeEnergyWs + utilityEnergyWs, utilityEnergyWs: 0n, welfare };
  }),
  claim('claims above all that can be', ([one]) => {
    if (one) one.claimed = { ...one.claimed, homeEnergyWs: 2n ** 63n };
  }),
];

function changed(value: Objective, figure: (typeof FIGURES)[number], by: bigint): Objective {
  return { ...value, [figure]: value[figure] + by };
}

function claim(name: string, change: (chunks: Chunk[]) => void): Mutator {
  return {
    name,
    make: (ground) => {
      const { state, base, chance } = ground;
      const chunks = chunksOf(state, base);
      change(chance.shuffled(chunks));
      const twin = submission(state, base);
      return { expected: 'FalseObjective', bad: submissionOf(chunks, twin.at), twin };
    },
  };
}
