/** The journal of an agent that traded before a restart: what the next intervals are held to. */
import { join } from 'node:path';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { openSql } from '../../host/sqlite.ts';
import type { InstalledHome } from './installed-home.ts';

const INTERVAL_MS = 900_000;

export interface Prescription {
  first: number;
  intervals: number;
  targetW: number;
  /** What switched loads are planned to take of it. */
  loadsW: number;
}

/** The agent must not run. */
export function prescribe(home: InstalledHome, wanted: Prescription): void {
  const { first, intervals, targetW, loadsW } = wanted;
  const journal = journalOf(home);
  for (let interval = first; interval < first + intervals; interval += 1) {
    const decidedAtMs = interval * INTERVAL_MS - 60_000;
    journal.recordSchedule({ interval, committedW: targetW, untradedW: 0, decidedAtMs });
    const plan = { batteryW: 0, loadsW, plannedW: targetW, code: null, sentence: null };
    journal.recordPlan(interval - 1, [], [{ interval, madeIn: interval - 1, ...plan }]);
  }
  journal.close();
}

/** The agent must not run. */
export function journalOf({ folder }: Pick<InstalledHome, 'folder'>): Journal {
  return new Journal(openSql(join(folder, 'journal.db'), { migrations: [...JOURNAL_MIGRATIONS] }));
}
