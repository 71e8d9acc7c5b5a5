/**
 * A home whose power is known to the millisecond, read by a meter with faults, and metered by the
 * guard and the energy of intervals as the service does it. The truth is summed on its own: powers
 * are constant between moments, nothing is integrated by the code under test.
 */
import { CounterGuard } from '../../../agent/metering/counter-guard.ts';
import { type ClosedInterval, IntervalEnergy } from '../../../agent/metering/interval-energy.ts';

export const LENGTH_MS = 900_000;
export const FIRST = 1_000;
const START_MS = FIRST * LENGTH_MS;
export const MAX_GAP_MS = 30_000;
export const MAX_POWER_W = 11_000;

export interface Piece {
  ms: number;
  powerW: number;
}

export type Fault =
  /** No answer at all. */
  | 'silent'
  /** Counters are not available; power is. */
  | 'no-counters'
  /** Counters read 0, power is right. */
  | 'zero-counters'
  /** The counters claim their type's greatest value. */
  | 'wild-counters';

export interface FaultTime {
  kind: Fault;
  fromMs: number;
  toMs: number;
}

export interface Day {
  pieces: readonly Piece[];
  faults: readonly FaultTime[];
  pollMs: number;
  stepWs: number;
  /** What the counters show at the start, and where they roll over; null: never. */
  importedWs: number;
  maxWs: number | null;
  /** The process is killed and begins again at these moments, from its last checkpoint. */
  restartsMs: readonly number[];
}

export interface Energy {
  importedWs: number;
  exportedWs: number;
}

/** Energy of the true power from the start to each of some moments, which ascend. */
export function truthAt(pieces: readonly Piece[], moments: readonly number[]): Energy[] {
  const found: Energy[] = [];
  let [index, doneMs, importedWs, exportedWs] = [0, 0, 0, 0];
  for (const moment of moments) {
    for (;;) {
      const { ms, powerW } = pieces[index] ?? { ms: Number.POSITIVE_INFINITY, powerW: 0 };
      const endMs = Math.min(doneMs + ms, moment);
      const startMs = Math.max(doneMs, found.length === 0 ? 0 : (moments[found.length - 1] ?? 0));
      if (endMs > startMs) {
        importedWs += (Math.max(0, powerW) * (endMs - startMs)) / 1000;
        exportedWs += (Math.max(0, -powerW) * (endMs - startMs)) / 1000;
      }
      if (doneMs + ms > moment) break;
      doneMs += ms;
      index += 1;
    }
    found.push({ importedWs, exportedWs });
  }
  return found;
}

function powerAt(pieces: readonly Piece[], moment: number): number {
  let doneMs = 0;
  for (const { ms, powerW } of pieces) {
    doneMs += ms;
    if (moment < doneMs) return powerW;
  }
  return 0;
}

function faultAt({ faults }: Day, at: number): Fault | undefined {
  return faults.find(({ fromMs, toMs }) => at >= fromMs && at < toMs)?.kind;
}

/** The times between looks that lie too far apart. */
export function gapsOf(day: Day): { fromMs: number; toMs: number }[] {
  const lengthMs = day.pieces.reduce((sum, { ms }) => sum + ms, 0);
  const gaps: { fromMs: number; toMs: number }[] = [];
  let fromMs = 0;
  for (let toMs = 0; toMs <= lengthMs; toMs += day.pollMs) {
    if (faultAt(day, toMs) === 'silent') continue;
    if (toMs - fromMs > MAX_GAP_MS) gaps.push({ fromMs, toMs });
    fromMs = toMs;
  }
  return gaps;
}

/** @returns the closed intervals, counted from the first */
export function meter(day: Day): ClosedInterval[] {
  const lengthMs = day.pieces.reduce((sum, { ms }) => sum + ms, 0);
  const moments: number[] = [];
  for (let at = 0; at <= lengthMs; at += day.pollMs) moments.push(at);
  const truth = truthAt(day.pieces, moments);
  const restarts = [...day.restartsMs];
  let energy = new IntervalEnergy(LENGTH_MS, MAX_GAP_MS, null);
  let guard = new CounterGuard(MAX_POWER_W, null);
  let checkpoint = energy.checkpoint();
  const closed: ClosedInterval[] = [];
  for (const [index, at] of moments.entries()) {
    if (restarts[0] !== undefined && at >= restarts[0]) {
      restarts.shift();
      energy = new IntervalEnergy(LENGTH_MS, MAX_GAP_MS, checkpoint);
      guard = new CounterGuard(MAX_POWER_W, checkpoint && seenAt(checkpoint));
    }
    const fault = faultAt(day, at);
    if (fault === 'silent') continue;
    const counters = fault === 'no-counters' ? null : told(day, truth[index], fault);
    const atMs = START_MS + at;
    const judged = counters === null ? null : guard.judge(counters, atMs);
    for (const side of judged?.rolled ?? []) energy.rollOver(side, day.maxWs ?? 0);
    const isBelieved = judged !== null && judged.verdict !== 'doubted';
    const look = {
      atMs,
      powerW: powerAt(day.pieces, at),
      counters: isBelieved ? counters : null,
    };
    const over = energy.add(look, { isRebased: judged?.verdict === 'rebased' });
    closed.push(...over);
    // As the service: with each closed interval, and once a minute.
    const isMinute = checkpoint === null || atMs - checkpoint.atMs >= 60_000;
    const isDue = isMinute || over.length > 0;
    if (isDue) checkpoint = energy.checkpoint() ?? checkpoint;
  }
  return closed.map((each) => ({ ...each, interval: each.interval - FIRST }));
}

function seenAt(checkpoint: NonNullable<ReturnType<IntervalEnergy['checkpoint']>>) {
  const { atMs, importedCounterWs: importedWs, exportedCounterWs: exportedWs } = checkpoint;
  return { atMs, counters: { importedWs, exportedWs, stepWs: 0 } };
}

function told(day: Day, truth: Energy | undefined, fault: Fault | undefined) {
  const { stepWs, maxWs } = day;
  const show = (ws: number) => Math.floor((maxWs === null ? ws : ws % maxWs) / stepWs) * stepWs;
  if (fault === 'zero-counters') return { importedWs: 0, exportedWs: 0, stepWs, maxWs };
  if (fault === 'wild-counters') return { importedWs: 2 ** 48, exportedWs: 2 ** 48, stepWs, maxWs };
  return {
    importedWs: show(day.importedWs + (truth?.importedWs ?? 0)),
    exportedWs: show(4e9 + (truth?.exportedWs ?? 0)),
    stepWs,
    maxWs,
  };
}
