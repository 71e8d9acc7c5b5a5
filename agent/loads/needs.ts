/**
 * What a load still needs, and from when on it must run: an energy by moments of the day, a program
 * that is not cut, a comfort floor, a long heating once a week. All of it follows
 * from when the load was on, so that a restart changes nothing. Pure.
 */
import type { UnixMs } from '../../host/ports.ts';
import type { Span } from '../journal/rows.ts';
import type { HomeTime } from '../strategy/home-time.ts';
import { DAY_S, type EnergyNeed, type LoadModel } from './model.ts';

export interface NeedInput {
  nowMs: UnixMs;
  /** When the load was on, in order, at least over `historyMs`; the last span ends now if it is. */
  spans: readonly Span[];
  /** Since when the load is watched: what began earlier is needed in proportion. */
  watchedSinceMs: UnixMs;
  time: HomeTime;
  /** Latest starts are so much earlier. */
  spareMs: number;
  /** Its thermostat was seen open: it needs nothing until the end of the period. */
  isSatisfied?: boolean;
}

/** Between two moments by which energy must be there. */
export interface Period {
  startMs: UnixMs;
  endMs: UnixMs;
  energyWs: number;
}

export interface NeedState {
  /** Energy that is still needed by `byMs`, Ws; 0 where there is no need. */
  owedWs: number;
  byMs: UnixMs | null;
  /** Until when it must be on from now, without a break; null: it need not. */
  mustUntilMs: UnixMs | null;
  /** Why, in words; empty where it need not. */
  why: string;
}

/** A smaller part of the need is left to the next period: plans round. */
const LEAST_DEBT = 0.1;
/** Needs are looked for so many days around: a week has every weekday. */
const DAYS_AROUND = 8;
const FLOOR_HISTORY_MS = 2 * DAY_S * 1000;
/** A program may have been a little shorter by the clock of switches. */
const PROGRAM_SLACK_MS = 5_000;

/** How far back `spans` must reach. */
export function historyMs(load: LoadModel): number {
  const needMs =
    load.need === null ? 0 : (load.need.days === null ? 2 : DAYS_AROUND) * DAY_S * 1000;
  return Math.max(needMs, FLOOR_HISTORY_MS, load.cycle === null ? 0 : 2 * load.cycle.everyMs);
}

export function needOf(load: LoadModel, input: NeedInput): NeedState {
  const { nowMs, spans } = input;
  const period = load.need === null ? null : periodOf(load.need, nowMs, input.time);
  const owed = period === null ? 0 : owedWs(load, period, input);
  const musts = [runningProgram(load, nowMs, spans, owed), heatCycle(load, input)];
  if (input.isSatisfied !== true) musts.push(comfortFloor(load, input));
  if (period !== null && load.need?.mustRun === true) {
    musts.push(latestStart(load, owed, period, input));
  }
  const untilMs = Math.max(...musts.map((must) => must?.untilMs ?? Number.NEGATIVE_INFINITY));
  const must = musts.find((each) => each?.untilMs === untilMs) ?? null;
  return {
    ...{ owedWs: owed, byMs: period?.endMs ?? null },
    ...{ mustUntilMs: must?.untilMs ?? null, why: must?.why ?? '' },
  };
}

interface Must {
  untilMs: UnixMs;
  why: string;
}

/** The period around a moment; null where no day of the need is near. */
export function periodOf(need: EnergyNeed, nowMs: UnixMs, time: HomeTime): Period | null {
  const isDaily = need.days === null;
  const around = isDaily ? 1 : DAYS_AROUND;
  let startMs: UnixMs | null = null;
  for (let offset = -around; offset <= around; offset += 1) {
    const day = time.day(nowMs / 1000, offset);
    if (!isDaily && need.days?.includes(day.weekday) !== true) continue;
    for (const second of need.bySeconds) {
      const moment = day.at(second) * 1000;
      if (moment <= nowMs) startMs = moment;
      else if (startMs !== null) {
        return { startMs, endMs: moment, energyWs: need.energyWs / need.bySeconds.length };
      }
    }
  }
  return null;
}

/** Energy still needed in a period, Ws. */
export function owedWs(
  load: Pick<LoadModel, 'powerW' | 'programMs'>,
  period: Period,
  input: Pick<NeedInput, 'nowMs' | 'spans' | 'watchedSinceMs' | 'isSatisfied'>,
): number {
  const { startMs, endMs, energyWs } = period;
  const within = input.spans
    .map((span) => ({ from: Math.max(span.fromMs, startMs), to: Math.min(span.toMs, endMs) }))
    .filter(({ from, to }) => to > from);
  if (load.programMs !== null) {
    const neededMs = load.programMs - PROGRAM_SLACK_MS;
    const isDone = within.some(({ from, to }) => to - from >= neededMs);
    if (isDone) return 0;
    const last = input.spans.at(-1);
    // One that was cut begins anew.
    const begunMs = last !== undefined && last.toMs >= input.nowMs ? last.toMs - last.fromMs : 0;
    return (load.powerW * Math.max(0, load.programMs - begunMs)) / 1000;
  }
  if (input.isSatisfied === true) return 0;
  const watchedMs = endMs - Math.max(startMs, input.watchedSinceMs);
  const share = Math.min(1, Math.max(0, watchedMs / (endMs - startMs)));
  const onMs = within.reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.max(0, energyWs * share - (load.powerW * onMs) / 1000);
}

/** A program that was begun goes on to its end, whatever the period; a charge until it is full. */
function runningProgram(
  load: LoadModel,
  nowMs: UnixMs,
  spans: readonly Span[],
  owed: number,
): Must | null {
  const last = spans.at(-1);
  if (load.kind !== 'deadline' || last === undefined || last.toMs < nowMs) return null;
  const chargedMs = nowMs + (owed / load.powerW) * 1000;
  const untilMs = load.programMs === null ? chargedMs : last.fromMs + load.programMs;
  return untilMs > nowMs ? { untilMs, why: 'its program runs' } : null;
}

function latestStart(
  load: LoadModel,
  owed: number,
  period: Period,
  { nowMs, spareMs }: NeedInput,
): Must | null {
  if (owed < LEAST_DEBT * period.energyWs || owed === 0) return null;
  const neededMs = (owed / load.powerW) * 1000;
  if (period.endMs - nowMs - neededMs >= spareMs) return null;
  const why = load.programMs === null ? 'needs its energy in time' : 'this is its latest start';
  return { untilMs: nowMs + neededMs, why };
}

/** Heat that is missing, by an estimate that loses the day's energy evenly, Ws. */
export function missingHeatWs(
  load: Pick<LoadModel, 'powerW' | 'need'>,
  { nowMs, spans, watchedSinceMs }: Pick<NeedInput, 'nowMs' | 'spans' | 'watchedSinceMs'>,
): number {
  const lossW = (load.need?.energyWs ?? 0) / DAY_S;
  let at = Math.max(watchedSinceMs, nowMs - FLOOR_HISTORY_MS);
  let missing = 0;
  for (const { fromMs, toMs } of spans) {
    if (toMs <= at) continue;
    const from = Math.max(at, fromMs);
    missing += (lossW * (from - at)) / 1000;
    missing = Math.max(0, missing - ((load.powerW - lossW) * (toMs - from)) / 1000);
    at = toMs;
  }
  return missing + (lossW * Math.max(0, nowMs - at)) / 1000;
}

function comfortFloor(load: LoadModel, input: NeedInput): Must | null {
  const floorWs = load.comfortFloorWs;
  if (floorWs === null) return null;
  const missing = missingHeatWs(load, input);
  const last = input.spans.at(-1);
  const isOn = last !== undefined && last.toMs >= input.nowMs;
  // Once it heats for its floor it goes on to half of it: no chatter about the line.
  if (missing < (isOn ? floorWs / 2 : floorWs)) return null;
  const neededMs = ((missing - floorWs / 2) / load.powerW) * 1000;
  return { untilMs: input.nowMs + neededMs, why: 'is below its comfort floor' };
}

function heatCycle(load: LoadModel, { nowMs, spans, watchedSinceMs }: NeedInput): Must | null {
  const { cycle } = load;
  if (cycle === null) return null;
  const done = spans.filter(({ fromMs, toMs }) => toMs - fromMs >= cycle.durationMs).at(-1);
  const dueMs = (done?.toMs ?? watchedSinceMs) + cycle.everyMs;
  if (nowMs < dueMs - cycle.durationMs) return null;
  const last = spans.at(-1);
  const sinceMs = last !== undefined && last.toMs >= nowMs ? last.fromMs : nowMs;
  return { untilMs: sinceMs + cycle.durationMs, why: 'has its weekly heating' };
}
