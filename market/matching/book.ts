/**
 * The whole market as its log tells it: offers and what is left of them, final trades, the
 * candidate, limits and suspensions. Everyone who follows the market keeps one of these and feeds
 * it every event in the log's order; it asks nobody anything.
 */
import type { MarketEvent } from '../events.ts';
import type { Interval } from '../intervals.ts';
import {
  type Chunk,
  type FeederLimits,
  type Objective,
  type Offer,
  type Trade,
  UTILITY_FEEDER,
} from '../offers.ts';
import { MAX_UINT48 } from '../units.ts';
import { decodeChunk } from './chunk.ts';

/** An offer with where it came from. `energyWs` is what final trades have left. */
export interface BookOffer extends Offer {
  owner: string;
  assetId: number;
  postedInBlock: number;
  isClosed: boolean;
}

/** The best accepted solution: its value when accepted, and its chunks still to become final. */
export interface Candidate {
  solutionId: number;
  solver: string;
  firstInterval: Interval;
  value: Objective;
  chunks: Map<Interval, string>;
}

export interface FinalInterval {
  interval: Interval;
  solver: string;
  /** As submitted, voided ones too. */
  trades: Trade[];
  /** Positions of trades that were voided because a feeder was suspended. */
  voided: Set<number>;
}

interface LimitsFrom extends FeederLimits {
  fromInterval: Interval;
}

const NO_LIMITS: FeederLimits = { internalLimitW: MAX_UINT48, externalLimitW: MAX_UINT48 };
/** Nothing flows where nothing is known of a feeder. */
const CLOSED: FeederLimits = { internalLimitW: 0, externalLimitW: 0 };
/** Parts of solutions that were never committed are forgotten beyond this many. */
const MAX_PENDING_SOLUTIONS = 256;

type Of<K extends MarketEvent['kind']> = Extract<MarketEvent, { kind: K }>;

export class Book {
  readonly #intervalSeconds: number;
  readonly #offers = new Map<number, BookOffer>();
  /** Offers by last interval, so that what is past is never looked at again. */
  readonly #byLastInterval = new Map<Interval, BookOffer[]>();
  readonly #finals = new Map<Interval, FinalInterval>();
  /** Final intervals with trades that are not paid yet: they are when the interval is settled. */
  readonly #unsettled = new Set<Interval>();
  /** Voided positions that were heard of before the interval's trades. */
  readonly #voidedEarly = new Map<Interval, number[]>();
  readonly #pending = new Map<number, Map<Interval, string>>();
  readonly #limits = new Map<number, LimitsFrom[]>();
  #suspensions: { feeder: number; first: Interval; last: Interval }[] = [];
  #candidate: Candidate | null = null;
  #isPaused = false;
  #farthest = 0;

  /** @param intervalSeconds length of an interval, from the market's calendar */
  constructor(intervalSeconds: number) {
    this.#intervalSeconds = intervalSeconds;
  }

  /** Takes in one event; events must come in the order of the log, each once. */
  observe(event: MarketEvent): void {
    switch (event.kind) {
      case 'offer-posted':
        this.#post(event);
        break;
      case 'offer-closed':
        this.#close(event);
        break;
      case 'candidate-chunk':
        this.#keepChunk(event);
        break;
      case 'candidate-accepted':
        this.#accept(event);
        break;
      case 'solution-finalized':
        this.#finalize(event);
        break;
      case 'trades-voided':
        this.#void(event);
        break;
      case 'interval-settled':
        this.#unsettled.delete(event.interval);
        break;
      case 'feeder-limits-set':
        this.#setLimits(event);
        break;
      case 'suspended': {
        const { feeder, firstInterval: first, lastInterval: last } = event;
        this.#suspensions.push({ feeder, first, last });
        break;
      }
      case 'paused':
      case 'resumed':
        this.#isPaused = event.kind === 'paused';
        break;
    }
  }

  offer(id: number): BookOffer | undefined {
    return this.#offers.get(id);
  }

  get candidate(): Candidate | null {
    return this.#candidate;
  }

  /** The interval's final trades, or undefined while it is not final. */
  finalOf(interval: Interval): FinalInterval | undefined {
    return this.#finals.get(interval);
  }

  /** Final intervals before another one that wait for settlement, ascending. */
  unsettledFinals(before: Interval): FinalInterval[] {
    return [...this.#unsettled]
      .filter((interval) => interval < before)
      .sort((a, b) => a - b)
      .flatMap((interval) => this.#finals.get(interval) ?? []);
  }

  /** The candidate's trades for one interval; empty when it has none. */
  candidateTrades(interval: Interval): Trade[] {
    const bytes = this.#candidate?.chunks.get(interval);
    return bytes === undefined ? [] : decodeChunk(bytes);
  }

  /** The candidate's chunks from an interval on, ascending. */
  candidateChunks(from: Interval): Chunk[] {
    const chunks = this.#candidate?.chunks ?? new Map<Interval, string>();
    return [...chunks]
      .filter(([interval]) => interval >= from)
      .sort(([a], [b]) => a - b)
      .map(([interval, bytes]) => ({ interval, trades: decodeChunk(bytes) }));
  }

  /** Offers with energy left whose range touches [first, last], by id. */
  openOffers(first: Interval, last: Interval): BookOffer[] {
    const found: BookOffer[] = [];
    for (let interval = first; interval <= this.#farthest; interval++) {
      for (const offer of this.#byLastInterval.get(interval) ?? []) {
        if (offer.firstInterval <= last && offer.energyWs > 0 && !offer.isClosed) found.push(offer);
      }
    }
    return found.sort((a, b) => a.id - b.id);
  }

  /** Limits of a feeder at an interval; the utility's feeder has none. */
  limitsAt(feeder: number, interval: Interval): FeederLimits {
    if (feeder === UTILITY_FEEDER) return NO_LIMITS;
    const set = this.#limits.get(feeder) ?? [];
    for (let at = set.length - 1; at >= 0; at--) {
      const limits = set[at];
      if (limits !== undefined && limits.fromInterval <= interval) return limits;
    }
    return CLOSED;
  }

  /** While it is, nothing becomes the candidate; what is becomes final as ever. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  isSuspended(feeder: number, interval: Interval): boolean {
    return this.#suspensions.some(
      (span) => span.feeder === feeder && span.first <= interval && interval <= span.last,
    );
  }

  /**
   * Forgets what ended before an interval: offers, final trades, suspensions. Who follows a market
   * for months calls it now and then; nothing that can still trade is touched, nor what is still to
   * be settled.
   */
  forget(before: Interval): void {
    for (const offer of this.#offers.values()) {
      if (offer.lastInterval < before) this.#offers.delete(offer.id);
    }
    for (const last of this.#byLastInterval.keys()) {
      if (last < before) this.#byLastInterval.delete(last);
    }
    for (const interval of this.#finals.keys()) {
      if (interval < before && !this.#unsettled.has(interval)) this.#finals.delete(interval);
    }
    this.#suspensions = this.#suspensions.filter(({ last }) => last >= before);
  }

  #post(event: Of<'offer-posted'>): void {
    const offer: BookOffer = {
      id: event.offerId,
      owner: event.owner,
      assetId: event.assetId,
      feeder: event.feeder,
      side: event.side,
      firstInterval: event.firstInterval,
      lastInterval: event.lastInterval,
      energyWs: event.energyWs,
      maxPowerW: event.maxPowerW,
      priceMicroPerKwh: event.priceMicroPerKwh,
      postedInBlock: event.blockNumber,
      isClosed: false,
    };
    this.#offers.set(offer.id, offer);
    const bucket = this.#byLastInterval.get(offer.lastInterval);
    if (bucket === undefined) this.#byLastInterval.set(offer.lastInterval, [offer]);
    else bucket.push(offer);
    this.#farthest = Math.max(this.#farthest, offer.lastInterval);
  }

  #close(event: Of<'offer-closed'>): void {
    const offer = this.#offers.get(event.offerId);
    if (offer === undefined) return;
    offer.isClosed = true;
    const bucket = this.#byLastInterval.get(offer.lastInterval) ?? [];
    const rest = bucket.filter((other) => other !== offer);
    if (rest.length > 0) this.#byLastInterval.set(offer.lastInterval, rest);
    else this.#byLastInterval.delete(offer.lastInterval);
  }

  #keepChunk(event: Of<'candidate-chunk'>): void {
    let chunks = this.#pending.get(event.solutionId);
    if (chunks === undefined) {
      chunks = new Map();
      this.#pending.set(event.solutionId, chunks);
      for (const id of this.#pending.keys()) {
        if (this.#pending.size <= MAX_PENDING_SOLUTIONS) break;
        this.#pending.delete(id);
      }
    }
    chunks.set(event.interval, event.trades);
  }

  #accept(event: Of<'candidate-accepted'>): void {
    const chunks = this.#pending.get(event.solutionId) ?? new Map<Interval, string>();
    this.#pending.delete(event.solutionId);
    for (const interval of chunks.keys()) {
      if (interval < event.firstInterval) chunks.delete(interval);
    }
    this.#candidate = {
      solutionId: event.solutionId,
      solver: event.solver,
      firstInterval: event.firstInterval,
      value: {
        homeEnergyWs: event.homeEnergyWs,
        utilityEnergyWs: event.utilityEnergyWs,
        welfare: event.welfare,
      },
      chunks,
    };
  }

  #finalize(event: Of<'solution-finalized'>): void {
    const trades = decodeChunk(event.trades);
    const final = {
      interval: event.interval,
      solver: event.solver,
      trades,
      voided: new Set<number>(),
    };
    this.#finals.set(event.interval, final);
    this.#candidate?.chunks.delete(event.interval);
    for (const trade of trades) this.#take(trade, 1);
    // Voided trades count as well: their offers end with the others.
    if (trades.length > 0) this.#unsettled.add(event.interval);
    for (const position of this.#voidedEarly.get(event.interval) ?? []) {
      this.#giveBack(final, position);
    }
    this.#voidedEarly.delete(event.interval);
  }

  #void(event: Of<'trades-voided'>): void {
    const final = this.#finals.get(event.interval);
    if (final === undefined) {
      this.#voidedEarly.set(event.interval, event.positions);
      return;
    }
    for (const position of event.positions) this.#giveBack(final, position);
  }

  #giveBack(final: FinalInterval, position: number): void {
    const trade = final.trades[position];
    if (trade === undefined || final.voided.has(position)) return;
    final.voided.add(position);
    this.#take(trade, -1);
  }

  #take(trade: Trade, sign: 1 | -1): void {
    for (const id of [trade.askId, trade.bidId]) {
      const offer = this.#offers.get(id);
      if (offer !== undefined) offer.energyWs -= sign * trade.powerW * this.#intervalSeconds;
    }
  }

  #setLimits(event: Of<'feeder-limits-set'>): void {
    const set = this.#limits.get(event.feeder) ?? [];
    // A later word about the same or an earlier interval overrides what was to come.
    const kept = set.filter((limits) => limits.fromInterval < event.fromInterval);
    const { fromInterval, internalLimitW, externalLimitW } = event;
    kept.push({ fromInterval, internalLimitW, externalLimitW });
    this.#limits.set(event.feeder, kept);
  }
}
