/**
 * How good the home's forecasts were, by day, class of leads and method; which method is in use;
 * and when a model was trained. Written with the plan, so that it costs no commit of its own.
 */
import type { Sql, SqlRow, UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

/** A migration of journal.db. */
export const FORECAST_TABLES = `
-- Sums over the forecasts whose outcome fell on a UTC day. Method 'used': what was said in fact.
CREATE TABLE forecast_skill (
  series TEXT NOT NULL,
  day INTEGER NOT NULL,
  leads TEXT NOT NULL,
  method TEXT NOT NULL,
  count INTEGER NOT NULL,
  error_w REAL NOT NULL,
  load_w REAL NOT NULL,
  covered INTEGER,
  PRIMARY KEY (series, day, leads, method)
) STRICT, WITHOUT ROWID;

CREATE TABLE forecast_choices (
  series TEXT NOT NULL,
  leads TEXT NOT NULL,
  method TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (series, leads)
) STRICT, WITHOUT ROWID;

-- The last model of each series, and the last failure to make one.
CREATE TABLE trainings (
  series TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('trained', 'failed')),
  at_ms INTEGER NOT NULL,
  took_ms INTEGER NOT NULL,
  days INTEGER NOT NULL,
  reason TEXT,
  PRIMARY KEY (series, outcome)
) STRICT, WITHOUT ROWID;
`;

export interface SkillRow {
  series: string;
  /** Days since 1970, UTC. */
  day: number;
  /** Class of leads, in intervals: `5-16`. */
  leads: string;
  method: string;
  count: number;
  errorW: number;
  loadW: number;
  /** Null: the method gives no range. */
  covered: number | null;
}

export interface ChoiceRow {
  series: string;
  leads: string;
  method: string;
  sinceMs: UnixMs;
}

export interface TrainingRow {
  series: string;
  outcome: 'trained' | 'failed';
  atMs: UnixMs;
  /** Real time. */
  tookMs: number;
  /** Of history. */
  days: number;
  /** Why it failed; null when it did not. */
  reason: string | null;
}

export interface HistoryRange {
  first: Interval;
  last: Interval;
  intervalSeconds: number;
  /** More energy than that, either way, is impossible: it is refused. */
  limitWs: number;
  /** Whether battery or switched loads are in the readings, and must be known too. */
  isControlled: boolean;
  /** Whether generation must be known too. */
  needsGenerated: boolean;
}

export interface HistoryCounts {
  /** Null: there is none. */
  firstInterval: Interval | null;
  known: number;
  refused: number;
}

export class ForecastRecords {
  readonly #sql: Sql;
  readonly #write: <T>(work: () => T) => T;

  /** @param write makes one durable transaction of what it is given */
  constructor(sql: Sql, write: <T>(work: () => T) => T) {
    this.#sql = sql;
    this.#write = write;
  }

  /** False in the journal of an older release that this one has not opened yet. */
  areThere(): boolean {
    const names = "('forecast_skill', 'generated')";
    const found = this.#sql.all(`SELECT name FROM sqlite_master WHERE name IN ${names}`);
    return found.length === 2;
  }

  /** Within a transaction of the journal. Replaces rows of the same day, class and method. */
  putSkill(rows: readonly SkillRow[]): void {
    for (const { series, day, leads, method, count, errorW, loadW, covered } of rows) {
      const values = [series, day, leads, method, count, errorW, loadW, covered] as const;
      this.#sql.run(
        'INSERT OR REPLACE INTO forecast_skill VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        ...values,
      );
    }
  }

  /** Within a transaction of the journal. */
  forgetSkillBefore(day: number): void {
    this.#sql.run('DELETE FROM forecast_skill WHERE day < ?', day);
  }

  /** Within a transaction of the journal. */
  putChoices(rows: readonly ChoiceRow[]): void {
    for (const { series, leads, method, sinceMs } of rows) {
      const values = [series, leads, method, Math.round(sinceMs)] as const;
      this.#sql.run('INSERT OR REPLACE INTO forecast_choices VALUES (?, ?, ?, ?)', ...values);
    }
  }

  /** Of days `first` to `last`, both included, by day. */
  skill(series: string, first: number, last: number): SkillRow[] {
    const rows = this.#sql.all(
      'SELECT * FROM forecast_skill WHERE series = ? AND day BETWEEN ? AND ? ORDER BY day',
      series,
      first,
      last,
    );
    return rows.map(skillOf);
  }

  choices(series: string): ChoiceRow[] {
    const rows = this.#sql.all('SELECT * FROM forecast_choices WHERE series = ?', series);
    return rows.map((row) => ({
      series: String(row.series),
      leads: String(row.leads),
      method: String(row.method),
      sinceMs: Number(row.since_ms),
    }));
  }

  /** What is known of the net load that nobody controls, in `first` to `last`. */
  history(range: HistoryRange): HistoryCounts {
    const { first, last, limitWs, intervalSeconds, isControlled, needsGenerated } = range;
    const controlledW = isControlled ? '(c.battery_w + c.loads_w)' : '0';
    // Null where generation must be known and is not.
    const generatedW = needsGenerated ? '(g.power_w * 0)' : '0';
    const netWs = `(imported_ws - exported_ws - ${controlledW} * ? + ${generatedW})`;
    const row = this.#sql.get(
      `SELECT min(r.interval) AS first, count(${netWs}) AS known,
              coalesce(sum(abs(${netWs}) > ?), 0) AS refused
       FROM readings r LEFT JOIN controlled c ON c.interval = r.interval
       LEFT JOIN generated g ON g.interval = r.interval
       WHERE r.interval BETWEEN ? AND ?`,
      ...[intervalSeconds, intervalSeconds, limitWs, first, last],
    );
    const refused = Number(row?.refused ?? 0);
    return {
      firstInterval: row?.first == null ? null : Number(row.first),
      known: Number(row?.known ?? 0) - refused,
      refused,
    };
  }

  recordTraining({ series, outcome, atMs, tookMs, days, reason }: TrainingRow): void {
    const values = [Math.round(atMs), Math.round(tookMs), days, reason] as const;
    this.#write(() =>
      this.#sql.run(
        'INSERT OR REPLACE INTO trainings VALUES (?, ?, ?, ?, ?, ?)',
        series,
        outcome,
        ...values,
      ),
    );
  }

  /** The last of each outcome. */
  trainings(series: string): TrainingRow[] {
    const rows = this.#sql.all('SELECT * FROM trainings WHERE series = ?', series);
    return rows.map((row) => ({
      series: String(row.series),
      outcome: row.outcome === 'trained' ? 'trained' : 'failed',
      atMs: Number(row.at_ms),
      tookMs: Number(row.took_ms),
      days: Number(row.days),
      reason: row.reason === null ? null : String(row.reason),
    }));
  }
}

function skillOf(row: SqlRow): SkillRow {
  return {
    series: String(row.series),
    day: Number(row.day),
    leads: String(row.leads),
    method: String(row.method),
    count: Number(row.count),
    errorW: Number(row.error_w),
    loadW: Number(row.load_w),
    covered: row.covered === null ? null : Number(row.covered),
  };
}
