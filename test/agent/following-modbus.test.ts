/**
 * Metering and following of an emulated home through real Modbus TCP: register map, bus, drivers,
 * counters as float32, and the home's own books as the judge.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBattery } from '../../agent/drivers/battery.ts';
import { openMeter } from '../../agent/drivers/meter.ts';
import { loadProfile } from '../../agent/drivers/profile.ts';
import { openCoilRelay } from '../../agent/drivers/relays/coil.ts';
import { EventMap } from '../../agent/events.ts';
import { FollowingService } from '../../agent/following.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { dailyNeed, loadModel } from '../../agent/loads/model.ts';
import { MeteringService } from '../../agent/metering.ts';
import { Buses } from '../../host/modbus/open-bus.ts';
import type { Log } from '../../host/ports.ts';
import { projectResources } from '../../host/resources.ts';
import { openSql } from '../../host/sqlite.ts';
import { EmulatedHome } from '../../testbed/emulators/emulated-home.ts';
import { generateCommunity } from '../../testbed/homes/community.ts';
import { ManualClock } from './manual-clock.ts';

const test = suite('following-modbus');

const START_MS = Date.UTC(2026, 5, 12, 9);
const FIRST = START_MS / 900_000;
const INTERVALS = 8;
const quiet: Log = { info() {}, warn() {}, error() {} };

interface Run {
  clock: ManualClock;
  home: EmulatedHome;
  journal: Journal;
  buses: Buses;
  runTo(interval: number): Promise<void>;
}

/** A home that trades a third of its expected load away, polled 12 times an interval. */
async function withEmulatedHome(isEnabled: boolean, work: (run: Run) => Promise<void>) {
  const startsAtMs = START_MS;
  const community = generateCommunity({ homes: 6, feeders: 1, seed: 5, startsAtMs, days: 1 });
  const spec = community.homes.find(
    (each) => each.switchedLoad !== null && each.battery !== null && each.pvW.every((w) => w === 0),
  );
  if (!spec?.battery || !spec.switchedLoad) throw new Error('no home with battery and boiler');
  const clock = new ManualClock(START_MS);
  const home = new EmulatedHome(spec, () => clock.trueMs(), 5);
  const port = await home.listen('127.0.0.1');
  const buses = new Buses();
  const bus = buses.open({
    name: 'home',
    connection: { kind: 'tcp', host: '127.0.0.1', port },
    timeoutMs: 250,
  });
  const resources = projectResources();
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(sql);
  const calendar = { intervalSeconds: 900 };
  const shared = { clock, log: quiet, journal, events: new EventMap(), calendar, pollMs: 75_000 };
  const { powerW, energyPerDayWs } = spec.switchedLoad;
  const minimums = { minimumOnMs: 600_000, minimumOffMs: 300_000 };
  const need = dailyNeed(energyPerDayWs);
  const settings = loadModel({ name: 'boiler', powerW, need, ...minimums });
  const battery = openBattery(bus, loadProfile(resources, 'transax-lab-battery'), 2);
  const following = new FollowingService({
    ...shared,
    battery: { device: battery, limits: { ...spec.battery, lowShare: 0.1, highShare: 0.95 } },
    loads: [{ settings, relays: [openCoilRelay(bus, 3, 0)] }],
    zone: 'Europe/Berlin',
    isEnabled,
  });
  const meter = openMeter(bus, loadProfile(resources, 'eastron-sdm630'), 1);
  const metering = new MeteringService({ ...shared, meter, maxPowerW: spec.maxPowerW });
  for (let i = 0; i < INTERVALS; i++) {
    const interval = FIRST + i;
    const netW = Math.round((spec.loadW[i] ?? 0) - (spec.pvW[i] ?? 0));
    const loadsW = i === 2 || i === 3 ? powerW : 0;
    const rest = { batteryW: 0, plannedW: netW, code: null, sentence: null };
    journal.recordPlan(interval - 1, [], [{ interval, madeIn: interval - 1, loadsW, ...rest }]);
    const untradedW = netW + loadsW;
    const committedW = i % 2 === 0 ? -900 : 600;
    journal.recordSchedule({ interval, committedW, untradedW, decidedAtMs: START_MS });
  }
  const ending = new AbortController();
  try {
    await following.start(ending.signal);
    metering.start(ending.signal);
    const runTo = (interval: number) => clock.runTo(START_MS + interval * 900_000);
    await work({ clock, home, journal, buses, runTo });
  } finally {
    await metering.stop();
    await following.stop();
    buses.close();
    await home.close();
    sql.close();
  }
}

function errorPercent({ home, journal }: Run): number {
  let error = 0;
  let total = 0;
  for (let i = 1; i < INTERVALS; i++) {
    const row = journal.schedule(FIRST + i);
    const targetWs = row === null ? Number.NaN : (row.committedW + row.untradedW) * 900;
    const { importedWs, exportedWs } = home.interval(FIRST + i);
    error += Math.abs(importedWs - exportedWs - targetWs);
    total += Math.abs(targetWs);
  }
  return (100 * error) / total;
}

test('an emulated home is held within 5 % of its schedule, and only by the follower', async () => {
  await withEmulatedHome(true, async (run) => {
    await run.runTo(INTERVALS);
    const held = errorPercent(run);
    assert.ok(held <= 5, `with the follower ${held.toFixed(2)} %`);
    assert.is(run.home.relaySwitches, 2);
  });
  await withEmulatedHome(false, async (run) => {
    await run.runTo(INTERVALS);
    const control = errorPercent(run);
    assert.ok(control > 20, `without it ${control.toFixed(2)} %`);
    assert.is(run.home.relaySwitches, 2);
  });
});

test('readings are what the home knows of itself, to the step of its counters', () =>
  withEmulatedHome(true, async (run) => {
    await run.runTo(INTERVALS);
    const readings = run.journal.readings(FIRST, FIRST + INTERVALS);
    assert.is(readings.length, INTERVALS);
    for (const { interval, importedWs, exportedWs, quality } of readings) {
      const truth = run.home.interval(interval);
      assert.is(quality, 'measured');
      // float32 kWh tells a counter of up to 1,000 kWh in steps of 220 Ws.
      assert.ok(Math.abs((importedWs ?? 0) - truth.importedWs) <= 4 * 220);
      assert.ok(Math.abs((exportedWs ?? 0) - truth.exportedWs) <= 4 * 220);
    }
    assert.ok(run.home.reads >= 12 * INTERVALS);
  }));

for (const lineMode of ['rubbish', 'silent'] as const) {
  test(`a line that is ${lineMode} for a while makes no wrong reading`, () =>
    withEmulatedHome(true, async (run) => {
      const { home, clock } = run;
      await clock.runTo(START_MS + 1.2 * 900_000);
      home.lineMode = lineMode;
      await clock.runTo(START_MS + 1.5 * 900_000);
      // The dead-man timer of the battery ran out meanwhile.
      home.advance(clock.trueMs());
      assert.is(home.state().batteryMode, 'automatic');
      home.lineMode = 'ok';
      await clock.runTo(START_MS + 3 * 900_000);
      const reading = run.journal.reading(FIRST + 1);
      const truth = home.interval(FIRST + 1);
      assert.is(reading?.quality, 'counter-filled');
      const netWs = (reading?.importedWs ?? 0) - (reading?.exportedWs ?? 0);
      assert.ok(Math.abs(netWs - (truth.importedWs - truth.exportedWs)) <= 4 * 220);
      assert.is(home.state().batteryMode, 'set-point');
    }));
}

test.run();
