/**
 * The border between a home's plan and one market mechanism: plan in, intents out; the market's
 * events in, commitments out. Pure; the trading service performs the intents.
 */
import type { MarketEvent } from '../../market/events.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Block, Plan } from '../strategy/plan.ts';

/** Withdraw to a fresh address and post this as one offer. */
export interface Intent {
  kind: 'offer';
  block: Block;
}

/** What a home is bound to in one interval by final trades: bought positive, sold negative. */
export interface Commitment {
  interval: Interval;
  powerW: number;
}

export interface Trader<State> {
  /** Intents for a plan, given what was already offered; `now` in unix seconds. */
  propose(plan: Plan, state: State, now: number): Intent[];
  observe(event: MarketEvent, state: State): State;
  commitments(state: State): Commitment[];
}
