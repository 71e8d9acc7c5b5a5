/**
 * When and to what an interval is held: the schedule row that the follower obeys (design: words and
 * units, step 8). Pure.
 *
 * Target = what the plan says, plus what the battery sold or bought on top of it. `committedW` is
 * what final trades bind the home to, `untradedW` the rest of the target.
 */
import {
  closeOf,
  type Interval,
  lastPostingOf,
  type MarketCalendar,
  startOf,
} from '../../market/intervals.ts';
import { isInCandidate, type MatchingState, mayTradeAt, tradedAt } from '../traders/matching.ts';

export interface DecisionInput {
  interval: Interval;
  /** What the meter would show without flexible trades, W; null without a plan. */
  plannedW: number | null;
  state: MatchingState;
  calendar: MarketCalendar;
  /** When the log was last read whole, unix s; null when it cannot be read now. */
  readAt: number | null;
  /** How long a block may take to be seen, s. */
  marginSeconds: number;
  /** Whether this home can trade at all now: else it runs by itself. */
  isTrading: boolean;
}

/** @returns null while it is open, or where nothing binds the home and it runs by itself */
export function decideSchedule(
  input: DecisionInput,
): { committedW: number; untradedW: number } | null {
  const { interval, state } = input;
  const isFinal = state.finals.has(interval);
  if (!isFinal && !isEmptyForSure(input)) return null;
  const { plannedW, flexibleW } = tradedAt(state, interval);
  const committedW = plannedW + flexibleW;
  // Without a plan only the commitment is known, and nothing binds a home that has none.
  if (input.plannedW === null) return committedW === 0 ? null : { committedW, untradedW: 0 };
  if (committedW === 0 && !input.isTrading) return null;
  return { committedW, untradedW: input.plannedW - plannedW };
}

/** Whether no trade of this home can be final in the interval any more. */
function isEmptyForSure(input: DecisionInput): boolean {
  const { interval, state, calendar, readAt, marginSeconds } = input;
  if (readAt === null) return false;
  if (!mayTradeAt(state, interval)) return readAt > lastPostingOf(calendar, interval);
  // From its start on an interval is finalized empty.
  if (readAt >= startOf(calendar, interval) + marginSeconds) return true;
  // From gate closure on the candidate does not change.
  return readAt >= closeOf(calendar, interval) + marginSeconds && !isInCandidate(state, interval);
}
