/**
 * What clearing is asked and what it answers. Source: TRANSAX equations 3 to 8, 10, 11; design
 * "Clearing". Quantities inside are whole watts over an interval; only the borders carry Ws.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Chunk, FeederLimits, Objective, Offer } from '../../market/offers.ts';

/** Among offers of the same deadline: the most welfare, or equal shares of what they offer. */
export type SecondTieRule = 'welfare' | 'equal-shares';

/**
 * Which of the many optimal solutions is taken. `earliest-deadline` sells first what can be sold
 * only soon, and serves first who can be served only soon, so that what keeps is kept for later
 * offers; `second` (default: welfare) decides among equal deadlines. `arbitrary` is what a solver
 * without such a rule would give: offers in an order shuffled by `seed`.
 */
export type TieRule =
  | { kind: 'earliest-deadline'; second?: SecondTieRule }
  | { kind: 'arbitrary'; seed: number };

export interface ClearingInput {
  /** Open offers with what is left of them; ids are unique. */
  offers: readonly Offer[];
  /** The window that is cleared, both ends counted. */
  firstInterval: Interval;
  lastInterval: Interval;
  limitsAt(feeder: number, interval: Interval): FeederLimits;
  /** Whether an offer may be used for an interval at all (quiet time, suspension); default yes. */
  isUsable?(offer: Offer, interval: Interval): boolean;
  intervalSeconds: number;
  minTradeWs: number;
  /** Most trades of an interval, where the contract sets a limit; the smallest are left out. */
  maxTrades?: number;
  /** Default: earliest deadline first. */
  tieRule?: TieRule;
}

export interface ClearingResult {
  /** Intervals with trades, ascending; the trades in monotone merge order. */
  chunks: Chunk[];
  /** What the contract will compute for them. */
  objective: Objective;
  /** Energy between homes: the first goal. */
  energyWs: number;
  /** No feasible solution trades more between homes. Equal to `energyWs`: proven optimal. */
  upperBoundWs: number;
  /** None that reaches `upperBoundWs` trades more with the utility; infinite: not known. */
  utilityBoundWs: number;
  /** How it was found: a network flow alone, a flow on a split of time, or the linear program. */
  method: 'flow' | 'split-flow' | 'linear-program';
}

export class ClearingError extends Error {
  /** `bad-input`: the question makes no sense. `solver`: the linear program was not solved. */
  readonly code: 'bad-input' | 'solver';
  constructor(code: ClearingError['code'], message: string) {
    super(message);
    this.name = 'ClearingError';
    this.code = code;
  }
}
