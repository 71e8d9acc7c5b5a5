import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../../agent/journal/journal.ts';
import type { ReadingRow } from '../../../agent/journal/rows.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { type Sql, SqlError } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';
import { fillable } from '../fillable-sql.ts';

const test = suite('journal');

function openJournal(wrap: (sql: Sql) => Sql = (sql) => sql): Journal {
  return new Journal(wrap(openSql(':memory:', { migrations: JOURNAL_MIGRATIONS })));
}

function measured(interval: number, importedWs: number | null): ReadingRow {
  const quality = importedWs === null ? 'incomplete' : 'measured';
  return { interval, importedWs, exportedWs: importedWs, quality, isAcknowledged: false };
}

test('a reading is never replaced', () => {
  const journal = openJournal();
  journal.recordReadings([measured(7, 1000)], null);
  journal.recordReadings([measured(7, 2000), measured(8, 3000)], null);
  assert.is(journal.reading(7)?.importedWs, 1000);
  assert.is(journal.reading(8)?.importedWs, 3000);
  journal.close();
});

test('unknown energy is null, and is not sent', () => {
  const journal = openJournal();
  journal.recordReadings([measured(7, null), measured(8, 5)], null);
  assert.is(journal.reading(7)?.importedWs, null);
  assert.equal(
    journal.unacknowledgedReadings(10).map((each) => each.interval),
    [8],
  );
  journal.acknowledgeReading(8);
  assert.equal(journal.unacknowledgedReadings(10), []);
  journal.close();
});

test('the first schedule of an interval stands', () => {
  const journal = openJournal();
  const row = { interval: 3, committedW: -500, untradedW: 20, decidedAtMs: 1 };
  assert.is(journal.recordSchedule(row), true);
  assert.is(journal.recordSchedule({ ...row, committedW: 0 }), false);
  assert.equal(journal.schedule(3), row);
  assert.is(journal.schedule(4), null);
  journal.close();
});

test('the latest plan of an interval replaces the earlier, forecasts are kept', () => {
  const journal = openJournal();
  const slot = { interval: 9, batteryW: 1, loadsW: 2, plannedW: 3, code: null, sentence: null };
  const forecast = { interval: 9, p10W: 1.4, p50W: 2, p90W: 3, method: 'last value' };
  journal.recordPlan(5, [forecast], [{ ...slot, madeIn: 5 }]);
  journal.recordPlan(6, [forecast], [{ ...slot, madeIn: 6, plannedW: 4, code: 'x' }]);
  assert.equal(journal.plan(9), { ...slot, madeIn: 6, plannedW: 4, code: 'x' });
  assert.equal(
    journal.forecastsFor(9).map((each) => [each.madeIn, each.p10W]),
    [
      [6, 1],
      [5, 1],
    ],
  );
  journal.close();
});

test('on-time is cut at both ends of the span', () => {
  const journal = openJournal();
  const at = (atMs: number, isOn: boolean, load = 'boiler') =>
    journal.recordSwitch({ atMs, load, isOn, why: 'planned' });
  at(100, true);
  at(150, true, 'other');
  at(200, false);
  at(300, true);
  assert.is(journal.onTimeMs('boiler', 150, 350), 50 + 50);
  assert.is(journal.onTimeMs('boiler', 0, 100), 0);
  assert.is(journal.onTimeMs('boiler', 310, 320), 10);
  assert.equal(journal.lastSwitch('boiler'), {
    atMs: 300,
    load: 'boiler',
    isOn: true,
    why: 'planned',
  });
  journal.close();
});

test('the checkpoint comes back as it was', () => {
  const journal = openJournal();
  const checkpoint = {
    atMs: 1_700_000_000_000,
    importedCounterWs: 2 ** 47,
    exportedCounterWs: 12,
    interval: 1,
    runningImportedWs: null,
    runningExportedWs: null,
    quality: 'measured' as const,
  };
  assert.is(journal.lastCheckpoint(), null);
  // The device answered somewhere between question and answer: half a millisecond is no bug.
  journal.recordReadings([], { ...checkpoint, atMs: 1.5 });
  assert.is(journal.lastCheckpoint()?.atMs, 2);
  journal.recordCheckpoint(checkpoint);
  assert.equal(journal.lastCheckpoint(), checkpoint);
  journal.close();
});

test('a full disk shows until a write succeeds', () => {
  let isFull = false;
  const journal = openJournal((sql) => fillable(sql, () => isFull));
  isFull = true;
  assert.throws(
    () => journal.recordReadings([measured(1, 1)], null),
    (error: unknown) => error instanceof SqlError,
  );
  assert.is(journal.isWritable, false);
  isFull = false;
  journal.recordReadings([measured(1, 1)], null);
  assert.is(journal.isWritable, true);
  journal.close();
});

test.run();
