import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventMap } from '../../agent/events.ts';
import { ControlledPower } from '../../agent/journal/controlled.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { loadModel } from '../../agent/loads/model.ts';
import { type MarketView, PlanningService } from '../../agent/planning.ts';
import type { Plan } from '../../agent/strategy/plan.ts';
import { nodeFiles } from '../../host/files.ts';
import { houseMqtt } from '../../host/mqtt.ts';
import { type Log, type Sql, SqlError } from '../../host/ports.ts';
import { nodeRandom } from '../../host/random.ts';
import { openSql } from '../../host/sqlite.ts';
import { SteppedClock } from '../../host/stepped-clock.ts';

const test = suite('planning');
const DAY = 96;
const NOW = 20_000 * DAY + 40;
const quiet: Log = { info() {}, warn() {}, error() {} };
const CALENDAR = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 13,
};
const RELAY = { driver: 'modbus-coil' as const, bus: 'house', unit: 1, coil: 0 };
const LOAD = { ...loadModel({ name: 'boiler', powerW: 2000 }), relays: [RELAY] };
const MARKET: MarketView = {
  openOffers: () => [],
  flexibleSoldW: () => new Map(),
  tariffAt: () => ({ useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] }),
  maxPowerW: () => 11_000,
};

function recordDays(journal: Journal, days: number, powerOf: (slot: number) => number): void {
  const rows = [];
  for (let interval = NOW - days * DAY; interval < NOW; interval += 1) {
    const ws = Math.round(powerOf(interval % DAY) * 900);
    rows.push({
      interval,
      importedWs: Math.max(0, ws),
      exportedWs: Math.max(0, -ws),
      quality: 'measured' as const,
      isAcknowledged: false,
    });
  }
  journal.recordReadings(rows, null);
}

function start(sql: Sql, change: { hasLoad?: boolean; market?: Partial<MarketView> } = {}) {
  const events = new EventMap();
  const plans: Plan[] = [];
  events.on('planned', ({ plan }) => void plans.push(plan));
  const journal = new Journal(sql);
  const planning = new PlanningService({
    settings: {
      battery: null,
      loads: change.hasLoad ? [LOAD] : [],
      groups: [],
      home: { zone: 'Europe/Berlin', maxPowerW: 11_000 },
      trading: { pollMs: 5000, ahead: 1, blockMs: 15_000, strategy: 'truthful' },
      forecast: { method: 'auto', weather: null },
    },
    calendar: CALENDAR,
    leastOfferWs: 3600,
    clock: new SteppedClock(NOW * 900_000 + 1000),
    log: quiet,
    events,
    journal,
    controlled: new ControlledPower(sql),
    battery: null,
    clearsAt: () => ({ bids: 0, asks: 0 }),
    generation: null,
    market: { ...MARKET, ...change.market },
    random: nodeRandom(),
    files: nodeFiles(),
    threads: null,
    mqtt: houseMqtt(),
    isRealPace: false,
    ownMargin: 0.05,
  });
  planning.start(new AbortController().signal);
  return { planning, journal, plans, events };
}

test('a restart knows what the journal knows, and plans at once', async () => {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  recordDays(new Journal(sql), 9, (slot) => 10 * slot);
  const { planning, plans, journal } = start(sql);
  await planning.planNow();
  assert.is(plans.length, 1);
  assert.is(plans[0]?.slots[0]?.forecast.method, 'slot-median-28d (9 days)');
  assert.is(plans[0]?.slots[0]?.plannedW, 10 * ((NOW + 1) % DAY));
  const row = journal.plan(NOW + 1);
  assert.is(row?.plannedW, 10 * ((NOW + 1) % DAY));
  assert.match(row?.sentence ?? '', /^bid for/);
  assert.is(journal.plans(NOW, NOW + 99).length, 12, 'the horizon is written, no more');
});

test('what loads took is no part of the forecast', async () => {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  recordDays(new Journal(sql), 9, () => 2300);
  const controlled = new ControlledPower(sql);
  for (let interval = NOW - 9 * DAY; interval < NOW; interval += 1) {
    controlled.record(interval, 0, 2000);
  }
  const { planning, plans } = start(sql, { hasLoad: true });
  await planning.planNow();
  assert.is(plans[0]?.slots[0]?.forecast.p50W, 300);
});

test('an interval that closes is learned, scored and followed by a plan', async () => {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const { plans, events, journal, planning } = start(sql);
  await planning.planNow();
  assert.is(plans.length, 0, 'nothing is known of this home');
  recordDays(journal, 1 / DAY, () => 700);
  await events.emit('interval-closed', { interval: NOW - 1 });
  assert.is(plans.length, 1);
  assert.is(plans[0]?.madeIn, NOW);
  assert.is(plans[0]?.slots[0]?.forecast.method, 'last values');
});

test('without a tariff nothing is offered, and the plan is made all the same', async () => {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  recordDays(new Journal(sql), 9, () => 500);
  const { planning, plans } = start(sql, { market: { tariffAt: () => null } });
  await planning.planNow();
  assert.equal(plans[0]?.blocks, []);
  assert.is(plans[0]?.slots[0]?.plannedW, 500);
});

test('a disk that is full costs the plan and not the process', async () => {
  const real = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  recordDays(new Journal(real), 9, () => 500);
  const full: Sql = {
    run: real.run.bind(real),
    get: real.get.bind(real),
    all: real.all.bind(real),
    bytesOnDisk: () => 0,
    close: () => real.close(),
    transaction: () => {
      throw new SqlError('journal.db', 'full', 'the disk is full');
    },
  };
  const { planning, plans, journal } = start(full);
  await planning.planNow();
  assert.is(plans.length, 0);
  assert.not(journal.isWritable);
});

test.run();
