/** Named texts of wallet.db. */
import type { Sql } from '../../host/ports.ts';

export function factOf(sql: Sql, name: string): string | null {
  const value = sql.get('SELECT value FROM facts WHERE name = ?', name)?.value;
  return value === undefined ? null : String(value);
}

export function putFact(sql: Sql, name: string, value: string): void {
  sql.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
}

/** What the log told is read from it again. */
export function dropLogFacts(sql: Sql): void {
  sql.run("DELETE FROM facts WHERE name LIKE 'log.%'");
}
