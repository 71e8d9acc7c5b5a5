/** What the trading service says of itself, for `status`. */
import type { Interval } from '../../market/intervals.ts';
import { type OwnOffer, remainingWs } from '../traders/own-offer.ts';
import type { Account } from './dso-link.ts';
import type { ChainStatus } from './market-log.ts';

export interface TradingStatus {
  chain: ChainStatus;
  dso: { problem: string | null };
  account: Account | null;
  /** Why nothing is offered now, for people; empty when offers are made. */
  obstacles: string[];
  live: LiveOffer[];
  commitments: { interval: Interval; powerW: number }[];
  /** The last refusals and offers that came to nothing, the latest first. */
  notes: string[];
}

/** An own offer without what would link it: no address, no id. */
export interface LiveOffer {
  state: string;
  side: string;
  firstInterval: Interval;
  lastInterval: Interval;
  energyWs: number;
  tradedWs: number;
}

export function liveOfferOf(offer: OwnOffer, intervalSeconds: number): LiveOffer {
  const { side, firstInterval, lastInterval, energyWs } = offer.terms;
  return {
    state: offer.state,
    side,
    firstInterval,
    lastInterval,
    energyWs,
    tradedWs: energyWs - remainingWs(offer, intervalSeconds),
  };
}
