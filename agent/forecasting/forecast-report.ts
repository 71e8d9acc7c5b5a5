/**
 * How much the agent knows of its home, how good its forecasts were, and what made them: from the
 * journal alone, so that it can be told of a stopped agent too.
 */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { AgentSettings } from '../config.ts';
import type { ForecastRecords, SkillRow, TrainingRow } from '../journal/forecast-records.ts';
import { SIMPLE_METHODS, type SimpleMethod } from '../strategy/forecast/simple-methods.ts';
import {
  bestOf,
  errorShare,
  type ForecastMethod,
  meanErrorW,
  type Score,
} from '../strategy/forecast/skill.ts';
import { HISTORY_DAYS, IMPOSSIBLE_TIMES, LEAST_DAYS } from './history-limits.ts';
import { LEADS } from './lead-classes.ts';
import { addScores, SKILL_DAYS, USED } from './skill-book.ts';

export interface ForecastReport {
  /** `lab`: emulated meters in a time of their own; nothing of it is a real home's. */
  source: 'home' | 'lab';
  /** Whether a meter counts generation; else it is part of the net load alone. */
  hasGenerationMeter: boolean;
  /** Net load, and where generation is metered load and generation. */
  series: SeriesReport[];
}

export interface SeriesReport {
  /**
   * `net`: what the meter shows, less battery and switched loads; `generation`; `load`: both
   * together.
   */
  name: string;
  history: HistoryReport;
  training: TrainingReport;
  leads: LeadsReport[];
}

export interface HistoryReport {
  /** Null: nothing was metered yet. */
  firstInterval: Interval | null;
  /** From the first interval to now, at most what a model learns from. */
  days: number;
  /** Intervals with a value, without one (lost or not known), and with an impossible one. */
  known: number;
  missing: number;
  refused: number;
}

export interface TrainingReport {
  state: 'trained' | 'waiting' | 'failed' | 'off';
  /** Why there is no model, or why the last one is old; null when all is well. */
  reason: string | null;
  /** Of the last model; null without one. */
  atMs: UnixMs | null;
  tookMs: number | null;
  days: number | null;
}

export interface Accuracy {
  count: number;
  meanErrorW: number;
  /** Sum of |error| by sum of |load|, per cent; null where there was no load. */
  errorPercent: number | null;
}

export interface LeadsReport {
  /** In intervals: `17-96`. */
  leads: string;
  /** Until the end of the class, s. */
  upToSeconds: number;
  /** What is in use; null before anything was scored. */
  method: string | null;
  /** UTC days with scores, today among them. */
  days: number;
  /** Of what was said in fact; null: nothing was scored yet. */
  used: Accuracy | null;
  /** Of outcomes within 10 to 90 %; null as above. */
  coveredPercent: number | null;
  trained: Accuracy | null;
  bestSimple: (Accuracy & { method: SimpleMethod }) | null;
}

type Settings = Pick<AgentSettings, 'battery' | 'loads' | 'home' | 'lab' | 'forecast' | 'meters'>;

/** @throws SqlError */
export function forecastReport(parts: {
  records: ForecastRecords;
  settings: Settings;
  intervalSeconds: number;
  now: Interval;
}): ForecastReport {
  const { settings, records } = parts;
  const source = settings.lab.clock === undefined ? 'home' : 'lab';
  const hasGenerationMeter = settings.meters.some(({ role }) => role === 'pv');
  const names = hasGenerationMeter ? ['net', 'load', 'generation'] : ['net'];
  const series = records.areThere() ? names.map((name) => seriesReport(name, parts)) : [];
  return { source, hasGenerationMeter, series };
}

function seriesReport(name: string, parts: Parameters<typeof forecastReport>[0]): SeriesReport {
  const { records, settings, intervalSeconds, now } = parts;
  const today = Math.floor((now * intervalSeconds) / 86_400);
  const rows = records.skill(name, today - SKILL_DAYS + 1, today);
  const inUse = new Map(records.choices(name).map(({ leads, method }) => [leads, method]));
  const history = historyReport(name, parts);
  const knownDays = (history.known * intervalSeconds) / 86_400;
  const trainings = records.trainings(name);
  return {
    name,
    history,
    training: trainingReport(settings.forecast.method, knownDays, trainings),
    leads: LEADS.map((leads) => {
      const upToSeconds = Number(leads.split('-').at(-1)) * intervalSeconds;
      const own = rows.filter((row) => row.leads === leads);
      return { leads, upToSeconds, ...leadsReport(own, inUse.get(leads) ?? null) };
    }),
  };
}

function historyReport(name: string, parts: Parameters<typeof forecastReport>[0]): HistoryReport {
  const { records, settings, intervalSeconds, now } = parts;
  const found = records.history({
    first: now - Math.ceil((HISTORY_DAYS * 86_400) / intervalSeconds),
    last: now - 1,
    limitWs: IMPOSSIBLE_TIMES * settings.home.maxPowerW * intervalSeconds,
    intervalSeconds,
    needsGenerated: name !== 'net',
    isControlled: settings.battery !== null || settings.loads.length > 0,
  });
  const { firstInterval, known, refused } = found;
  const all = firstInterval === null ? 0 : now - firstInterval;
  return {
    firstInterval,
    days: (all * intervalSeconds) / 86_400,
    known,
    missing: all - known - refused,
    refused,
  };
}

function trainingReport(
  method: Settings['forecast']['method'],
  knownDays: number,
  rows: readonly TrainingRow[],
): TrainingReport {
  const trained = rows.find(({ outcome }) => outcome === 'trained') ?? null;
  const failed = rows.find(({ outcome }) => outcome === 'failed') ?? null;
  const last = {
    atMs: trained?.atMs ?? null,
    tookMs: trained?.tookMs ?? null,
    days: trained?.days ?? null,
  };
  if (method === 'simple') {
    return { ...last, state: 'off', reason: '[forecast] method = "simple"' };
  }
  if (failed !== null && failed.atMs > (trained?.atMs ?? 0)) {
    return { ...last, state: 'failed', reason: failed.reason };
  }
  if (trained !== null) return { ...last, state: 'trained', reason: null };
  const reason =
    knownDays < LEAST_DAYS
      ? `it needs ${LEAST_DAYS} days of history and knows ${Math.floor(knownDays)}`
      : 'it is due: soon after the start of the agent';
  return { ...last, state: 'waiting', reason };
}

function leadsReport(
  rows: readonly SkillRow[],
  method: string | null,
): Omit<LeadsReport, 'leads' | 'upToSeconds'> {
  const scores = new Map<string, Score>();
  for (const row of rows) scores.set(row.method, addScores(scores.get(row.method), row));
  const used = scores.get(USED);
  const simple = bestOf(SIMPLE_METHODS, scores as Map<ForecastMethod, Score>, used?.count ?? 1);
  const ofSimple = simple === null ? undefined : scores.get(simple.method);
  const trained = scores.get('trained');
  return {
    method: used === undefined ? null : method,
    days: new Set(rows.map(({ day }) => day)).size,
    used: used === undefined ? null : accuracy(used),
    coveredPercent:
      used === undefined || used.covered === null ? null : (100 * used.covered) / used.count,
    trained: trained === undefined ? null : accuracy(trained),
    bestSimple:
      simple === null || ofSimple === undefined
        ? null
        : { method: simple.method, ...accuracy(ofSimple) },
  };
}

function accuracy(score: Score): Accuracy {
  const share = errorShare(score);
  return {
    count: score.count,
    meanErrorW: meanErrorW(score),
    errorPercent: share === null ? null : 100 * share,
  };
}
