/**
 * SQLite files: the one place that opens, keys, locks and migrates them. WAL with synchronous=FULL,
 * so that what a transaction returned is on disk.
 *
 * One process writes a file; it holds `<path>.lock`, itself a SQLite file under an exclusive
 * transaction, whose lock the system drops when the process dies. SQLite's own exclusive mode is
 * not used, because readers (page, audit) open the file while the agent runs.
 */

import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Sql, SqlError, type SqlRow, type SqlValue } from './ports.ts';
import { derivedKeys, KeyCheck } from './sqlite-key.ts';

export interface SqlOptions {
  /** 32 raw bytes: the whole file is encrypted (chacha20) under a key derived from them. */
  key?: Uint8Array;
  /** Opens beside a writer; takes no lock, and migrates nothing. */
  readOnly?: boolean;
  /** Neither asks for the proof of the key beside the file nor writes it. */
  isUnchecked?: boolean;
  /**
   * SQL scripts; `user_version` counts how many have run. They are only ever added to. A file with
   * more of them than given here was written by a later release, and opens all the same.
   */
  migrations?: readonly string[];
}

/** How long a statement waits for another connection's lock, real ms. */
const BUSY_MS = 5_000;
const FILE_MODE = 0o600;

/**
 * Opens, or makes when there is none, the database at `path`. A file that had been there is never
 * made anew: when it is gone or damaged, that is an error.
 * @throws SqlError
 */
export function openSql(path: string, options: SqlOptions = {}): Sql {
  const isMemory = path === ':memory:';
  const readOnly = options.readOnly === true;
  const lock = isMemory || readOnly ? null : takeLock(path);
  try {
    const isChecked = !isMemory && options.isUnchecked !== true;
    const check = options.key === undefined || !isChecked ? null : new KeyCheck(path, options.key);
    check?.beforeOpen();
    if (!isMemory && !readOnly) {
      withSqlErrors(path, () => closeSync(openSync(path, 'a', FILE_MODE)));
    }
    const connect = () => connectTo(path, readOnly, options.key);
    const db = connect();
    try {
      if (!readOnly) {
        check?.afterOpen();
        migrate(path, db, options.migrations ?? []);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    return new SqliteFile(path, db, lock, connect);
  } catch (error) {
    lock?.close();
    throw error;
  }
}

/** @throws SqlError */
function connectTo(path: string, readOnly: boolean, key?: Uint8Array): Database.Database {
  const options = { readonly: readOnly, fileMustExist: readOnly, timeout: BUSY_MS };
  const db = withSqlErrors(path, () => new Database(path, options));
  try {
    withSqlErrors(path, () => prepareFile(db, readOnly, key));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

class SqliteFile implements Sql {
  readonly #path: string;
  #db: Database.Database;
  readonly #lock: Database.Database | null;
  readonly #connect: () => Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  /**
   * An fsync failed: what this connection believes to be in the file may never get there, and no
   * later fsync would say so. It is closed, and the file read anew, before anything else is done.
   */
  #isSuspect = false;

  constructor(
    path: string,
    db: Database.Database,
    lock: Database.Database | null,
    connect: () => Database.Database,
  ) {
    this.#path = path;
    this.#db = db;
    this.#lock = lock;
    this.#connect = connect;
  }

  run(sql: string, ...params: SqlValue[]): { changes: number; lastId: number } {
    return this.#guarded(() => {
      const result = this.#statement(sql).run(...params);
      return { changes: result.changes, lastId: Number(result.lastInsertRowid) };
    });
  }

  get(sql: string, ...params: SqlValue[]): SqlRow | undefined {
    // better-sqlite3 types rows as unknown; a row of SQLite holds nothing else than these values.
    return this.#guarded(() => this.#statement(sql).get(...params) as SqlRow | undefined);
  }

  all(sql: string, ...params: SqlValue[]): SqlRow[] {
    return this.#guarded(() => this.#statement(sql).all(...params) as SqlRow[]);
  }

  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) throw new Error('transactions may not be nested');
    this.#guarded(() => this.#db.exec(this.#lock === null ? 'BEGIN' : 'BEGIN IMMEDIATE'));
    try {
      const result = work();
      if (result instanceof Promise) throw new Error('a transaction cannot wait for a promise');
      this.#guarded(() => this.#db.exec('COMMIT'));
      return result;
    } finally {
      // Still open: the work or the commit failed, and the first error is the one to report.
      if (this.#db.open && this.#db.inTransaction) this.#db.exec('ROLLBACK');
    }
  }

  bytesOnDisk(): number {
    return [this.#path, `${this.#path}-wal`]
      .filter((file) => existsSync(file))
      .reduce((sum, file) => sum + statSync(file).size, 0);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
    this.#lock?.close();
  }

  #guarded<T>(work: () => T): T {
    return withSqlErrors(this.#path, () => {
      if (this.#isSuspect && !this.#db.inTransaction) this.#reopen();
      try {
        return work();
      } catch (error) {
        if (isFailedSync(error)) this.#isSuspect = true;
        throw error;
      }
    });
  }

  #reopen(): void {
    this.#statements.clear();
    this.#db.close();
    this.#db = this.#connect();
    this.#isSuspect = false;
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#db.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

function takeLock(path: string): Database.Database {
  const lockPath = `${path}.lock`;
  return withSqlErrors(path, () => {
    closeSync(openSync(lockPath, 'a', FILE_MODE));
    const lock = new Database(lockPath, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (cause) {
      lock.close();
      if (codeOf(cause) === 'locked') {
        throw new SqlError(
          path,
          'locked',
          `${path} is in use by another process: end that one first`,
          cause,
        );
      }
      throw cause;
    }
  });
}

/** The key comes before every other statement; the first read then shows whether it fits. */
function prepareFile(db: Database.Database, readOnly: boolean, key: Uint8Array | undefined): void {
  if (key !== undefined) {
    db.pragma("cipher='chacha20'");
    db.pragma(`key='raw:${Buffer.from(derivedKeys(key).database).toString('hex')}'`);
  }
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
  db.pragma('temp_store=MEMORY');
  db.pragma('foreign_keys=ON');
  if (readOnly) return;
  db.pragma('journal_mode=WAL');
  db.pragma('synchronous=FULL');
  if (key === undefined) return;
  db.pragma('secure_delete=ON');
  const verdict = db.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') {
    const found = String(verdict).replace(/\s+/g, ' ');
    throw new SqlError(db.name, 'damaged', sentence(db.name, 'damaged', found));
  }
}

function migrate(path: string, db: Database.Database, migrations: readonly string[]): void {
  const done = Number(db.pragma('user_version', { simple: true }));
  for (const [index, script] of migrations.entries()) {
    if (index < done) continue;
    withSqlErrors(path, () => {
      db.exec('BEGIN IMMEDIATE');
      try {
        db.exec(script);
        db.pragma(`user_version=${index + 1}`);
        db.exec('COMMIT');
      } finally {
        if (db.inTransaction) db.exec('ROLLBACK');
      }
    });
  }
}

function withSqlErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SqlError) throw cause;
    const code = codeOf(cause);
    if (code === null) throw cause;
    throw new SqlError(path, code, sentence(path, code, cause), cause);
  }
}

function isFailedSync(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && /_FSYNC$/.test(String(cause.code));
}

function codeOf(cause: unknown): SqlError['code'] | null {
  if (!(cause instanceof Error) || !('code' in cause)) return null;
  const code = String(cause.code);
  if (code.startsWith('SQLITE_CONSTRAINT')) return 'constraint';
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') return 'full';
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return 'damaged';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'locked';
  if (/^SQLITE_(IOERR|CANTOPEN|READONLY|PERM)/.test(code)) return 'io';
  if (code.startsWith('SQLITE_')) return 'other';
  return /^E[A-Z]+$/.test(code) ? 'io' : null;
}

function sentence(path: string, code: SqlError['code'], cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  switch (code) {
    case 'damaged':
      return `${path} is damaged, or no database for this key; restore a backup (${reason})`;
    case 'full':
      return `the disk of ${path} is full: make room`;
    case 'io':
      return `${path} cannot be read or written (${reason})`;
    default:
      return `${path}: ${reason}`;
  }
}
