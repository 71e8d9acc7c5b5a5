/** An invalid solution, and the valid one that stays just inside the rule it breaks. */
import type { Call } from '../chain/node.ts';
import type { Chance } from '../chance.ts';
import type { Chunk } from '../model/solutions.ts';
import type { State } from '../model/state.ts';
import { type Move, submitting } from '../moves.ts';
import { chunksOf, copyOf, type Draft } from './drafts.ts';
import { SOLVERS } from './markets.ts';

/** Where a case is made: the market as it is, and a valid solution that beats the candidate. */
export interface Ground {
  state: State;
  base: readonly Draft[];
  chance: Chance;
}

export interface Timed {
  move: Move;
  at: number;
}

export interface Case {
  /** The error's name; null: whichever, for calldata that says nothing. */
  expected: string | null;
  bad: Timed;
  /** More rules may be broken, and any of them told. */
  isLoose?: boolean;
  /** In the place of what the move encodes. */
  call?: Call;
  twin: Timed | null;
  /** Both once more, for a solution that comes in parts. */
  drafts?: { bad: readonly Draft[]; good: readonly Draft[] };
}

/** Breaks one rule in one way, if this ground lets it. */
export interface Mutator {
  name: string;
  make(ground: Ground): Case | null;
}

export const SOLVER = SOLVERS[0];

export function submission(state: State, drafts: readonly Draft[], at = state.now + 1): Timed {
  return { move: submitting(SOLVER, chunksOf(state, drafts)), at };
}

export function submissionOf(chunks: readonly Chunk[], at: number): Timed {
  return { move: submitting(SOLVER, chunks), at };
}

/** A case of whole solutions now. @param good null: the base */
export function caseOf(
  { state, base }: Ground,
  expected: string,
  bad: readonly Draft[],
  good: readonly Draft[] | null = null,
): Case {
  const twin = submission(state, good ?? base);
  const drafts = { bad, good: good ?? base };
  return { expected, bad: submission(state, bad), twin, drafts };
}

/** A copy of the base to change, and one of its trades that can be anything. */
export function opened({ base, chance }: Ground) {
  const drafts = copyOf(base);
  const draft = chance.pick(drafts);
  const trade = chance.pick(draft.trades);
  return { drafts, draft, trade };
}

/** The base with these trades alone in one interval. */
export function withTrades({ base }: Ground, interval: number, trades: Draft['trades']): Draft[] {
  return [...copyOf(base).filter((draft) => draft.interval !== interval), { interval, trades }];
}
