/**
 * A new key for encrypted databases and the file that holds it, so that a process that dies at any
 * moment leaves files that open. The new key is written beside the old one first, as `<key>.new`;
 * each database is converted in a copy that takes its place by one rename; then the new key takes
 * the place of the old one. While `<key>.new` is there, `finishRekey` goes on where it ended.
 *
 * The copy is converted with a rollback journal: in WAL mode the cipher cannot change its key.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import { FileError, type Sql, SqlError } from './ports.ts';
import { openSql } from './sqlite.ts';
import { derivedKeys, KeyCheck } from './sqlite-key.ts';

/** Databases that open with the key in a file, and get another one together. */
export interface RekeyFiles {
  keyPath: string;
  databases: readonly string[];
  /** What is sealed under the key inside a database, in a transaction. */
  reseal?(path: string, sql: Sql, old: Uint8Array, key: Uint8Array): void;
  /** Told before each step that changes a file; tests end the process there. */
  onStep?(name: string): void;
}

/** @param key 32 bytes. @throws SqlError, FileError; nothing is lost, `finishRekey` goes on */
export function rekeyFiles(files: RekeyFiles, key: Uint8Array): void {
  finishRekey(files);
  files.onStep?.('new key');
  writeKeyFile(newPath(files), key);
  convertAll(files, key);
}

/** @returns whether there was something to finish. @throws SqlError, FileError */
export function finishRekey(files: RekeyFiles): boolean {
  const key = unfinishedKey(files);
  if (key === null) return false;
  convertAll(files, key);
  return true;
}

/** Null: none. A key that was not written whole has converted nothing, and is taken away. */
function unfinishedKey(files: RekeyFiles): Uint8Array | null {
  const path = newPath(files);
  if (!existsSync(path)) return null;
  try {
    return readKeyFile(path);
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== 'other') throw error;
    rmSync(path);
    return null;
  }
}

function convertAll(files: RekeyFiles, key: Uint8Array): void {
  const old = readKeyFile(files.keyPath);
  for (const path of files.databases) {
    if (existsSync(path) || existsSync(`${path}.meta.json`)) convert(files, path, old, key);
  }
  files.onStep?.('switch key');
  renameSync(newPath(files), files.keyPath);
  syncFolder(files.keyPath);
}

function convert(files: RekeyFiles, path: string, old: Uint8Array, key: Uint8Array): void {
  const copy = `${path}.rekey`;
  removeAll(copy);
  if (isConverted(path, key)) {
    files.onStep?.('key check');
    new KeyCheck(path, key).renew();
    return;
  }
  // Held until the end: nobody else may open it meanwhile.
  const held = openSql(path, { key: old });
  try {
    files.onStep?.('empty log');
    held.get('PRAGMA wal_checkpoint(TRUNCATE)');
    held.get('PRAGMA journal_mode=DELETE');
    if (existsSync(`${path}-wal`)) throw busy(path);
    files.onStep?.('copy');
    copyFileSync(path, copy);
    convertCopy(files, path, copy, { old, key });
    files.onStep?.('switch database');
    renameSync(copy, path);
    syncFolder(path);
    files.onStep?.('key check');
    new KeyCheck(path, key).renew();
  } finally {
    held.close();
    removeAll(copy);
  }
}

function convertCopy(
  files: RekeyFiles,
  path: string,
  copy: string,
  keys: { old: Uint8Array; key: Uint8Array },
): void {
  const sql = openSql(copy, { key: keys.old });
  try {
    sql.get('PRAGMA journal_mode=DELETE');
    files.onStep?.('seal');
    sql.transaction(() => files.reseal?.(path, sql, keys.old, keys.key));
    files.onStep?.('encrypt');
    sql.get(`PRAGMA rekey='raw:${Buffer.from(derivedKeys(keys.key).database).toString('hex')}'`);
  } finally {
    sql.close();
  }
  rmSync(`${copy}.meta.json`);
  const again = openSql(copy, { key: keys.key });
  try {
    requireWhole(copy, again);
    again.get('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    again.close();
  }
  syncFile(copy);
}

/** Whether an earlier attempt came as far as to put the converted file in place. */
function isConverted(path: string, key: Uint8Array): boolean {
  if (new KeyCheck(path, key).fits()) return true;
  // A converted file has no log beside it; with another's it must not be opened.
  const log = `${path}-wal`;
  if (existsSync(log) && statSync(log).size > 0) return false;
  try {
    openSql(path, { key, readOnly: true, isUnchecked: true }).close();
    return true;
  } catch (error) {
    if (error instanceof SqlError && error.code === 'damaged') return false;
    throw error;
  }
}

function requireWhole(path: string, sql: Sql): void {
  const verdict = String(sql.get('PRAGMA integrity_check(1)')?.integrity_check);
  if (verdict !== 'ok') throw new SqlError(path, 'damaged', `${path} is damaged: ${verdict}`);
}

function busy(path: string): SqlError {
  return new SqlError(path, 'locked', `${path} is being read by another process: end that first`);
}

function newPath(files: RekeyFiles): string {
  return `${files.keyPath}.new`;
}

function removeAll(copy: string): void {
  for (const end of ['', '-journal', '-wal', '-shm', '.lock', '.meta.json']) {
    rmSync(copy + end, { force: true });
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  syncFile(dirname(path));
}
