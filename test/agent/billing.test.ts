import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BillingService } from '../../agent/billing.ts';
import { EventMap } from '../../agent/events.ts';
import { ControlledPower } from '../../agent/journal/controlled.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { openSql } from '../../host/sqlite.ts';
import { stillClock } from '../chain/scripted-transport.ts';
import { fillable } from './fillable-sql.ts';

const test = suite('billing');

const quiet = { info() {}, warn() {}, error() {} };
const TARIFF = { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] };
/** Clocks in Berlin go back on 25 October 2026: that day has 100 quarter hours. */
const LONG_DAY = Date.UTC(2026, 9, 24, 22) / 900_000;
const LONG = 100;

function setUp(hasBattery = false) {
  const disk = { isFull: false, fillsOnClose: false };
  const sql = fillable(openSql(':memory:', { migrations: JOURNAL_MIGRATIONS }), () => disk.isFull);
  const journal = new Journal(sql);
  const controlled = new ControlledPower(sql);
  const events = new EventMap();
  const clock = stillClock(0);
  const battery = {
    ...{ capacityWs: 18_000_000, chargeW: 2_000, dischargeW: 2_000 },
    ...{ lowShare: 0, highShare: 1, efficiency: 1 },
  };
  const settings = { home: { zone: 'Europe/Berlin', maxPowerW: 9_000 } };
  events.on('interval-closed', () => {
    disk.isFull = disk.fillsOnClose;
  });
  new BillingService({
    settings: { ...settings, battery: hasBattery ? battery : null } as never,
    ...{ intervalSeconds: 900, clock, log: quiet, events, journal, controlled },
    tariffAt: () => TARIFF,
  }).start(new AbortController().signal);
  /** An interval closes; null: nothing was metered. */
  const close = async (interval: number, importedWs: number | null, tradedW = 0) => {
    clock.nowMs = (interval + 1) * 900_000 + 1_000;
    const energy = { importedWs, exportedWs: importedWs === null ? null : 0 };
    const quality = importedWs === null ? ('incomplete' as const) : ('measured' as const);
    journal.recordReadings([{ interval, ...energy, quality, isAcknowledged: false }], null);
    if (tradedW !== 0) {
      const rest = { untradedW: 0, decidedAtMs: 0 };
      journal.recordSchedule({ interval, committedW: tradedW, ...rest });
    }
    await events.emit('interval-closed', { interval });
  };
  return { journal, controlled, clock, disk, close };
}

test('each local day gets one bill when it is over, also the day with an hour more', async () => {
  const { journal, close } = setUp();
  for (let at = 0; at < LONG; at += 1) {
    assert.equal(journal.bills.last(1), []);
    await close(LONG_DAY + at, at === 7 ? null : 900_000, at === 0 ? 1_000 : 0);
  }
  const [bill] = journal.bills.last(9);
  assert.is(bill?.firstInterval, LONG_DAY);
  assert.equal([bill?.intervals, bill?.missing], [LONG, 1]);
  assert.is(bill?.importedWs, 99 * 900_000);
  assert.is(bill?.boughtWs, 900_000);
  assert.is(bill?.aloneMicro, 99 * 75_000);
  assert.is(bill?.paidMicro, 98 * 75_000 + 43_750);
  await close(LONG_DAY + LONG, 900_000);
  assert.is(journal.bills.last(9).length, 1);
});

test('after an outage over midnight the day is made up for at the next one', async () => {
  const { journal, close } = setUp();
  await close(LONG_DAY, 900_000);
  await close(LONG_DAY + LONG + 3, 900_000);
  assert.equal(journal.bills.last(9), []);
  for (let at = 4; at < 96; at += 1) await close(LONG_DAY + LONG + at, 900_000);
  const bills = journal.bills.last(9);
  assert.equal(
    bills.map(({ firstInterval, missing }) => [firstInterval, missing]),
    [
      [LONG_DAY, 99],
      [LONG_DAY + LONG, 3],
    ],
  );
});

test('with a battery, what it took must be known; what it would hold alone goes on', async () => {
  const { journal, controlled, close } = setUp(true);
  for (let at = 0; at < LONG; at += 1) {
    if (at > 0) controlled.record(LONG_DAY + at, at < 10 ? -1_000 : 0, 0);
    await close(LONG_DAY + at, at < 10 ? 0 : 360_000);
  }
  const [bill] = journal.bills.last(1);
  assert.is(bill?.missing, 1);
  // Half full at first: 9 MWs cover 9 x 0.9 MWs of the hidden need, and 2.5 of the 0.36 after.
  assert.is(bill?.aloneStoredWs, 0);
  const need = 9 * 900_000 + 90 * 360_000;
  assert.is(bill?.aloneMicro, Math.round(((need - 9_000_000) * 300_000) / 3_600_000));
  for (let at = 0; at < 96; at += 1) {
    controlled.record(LONG_DAY + LONG + at, 0, 0);
    await close(LONG_DAY + LONG + at, 360_000);
  }
  assert.is(journal.bills.last(1)[0]?.aloneMicro, (96 * 360_000 * 300_000) / 3_600_000);
});

test('a full disk or an unproven clock costs the bill for now, not the agent', async () => {
  const { journal, clock, disk, close } = setUp();
  for (let at = 0; at < LONG - 1; at += 1) await close(LONG_DAY + at, 900_000);
  clock.isGood = false;
  await close(LONG_DAY + LONG - 1, 900_000);
  assert.equal(journal.bills.last(1), []);
  clock.isGood = true;
  const next = LONG_DAY + LONG;
  for (let at = 0; at < 95; at += 1) await close(next + at, 900_000);
  disk.fillsOnClose = true;
  await close(next + 95, 900_000);
  disk.isFull = false;
  disk.fillsOnClose = false;
  assert.equal(journal.bills.last(1), []);
  for (let at = 96; at < 192; at += 1) await close(next + at, 900_000);
  assert.is(journal.bills.last(9).length, 3);
});

test.run();
