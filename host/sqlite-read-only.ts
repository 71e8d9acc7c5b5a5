/**
 * A look into a database that nobody has open: SQLite makes files beside a database even for a
 * reader (its shared memory), so a private copy is read instead, with what the write-ahead log
 * holds beyond the file. Nothing is made, changed or locked where the database is.
 */
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from './files.ts';
import { type Sql, SqlError } from './ports.ts';
import { openSql } from './sqlite.ts';
import { KeyCheck } from './sqlite-key.ts';

/** A file that is being written is copied again so often. */
const ATTEMPTS = 5;

/**
 * @param options.key as for `openSql`
 * @throws FileError when it is missing or may not be read; SqlError as `openSql`, and `locked` when
 *   it is being written all the time
 */
export function openSqlReadOnly(path: string, options: { key?: Uint8Array } = {}): Sql {
  const { key } = options;
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    throw fileError(path, 'read', cause);
  }
  if (key !== undefined) new KeyCheck(path, key).beforeOpen();
  const folder = mkdtempSync(join(tmpdir(), 'transax-read-'));
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'copy.db');
    copyWhole(path, copy);
    const sql = openSql(copy, key === undefined ? { readOnly: true } : { readOnly: true, key });
    return {
      run: (text, ...params) => sql.run(text, ...params),
      get: (text, ...params) => sql.get(text, ...params),
      all: (text, ...params) => sql.all(text, ...params),
      transaction: (work) => sql.transaction(work),
      bytesOnDisk: () => filesOf(path).reduce((sum, file) => sum + statSync(file).size, 0),
      close() {
        sql.close();
        dispose();
      },
    };
  } catch (error) {
    dispose();
    throw error instanceof SqlError ? named(error, path, folder) : error;
  }
}

/** Database and log as they were at one moment: neither changed while both were copied. */
function copyWhole(path: string, copy: string): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = stateOf(path);
    rmSync(`${copy}-wal`, { force: true });
    try {
      for (const file of filesOf(path)) copyFileSync(file, copy + file.slice(path.length));
    } catch (cause) {
      throw fileError(path, 'read', cause);
    }
    if (stateOf(path) === before) return;
  }
  throw new SqlError(path, 'locked', `${path} is being written all the time: try again`);
}

function filesOf(path: string): string[] {
  return [path, `${path}-wal`].filter((file) => existsSync(file));
}

function stateOf(path: string): string {
  return filesOf(path)
    .map((file) => {
      const { size, mtimeMs, ino } = statSync(file);
      return `${file} ${size} ${mtimeMs} ${ino}`;
    })
    .join('\n');
}

function named(error: SqlError, path: string, folder: string): SqlError {
  const message = error.message.replaceAll(join(folder, 'copy.db'), path);
  return new SqlError(path, error.code, message, error.cause);
}
