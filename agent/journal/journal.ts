/**
 * The journal: what was read, expected, planned and promised, by interval. Services meet here
 * (design: the house). Opened with `openSql(path, { migrations: [...JOURNAL_MIGRATIONS] })`.
 *
 * Each method that writes is one transaction, durable when it returns, and may be repeated.
 * @throws SqlError
 */
import { type Sql, SqlError, type SqlRow, type SqlValue, type UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { NetLoadForecast } from '../strategy/plan.ts';
import { BillRecords } from './bill-records.ts';
import { ForecastRecords } from './forecast-records.ts';
import { GeneratedPower } from './generated.ts';
import { type LoadPlan, LoadRecords } from './load-records.ts';
import { MarketRecords } from './market-records.ts';
import {
  type Checkpoint,
  type PlanRow,
  type ReadingRow,
  readCheckpoint,
  readForecast,
  readPlan,
  readReading,
  readSchedule,
  readSwitch,
  type ScheduleRow,
  type Span,
  type SwitchRow,
} from './rows.ts';
import { WeatherRecords } from './weather-records.ts';

/** No horizon reaches further. */
const MOST_AHEAD = 96;

export class Journal {
  readonly loads: LoadRecords;
  readonly forecasts: ForecastRecords;
  readonly market: MarketRecords;
  readonly bills: BillRecords;
  readonly generated: GeneratedPower;
  readonly weather: WeatherRecords;
  readonly #sql: Sql;
  #isWritable = true;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.loads = new LoadRecords(sql, (work) => this.#write(work));
    this.forecasts = new ForecastRecords(sql, (work) => this.#write(work));
    this.market = new MarketRecords(sql, (work) => this.#write(work));
    this.bills = new BillRecords(sql, (work) => this.#write(work));
    this.generated = new GeneratedPower(sql);
    this.weather = new WeatherRecords(sql);
  }

  /**
   * False from a write that failed for the disk's sake until one succeeds: nothing is signed, and
   * loads are as without a clock (design: when things go wrong).
   */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  // ----------------------------------------------------------------------------------- readings

  /** Closed intervals and where metering stands, in one commit. A reading is never replaced. */
  recordReadings(readings: readonly ReadingRow[], checkpoint: Checkpoint | null): void {
    this.#write(() => {
      for (const each of readings) {
        this.#sql.run(
          `INSERT INTO readings (interval, imported_ws, exported_ws, quality)
           VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
          each.interval,
          each.importedWs,
          each.exportedWs,
          each.quality,
        );
      }
      if (checkpoint !== null) this.#putCheckpoint(checkpoint);
    });
  }

  reading(interval: Interval): ReadingRow | null {
    return this.#one('SELECT * FROM readings WHERE interval = ?', readReading, interval);
  }

  /** Readings of `first` to `last`, both included, in order; intervals without one are missing. */
  readings(first: Interval, last: Interval): ReadingRow[] {
    return this.#list(
      'SELECT * FROM readings WHERE interval BETWEEN ? AND ? ORDER BY interval',
      readReading,
      first,
      last,
    );
  }

  /** The first interval that was ever metered. */
  firstInterval(): Interval | null {
    return this.#one(
      'SELECT * FROM readings ORDER BY interval LIMIT 1',
      (row) => readReading(row).interval,
    );
  }

  /** The oldest readings with a known energy that the DSO has not acknowledged. */
  unacknowledgedReadings(limit: number): ReadingRow[] {
    return this.#list(
      `SELECT * FROM readings WHERE acknowledged = 0 AND imported_ws IS NOT NULL
       ORDER BY interval LIMIT ?`,
      readReading,
      limit,
    );
  }

  acknowledgeReading(interval: Interval): void {
    this.#write(() =>
      this.#sql.run('UPDATE readings SET acknowledged = 1 WHERE interval = ?', interval),
    );
  }

  // -------------------------------------------------------------------------- forecasts and plans

  /**
   * A plan made in `madeIn`, with the forecasts it stands on. Replaces older plan rows.
   * @param byLoad what each load takes of `loadsW`, by interval
   * @param also writes that belong to it
   */
  recordPlan(
    madeIn: Interval,
    forecasts: readonly NetLoadForecast[],
    plans: readonly PlanRow[],
    byLoad: ReadonlyMap<Interval, LoadPlan> = new Map(),
    also: () => void = () => {},
  ): void {
    this.#write(() => {
      also();
      for (const each of forecasts) {
        this.#sql.run(
          'INSERT OR REPLACE INTO forecasts VALUES (?, ?, ?, ?, ?, ?)',
          madeIn,
          each.interval,
          Math.round(each.p10W),
          Math.round(each.p50W),
          Math.round(each.p90W),
          each.method,
        );
      }
      for (const each of plans) {
        this.#sql.run(
          'INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?, ?, ?, ?)',
          each.interval,
          each.madeIn,
          Math.round(each.batteryW),
          Math.round(each.loadsW),
          Math.round(each.plannedW),
          each.code,
          each.sentence,
        );
        this.loads.putPlan(each.interval, byLoad.get(each.interval) ?? new Map());
      }
    });
  }

  plan(interval: Interval): PlanRow | null {
    return this.#one('SELECT * FROM plans WHERE interval = ?', readPlan, interval);
  }

  plans(first: Interval, last: Interval): PlanRow[] {
    return this.#list(
      'SELECT * FROM plans WHERE interval BETWEEN ? AND ? ORDER BY interval',
      readPlan,
      first,
      last,
    );
  }

  /** Forecasts for one interval, the latest made first. */
  forecastsFor(interval: Interval): (NetLoadForecast & { madeIn: Interval })[] {
    // Rows lie in the order in which they were made: without that bound a year is searched.
    return this.#list(
      `SELECT * FROM forecasts WHERE made_in BETWEEN ? AND ? AND interval = ?
       ORDER BY made_in DESC`,
      readForecast,
      interval - MOST_AHEAD,
      interval,
      interval,
    );
  }

  /** Forecasts made in `first` to `last`, both included, in the order in which they were made. */
  forecastsMade(first: Interval, last: Interval): (NetLoadForecast & { madeIn: Interval })[] {
    return this.#list(
      'SELECT * FROM forecasts WHERE made_in BETWEEN ? AND ? ORDER BY made_in',
      readForecast,
      first,
      last,
    );
  }

  // ------------------------------------------------------------------------------------- schedule

  /** What an interval is held to. The first word stands: returns false when there was one. */
  recordSchedule(row: ScheduleRow): boolean {
    return this.#write(
      () =>
        this.#sql.run(
          'INSERT INTO schedule VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
          row.interval,
          Math.round(row.committedW),
          Math.round(row.untradedW),
          row.decidedAtMs,
        ).changes === 1,
    );
  }

  schedule(interval: Interval): ScheduleRow | null {
    return this.#one('SELECT * FROM schedule WHERE interval = ?', readSchedule, interval);
  }

  schedules(first: Interval, last: Interval): ScheduleRow[] {
    return this.#list(
      'SELECT * FROM schedule WHERE interval BETWEEN ? AND ? ORDER BY interval',
      readSchedule,
      first,
      last,
    );
  }

  // ------------------------------------------------------------------------------------- switches

  recordSwitch(row: SwitchRow): void {
    this.#write(() =>
      this.#sql.run(
        'INSERT INTO switches VALUES (?, ?, ?, ?)',
        row.atMs,
        row.load,
        row.isOn ? 1 : 0,
        row.why,
      ),
    );
  }

  lastSwitch(load: string): SwitchRow | null {
    return this.#one(
      'SELECT * FROM switches WHERE load = ? ORDER BY at_ms DESC, rowid DESC LIMIT 1',
      readSwitch,
      load,
    );
  }

  /** Switches of all loads in [fromMs, toMs), in order. */
  switches(fromMs: UnixMs, toMs: UnixMs): SwitchRow[] {
    return this.#list(
      'SELECT * FROM switches WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, rowid',
      readSwitch,
      fromMs,
      toMs,
    );
  }

  /** When a load was on within [fromMs, toMs), by the recorded switches, in order. */
  onSpans(load: string, fromMs: UnixMs, toMs: UnixMs): Span[] {
    const before = this.#one(
      `SELECT * FROM switches WHERE load = ? AND at_ms < ?
       ORDER BY at_ms DESC, rowid DESC LIMIT 1`,
      readSwitch,
      load,
      fromMs,
    );
    const turns = this.#list(
      `SELECT * FROM switches WHERE load = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, rowid`,
      readSwitch,
      load,
      fromMs,
      toMs,
    );
    const spans: Span[] = [];
    let sinceMs = before?.isOn ? fromMs : null;
    for (const { isOn, atMs } of turns) {
      if (isOn) sinceMs ??= atMs;
      else if (sinceMs !== null) {
        spans.push({ fromMs: sinceMs, toMs: atMs });
        sinceMs = null;
      }
    }
    if (sinceMs !== null) spans.push({ fromMs: sinceMs, toMs });
    return spans;
  }

  /** How long a load was on within [fromMs, toMs), ms. */
  onTimeMs(load: string, fromMs: UnixMs, toMs: UnixMs): number {
    const spans = this.onSpans(load, fromMs, toMs);
    return spans.reduce((sum, span) => sum + span.toMs - span.fromMs, 0);
  }

  // ---------------------------------------------------------------------------------- checkpoints

  recordCheckpoint(checkpoint: Checkpoint): void {
    this.#write(() => this.#putCheckpoint(checkpoint));
  }

  lastCheckpoint(): Checkpoint | null {
    return this.#one('SELECT * FROM checkpoints WHERE id = 1', readCheckpoint);
  }

  /** Bytes of the file and its log, for the wear figure. */
  bytesOnDisk(): number {
    return this.#sql.bytesOnDisk();
  }

  close(): void {
    this.#sql.close();
  }

  #putCheckpoint(checkpoint: Checkpoint): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO checkpoints VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
      Math.round(checkpoint.atMs),
      Math.round(checkpoint.importedCounterWs),
      Math.round(checkpoint.exportedCounterWs),
      checkpoint.interval,
      roundedOrNull(checkpoint.runningImportedWs),
      roundedOrNull(checkpoint.runningExportedWs),
      checkpoint.quality,
    );
  }

  #write<T>(work: () => T): T {
    try {
      const result = this.#sql.transaction(work);
      this.#isWritable = true;
      return result;
    } catch (error) {
      if (error instanceof SqlError && (error.code === 'full' || error.code === 'io')) {
        this.#isWritable = false;
      }
      throw error;
    }
  }

  #one<T>(sql: string, read: (row: SqlRow) => T, ...params: SqlValue[]): T | null {
    const row = this.#sql.get(sql, ...params);
    return row === undefined ? null : read(row);
  }

  #list<T>(sql: string, read: (row: SqlRow) => T, ...params: SqlValue[]): T[] {
    return this.#sql.all(sql, ...params).map(read);
  }
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
