/**
 * One solution: what a solver would submit now, if it beats the candidate.
 *
 * The whole open window is cleared anew each time, because a candidate is replaced as a whole.
 * Three kinds of chunks are copied from the candidate instead: those due for finalization, so that
 * the contract can finalize them first; those whose gate may close before the block comes; and, in
 * quiet time, those that would come out lower. Energy they take is taken from the offers first.
 */
import type { ClaimedChunk } from '../chain/calls.ts';
import { type Interval, lastPostingOf, type MarketCalendar } from '../market/intervals.ts';
import type { Book, BookOffer } from '../market/matching/book.ts';
import { beatsObjective, objectiveOf, sumObjectives } from '../market/matching/objective.ts';
import { type Fault, verifySolution } from '../market/matching/verify.ts';
import type { Chunk, Objective } from '../market/offers.ts';
import type { Window } from './calendar-window.ts';
import { clear } from './clearing/clear.ts';
import type { TieRule } from './clearing/input.ts';

export interface SolutionRules {
  calendar: MarketCalendar;
  minTradeWs: number;
  /** The contract takes no better solution that gains less. */
  minGainWs: number;
  maxTradesPerChunk: number;
  tieRule?: TieRule;
}

export interface Market {
  book: Book;
  window: Window;
  /** When the transaction is in a block at the latest; unix seconds. */
  sureSeconds: number;
  /** When an offer was posted, or a later moment; unix seconds. */
  postedAt(offer: BookOffer): number;
}

export interface Solution {
  /** All chunks to submit, ascending, with their claims. */
  chunks: ClaimedChunk[];
  /** Over the intervals that are surely open: of this solution, and of the candidate now. */
  value: Objective;
  candidateValue: Objective;
  /** Bound on energy between homes over the intervals that were cleared anew. */
  upperBoundWs: number;
}

export class SolutionError extends Error {
  /** The solution breaks a rule: a defect of the solver, never submitted. */
  readonly code = 'infeasible';
  readonly faults: Fault[];
  constructor(faults: Fault[]) {
    super(`a solution would break ${faults.length} rules: ${faults[0]?.message ?? ''}`);
    this.name = 'SolutionError';
    this.faults = faults;
  }
}

/** @returns the solution, or null when nothing beats the candidate. @throws SolutionError */
export async function solve(rules: SolutionRules, market: Market): Promise<Solution | null> {
  const { book, window } = market;
  const due = candidateBetween(book, window.current + 1, window.firstOpen);
  const carried = candidateBetween(book, window.firstOpen, window.firstSure);
  const held = new Map(book.candidateChunks(window.firstSure).map((one) => [one.interval, one]));
  const kept = new Map<Interval, Chunk>();
  for (;;) {
    const fixed = [...due, ...carried, ...kept.values()];
    const { chunks, upperBoundWs } = await clearWindow(rules, market, fixed, kept);
    const lowered = chunksLowered(rules, market, chunks, held, kept);
    if (lowered.length > 0) {
      for (const chunk of lowered) kept.set(chunk.interval, chunk);
      continue;
    }
    const next = [...kept.values(), ...chunks].sort((a, b) => a.interval - b.interval);
    const value = sumObjectives(next.map((chunk) => worthOf(rules, book, chunk)));
    const candidateValue = sumObjectives([...held.values()].map((c) => worthOf(rules, book, c)));
    if (!beatsObjective(value, candidateValue, rules.minGainWs)) return null;
    const open = [...carried, ...next];
    const faults = faultsOf(rules, market, open, due);
    if (faults.length > 0) throw new SolutionError(faults);
    const claimed = [...due, ...open].map((chunk) => claim(rules, book, chunk));
    return { chunks: claimed, value, candidateValue, upperBoundWs };
  }
}

function candidateBetween(book: Book, from: Interval, end: Interval): Chunk[] {
  return book.candidateChunks(from).filter(({ interval }) => interval < end);
}

async function clearWindow(
  rules: SolutionRules,
  { book, window, postedAt }: Market,
  fixed: Chunk[],
  kept: ReadonlyMap<Interval, Chunk>,
): Promise<{ chunks: Chunk[]; upperBoundWs: number }> {
  const taken = energyOf(fixed, rules.calendar.intervalSeconds);
  const known = new Map<number, BookOffer>();
  const offers = book.openOffers(window.firstSure, window.last).map((offer) => {
    known.set(offer.id, offer);
    return { ...offer, energyWs: offer.energyWs - (taken.get(offer.id) ?? 0) };
  });
  return clear({
    offers,
    firstInterval: window.firstSure,
    lastInterval: window.last,
    limitsAt: (feeder, interval) => book.limitsAt(feeder, interval),
    isUsable: (offer, interval) => {
      const posted = known.get(offer.id);
      return (
        posted !== undefined &&
        !kept.has(interval) &&
        postedAt(posted) <= lastPostingOf(rules.calendar, interval) &&
        !book.isSuspended(offer.feeder, interval)
      );
    },
    intervalSeconds: rules.calendar.intervalSeconds,
    minTradeWs: rules.minTradeWs,
    maxTrades: rules.maxTradesPerChunk,
    ...(rules.tieRule === undefined ? {} : { tieRule: rules.tieRule }),
  });
}

function energyOf(chunks: Chunk[], intervalSeconds: number): Map<number, number> {
  const taken = new Map<number, number>();
  for (const { askId, bidId, powerW } of chunks.flatMap(({ trades }) => trades)) {
    for (const id of [askId, bidId]) {
      taken.set(id, (taken.get(id) ?? 0) + powerW * intervalSeconds);
    }
  }
  return taken;
}

/** The candidate's chunks in quiet time that the new ones would lower, which is refused. */
function chunksLowered(
  rules: SolutionRules,
  { book, sureSeconds }: Market,
  chunks: Chunk[],
  held: ReadonlyMap<Interval, Chunk>,
  kept: ReadonlyMap<Interval, Chunk>,
): Chunk[] {
  return [...held.values()].filter((before) => {
    if (kept.has(before.interval)) return false;
    if (sureSeconds < lastPostingOf(rules.calendar, before.interval)) return false;
    const next = chunks.find(({ interval }) => interval === before.interval);
    const worth = worthOf(rules, book, next ?? { interval: before.interval, trades: [] });
    const heldWorth = worthOf(rules, book, before);
    return worth.homeEnergyWs < heldWorth.homeEnergyWs || energySum(worth) < energySum(heldWorth);
  });
}

function energySum(value: Objective): bigint {
  return value.homeEnergyWs + value.utilityEnergyWs;
}

function worthOf(rules: SolutionRules, book: Book, chunk: Chunk): Objective {
  return objectiveOf(chunk, (id) => book.offer(id), rules.calendar.intervalSeconds);
}

function claim(rules: SolutionRules, book: Book, chunk: Chunk): ClaimedChunk {
  return { ...chunk, claimed: worthOf(rules, book, chunk) };
}

/** The contract's own rules, before paying for a transaction. */
function faultsOf(
  rules: SolutionRules,
  { book, window, postedAt }: Market,
  open: Chunk[],
  due: Chunk[],
): Fault[] {
  const taken = energyOf(due, rules.calendar.intervalSeconds);
  return verifySolution(open, {
    intervalSeconds: rules.calendar.intervalSeconds,
    minTradeWs: rules.minTradeWs,
    offer: (id) => {
      const offer = book.offer(id);
      if (offer === undefined) return undefined;
      const energyWs = offer.energyWs - (taken.get(id) ?? 0);
      return { ...offer, energyWs, postedAt: postedAt(offer) };
    },
    limitsAt: (feeder, interval) => book.limitsAt(feeder, interval),
    isOpen: (interval) => interval >= window.firstOpen && interval <= window.last,
    lastPostingOf: (interval) => lastPostingOf(rules.calendar, interval),
  });
}
