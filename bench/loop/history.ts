/** A year in the journal of a home, as its agent would have written it. */
import { join } from 'node:path';
import { CONTROLLED_TABLE } from '../../agent/journal/controlled.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import type { Sql } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import type { Interval } from '../../market/intervals.ts';

const PER_DAY = 96;
const SECONDS = 900;
/** Forecasts are kept for the intervals of the horizon, each time anew. */
const AHEAD = 12;

/** @param before the first interval that is still to come. @returns rows written */
export function writeHistory(directory: string, before: Interval, days: number): number {
  if (!JOURNAL_MIGRATIONS.includes(CONTROLLED_TABLE)) throw new Error('the journal has changed');
  const sql = openSql(join(directory, 'journal.db'), { migrations: [...JOURNAL_MIGRATIONS] });
  try {
    let rows = 0;
    for (let day = days; day > 0; day -= 1) {
      sql.transaction(() => {
        const first = before - day * PER_DAY;
        for (let i = first; i < first + PER_DAY; i += 1) rows += writeInterval(sql, i);
      });
    }
    return rows;
  } finally {
    sql.close();
  }
}

function writeInterval(sql: Sql, interval: Interval): number {
  const netW = loadAt(interval);
  const batteryW = Math.round(0.3 * netW);
  const meteredWs = Math.round((netW + batteryW) * SECONDS);
  sql.run(
    `INSERT INTO readings (interval, imported_ws, exported_ws, quality, acknowledged)
     VALUES (?, ?, ?, 'measured', 1)`,
    interval,
    Math.max(0, meteredWs),
    Math.max(0, -meteredWs),
  );
  sql.run('INSERT INTO controlled VALUES (?, ?, 0)', interval, batteryW);
  for (let ahead = 1; ahead <= AHEAD; ahead += 1) {
    const expectedW = loadAt(interval + ahead);
    sql.run(
      'INSERT INTO forecasts VALUES (?, ?, ?, ?, ?, ?)',
      ...[interval, interval + ahead, expectedW - 200, expectedW, expectedW + 200],
      'slot-median-28d (28 days)',
    );
  }
  const sentence = 'Sells 0.40 kWh from 12:00 to 12:15, because the panels give more than is used.';
  const planned = netW + batteryW;
  sql.run(
    "INSERT INTO plans VALUES (?, ?, ?, 0, ?, 'surplus', ?)",
    ...[interval, interval - 1, batteryW, planned, sentence],
  );
  sql.run('INSERT INTO schedule VALUES (?, ?, 0, ?)', interval, planned, interval * SECONDS * 1000);
  return 4 + AHEAD;
}

/** Sun by day, people in the evening, and something that is different each day. W. */
function loadAt(interval: Interval): number {
  const share = (interval % PER_DAY) / PER_DAY;
  const sunW = Math.max(0, Math.sin((share - 0.25) * 2 * Math.PI)) * 3000;
  const eveningW = Math.exp(-(((share - 0.8) * 12) ** 2)) * 1800;
  return Math.round(350 + eveningW - sunW + 120 * Math.sin(interval * 12.9898));
}
