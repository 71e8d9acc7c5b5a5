import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SqlError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { temporaryFolder } from './temporary-folder.ts';

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);
const MIGRATIONS = ['CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)'];

const test = suite('sqlite');

async function inFolder(work: (file: string) => Promise<void> | void): Promise<void> {
  const folder = temporaryFolder();
  try {
    await work(join(folder.path, 'x.db'));
  } finally {
    folder.dispose();
  }
}

/** Runs `work` and returns the code of the SqlError that it must throw. */
function codeOf(work: () => unknown): SqlError['code'] {
  try {
    work();
  } catch (error) {
    assert.instance(error, SqlError);
    if (error instanceof SqlError) return error.code;
  }
  return assert.unreachable('nothing was thrown') as never;
}

function makeFile(file: string, options: { key?: Uint8Array } = {}): void {
  const sql = openSql(file, { ...options, migrations: MIGRATIONS });
  sql.run('INSERT INTO note(text) VALUES (?)', 'kept');
  sql.close();
}

test('keeps what a transaction returned, and nothing of one that threw', () =>
  inFolder((file) => {
    const sql = openSql(file, { migrations: MIGRATIONS });
    try {
      assert.is(
        sql.transaction(() => sql.run('INSERT INTO note(text) VALUES (?)', 'a').changes),
        1,
      );
      assert.throws(() =>
        sql.transaction(() => {
          sql.run('INSERT INTO note(text) VALUES (?)', 'b');
          throw new Error('stop');
        }),
      );
      assert.equal(sql.all('SELECT text FROM note'), [{ text: 'a' }]);
      assert.throws(() => sql.transaction(() => sql.transaction(() => 0)), 'nested');
      assert.throws(() => sql.transaction(() => Promise.resolve()), 'promise');
      assert.is(sql.get('SELECT text FROM note WHERE id = 9'), undefined);
      assert.ok(sql.bytesOnDisk() > 0);
    } finally {
      sql.close();
    }
  }));

test('takes and gives numbers, big integers, text, bytes and null', () =>
  inFolder((file) => {
    const sql = openSql(file, { migrations: ['CREATE TABLE v(a, b, c, d, e)'] });
    try {
      sql.run('INSERT INTO v VALUES (?,?,?,?,?)', 1.5, 12n, 't', new Uint8Array([1, 2]), null);
      const row = sql.get('SELECT * FROM v');
      assert.is(row?.a, 1.5);
      assert.is(row?.b, 12);
      assert.is(row?.c, 't');
      assert.equal(Array.from(row?.d as Uint8Array), [1, 2]);
      assert.is(row?.e, null);
    } finally {
      sql.close();
    }
  }));

test('names a broken rule of the schema as a constraint', () =>
  inFolder((file) => {
    makeFile(file);
    const sql = openSql(file, { migrations: MIGRATIONS });
    const add = () => sql.run('INSERT INTO note(text) VALUES (?)', 'kept');
    assert.is(codeOf(add), 'constraint');
    sql.close();
  }));

test('runs each migration once, and opens a file of a later release', () =>
  inFolder((file) => {
    const later = [...MIGRATIONS, 'ALTER TABLE note ADD COLUMN seen INTEGER DEFAULT 0'];
    makeFile(file);
    openSql(file, { migrations: later }).close();
    openSql(file, { migrations: later }).close();
    const sql = openSql(file, { migrations: MIGRATIONS });
    assert.equal(sql.all('SELECT text, seen FROM note'), [{ text: 'kept', seen: 0 }]);
    sql.close();
  }));

test('a migration that fails leaves nothing of itself', () =>
  inFolder((file) => {
    makeFile(file);
    const broken = [...MIGRATIONS, 'CREATE TABLE half(a); CREATE TABLE note(b)'];
    assert.throws(() => openSql(file, { migrations: broken }));
    const sql = openSql(file, { migrations: MIGRATIONS });
    assert.is(sql.get("SELECT 1 FROM sqlite_schema WHERE name = 'half'"), undefined);
    sql.close();
  }));

test('a second writer is refused, a reader beside the writer sees what was committed', () =>
  inFolder((file) => {
    const writer = openSql(file, { migrations: MIGRATIONS });
    assert.is(
      codeOf(() => openSql(file)),
      'locked',
    );
    const reader = openSql(file, { readOnly: true });
    writer.run('INSERT INTO note(text) VALUES (?)', 'new');
    assert.equal(reader.all('SELECT text FROM note'), [{ text: 'new' }]);
    assert.throws(() => reader.run('DELETE FROM note'));
    reader.close();
    writer.close();
    const later = openSql(file, { readOnly: true });
    assert.equal(later.all('SELECT text FROM note'), [{ text: 'new' }]);
    later.close();
  }));

test('the lock of a killed process is gone, and what it committed is there', () =>
  inFolder(async (file) => {
    const module = new URL('../../host/sqlite.ts', import.meta.url).href;
    const script = `const { openSql } = await import(${JSON.stringify(module)});
      const sql = openSql(${JSON.stringify(file)}, { key: new Uint8Array(32).fill(7),
        migrations: ${JSON.stringify(MIGRATIONS)} });
      sql.transaction(() => sql.run("INSERT INTO note(text) VALUES ('durable')"));
      console.log('ready'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      assert.is(
        codeOf(() => openSql(file, { key: KEY })),
        'locked',
      );
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const sql = openSql(file, { key: KEY });
    assert.equal(sql.all('SELECT text FROM note'), [{ text: 'durable' }]);
    sql.close();
  }));

test('an encrypted file shows nothing in clear, and only its key opens it', () =>
  inFolder((file) => {
    const sql = openSql(file, { key: KEY, migrations: MIGRATIONS });
    sql.run('INSERT INTO note(text) VALUES (?)', 'a secret word');
    for (const part of [file, `${file}-wal`]) {
      assert.not.ok(readFileSync(part).includes('secret'), part);
    }
    sql.close();
    assert.is(statSync(file).mode & 0o077, 0);
    assert.is(
      codeOf(() => openSql(file, { key: OTHER_KEY })),
      'wrong-key',
    );
    assert.is(
      codeOf(() => openSql(file, { key: OTHER_KEY, readOnly: true })),
      'wrong-key',
    );
    const reader = openSql(file, { key: KEY, readOnly: true });
    assert.equal(reader.all('SELECT text FROM note'), [{ text: 'a secret word' }]);
    reader.close();
  }));

test('a key for a file that is not encrypted is the wrong key', () =>
  inFolder((file) => {
    makeFile(file);
    assert.is(
      codeOf(() => openSql(file, { key: KEY })),
      'wrong-key',
    );
  }));

test('a damaged, cut or missing file is damaged, never a new one', () =>
  inFolder((file) => {
    makeFile(file, { key: KEY });
    const good = readFileSync(file);
    for (const offset of [20, 5000, good.length - 10]) {
      const bad = Buffer.from(good);
      bad[offset] = (bad[offset] ?? 0) ^ 1;
      writeFileSync(file, bad);
      assert.is(
        codeOf(() => openSql(file, { key: KEY })),
        'damaged',
        `byte ${offset}`,
      );
    }
    truncateSync(file, 0);
    assert.is(
      codeOf(() => openSql(file, { key: KEY })),
      'damaged',
      'emptied',
    );
    rmSync(file);
    assert.is(
      codeOf(() => openSql(file, { key: KEY })),
      'damaged',
      'removed',
    );
    writeFileSync(file, good);
    openSql(file, { key: KEY }).close();
  }));

test('a file that is no database is damaged, a folder that is not there an io error', () =>
  inFolder((file) => {
    writeFileSync(file, 'this is a letter to the reader, long enough to be read as a header...');
    assert.is(
      codeOf(() => openSql(file)),
      'damaged',
    );
    assert.is(
      codeOf(() => openSql(join(file, 'below', 'y.db'))),
      'io',
    );
    assert.is(
      codeOf(() => openSql(`${file}.none`, { readOnly: true })),
      'io',
    );
  }));

test('a first start that was cut off before the proof of the key is finished by the next', () =>
  inFolder((file) => {
    makeFile(file, { key: KEY });
    rmSync(`${file}.meta.json`);
    openSql(file, { key: KEY }).close();
    assert.is(
      codeOf(() => openSql(file, { key: OTHER_KEY })),
      'wrong-key',
    );
  }));

test.run();
