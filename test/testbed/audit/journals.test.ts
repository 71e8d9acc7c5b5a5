import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { openSql } from '../../../host/sqlite.ts';
import { BOOKS_MIGRATIONS } from '../../../operator/books/schema.ts';
import { readAddressBook } from '../../../testbed/audit/books.ts';
import { readSchedule } from '../../../testbed/audit/journals.ts';
import { AuditError } from '../../../testbed/audit/raw-chain.ts';

const test = suite('audit of journals');

function inFolder(work: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'transax-audit-'));
  try {
    work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('reads the schedule of a journal that its agent still has open', () =>
  inFolder((dir) => {
    const path = join(dir, 'journal.db');
    const sql = openSql(path, { migrations: [...JOURNAL_MIGRATIONS] });
    try {
      sql.run('INSERT INTO schedule VALUES (7, -250, 100, 1800000000123)');
      const row = { interval: 7, committedW: -250, untradedW: 100, decidedAtMs: 1800000000123 };
      assert.equal(readSchedule(path), [row]);
      sql.run('INSERT INTO schedule VALUES (8, 0, 1, 1)');
      assert.is(readSchedule(path).length, 2);
    } finally {
      sql.close();
    }
  }));

test('reads whose an address is from the books of a running DSO', () =>
  inFolder((dir) => {
    const path = join(dir, 'books.db');
    const sql = openSql(path, { migrations: [...BOOKS_MIGRATIONS] });
    try {
      sql.run(
        `INSERT INTO meters
         (meter_id, feeder, max_power_w, balance_micro, suspended, added_at_ms)
         VALUES ('0xAB', 1, 11000, '0', 0, 1)`,
      );
      sql.run(
        `INSERT INTO withdrawals
         (request_id, meter_id, address, digest, amount_micro, money, state, code, sentence, at_ms)
         VALUES ('r', '0xAB', '0xCD', 'd', '0', 'none', 'granted', NULL, NULL, 1)`,
      );
      sql.run("INSERT INTO addresses VALUES ('0xCD', 'r', '0xAB')");
      assert.equal([...readAddressBook(path)], [['0xcd', '0xab']]);
    } finally {
      sql.close();
    }
  }));

test('a journal that is not there is an error, not an empty one', () =>
  inFolder((dir) => {
    assert.throws(
      () => readSchedule(join(dir, 'none.db')),
      (error: unknown) => error instanceof AuditError && error.code === 'journal',
    );
  }));

test.run();
