/** What meters report of themselves: the last word of each, and whether two boards say it. */
import type { Sql, SqlRow, UnixMs } from '../../host/ports.ts';
import type { Address, HealthCode, HealthReport } from '../../market/messages.ts';

export interface StoredHealth
  extends Pick<HealthReport, 'session' | 'sequence' | 'version' | 'clockProven' | 'clockSource'> {
  codes: HealthCode[];
  /** When it came. */
  atMs: UnixMs;
  /** When a run of the program spoke that another had followed; null: never. */
  twoBoardsAtMs: UnixMs | null;
}

/** Of one meter; a board that was copied does not stay silent for that many starts. */
const KEPT_SESSIONS = 256;

export class Health {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  find(meterId: Address): StoredHealth | null {
    const row = this.#sql.get('SELECT * FROM health WHERE meter_id = ?', meterId);
    return row === undefined ? null : healthOf(row);
  }

  /**
   * Each start of an agent is a session with a name of its own. One that speaks again after another
   * did is a second board with the same key. An older word of the same session is a repetition and
   * changes nothing. Within a transaction of the caller's.
   */
  note(report: HealthReport, atMs: UnixMs): void {
    const { meterId, session, sequence } = report;
    const known = this.find(meterId);
    if (known?.session === session && sequence <= known.sequence) return;
    let twoBoardsAtMs = known?.twoBoardsAtMs ?? null;
    if (known !== null && known.session !== session) {
      this.#end(meterId, known.session);
      if (this.#isEnded(meterId, session)) twoBoardsAtMs = atMs;
    }
    this.#sql.run(
      `INSERT INTO health(meter_id, session, sequence, version, clock_proven, clock_source, codes,
                          at_ms, two_boards_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (meter_id) DO UPDATE SET session = excluded.session,
         sequence = excluded.sequence, version = excluded.version,
         clock_proven = excluded.clock_proven, clock_source = excluded.clock_source,
         codes = excluded.codes, at_ms = excluded.at_ms,
         two_boards_at_ms = excluded.two_boards_at_ms`,
      meterId,
      session,
      sequence,
      report.version,
      report.clockProven ? 1 : 0,
      report.clockSource,
      JSON.stringify(report.codes),
      Math.round(atMs),
      twoBoardsAtMs,
    );
  }

  #end(meterId: Address, session: string): void {
    this.#sql.run(
      'INSERT INTO health_sessions(meter_id, session) VALUES (?, ?) ON CONFLICT DO NOTHING',
      meterId,
      session,
    );
    this.#sql.run(
      `DELETE FROM health_sessions WHERE meter_id = ? AND id NOT IN
         (SELECT id FROM health_sessions WHERE meter_id = ? ORDER BY id DESC LIMIT ?)`,
      meterId,
      meterId,
      KEPT_SESSIONS,
    );
  }

  #isEnded(meterId: Address, session: string): boolean {
    const sql = 'SELECT 1 FROM health_sessions WHERE meter_id = ? AND session = ?';
    return this.#sql.get(sql, meterId, session) !== undefined;
  }
}

function healthOf(row: SqlRow): StoredHealth {
  return {
    session: String(row.session),
    sequence: Number(row.sequence),
    version: String(row.version),
    clockProven: row.clock_proven === 1,
    clockSource: String(row.clock_source),
    codes: JSON.parse(String(row.codes)) as HealthCode[],
    atMs: Number(row.at_ms),
    twoBoardsAtMs: row.two_boards_at_ms === null ? null : Number(row.two_boards_at_ms),
  };
}
