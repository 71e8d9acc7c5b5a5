/** The one thing the audit takes from an agent: what it said beforehand it would do. */
import Database from 'better-sqlite3';
import { AuditError } from './raw-chain.ts';

/** A row of the journal's `schedule`. */
export interface ScheduleRow {
  interval: number;
  committedW: number;
  /** The part of the plan that was not traded, positive into the home. */
  untradedW: number;
  /** Market time of the decision. */
  decidedAtMs: number;
}

/** Reads while the agent may still run. @throws AuditError 'journal' */
export function readSchedule(journalPath: string): ScheduleRow[] {
  try {
    const database = new Database(journalPath, { readonly: true, fileMustExist: true });
    try {
      return database
        .prepare(
          `SELECT interval, committed_w AS committedW, untraded_w AS untradedW,
             decided_at_ms AS decidedAtMs
           FROM schedule ORDER BY interval`,
        )
        .all() as ScheduleRow[];
    } finally {
      database.close();
    }
  } catch (cause) {
    const why = (cause as Error).message;
    throw new AuditError('journal', `${journalPath} cannot be read: ${why}`, cause);
  }
}
