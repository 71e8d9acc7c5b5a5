/** Solutions that are no better, that take back what was promised, that come too late. */
import { closeOf, firstOpenAt, latestPostingOf } from '../model/calendar.ts';
import { candidateChunk } from '../model/finalization.ts';
import { type Chunk, openIntervals } from '../model/solutions.ts';
import type { State } from '../model/state.ts';
import { decode } from '../model/trades.ts';
import { type Case, type Ground, type Mutator, submission, submissionOf } from './cases.ts';
import { chunksOf, copyOf, type Draft, leastPowerW } from './drafts.ts';

/** The candidate's own trades in the intervals open now. */
export function heldDrafts(state: State): Draft[] {
  return openIntervals(state).flatMap((interval) => {
    const chunk = candidateChunk(state, interval);
    if (chunk === undefined) return [];
    return [{ interval, trades: decode(chunk.trades, state.params.priceRule === 1) }];
  });
}

export const CANDIDATE_MUTATORS: readonly Mutator[] = [
  {
    name: 'the candidate again',
    make: ({ state, base }) => worse(state, base, heldDrafts(state)),
  },
  {
    name: 'the candidate with 1 W less',
    make: ({ state, base, chance }) => {
      const held = heldDrafts(state);
      const large = held.flatMap(({ trades }) => trades);
      if (large.length === 0) return null;
      const trade = chance.pick(large);
      if (trade.powerW <= leastPowerW(state)) return null;
      trade.powerW--;
      return worse(state, base, held);
    },
  },
  {
    name: 'better by less than the least gain',
    make: (ground) => gain(ground),
  },
  { name: 'nothing at all', make: ({ state, base }) => worse(state, base, []) },
  { name: 'energy taken back in quiet time', make: takenBack },
  { name: 'gains in a closed interval', make: gainsInClosed },
  { name: 'an interval is due', make: due },
  { name: 'other trades of a due interval', make: dueOther },
];

function worse(state: State, base: readonly Draft[], drafts: readonly Draft[]): Case | null {
  const bad = submission(state, drafts);
  return { expected: 'NotBetter', bad, twin: submission(state, base) };
}

/** The candidate and one watt, or as many as are just enough. */
function gain({ state, chance }: Ground): Case | null {
  const { minGainWs } = state.params;
  if (minGainWs === 0) return null;
  const enoughW = Math.ceil(minGainWs / state.calendar.intervalSeconds);
  const held = heldDrafts(state);
  if (held.length === 0) return null;
  const d = chance.below(held.length);
  const t = chance.below(held[d]?.trades.length ?? 0);
  const more = (powerW: number) => {
    const drafts = copyOf(held);
    const trade = drafts[d]?.trades[t];
    if (trade !== undefined) trade.powerW += powerW;
    return drafts;
  };
  const bad = submission(state, more(enoughW - 1));
  return { expected: 'NotBetter', bad, twin: submission(state, more(enoughW)) };
}

/** A watt less in the first open interval, from the second on at which that counts. */
function takenBack({ state, base, chance }: Ground): Case | null {
  const interval = firstOpenAt(state.calendar, state.now + 1);
  const held = candidateChunk(state, interval);
  const quiet = latestPostingOf(state.calendar, interval);
  if (held === undefined || quiet <= state.now + 1) return null;
  const trades = decode(held.trades, state.params.priceRule === 1);
  const trade = chance.pick(trades);
  if (trade.powerW <= leastPowerW(state)) return null;
  trade.powerW--;
  const drafts = [...base.filter((draft) => draft.interval !== interval), { interval, trades }];
  const twin = submission(state, drafts, quiet - 1);
  return { expected: 'LowersEnergy', bad: { ...twin, at: quiet }, twin };
}

/** All that is better is in an interval that closes at that second. */
function gainsInClosed({ state, base }: Ground): Case | null {
  const interval = firstOpenAt(state.calendar, state.now + 1);
  const close = closeOf(state.calendar, interval);
  if (candidateChunk(state, interval) !== undefined || close <= state.now + 1) return null;
  const draft = base.find((each) => each.interval === interval);
  if (draft === undefined) return null;
  const twin = submission(state, [...heldDrafts(state), draft], close - 1);
  return { expected: 'NotBetter', bad: { ...twin, at: close }, twin };
}

/** The twin brings the due trades along. */
function due({ state, base }: Ground): Case | null {
  const interval = firstOpenAt(state.calendar, state.now + 1);
  const held = candidateChunk(state, interval);
  if (held === undefined) return null;
  const at = closeOf(state.calendar, interval);
  const later = chunksOf(
    state,
    base.filter((draft) => draft.interval > interval),
  );
  const claimed = { homeEnergyWs: 0n, utilityEnergyWs: 0n, welfare: 0n };
  const chunk: Chunk = { interval, claimed, trades: held.trades };
  return {
    expected: 'DueInterval',
    bad: submissionOf(later, at),
    twin: submissionOf([chunk, ...later], at),
  };
}

function dueOther({ state, base }: Ground): Case | null {
  const interval = firstOpenAt(state.calendar, state.now + 1);
  const held = candidateChunk(state, interval);
  const own = base.find((draft) => draft.interval === interval);
  if (held === undefined || own === undefined) return null;
  const at = closeOf(state.calendar, interval);
  const chunks = chunksOf(state, base);
  if (chunks.some(({ trades }) => trades === held.trades)) return null;
  return { expected: 'DueInterval', bad: submissionOf(chunks, at), twin: null };
}
