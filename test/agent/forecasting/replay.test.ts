/** A stepped run with training in a real thread is the same each time, byte by byte. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventMap } from '../../../agent/events.ts';
import { ControlledPower } from '../../../agent/journal/controlled.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { PlanningService } from '../../../agent/planning.ts';
import { nodeFiles } from '../../../host/files.ts';
import { houseMqtt } from '../../../host/mqtt.ts';
import { openSql } from '../../../host/sqlite.ts';
import { SteppedClock } from '../../../host/stepped-clock.ts';
import type { Threads } from '../../../host/thread-port.ts';
import { nodeThreads } from '../../../host/threads.ts';
import { labRandom } from '../../../testbed/lab-random.ts';
import { DAY, madeLoadW, NOW, recordLoad } from './made-home.ts';

const test = suite('replay with training');
const quiet = { info() {}, warn() {}, error() {} };
const CALENDAR = {
  ...{ intervalSeconds: 900, clearIntervals: 1, leadSeconds: 60, quietSeconds: 300 },
  horizonIntervals: 13,
};

/** Everything that the journal holds of forecasts, plans and skill after some intervals. */
async function run(threads: Threads, intervals: number): Promise<{ all: string; first: string }> {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(sql);
  const load = madeLoadW(18);
  const later = load.slice(-intervals).map(({ powerW }, ahead) => ({
    interval: NOW + ahead,
    powerW,
  }));
  recordLoad(journal, load);
  const clock = new SteppedClock(NOW * 900_000 + 1000);
  const events = new EventMap();
  const planning = new PlanningService({
    settings: {
      ...{ battery: null, loads: [], groups: [] },
      home: { zone: 'Europe/Berlin', maxPowerW: 11_000 },
      trading: { pollMs: 5000, ahead: 1, blockMs: 15_000, strategy: 'truthful' },
      forecast: { method: 'auto', weather: null },
    },
    ...{ calendar: CALENDAR, leastOfferWs: 3600, clock, log: quiet, events, journal },
    clearsAt: () => ({ bids: 0, asks: 0 }),
    ...{ controlled: new ControlledPower(sql), battery: null, generation: null, ownMargin: null },
    market: {
      openOffers: () => [],
      flexibleSoldW: () => new Map(),
      tariffAt: () => ({ useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] }),
      maxPowerW: () => 11_000,
    },
    ...{
      random: labRandom('home 7'),
      files: nodeFiles(),
      mqtt: houseMqtt(),
      threads,
      isRealPace: false,
    },
  });
  const ending = new AbortController();
  planning.start(ending.signal);
  await planning.planNow();
  const first = planning.plan?.slots[0]?.forecast.method ?? '';
  for (const each of later) {
    await clock.advance((each.interval + 1) * 900_000 + 500);
    recordLoad(journal, [each]);
    await events.emit('interval-closed', { interval: each.interval });
  }
  ending.abort();
  await planning.stop();
  const tables = ['forecasts', 'plans', 'forecast_skill', 'forecast_choices'];
  const trained = sql.all('SELECT series, outcome, at_ms, days FROM trainings');
  const rows = tables.map((table) => sql.all(`SELECT * FROM ${table}`));
  return { all: JSON.stringify([...rows, trained]), first };
}

test('the same run twice gives the same forecasts, plans and skill', async () => {
  const one = await run(nodeThreads(), DAY + 8);
  const other = await run(slowed(nodeThreads()), DAY + 8);
  assert.match(one.first, /^trained \(18 days\)|^[a-z]+[0-9]*$/);
  assert.match(one.all, /"trained"/);
  assert.is(one.all, other.all);
});

/** A machine with other things to do. */
function slowed(threads: Threads): Threads {
  return {
    async run(job, signal) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return threads.run(job, signal);
    },
  };
}

test.run();
