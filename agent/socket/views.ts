/**
 * What commands show of the journal: the same whether the running agent answers or a command reads
 * the journal of a stopped one. Powers in W, energies in Ws, positive into the home.
 */
import type { Interval } from '../../market/intervals.ts';
import type { AgentSettings } from '../config.ts';
import { type ForecastReport, forecastReport } from '../forecasting/forecast-report.ts';
import type { BillRow } from '../journal/bill-records.ts';
import type { ExpectedParts } from '../journal/generated.ts';
import type { Journal } from '../journal/journal.ts';
import type { PlanRow, ReadingRow, ScheduleRow, SwitchRow } from '../journal/rows.ts';
import type { NetLoadForecast } from '../strategy/plan.ts';

/** One answer holds so many intervals at most. */
export const VIEW_MOST = 10_000;
const DAY_MS = 86_400_000;

export interface ForecastView {
  interval: Interval;
  forecast: (NetLoadForecast & { madeIn: Interval }) | null;
  plan: PlanRow | null;
  /** Null where no meter counts generation. */
  parts: ExpectedParts | null;
}

/** One interval of the past: what was expected, promised and metered; null where not known. */
export interface HistoryView {
  interval: Interval;
  expectedW: number | null;
  committedW: number | null;
  targetW: number | null;
  meteredW: number | null;
  quality: ReadingRow['quality'] | null;
}

export type ScheduleView = ScheduleRow & { targetW: number };

export interface JournalView {
  readings(first: Interval, last: Interval): Promise<ReadingRow[]>;
  forecast(first: Interval, last: Interval): Promise<ForecastView[]>;
  schedule(first: Interval, last: Interval): Promise<ScheduleView[]>;
  history(first: Interval, last: Interval): Promise<HistoryView[]>;
  /** Of the last so many days that are over, the oldest first. */
  bills(days: number): Promise<BillRow[]>;
  /** How good forecasts were, and what made them. */
  skill(now: Interval): Promise<ForecastReport>;
  /** Of the day up to `toMs`. */
  switches(toMs: number): Promise<SwitchRow[]>;
}

/** @param intervalSeconds of the market */
export function viewOf(
  journal: Journal,
  intervalSeconds: number,
  settings: AgentSettings,
): JournalView {
  const meanW = (row: ReadingRow | undefined): number | null =>
    row === undefined || row.importedWs === null || row.exportedWs === null
      ? null
      : (row.importedWs - row.exportedWs) / intervalSeconds;
  return {
    readings: async (first, last) => journal.readings(first, last),
    async forecast(first, last) {
      const { forecasts, generated } = journal;
      const parts = forecasts.areThere() ? generated.expected(first, last) : null;
      const plans = new Map(journal.plans(first, last).map((plan) => [plan.interval, plan]));
      return range(first, last).flatMap((interval) => {
        const forecast = journal.forecastsFor(interval)[0] ?? null;
        const plan = plans.get(interval) ?? null;
        const its = parts?.get(interval) ?? null;
        return forecast === null && plan === null ? [] : [{ interval, forecast, plan, parts: its }];
      });
    },
    schedule: async (first, last) => journal.schedules(first, last).map(withTarget),
    async history(first, last) {
      const readings = new Map(journal.readings(first, last).map((row) => [row.interval, row]));
      const held = new Map(journal.schedules(first, last).map((row) => [row.interval, row]));
      return range(first, last).flatMap((interval) => {
        const reading = readings.get(interval);
        const row = held.get(interval);
        if (reading === undefined && row === undefined) return [];
        const before = journal.forecastsFor(interval).find((each) => each.madeIn < interval);
        return {
          interval,
          expectedW: before?.p50W ?? null,
          committedW: row?.committedW ?? null,
          targetW: row === undefined ? null : row.committedW + row.untradedW,
          meteredW: meanW(reading),
          quality: reading?.quality ?? null,
        };
      });
    },
    bills: async (days) => journal.bills.last(Math.min(days, VIEW_MOST)),
    skill: async (now) =>
      forecastReport({ records: journal.forecasts, settings, intervalSeconds, now }),
    switches: async (toMs) => journal.switches(toMs - DAY_MS, toMs),
  };
}

function withTarget(row: ScheduleRow): ScheduleView {
  return { ...row, targetW: row.committedW + row.untradedW };
}

function range(first: Interval, last: Interval): Interval[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
