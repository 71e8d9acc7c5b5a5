/**
 * One anonymous address of this home and the one offer it serves: what was asked for, and what the
 * log has told of it so far. Everything observed can be told again by the log, in any state.
 */
import type { Interval } from '../../market/intervals.ts';
import { paymentMicro, type Side } from '../../market/units.ts';

/**
 * `reserved`: the address is on disk. `withdrawn`: the DSO accepted the request. `granted`: the
 * assets are in the final log. `posted`: so is the offer. `settled`: the offer is closed, or none
 * was posted, and what is left is being deposited. `retired`: nothing is left.
 */
export const OFFER_STATES = [
  'reserved',
  'withdrawn',
  'granted',
  'posted',
  'settled',
  'retired',
] as const;
export type OwnOfferState = (typeof OFFER_STATES)[number];

export interface OwnTerms {
  side: Side;
  firstInterval: Interval;
  lastInterval: Interval;
  energyWs: number;
  maxPowerW: number;
  priceMicroPerKwh: number;
  /** See `Block.isFlexible`. */
  isFlexible: boolean;
}

export interface OwnOffer {
  /** Index of the derived key; never used twice. */
  readonly index: number;
  /** Lower case. */
  readonly address: string;
  readonly requestId: string;
  readonly terms: OwnTerms;
  readonly reservedAtMs: number;
  /** When it is to be posted, market time: drawn at random. */
  readonly postAtMs: number;
  /**
   * The withdrawal is void from then on, unix seconds. 0: found again in the log by a restored
   * wallet; nothing is asked for or posted, what it holds goes back.
   */
  readonly expiresAt: number;
  state: OwnOfferState;
  assetId: number | null;
  offerId: number | null;
  isClosed: boolean;
  /** Energy of the asset, and money, that the address holds outside its offer. */
  heldWs: number;
  heldMicro: bigint;
  /** Money ever granted. */
  grantedMicro: bigint;
  /** Power of final trades by interval, never negative, W. */
  trades: Map<Interval, number>;
  /** Why it ended without an offer, for people. */
  note: string | null;
}

/** What a bid needs in money: its energy at its reservation price. An ask needs none. */
export function escrowMicro(terms: OwnTerms): bigint {
  return terms.side === 'buy' ? paymentMicro(terms.priceMicroPerKwh, terms.energyWs) : 0n;
}

export function isLive(offer: OwnOffer): boolean {
  return offer.state !== 'retired';
}

/** Whether its end in the market is still to come. */
export function isUnended(offer: OwnOffer): boolean {
  return isLive(offer) && offer.state !== 'settled';
}

export function coversInterval(terms: OwnTerms, interval: Interval): boolean {
  return terms.firstInterval <= interval && interval <= terms.lastInterval;
}

/** What may still trade: the offered energy less what final trades took, Ws. */
export function remainingWs(offer: OwnOffer, intervalSeconds: number): number {
  let tradedWs = 0;
  for (const powerW of offer.trades.values()) tradedWs += powerW * intervalSeconds;
  return Math.max(0, offer.terms.energyWs - tradedWs);
}

/** Forgets all that the log told, so that it can be read again from the beginning. */
export function forgetObserved(offer: OwnOffer): void {
  if (offer.state !== 'reserved' && offer.state !== 'retired') offer.state = 'withdrawn';
  offer.assetId = null;
  offer.offerId = null;
  offer.isClosed = false;
  offer.heldWs = 0;
  offer.heldMicro = 0n;
  offer.grantedMicro = 0n;
  offer.trades.clear();
}
