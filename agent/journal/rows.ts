/** Rows of the journal as objects, read from SQL. A row that does not fit is a bug: it throws. */
import type { SqlRow, UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import { READING_QUALITIES, type ReadingQuality } from '../../market/messages.ts';
import type { NetLoadForecast } from '../strategy/plan.ts';

/** Energy of one closed interval; null where it is not known (quality `incomplete`). */
export interface ReadingRow {
  interval: Interval;
  importedWs: number | null;
  exportedWs: number | null;
  quality: ReadingQuality;
  isAcknowledged: boolean;
}

/** What is planned for one interval; powers are means over it, positive into the home. */
export interface PlanRow {
  interval: Interval;
  madeIn: Interval;
  batteryW: number;
  loadsW: number;
  plannedW: number;
  code: string | null;
  sentence: string | null;
}

/** The follower's target is `committedW + untradedW`, as a mean over the interval. */
export interface ScheduleRow {
  interval: Interval;
  /** Bought minus sold by final trades. */
  committedW: number;
  untradedW: number;
  decidedAtMs: UnixMs;
}

export interface SwitchRow {
  atMs: UnixMs;
  load: string;
  isOn: boolean;
  /** For people: `planned`, `stopping`, `holds the commitment: 640 W too much`. */
  why: string;
}

/** Some time, from one moment to another. */
export interface Span {
  fromMs: UnixMs;
  toMs: UnixMs;
}

/** Where metering stood at `atMs`. */
export interface Checkpoint {
  atMs: UnixMs;
  importedCounterWs: number;
  exportedCounterWs: number;
  /** The interval that was running, and its energy so far; null when its start was not seen. */
  interval: Interval;
  runningImportedWs: number | null;
  runningExportedWs: number | null;
  quality: ReadingQuality;
}

export function readReading(row: SqlRow): ReadingRow {
  return {
    interval: numberOf(row, 'interval'),
    importedWs: numberOrNull(row, 'imported_ws'),
    exportedWs: numberOrNull(row, 'exported_ws'),
    quality: qualityOf(row),
    isAcknowledged: numberOf(row, 'acknowledged') === 1,
  };
}

export function readForecast(row: SqlRow): NetLoadForecast & { madeIn: Interval } {
  return {
    madeIn: numberOf(row, 'made_in'),
    interval: numberOf(row, 'interval'),
    p10W: numberOf(row, 'p10_w'),
    p50W: numberOf(row, 'p50_w'),
    p90W: numberOf(row, 'p90_w'),
    method: textOf(row, 'method'),
  };
}

export function readPlan(row: SqlRow): PlanRow {
  return {
    interval: numberOf(row, 'interval'),
    madeIn: numberOf(row, 'made_in'),
    batteryW: numberOf(row, 'battery_w'),
    loadsW: numberOf(row, 'loads_w'),
    plannedW: numberOf(row, 'planned_w'),
    code: row.code === null ? null : textOf(row, 'code'),
    sentence: row.sentence === null ? null : textOf(row, 'sentence'),
  };
}

export function readSchedule(row: SqlRow): ScheduleRow {
  return {
    interval: numberOf(row, 'interval'),
    committedW: numberOf(row, 'committed_w'),
    untradedW: numberOf(row, 'untraded_w'),
    decidedAtMs: numberOf(row, 'decided_at_ms'),
  };
}

export function readSwitch(row: SqlRow): SwitchRow {
  return {
    atMs: numberOf(row, 'at_ms'),
    load: textOf(row, 'load'),
    isOn: numberOf(row, 'on_off') === 1,
    why: textOf(row, 'why'),
  };
}

export function readCheckpoint(row: SqlRow): Checkpoint {
  return {
    atMs: numberOf(row, 'at_ms'),
    importedCounterWs: numberOf(row, 'imported_counter_ws'),
    exportedCounterWs: numberOf(row, 'exported_counter_ws'),
    interval: numberOf(row, 'interval'),
    runningImportedWs: numberOrNull(row, 'running_imported_ws'),
    runningExportedWs: numberOrNull(row, 'running_exported_ws'),
    quality: qualityOf(row),
  };
}

function qualityOf(row: SqlRow): ReadingQuality {
  const quality = READING_QUALITIES.find((each) => each === row.quality);
  if (quality === undefined) throw new TypeError(`no such quality: ${String(row.quality)}`);
  return quality;
}

function numberOf(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} is not a number`);
  return value;
}

function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column);
}

function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} is not a text`);
  return value;
}
