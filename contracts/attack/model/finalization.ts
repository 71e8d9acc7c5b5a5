/** Intervals become final, and what an emergency voids. */
import { currentAt, firstOpenAt } from './calendar.ts';
import { Faults } from './faults.ts';
import { reserveReward } from './rewards.ts';
import { type KeptChunk, limitsAt, type State } from './state.ts';
import { decode, type Trade } from './trades.ts';

/** The candidate's chunk of an interval that is neither final nor before it counts. */
export function candidateChunk(state: State, interval: number): KeptChunk | undefined {
  const { candidate } = state;
  if (candidate === null || interval < candidate.firstInterval) return undefined;
  return candidate.chunks.get(interval);
}

export function finalize(state: State, interval: number, trades: string): void {
  const faults: Faults = new Faults();
  faults.check(!state.finals.has(interval), 'AlreadyFinal');
  const open = firstOpenAt(state.calendar, state.now);
  faults.check(interval >= state.deployedIn && interval < open, 'NotDue');
  faults.stop();
  const isLate = interval <= currentAt(state.calendar, state.now);
  const wanted = candidateChunk(state, interval)?.trades ?? '0x';
  faults.check(isLate || trades === wanted, 'NotCandidate');
  faults.stop();
  makeFinal(state, interval, isLate ? '0x' : trades);
}

/** Intervals between the current one and the first open one that the candidate trades in. */
export function dueIntervals(state: State): number[] {
  const due: number[] = [];
  const open = firstOpenAt(state.calendar, state.now);
  for (let t = currentAt(state.calendar, state.now) + 1; t < open; t++) {
    if (!state.finals.has(t) && candidateChunk(state, t) !== undefined) due.push(t);
  }
  return due;
}

export function makeFinal(state: State, interval: number, trades: string): void {
  const voided = voidedOf(state, interval, decode(trades, state.params.priceRule === 1));
  state.finals.set(interval, { trades, voided, settled: 0, isSettled: false });
  if (trades === '0x') return;
  state.finalizations++;
  for (const [i, trade] of decode(trades, state.params.priceRule === 1).entries()) {
    if (voided.includes(i)) continue;
    for (const id of [trade.askId, trade.bidId]) {
      const offer = state.offers.get(id);
      if (offer === undefined) throw new Error(`interval ${interval} trades offer ${id}`);
      offer.takenWs += trade.powerW * state.calendar.intervalSeconds;
    }
  }
  const value = candidateChunk(state, interval)?.value;
  if (voided.length === 0 && value) reserveReward(state, interval, value.homeEnergyWs);
}

/** Trades that touch a suspended feeder; and all, when what is left would break a limit. */
function voidedOf(state: State, interval: number, trades: readonly Trade[]): number[] {
  const feederOf = (id: number) => state.offers.get(id)?.feeder ?? 0;
  const isHit = (id: number) => state.suspended.has(`${feederOf(id)}/${interval}`);
  const voided: number[] = [];
  const left: Trade[] = [];
  for (const [i, trade] of trades.entries()) {
    if (isHit(trade.askId) || isHit(trade.bidId)) voided.push(i);
    else left.push(trade);
  }
  if (voided.length === 0) return [];
  for (const feeder of state.limits.keys()) {
    const { internalLimitW, externalLimitW } = limitsAt(state, feeder, interval);
    const total = (side: 'askId' | 'bidId') =>
      left.reduce((w, trade) => w + (feederOf(trade[side]) === feeder ? trade.powerW : 0), 0);
    const [soldW, boughtW] = [total('askId'), total('bidId')];
    const isOver = Math.max(soldW, boughtW) > internalLimitW;
    if (isOver || Math.abs(soldW - boughtW) > externalLimitW) return [...trades.keys()];
  }
  return voided;
}
