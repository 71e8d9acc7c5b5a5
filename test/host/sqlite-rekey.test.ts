/** A new key for encrypted files: killed before every step, they open and nothing is lost. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readKeyFile, writeKeyFile } from '../../host/key-file.ts';
import { SqlError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { finishRekey, rekeyFiles } from '../../host/sqlite-rekey.ts';

const test = suite('host: sqlite, a new key');
const OLD = new Uint8Array(32).fill(7);
const NEW = new Uint8Array(32).fill(9);
const ROWS = 300;
const CHILD = join(import.meta.dirname, 'rekey-child.ts');

interface Place {
  keyPath: string;
  databases: string[];
}

function withFiles(work: (place: Place, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'transax-rekey-'));
  try {
    const keyPath = join(folder, 'keystore.key');
    writeKeyFile(keyPath, OLD);
    const databases = ['wallet.db', 'solver.db'].map((name) => join(folder, name));
    for (const path of databases) fill(path);
    work({ keyPath, databases: [...databases, join(folder, 'none.db')] }, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fill(path: string): void {
  const sql = openSql(path, { key: OLD });
  sql.run('CREATE TABLE t (a INTEGER, b TEXT)');
  sql.transaction(() => {
    for (let at = 0; at < ROWS; at += 1) sql.run('INSERT INTO t VALUES (?, ?)', at, 'x'.repeat(99));
  });
  sql.close();
}

function assertWhole({ keyPath, databases }: Place, key: Uint8Array): void {
  assert.equal(readKeyFile(keyPath), key);
  for (const path of databases.slice(0, 2)) {
    const sql = openSql(path, { key });
    assert.is(sql.get('SELECT count(*) AS n, sum(a) AS s FROM t')?.n, ROWS);
    assert.is(sql.get('PRAGMA integrity_check')?.integrity_check, 'ok');
    sql.close();
    try {
      openSql(path, { key: key === OLD ? NEW : OLD });
      assert.unreachable();
    } catch (error) {
      assert.is(error instanceof SqlError && error.code, 'wrong-key');
    }
  }
}

test('both files and the key change together, and nothing is left beside them', () =>
  withFiles((place, folder) => {
    rekeyFiles(place, NEW);
    assertWhole(place, NEW);
    const names = readdirSync(folder).filter((name) => /new|rekey|wal$|journal/.test(name));
    assert.equal(names, []);
    assert.is(finishRekey(place), false);
  }));

test('killed before every step', () => {
  let step = 0;
  for (let isDone = false; !isDone; step += 1) {
    withFiles((place) => {
      const args = [CHILD, place.keyPath, String(step), ...place.databases];
      const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      isDone = signal === null;
      if (isDone) assert.is(stdout, String(step), stderr);
      else assert.is(signal, 'SIGKILL', stderr);
      // Who dies before anything changed has the old key, all others the new one.
      const isStarted = existsSync(`${place.keyPath}.new`);
      assert.is(finishRekey(place), isStarted);
      assertWhole(place, step === 0 ? OLD : NEW);
    });
  }
  assert.ok(step > 10, 'that many steps were seen');
});

test('a key that was not written whole is taken away', () =>
  withFiles((place) => {
    writeFileSync(`${place.keyPath}.new`, '', { mode: 0o400 });
    assert.is(finishRekey(place), false);
    assert.not(existsSync(`${place.keyPath}.new`));
    assertWhole(place, OLD);
  }));

test('while somebody has the file open nothing changes', () =>
  withFiles((place) => {
    const [wallet = ''] = place.databases;
    const before = readFileSync(wallet);
    const sql = openSql(wallet, { key: OLD });
    try {
      rekeyFiles(place, NEW);
      assert.unreachable();
    } catch (error) {
      assert.is(error instanceof SqlError && error.code, 'locked');
    }
    assert.equal(readFileSync(wallet), before);
    sql.close();
    assert.ok(finishRekey(place), 'it goes on when the file is free');
    assertWhole(place, NEW);
  }));

test.run();
