/**
 * The life of one own offer, a step at a time (design: one interval in the life of a meter, steps 4
 * to 9): withdraw, post, close, deposit, retire. What to do follows from the offer's row, the
 * outbox, the log and the time alone, so that a restart goes on where it was. Signed bytes are on
 * disk before they leave.
 *
 * Whoever settles a past interval, a solver as a rule, pays its trades and closes what traded in it
 * alone. A home settles only when nobody has within a fair time, and closes what is left.
 */
import {
  type Call,
  closeOfferCall,
  depositEnergyCall,
  depositFinancialCall,
  postOfferCall,
  settleCall,
} from '../../chain/calls.ts';
import { type Outbox, OutboxError } from '../../chain/outbox.ts';
import type { OutboxEntry } from '../../chain/outbox-store.ts';
import { SigningRefused } from '../../chain/signing-policy.ts';
import type { Log } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { type Interval, lastPostingOf, startOf } from '../../market/intervals.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { dropOwnOffer, type MatchingState } from '../traders/matching.ts';
import { coversInterval, type OwnOffer, type OwnTerms } from '../traders/own-offer.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { Moments } from './moments.ts';

export interface OfferStepsOptions {
  wallet: Wallet;
  outbox: Outbox;
  state: MatchingState;
  facts: GridFacts;
  /** Expected time between blocks, s. */
  blockSeconds: number;
  moments: Moments;
  log: Log;
}

/** The moment of a step: `now` by the clock, `headAt` the time of the last final block, both s. */
export interface Moment {
  now: number;
  headAt: number;
}

/** A transaction that the contract refused is made anew so many times. */
const MAX_TRIES = 3;
const FOUND = 'found again after a restore: what it holds goes back';
/** Blocks that a transaction needs to be in one, with one to spare. */
const MARGIN_BLOCKS = 2;
/** Closing, settling and depositing are each spread over this share of an interval. */
const SPREAD_SHARE = 0.25;
/** Asking for grants is spread over the first part of the time up to the last posting. */
const ASK_SHARE = 0.3;
/** Others get so many intervals to settle before a home does it itself. */
const FAIR_INTERVALS = 1;

export class OfferSteps {
  readonly #o: OfferStepsOptions;
  readonly #seconds: number;
  /** When the DSO was last asked what became of a grant that did not come, unix s, by index. */
  readonly #askedAt = new Map<number, number>();
  /** What the signing policy refused last, by index. */
  readonly #refusals = new Map<number, string>();

  constructor(options: OfferStepsOptions) {
    this.#o = options;
    this.#seconds = options.facts.calendar.intervalSeconds;
  }

  /** What the signing policy refuses, for people. */
  get refusals(): string[] {
    return [...this.#refusals.values()];
  }

  /** Does what is due for an offer; true when something was signed. @throws SqlError */
  advance(offer: OwnOffer, moment: Moment): boolean {
    try {
      switch (offer.state) {
        case 'granted':
          return this.#post(offer, moment);
        case 'posted':
          return this.#close(offer, moment);
        case 'settled':
          return this.#deposit(offer, moment);
        case 'withdrawn':
          if (isFound(offer)) this.#settle(offer, FOUND);
          return false;
        case 'reserved':
        case 'retired':
          return false;
      }
    } catch (error) {
      // Without a proven clock nothing is signed; it is tried again.
      if (error instanceof OutboxError && error.code === 'clock') return false;
      if (!(error instanceof SigningRefused)) throw error;
      this.#refusals.set(offer.index, error.message);
      return false;
    }
  }

  /**
   * Whether the DSO is to be asked now: for the grant, or what became of one that did not come. An
   * offer is never given up by itself, for a grant that came later would be lost.
   */
  isToAsk(offer: OwnOffer, { now }: Pick<Moment, 'now'>): boolean {
    const { moments } = this.#o;
    if (offer.state === 'reserved') {
      const span = this.#askSpan(offer, now);
      return now >= moments.of(offer.index, 'ask', now, span);
    }
    if (offer.state !== 'withdrawn' || isFound(offer) || now < this.#endOf(offer)) return false;
    const askedAt = this.#askedAt.get(offer.index) ?? Number.NEGATIVE_INFINITY;
    if (now < askedAt + this.#seconds) return false;
    this.#askedAt.set(offer.index, now);
    return true;
  }

  /**
   * Over how long from now grants are asked for, s: early in the time that is left, so that posting
   * comes at a moment of its own and not when the grant happens to come.
   */
  #askSpan(offer: Pick<OwnOffer, 'terms'>, now: number): number {
    return Math.max(0, this.latestPosting(offer) - now) * ASK_SHARE;
  }

  /** Ends an offer that the DSO refuses. Part of what it asked for may be granted all the same. */
  refuse(offer: OwnOffer, note: string): void {
    offer.state = 'settled';
    offer.note = note;
    this.#o.wallet.keep([offer]);
  }

  /** The last moment at which posting is of use: in a block in time for an interval, unix s. */
  latestPosting(offer: Pick<OwnOffer, 'terms'>): number {
    const { facts, blockSeconds } = this.#o;
    const { terms } = offer;
    const until = terms.isFlexible ? terms.lastInterval : terms.firstInterval;
    return lastPostingOf(facts.calendar, until) - MARGIN_BLOCKS * blockSeconds;
  }

  /**
   * A random moment to post at, unix s: in the window in which the whole range is still open, after
   * all grants asked for now have come.
   * @param earliest when a grant could be there that is asked for at once
   */
  drawPosting(terms: OwnTerms, earliest: number, pollMs: number): number {
    // Of a flexible offer too: it shall serve its first interval.
    const whole = { terms: { ...terms, isFlexible: false } };
    const from = earliest + this.#askSpan(whole, earliest);
    const span = this.latestPosting(whole) - pollMs / 1000 - from;
    return this.#o.moments.drawn('posting', from, span);
  }

  #post(offer: OwnOffer, { now, headAt }: Moment): boolean {
    const { facts } = this.#o;
    const sent = this.#entries(offer, 'postOffer');
    if (sent.length > 0) {
      const failed = sent.find(isFailed);
      if (failed) this.#settle(offer, `the offer was not taken: ${failed.reason ?? failed.state}`);
      // From its end on no market takes it, and the log up to then does not have it.
      else if (headAt >= this.#endOf(offer)) this.#settle(offer, 'the offer came too late');
      return false;
    }
    const latest = Math.min(this.latestPosting(offer), offer.expiresAt);
    if (now > latest) {
      this.#settle(offer, isFound(offer) ? FOUND : 'the grant came too late to post the offer');
      return false;
    }
    if (this.#o.state.pausedFor !== null) return false;
    // Drawn when the address was taken; anew when that moment went by without it.
    const drawnAt = offer.postAtMs / 1000;
    const isAhead = drawnAt >= now;
    const [from, span] = isAhead ? [drawnAt, 0] : [now, latest - now];
    if (now < Math.min(latest, this.#o.moments.of(offer.index, 'post', from, span))) return false;
    const { assetId, terms } = offer;
    if (assetId === null) throw new Error('a granted offer has an asset');
    return this.#enqueue(offer, postOfferCall(facts.contracts, { assetId, ...terms }));
  }

  #close(offer: OwnOffer, moment: Moment): boolean {
    const end = this.#endOf(offer);
    if (moment.headAt < end && moment.now < end + this.#o.blockSeconds) return false;
    const waiting = this.#unsettledOf(offer);
    const isFair = moment.now >= end + FAIR_INTERVALS * this.#seconds;
    if (waiting.length > 0 && !isFair) return false;
    if (moment.now < this.#momentOf(offer, 'close', moment.now)) return false;
    if (waiting.length > 0) {
      if (waiting.some((interval) => this.#settlements(offer, interval).some(isOpen))) return false;
      const next = waiting.find((interval) => this.#maySettle(offer, interval));
      if (next !== undefined) return this.#settleInterval(offer, next);
    }
    if (!this.#mayTry(offer, 'closeOffer') || offer.offerId === null) return false;
    return this.#enqueue(offer, closeOfferCall(this.#o.facts.contracts, offer.offerId));
  }

  /** Intervals of its range that wait for settlement. */
  #unsettledOf({ terms }: OwnOffer): Interval[] {
    return [...this.#o.state.unsettled.keys()].filter((interval) =>
      coversInterval(terms, interval),
    );
  }

  /** Not too many failed; after a slice that went through comes the next. */
  #maySettle(offer: OwnOffer, interval: Interval): boolean {
    return this.#settlements(offer, interval).filter(isFailed).length < MAX_TRIES;
  }

  #settlements(offer: OwnOffer, interval: Interval): OutboxEntry[] {
    return this.#o.wallet.outbox.byRef(settlementRef(offer, interval));
  }

  #settleInterval(offer: OwnOffer, interval: Interval): boolean {
    const { state, facts, wallet, outbox, log } = this.#o;
    const final = state.unsettled.get(interval);
    if (final === undefined) return false;
    const chunk = { interval, trades: decodeChunk(final.trades) };
    const call = settleCall(facts.contracts, chunk, final.voided);
    log.info('nobody has settled an interval that this home waits for: it does so', { interval });
    outbox.enqueue(wallet.keyOf(offer), call, settlementRef(offer, interval));
    return true;
  }

  #deposit(offer: OwnOffer, moment: Moment): boolean {
    const { now } = moment;
    const { contracts } = this.#o.facts;
    if (offer.heldWs <= 0 && offer.heldMicro <= 0n) {
      // What waits must not be forgotten; the log tells what becomes of it.
      if (this.#isWaiting(offer)) return false;
      this.#retire(offer);
      this.letGo(offer, moment);
      return false;
    }
    if (now < this.#momentOf(offer, 'deposit', now)) return false;
    const calls: Call[] = [];
    if (offer.heldWs > 0 && offer.assetId !== null && this.#mayTry(offer, 'depositEnergy')) {
      calls.push(depositEnergyCall(contracts, offer.assetId));
    }
    if (offer.heldMicro > 0n && this.#mayTry(offer, 'depositFinancial')) {
      calls.push(depositFinancialCall(contracts, offer.heldMicro));
    }
    return calls.length > 0 && this.#enqueue(offer, ...calls);
  }

  /** Nothing of the kind is under way, or was done, or failed too often. */
  #mayTry(offer: OwnOffer, kind: string): boolean {
    const entries = this.#entries(offer, kind);
    const { outbox } = this.#o;
    const isOver = (entry: OutboxEntry) => isFailed(entry) || outbox.isStuck(entry.hash);
    return entries.length < MAX_TRIES && entries.every(isOver);
  }

  #isWaiting({ address }: OwnOffer): boolean {
    return this.#o.wallet.outbox.ofAddress(address).some(isOpen);
  }

  #entries(offer: OwnOffer, kind: string): OutboxEntry[] {
    return this.#o.wallet.outbox.byRef(refOf(offer)).filter((entry) => entry.kind === kind);
  }

  #enqueue(offer: OwnOffer, ...calls: Call[]): boolean {
    const { wallet, outbox } = this.#o;
    wallet.transaction(() => {
      for (const call of calls) outbox.enqueue(wallet.keyOf(offer), call, refOf(offer));
    });
    return true;
  }

  #settle(offer: OwnOffer, note: string): void {
    offer.state = 'settled';
    offer.note = note;
    this.#o.wallet.keep([offer]);
    this.#o.log.warn('an offer ended before it was in the market', { index: offer.index, note });
  }

  #retire(offer: OwnOffer): void {
    offer.state = 'retired';
    this.#o.wallet.keep([offer]);
    this.#askedAt.delete(offer.index);
  }

  /**
   * Erases the key of a retired address when nothing can come back to it: its offer is closed, or
   * no grant can come any more by the time of the chain. A grant that comes before revives it.
   */
  letGo(offer: OwnOffer, { headAt }: Pick<Moment, 'headAt'>): void {
    const { wallet, state } = this.#o;
    if (offer.state !== 'retired') return;
    const last = Math.max(offer.expiresAt, this.#endOf(offer)) + this.#seconds;
    if (!offer.isClosed && headAt < last) return;
    wallet.transaction(() => {
      wallet.outbox.forget(offer.address);
    });
    wallet.forgetKey(offer);
    this.#refusals.delete(offer.index);
    this.#o.moments.forget(offer.index);
    dropOwnOffer(state, offer);
  }

  #endOf(offer: OwnOffer): number {
    return startOf(this.#o.facts.calendar, offer.terms.lastInterval + 1);
  }

  #momentOf(offer: OwnOffer, step: 'close' | 'deposit', now: number): number {
    return this.#o.moments.of(offer.index, step, now, SPREAD_SHARE * this.#seconds);
  }
}

function isFound(offer: OwnOffer): boolean {
  return offer.expiresAt === 0;
}

function refOf(offer: OwnOffer): string {
  return String(offer.index);
}

function settlementRef(offer: OwnOffer, interval: Interval): string {
  return `${refOf(offer)} settles ${interval}`;
}

function isOpen(entry: OutboxEntry): boolean {
  return entry.state === 'queued' || entry.state === 'sent';
}

function isFailed(entry: OutboxEntry): boolean {
  return entry.state === 'reverted' || entry.state === 'replaced';
}
