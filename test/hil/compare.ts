/**
 * What the agents wrote down, against what the houses know of themselves and what the chain made
 * final: readings, commitments and relay actions.
 */

import type { SqlRow } from '../../host/ports.ts';
import { brokenOf } from '../../market/broken-trades.ts';
import type { PlannedFault } from './faults.ts';
import type { HouseTruth } from './house-process.ts';

export interface HouseRecord {
  name: string;
  /** Its place in the plan of faults. */
  index: number;
  truth: HouseTruth;
  /** Tables of the journal. */
  readings: SqlRow[];
  schedule: SqlRow[];
  switches: SqlRow[];
  /** By the chain: bought minus sold, W, by interval. */
  committedW: ReadonlyMap<number, number>;
  /** Finest step of its counters, Ws. */
  stepWs: number;
  minimumOnMs: number;
  minimumOffMs: number;
}

export interface Span {
  firstInterval: number;
  /** The first that all agents have seen from its start. */
  wholeInterval: number;
  /** That the agents have lived through. */
  lastInterval: number;
  intervalMs: number;
  /** Market time between two looks. */
  pollMs: number;
  /** What a look may be late by, market ms; a turn of a relay; a turn while the line is spoilt. */
  lagMs: number;
  turnLagMs: number;
  faultLagMs: number;
  faults: readonly PlannedFault[];
}

export interface HouseFigures {
  name: string;
  intervals: number;
  unknown: number;
  byQuality: Record<string, number>;
  /** Largest difference of a reading, and the sum of all over the energy that flowed. */
  worstErrorWh: number;
  sumErrorPercent: number;
  committed: number;
  /** Of |metered - target| over |target|, in intervals with a commitment and without a fault. */
  followErrorPercent: number | null;
  switches: number;
}

export interface Comparison {
  figures: HouseFigures[];
  /** Whatever does not fit, in words. */
  findings: string[];
}

/** Faults that may cost knowledge of an interval; the others may not. */
const COSTLY: readonly string[] = ['counter-reset', 'power-cut', 'agent-killed'];
const READING_SHARE = 0.02;
/** Most power that flows in these houses, W: what a moment's lag can be worth. */
const MOST_W = 6_000;

export function compare(houses: readonly HouseRecord[], span: Span): Comparison {
  const findings: string[] = [];
  const figures = houses.map((house) => {
    const say = (text: string) => findings.push(`${house.name}: ${text}`);
    const read = compareReadings(house, span, say);
    return {
      name: house.name,
      ...read,
      committed: compareCommitments(house, span, say),
      followErrorPercent: followError(house, span),
      switches: compareSwitches(house, span, say),
    };
  });
  return { figures, findings };
}

type Say = (text: string) => void;

function compareReadings(house: HouseRecord, span: Span, say: Say) {
  const { wholeInterval, lastInterval, lagMs } = span;
  const rows = new Map(house.readings.map((row) => [Number(row.interval), row]));
  const byQuality: Record<string, number> = {};
  let worstWs = 0;
  let unknown = 0;
  let sumWs = 0;
  let flowWs = 0;
  for (const told of house.truth.intervals) {
    const { interval } = told;
    if (interval < wholeInterval || interval > lastInterval) continue;
    const row = rows.get(interval);
    if (row === undefined) {
      say(`interval ${interval} has no reading`);
      continue;
    }
    const quality = String(row.quality);
    byQuality[quality] = (byQuality[quality] ?? 0) + 1;
    if (row.imported_ws === null || row.exported_ws === null) {
      unknown += 1;
      const isExcused = faultsIn(house, span, interval).some(({ fault }) => COSTLY.includes(fault));
      if (!isExcused) say(`interval ${interval} is ${quality}, without a cause`);
      continue;
    }
    if (quality === 'incomplete') say(`interval ${interval} is incomplete and has energy`);
    const errorWs = Math.max(
      Math.abs(Number(row.imported_ws) - told.importedWs),
      Math.abs(Number(row.exported_ws) - told.exportedWs),
    );
    const gross = told.importedWs + told.exportedWs;
    sumWs += Number(row.imported_ws) - Number(row.exported_ws);
    sumWs -= told.importedWs - told.exportedWs;
    flowWs += gross;
    worstWs = Math.max(worstWs, errorWs);
    const allowedWs = READING_SHARE * gross + house.stepWs + (MOST_W * lagMs) / 1000;
    if (quality !== 'reconstructed' && errorWs > allowedWs) {
      say(`interval ${interval} (${quality}) is ${wh(errorWs)} off, allowed ${wh(allowedWs)}`);
    }
  }
  return {
    intervals: Object.values(byQuality).reduce((sum, count) => sum + count, 0),
    unknown,
    byQuality,
    worstErrorWh: worstWs / 3600,
    sumErrorPercent: flowWs === 0 ? 0 : (100 * Math.abs(sumWs)) / flowWs,
  };
}

/** The journal's word for each interval is what became final. @returns how many are not 0 */
function compareCommitments(house: HouseRecord, span: Span, say: Say): number {
  let committed = 0;
  for (const row of house.schedule) {
    const interval = Number(row.interval);
    if (interval > span.lastInterval) continue;
    const finalW = house.committedW.get(interval) ?? 0;
    if (Number(row.committed_w) !== finalW) {
      say(`interval ${interval} is held to ${row.committed_w} W, and ${finalW} W became final`);
    }
    if (finalW !== 0) committed += 1;
  }
  return committed;
}

function followError(house: HouseRecord, span: Span): number | null {
  let brokenWs = 0;
  let tradedWs = 0;
  for (const { interval, importedWs, exportedWs } of house.truth.intervals) {
    const row = house.schedule.find((each) => Number(each.interval) === interval);
    if (row === undefined || Number(row.committed_w) === 0 || interval > span.lastInterval)
      continue;
    if (faultsIn(house, span, interval).length > 0) continue;
    const tradedHereWs = (Number(row.committed_w) * span.intervalMs) / 1000;
    brokenWs += brokenOf(tradedHereWs, importedWs - exportedWs);
    tradedWs += Math.abs(tradedHereWs);
  }
  return tradedWs === 0 ? null : (100 * brokenWs) / tradedWs;
}

/** Each turn of the contactor is one that the agent wrote down, and the other way round. */
function compareSwitches(house: HouseRecord, span: Span, say: Say): number {
  const commands = house.truth.relay.filter(({ cause }) => cause === 'command');
  const written = house.switches.map((row) => ({
    atMs: Number(row.at_ms),
    isOn: Number(row.on_off) === 1,
    why: String(row.why),
  }));
  const isNear = (row: { atMs: number; isOn: boolean }, turn: { atMs: number; isOn: boolean }) =>
    row.isOn === turn.isOn && Math.abs(row.atMs - turn.atMs) <= nearMs(house, span, row.atMs);
  for (const turn of commands) {
    const { atMs, isOn } = turn;
    const own = written.find((row) => isNear(row, turn));
    if (own === undefined) say(`the relay went ${word(isOn)} at ${atMs}, not written down`);
  }
  for (const row of written) {
    const { atMs, isOn, why } = row;
    // What was so already needs no turn: a safe state after a start, for example.
    const toMs = atMs - nearMs(house, span, atMs);
    const before = house.truth.relay.filter((each) => each.atMs < toMs).at(-1);
    const isTurn = (before?.isOn ?? false) !== isOn;
    if (isTurn && !house.truth.relay.some((turn) => isNear(row, turn)))
      say(`"${why}" at ${atMs} did not turn the relay`);
  }
  sayShort(house, span, written, say);
  return commands.length;
}

function sayShort(
  house: HouseRecord,
  span: Span,
  written: readonly { atMs: number; isOn: boolean; why: string }[],
  say: Say,
): void {
  const turns = house.truth.relay;
  for (const [index, { atMs, isOn }] of turns.entries()) {
    const before = turns[index - 1];
    if (before === undefined) continue;
    const leastMs = before.isOn ? house.minimumOnMs : house.minimumOffMs;
    const isSafety = written.some(
      (row) => Math.abs(row.atMs - atMs) <= nearMs(house, span, atMs) && SAFETY.test(row.why),
    );
    const isCut = turns[index]?.cause === 'power' || before.cause === 'power';
    // The time between two turns is kept as the agent knows it; the wire has delays of its own.
    const delayMs = nearMs(house, span, before.atMs) - span.pollMs;
    if (atMs - before.atMs + delayMs >= leastMs || isSafety || isCut) continue;
    say(`the relay went ${word(isOn)} after ${(atMs - before.atMs) / 1000} s`);
  }
}

/** The journal has the moment of the look that led to a turn; a spoilt line takes its time. */
function nearMs(house: HouseRecord, span: Span, atMs: number): number {
  const at = atMs / span.intervalMs - span.firstInterval;
  const isSpoilt = span.faults.some(
    ({ house: index, begins, ends }) => index === house.index && at >= begins && at <= ends + 0.1,
  );
  return span.pollMs + (isSpoilt ? span.faultLagMs : span.turnLagMs);
}

/** Reasons that outrank minimum times. */
const SAFETY = /starting|stopping|silent|not proven|disk/;

function faultsIn(house: HouseRecord, span: Span, interval: number): PlannedFault[] {
  const at = interval - span.firstInterval;
  return span.faults.filter(
    (each) => each.house === house.index && each.begins < at + 1 && each.ends + 1 > at,
  );
}

const word = (isOn: boolean) => (isOn ? 'on' : 'off');
const wh = (ws: number) => `${(ws / 3600).toFixed(1)} Wh`;
