/** Solutions: whole or in parts, compared, and the one that is the candidate. */
import { firstOpenAt, lastTradableAt, latestPostingOf } from './calendar.ts';
import { Faults } from './faults.ts';
import { candidateChunk, dueIntervals, makeFinal } from './finalization.ts';
import { credit, digestOf, solverOf, useStake } from './rewards.ts';
import { type KeptChunk, openOffer, type State } from './state.ts';
import {
  byteLength,
  decode,
  energyOf,
  isBetter,
  isSame,
  nothing,
  type Objective,
  sum,
  type Trade,
  tradeBytes,
  worthOf,
} from './trades.ts';
import { brokenRules } from './verification.ts';

export interface Chunk {
  interval: number;
  claimed: Objective;
  trades: string;
}

const MAX_TRADES = 750;

export function submitSolution(state: State, caller: string, chunks: readonly Chunk[]): void {
  const faults: Faults = new Faults();
  useStake(state, caller, faults);
  finalizeDue(state, chunks);
  faults.check(dueIntervals(state).length === 0, 'DueInterval');
  const open = firstOpenAt(state.calendar, state.now);
  const counted = chunks.filter(({ interval }) => interval >= open);
  const claimed = sum(counted.map((chunk) => chunk.claimed));
  const better = isBetter(claimed, candidateValue(state), state.params.minGainWs);
  faults.check(better, 'NotBetter');
  const kept = new Map<number, KeptChunk>();
  verify(state, counted, { kept, usedWs: new Map() }, faults);
  checkKept(state, kept, faults);
  // Told last: what is wrong besides is told before.
  if (faults.names.size === 0) faults.check(!state.isPaused, 'GridPaused');
  faults.stop();
  newSolution(state, caller).isOpen = false;
  accept(state, caller, kept, chunks);
}

export function openSolution(state: State, caller: string): void {
  const faults: Faults = new Faults();
  useStake(state, caller, faults);
  faults.check(dueIntervals(state).length === 0, 'DueInterval');
  faults.stop();
  newSolution(state, caller);
}

export function addChunks(
  state: State,
  caller: string,
  id: number,
  chunks: readonly Chunk[],
): void {
  const faults: Faults = new Faults();
  const newest = toAddTo(state, caller, id, faults);
  const open = firstOpenAt(state.calendar, state.now);
  const counted = chunks.filter(({ interval }) => interval >= open);
  verify(state, counted, { kept: newest.chunks, usedWs: newest.usedWs }, faults);
  faults.stop();
  newest.said.push(...chunks);
}

export function commitSolution(state: State, caller: string, id: number): void {
  const faults: Faults = new Faults();
  const newest = toAddTo(state, caller, id, faults);
  faults.check(dueIntervals(state).length === 0, 'DueInterval');
  faults.stop();
  newest.isOpen = false;
  accept(state, caller, newest.chunks, newest.said);
}

function newSolution(state: State, caller: string) {
  const newest = {
    ...{ id: ++state.solutions, isOpen: true, finalizationsSeen: state.finalizations },
    ...{ chunks: new Map(), usedWs: new Map(), said: [] },
  };
  solverOf(state, caller).newest = newest;
  return newest;
}

function toAddTo(state: State, caller: string, id: number, faults: Faults) {
  const { newest } = useStake(state, caller, faults);
  faults.check(newest?.id === id, 'NotNewest');
  if (newest === null || newest.id !== id) {
    faults.stop();
    throw new Error('unreachable');
  }
  faults.check(newest.isOpen, 'SolutionClosed');
  faults.check(newest.finalizationsSeen === state.finalizations, 'SolutionOutdated');
  faults.stop();
  return newest;
}

/** Chunks that are the candidate's trades of due intervals. */
function finalizeDue(state: State, chunks: readonly Chunk[]): void {
  for (const { interval, trades } of chunks) {
    const isDue = dueIntervals(state).includes(interval);
    const wanted = candidateChunk(state, interval)?.trades;
    if (isDue && wanted === trades) makeFinal(state, interval, trades);
  }
}

function verify(
  state: State,
  chunks: readonly Chunk[],
  solution: { kept: Map<number, KeptChunk>; usedWs: Map<number, number> },
  faults: Faults,
): void {
  const isPriced = state.params.priceRule === 1;
  const last = lastTradableAt(state.calendar, state.now);
  const read = chunks.map(({ interval, trades }) => ({
    interval,
    trades: decode(trades, isPriced),
  }));
  for (const name of brokenRules(state, read, solution.usedWs)) faults.check(false, name);
  for (const [i, { interval, claimed, trades }] of chunks.entries()) {
    const list = read[i]?.trades ?? [];
    faults.check(interval <= last, 'BeyondHorizon');
    faults.check(byteLength(trades) % tradeBytes(isPriced) === 0, 'BadLength');
    faults.check(list.length <= MAX_TRADES, 'TooManyTrades');
    const offer = (id: number) => openOffer(state, id);
    const value = worthOf(list, offer, state.calendar.intervalSeconds);
    const isLarge = value.homeEnergyWs >= 2n ** 48n || value.utilityEnergyWs >= 2n ** 48n;
    // What a chunk is worth is told of sound ones.
    if ((isLarge || !isSame(value, claimed)) && isSound(state, interval, list)) {
      faults.check(!isLarge && value.welfare < 2n ** 96n, 'ValueTooLarge');
      faults.check(isSame(value, claimed), 'FalseObjective');
    }
    if (trades === '0x') continue;
    faults.check(!solution.kept.has(interval), 'DuplicateChunk');
    solution.kept.set(interval, { trades, value });
  }
}

function isSound(state: State, interval: number, trades: readonly Trade[]): boolean {
  return brokenRules(state, [{ interval, trades }], new Map()).size === 0;
}

/** What a better solution has to beat: over the intervals open now. */
export function candidateValue(state: State): Objective {
  const values: Objective[] = [];
  for (const t of openIntervals(state)) values.push(candidateChunk(state, t)?.value ?? nothing());
  return sum(values);
}

export function openIntervals(state: State): number[] {
  const { calendar, now } = state;
  const open: number[] = [];
  const last = lastTradableAt(calendar, now);
  for (let t = firstOpenAt(calendar, now); t <= last; t++) open.push(t);
  return open;
}

function accept(
  state: State,
  caller: string,
  kept: ReadonlyMap<number, KeptChunk>,
  said: readonly { interval: number; trades: string }[],
): void {
  const faults: Faults = new Faults();
  const offered = new Map<number, KeptChunk>();
  const homeWs = new Map<number, bigint>();
  for (const t of openIntervals(state)) {
    const chunk = kept.get(t);
    const next = chunk?.value ?? nothing();
    if (chunk !== undefined) offered.set(t, chunk);
    homeWs.set(t, next.homeEnergyWs);
  }
  checkKept(state, kept, faults);
  faults.check(!state.isPaused, 'GridPaused');
  const value = sum([...offered.values()].map((chunk) => chunk.value));
  faults.check(isBetter(value, candidateValue(state), state.params.minGainWs), 'NotBetter');
  faults.stop();
  const { announced, announcedIn } = solverOf(state, caller);
  const isOlder = announced !== '' && announcedIn < state.block;
  const isAnnounced = isOlder && announced === digestOf(caller, said);
  credit(state, caller, homeWs, isAnnounced);
  const firstInterval = firstOpenAt(state.calendar, state.now);
  state.candidate = { solver: caller, firstInterval, chunks: offered };
}

/** Quiet time: shortly before gate closure what was promised is not taken back. */
function checkKept(state: State, kept: ReadonlyMap<number, KeptChunk>, faults: Faults): void {
  for (const t of openIntervals(state)) {
    if (state.now < latestPostingOf(state.calendar, t)) continue;
    const next = kept.get(t)?.value ?? nothing();
    const held = candidateChunk(state, t)?.value ?? nothing();
    const isLower = next.homeEnergyWs < held.homeEnergyWs || energyOf(next) < energyOf(held);
    faults.check(!isLower, 'LowersEnergy');
  }
}
