/** A look at a database that nobody has open: it sees all, and leaves nothing. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError, SqlError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { openSqlReadOnly } from '../../host/sqlite-read-only.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('sqlite: read only');
const KEY = new Uint8Array(32).fill(7);
const TABLE = ['CREATE TABLE t (x INTEGER) STRICT'];
const SQLITE = join(import.meta.dirname, '..', '..', 'host', 'sqlite.ts');

/** Names, sizes and times of all in a folder. */
function looksOf(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { size, mtimeMs, mode } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs} ${mode}`;
    });
}

/** A process that writes three rows and is killed with its log unwritten to the file. */
function killWriter(path: string, key: boolean): void {
  const script = `
    import { openSql } from ${JSON.stringify(SQLITE)};
    const key = ${key ? 'new Uint8Array(32).fill(7)' : 'undefined'};
    const sql = openSql(${JSON.stringify(path)}, { key, migrations: ${JSON.stringify(TABLE)} });
    for (let x = 1; x <= 3; x += 1) sql.run('INSERT INTO t VALUES (?)', x);
    process.kill(process.pid, 'SIGKILL');
  `;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.is(ended.signal, 'SIGKILL', String(ended.stderr));
}

for (const key of [false, true]) {
  const what = key ? 'encrypted' : 'plain';
  test(`after kill -9 the rows in the log of an ${what} file are seen, and no file is made`, () => {
    const folder = temporaryFolder();
    try {
      const path = join(folder.path, 'x.db');
      killWriter(path, key);
      assert.ok(statSync(`${path}-wal`).size > 0, 'the log is hot');
      const before = looksOf(folder.path);
      const sql = openSqlReadOnly(path, key ? { key: KEY } : {});
      assert.equal(sql.get('SELECT sum(x) AS sum FROM t'), { sum: 6 });
      assert.throws(
        () => sql.run('INSERT INTO t VALUES (4)'),
        (e: Error) => e instanceof SqlError,
      );
      assert.ok(sql.bytesOnDisk() > 0);
      sql.close();
      assert.equal(looksOf(folder.path), before);
      const writer = openSql(path, key ? { key: KEY } : {});
      assert.equal(writer.get('SELECT sum(x) AS sum FROM t'), { sum: 6 }, 'and it can go on');
      writer.close();
    } finally {
      folder.dispose();
    }
  });
}

test('a folder that cannot be written is enough', () => {
  const folder = temporaryFolder();
  const place = join(folder.path, 'state');
  try {
    mkdirSync(place);
    const path = join(place, 'x.db');
    openSql(path, { migrations: TABLE }).close();
    chmodSync(place, 0o555);
    const before = looksOf(place);
    const sql = openSqlReadOnly(path);
    assert.equal(sql.all('SELECT * FROM t'), []);
    sql.close();
    assert.equal(looksOf(place), before);
  } finally {
    chmodSync(place, 0o755);
    folder.dispose();
  }
});

test('what is missing, damaged, or under another key is told, with the name of the file', () => {
  const folder = temporaryFolder();
  try {
    const path = join(folder.path, 'x.db');
    const fails = (options: { key?: Uint8Array }, code: string) => {
      assert.throws(
        () => openSqlReadOnly(path, options),
        (error: FileError | SqlError) =>
          (error instanceof FileError || error instanceof SqlError) &&
          error.code === code &&
          error.message.includes(path),
      );
    };
    fails({}, 'missing');
    openSql(path, { key: KEY, migrations: TABLE }).close();
    fails({ key: new Uint8Array(32).fill(8) }, 'wrong-key');
    fails({}, 'damaged');
    writeFileSync(path, 'not a database, and long enough to be looked at as one'.repeat(40));
    fails({}, 'damaged');
  } finally {
    folder.dispose();
  }
});

test.run();
