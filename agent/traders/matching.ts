/**
 * The trader of TRANSAX's matching market: from a plan to intents, from the market's log to
 * commitments (TRANSAX section 6.4). It picks its own out of the whole log by address and offer id;
 * it keeps nothing of others but the candidate, to know early that an interval holds nothing of it.
 * Pure: the state is changed in place and knows which offers changed.
 */

import { commonPowers } from '../../market/common-sizes.ts';
import type { MarketEvent } from '../../market/events.ts';
import { type Interval, lastPostingOf, type MarketCalendar } from '../../market/intervals.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { paymentMicro } from '../../market/units.ts';
import type { Block, Plan } from '../strategy/plan.ts';
import type { Tariff } from '../strategy/tariff.ts';
import { coversInterval, isLive, isUnended, type OwnOffer } from './own-offer.ts';
import type { Commitment, Intent, Trader } from './trader.ts';

/** A tariff and the first interval it holds for. */
export interface TariffFrom extends Tariff {
  fromInterval: Interval;
}

/** What an interval is settled with; replaced as a whole when it changes. */
export interface UnsettledTrades {
  /** Of everybody, voided ones too: bytes of a chunk. */
  readonly trades: string;
  readonly voided: readonly number[];
}

export interface MatchingState {
  readonly calendar: MarketCalendar;
  readonly minOfferWs: number;
  readonly minTradeWs: number;
  /** Offers are made in common sizes. */
  readonly isCommon: boolean;
  /** Most that this home's grants may add up to in an interval, W. */
  maxPowerW: number;
  /** Time from a proposal to the earliest block that can hold its offer, seconds. */
  readonly leadSeconds: number;
  readonly byAddress: Map<string, OwnOffer>;
  readonly byOfferId: Map<number, OwnOffer>;
  /** Intervals known to be final; old ones are dropped. */
  readonly finals: Set<Interval>;
  tariffs: TariffFrom[];
  /** Offers that an event has changed since the set was last cleared. */
  readonly changed: Set<OwnOffer>;
  /** Chunks of solutions that are not accepted yet, and of the candidate. */
  readonly pending: Map<number, Map<Interval, string>>;
  candidate: Map<Interval, string>;
  /** False after a restart, until a candidate was accepted that was read from the log. */
  isCandidateKnown: boolean;
  /** Final trades, not known to be settled, of intervals that an own unended offer reaches over. */
  readonly unsettled: Map<Interval, UnsettledTrades>;
  /** Voided positions heard of before the interval's trades. */
  readonly voidedEarly: Map<Interval, number[]>;
  /** Why the utility has paused the market, perhaps empty; null while it is not. */
  pausedFor: string | null;
}

/** Kept this far back; everything older has been settled. */
const KEEP_INTERVALS = 200;
const MAX_PENDING = 64;

export function newMatchingState(
  facts: { calendar: MarketCalendar; minOfferWs: number; minTradeWs: number },
  maxPowerW: number,
  leadSeconds: number,
  isCommon = true,
): MatchingState {
  return {
    calendar: facts.calendar,
    isCommon,
    minOfferWs: facts.minOfferWs,
    minTradeWs: facts.minTradeWs,
    maxPowerW,
    leadSeconds,
    byAddress: new Map(),
    byOfferId: new Map(),
    finals: new Set(),
    tariffs: [],
    changed: new Set(),
    pending: new Map(),
    candidate: new Map(),
    isCandidateKnown: false,
    unsettled: new Map(),
    voidedEarly: new Map(),
    pausedFor: null,
  };
}

/** All that log and wallet told; what the market is like stays. */
export function forgetAll(state: MatchingState): void {
  state.byAddress.clear();
  state.byOfferId.clear();
  state.finals.clear();
  state.changed.clear();
  state.pending.clear();
  state.candidate = new Map();
  state.unsettled.clear();
  state.voidedEarly.clear();
}

/** Takes an offer of this home into the state, new or read from the wallet. */
export function addOwnOffer(state: MatchingState, offer: OwnOffer): void {
  state.byAddress.set(offer.address, offer);
  if (offer.offerId !== null) state.byOfferId.set(offer.offerId, offer);
}

/** Drops a retired offer. */
export function dropOwnOffer(state: MatchingState, offer: OwnOffer): void {
  state.byAddress.delete(offer.address);
  if (offer.offerId !== null) state.byOfferId.delete(offer.offerId);
}

export const matchingTrader: Trader<MatchingState> = { propose, observe, commitments };

/** Blocks that the market would still take and that no offer of this home stands against. */
function propose(plan: Plan, state: MatchingState, now: number): Intent[] {
  const accepted: Block[] = [];
  for (const block of plan.blocks) {
    if (isTakeable(block, state, now, accepted)) accepted.push(block);
  }
  const offered = state.isCommon ? accepted.flatMap(inCommonSizes) : accepted;
  return offered.map((block) => ({ kind: 'offer', block }));
}

/** One for each address: all are of a common size, whatever they add up to. */
function inCommonSizes(block: Block): Block[] {
  const seconds = block.energyWs / block.maxPowerW;
  return commonPowers(block.maxPowerW).map((maxPowerW) => ({
    ...block,
    maxPowerW,
    energyWs: maxPowerW * seconds,
  }));
}

function isTakeable(block: Block, state: MatchingState, now: number, beside: Block[]): boolean {
  const { calendar } = state;
  if (block.energyWs < state.minOfferWs || block.energyWs < state.minTradeWs) return false;
  if (block.maxPowerW * calendar.intervalSeconds < state.minTradeWs) return false;
  if (now + state.leadSeconds > lastPostingOf(calendar, block.firstInterval)) return false;
  const others = [
    ...[...state.byAddress.values()].filter(isLive).map((offer) => offer.terms),
    ...beside,
  ];
  for (let at = block.firstInterval; at <= block.lastInterval; at += 1) {
    const here = others.filter((other) => other.firstInterval <= at && at <= other.lastInterval);
    if (here.some((other) => other.side !== block.side)) return false;
    const powerW = here.reduce((sum, other) => sum + other.maxPowerW, block.maxPowerW);
    if (powerW > state.maxPowerW) return false;
  }
  const isSame = (other: { firstInterval: Interval; isFlexible: boolean }) =>
    other.firstInterval === block.firstInterval && other.isFlexible === block.isFlexible;
  return !others.some(isSame);
}

/** What final trades bind this home to, by interval. */
function commitments(state: MatchingState): Commitment[] {
  const byInterval = new Map<Interval, number>();
  for (const offer of state.byAddress.values()) {
    for (const [interval, powerW] of offer.trades) {
      const signed = offer.terms.side === 'buy' ? powerW : -powerW;
      byInterval.set(interval, (byInterval.get(interval) ?? 0) + signed);
    }
  }
  return [...byInterval]
    .sort(([a], [b]) => a - b)
    .map(([interval, powerW]) => ({ interval, powerW }));
}

/**
 * Signed power of final trades in one interval (bought positive): of offers that are part of the
 * plan, and of flexible ones that come on top of it.
 */
export function tradedAt(
  state: MatchingState,
  interval: Interval,
): { plannedW: number; flexibleW: number } {
  let plannedW = 0;
  let flexibleW = 0;
  for (const { terms, trades } of state.byAddress.values()) {
    const powerW = (trades.get(interval) ?? 0) * (terms.side === 'buy' ? 1 : -1);
    if (terms.isFlexible) flexibleW += powerW;
    else plannedW += powerW;
  }
  return { plannedW, flexibleW };
}

/** Whether a final solution for the interval could hold trades of this home. */
export function mayTradeAt(state: MatchingState, interval: Interval): boolean {
  for (const offer of state.byAddress.values()) {
    if (isLive(offer) && coversInterval(offer.terms, interval)) return true;
  }
  return false;
}

/**
 * Whether the candidate, as last accepted, may hold trades of this home in the interval. From gate
 * closure on nothing else can become final.
 */
export function isInCandidate(state: MatchingState, interval: Interval): boolean {
  if (!state.isCandidateKnown) return true;
  const bytes = state.candidate.get(interval);
  if (bytes === undefined) return false;
  return decodeChunk(bytes).some(
    ({ askId, bidId }) => state.byOfferId.has(askId) || state.byOfferId.has(bidId),
  );
}

function observe(event: MarketEvent, state: MatchingState): MatchingState {
  switch (event.kind) {
    case 'asset-added':
    case 'financial-added':
    case 'offer-posted':
    case 'offer-closed':
    case 'energy-deposited':
    case 'financial-deposited': {
      const offer = state.byAddress.get(event.owner);
      if (offer !== undefined) {
        observeOwn(event, offer, state);
        state.changed.add(offer);
      }
      break;
    }
    case 'solution-finalized':
      finalize(state, event.interval, event.trades);
      break;
    case 'trades-voided':
      voidTrades(state, event.interval, event.positions);
      break;
    case 'interval-settled':
      state.unsettled.delete(event.interval);
      break;
    case 'candidate-chunk':
      keepChunk(state, event.solutionId, event.interval, event.trades);
      break;
    case 'candidate-accepted':
      state.candidate = state.pending.get(event.solutionId) ?? new Map();
      state.pending.delete(event.solutionId);
      state.isCandidateKnown = true;
      break;
    case 'paused':
      state.pausedFor = event.reason;
      break;
    case 'resumed':
      state.pausedFor = null;
      break;
    case 'tariff-set':
      state.tariffs = [...state.tariffs, event].slice(-4).map((each) => ({
        fromInterval: each.fromInterval,
        useMicroPerKwh: each.useMicroPerKwh,
        feedInMicroPerKwh: each.feedInMicroPerKwh,
      }));
      break;
  }
  return state;
}

type OwnEvent = Extract<
  MarketEvent,
  {
    kind:
      | 'asset-added'
      | 'financial-added'
      | 'offer-posted'
      | 'offer-closed'
      | 'energy-deposited'
      | 'financial-deposited';
  }
>;

/** The log may tell the same again after a restart: what was seen already changes nothing. */
function observeOwn(event: OwnEvent, offer: OwnOffer, state: MatchingState): void {
  switch (event.kind) {
    case 'asset-added':
      if (offer.assetId !== null) break;
      offer.assetId = event.assetId;
      offer.heldWs = event.energyWs;
      advanceToGranted(offer);
      break;
    case 'financial-added':
      if (offer.grantedMicro > 0n) break;
      offer.grantedMicro = event.amountMicro;
      offer.heldMicro += event.amountMicro;
      advanceToGranted(offer);
      break;
    case 'offer-posted':
      if (offer.offerId !== null) break;
      offer.offerId = event.offerId;
      state.byOfferId.set(event.offerId, offer);
      offer.heldWs -= event.energyWs;
      if (event.side === 'buy') {
        offer.heldMicro -= paymentMicro(event.priceMicroPerKwh, event.energyWs);
      }
      offer.state = 'posted';
      break;
    case 'offer-closed':
      if (offer.isClosed) break;
      offer.isClosed = true;
      offer.heldWs += event.energyWs;
      offer.heldMicro += event.moneyMicro;
      offer.state = 'settled';
      break;
    case 'energy-deposited':
      offer.heldWs = 0;
      break;
    case 'financial-deposited':
      offer.heldMicro =
        offer.heldMicro > event.amountMicro ? offer.heldMicro - event.amountMicro : 0n;
      break;
  }
}

function advanceToGranted(offer: OwnOffer): void {
  const isMoneyThere = offer.terms.side === 'sell' || offer.grantedMicro > 0n;
  const isEarly = offer.state === 'reserved' || offer.state === 'withdrawn';
  if (offer.assetId !== null && isMoneyThere && isEarly) offer.state = 'granted';
  // A grant that came after all: it goes back.
  if (offer.state === 'retired') offer.state = 'settled';
}

function finalize(state: MatchingState, interval: Interval, bytes: string): void {
  state.candidate.delete(interval);
  if (state.finals.has(interval)) return;
  state.finals.add(interval);
  for (const old of state.finals) {
    if (state.finals.size <= KEEP_INTERVALS) break;
    state.finals.delete(old);
    state.voidedEarly.delete(old);
  }
  const voided = state.voidedEarly.get(interval) ?? [];
  state.voidedEarly.delete(interval);
  // Though only others traded: the own offer is closed when they are paid.
  if (bytes === '0x' || !isReachedOver(state, interval)) return;
  state.unsettled.set(interval, { trades: bytes, voided });
  for (const [position, trade] of decodeChunk(bytes).entries()) {
    if (voided.includes(position)) continue;
    for (const id of [trade.askId, trade.bidId]) book(state, interval, id, trade.powerW);
  }
}

function book(state: MatchingState, interval: Interval, offerId: number, powerW: number): void {
  const offer = state.byOfferId.get(offerId);
  if (offer === undefined) return;
  const after = (offer.trades.get(interval) ?? 0) + powerW;
  if (after > 0) offer.trades.set(interval, after);
  else offer.trades.delete(interval);
  state.changed.add(offer);
}

function voidTrades(state: MatchingState, interval: Interval, positions: number[]): void {
  const final = state.unsettled.get(interval);
  if (final === undefined) {
    if (!state.finals.has(interval)) state.voidedEarly.set(interval, positions);
    return;
  }
  const trades = decodeChunk(final.trades);
  const more = positions.filter((position) => !final.voided.includes(position));
  for (const position of more) {
    const trade = trades[position];
    if (trade === undefined) continue;
    for (const id of [trade.askId, trade.bidId]) book(state, interval, id, -trade.powerW);
  }
  const voided = [...final.voided, ...more].sort((a, b) => a - b);
  state.unsettled.set(interval, { trades: final.trades, voided });
}

/** Forgets final trades of intervals that no own unended offer reaches over. */
export function dropNeedless(state: MatchingState): void {
  for (const interval of state.unsettled.keys()) {
    if (!isReachedOver(state, interval)) state.unsettled.delete(interval);
  }
}

function isReachedOver(state: MatchingState, interval: Interval): boolean {
  const offers = [...state.byAddress.values()];
  return offers.some((offer) => isUnended(offer) && coversInterval(offer.terms, interval));
}

function keepChunk(
  state: MatchingState,
  solution: number,
  interval: Interval,
  bytes: string,
): void {
  let chunks = state.pending.get(solution);
  if (chunks === undefined) {
    chunks = new Map();
    state.pending.set(solution, chunks);
    for (const old of state.pending.keys()) {
      if (state.pending.size <= MAX_PENDING) break;
      state.pending.delete(old);
    }
  }
  chunks.set(interval, bytes);
}
