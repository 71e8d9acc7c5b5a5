/** A home with a meter on its roof: load and generation are forecast each by itself. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WeatherPlace } from '../../../agent/config/forecast.ts';
import { forecastReport } from '../../../agent/forecasting/forecast-report.ts';
import { HomeForecasts } from '../../../agent/forecasting/home-forecasts.ts';
import { ControlledPower } from '../../../agent/journal/controlled.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { trainFrom } from '../../../agent/training/training-job.ts';
import { nodeFiles } from '../../../host/files.ts';
import { houseMqtt } from '../../../host/mqtt.ts';
import type { HouseMqtt } from '../../../host/mqtt-port.ts';
import { FileError, type Files } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';
import { SteppedClock } from '../../../host/stepped-clock.ts';
import type { Threads } from '../../../host/thread-port.ts';
import { labRandom } from '../../../testbed/lab-random.ts';
import { DAY, madeLoadW, NOW, recordLoad } from './made-home.ts';

const test = suite('home forecasts');
const quiet = { info() {}, warn() {}, error() {} };

function seenOf(forecasts: HomeForecasts, name: string, interval: number): number | null {
  return forecasts.series(name)?.forecaster.valueOf(interval) ?? null;
}

/** A sun that shines from 6 to 18 o'clock UTC. */
function sunW(interval: number): number {
  const slot = interval % DAY;
  return slot < 24 || slot >= 72 ? 0 : Math.round(3000 * (1 - Math.abs(slot - 48) / 24));
}

interface Change {
  hasPv?: boolean;
  threads?: Threads | null;
  weather?: WeatherPlace;
  files?: Files;
  mqtt?: HouseMqtt;
}

function scene(days: number, change: Change = {}) {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(sql);
  const hasPv = change.hasPv ?? true;
  const net = madeLoadW(days).map(({ interval, powerW }) => ({
    interval,
    powerW: powerW - sunW(interval),
  }));
  recordLoad(journal, net);
  sql.transaction(() => {
    if (!hasPv) return;
    for (const { interval } of net) journal.generated.record(interval, sunW(interval));
  });
  const clock = new SteppedClock(NOW * 900_000 + 1000);
  const settings = {
    ...{ battery: null, loads: [], home: { zone: 'Europe/Berlin', maxPowerW: 11_000 } },
    forecast: { method: 'auto' as const, weather: change.weather ?? null },
  };
  const seen = new Map<number, number>();
  const forecasts = new HomeForecasts({
    ...{ settings, intervalSeconds: 900, clock, log: quiet, random: labRandom('a home'), journal },
    ...{ files: change.files ?? nodeFiles(), mqtt: change.mqtt ?? houseMqtt() },
    ...{ controlled: new ControlledPower(sql), battery: null, isRealPace: false },
    generation: hasPv ? { generatedW: (interval) => seen.get(interval) ?? null } : null,
    threads: change.threads ?? null,
  });
  const ending = new AbortController();
  forecasts.start(ending.signal);
  const report = () =>
    forecastReport({
      records: journal.forecasts,
      settings: {
        ...settings,
        meters: hasPv ? [{ role: 'grid' }, { role: 'pv' }] : [{ role: 'grid' }],
        lab: { clock: undefined },
      } as unknown as Parameters<typeof forecastReport>[0]['settings'],
      intervalSeconds: 900,
      now: NOW,
    });
  return { sql, journal, clock, forecasts, seen, report, ending };
}

test('load and generation are expected each by itself, and kept beside the plan', () => {
  const { sql, journal, forecasts } = scene(10);
  const ahead = forecasts.ahead(NOW, 96, 12);
  assert.is(ahead?.length, 96);
  sql.transaction(() => forecasts.write(NOW));
  const expected = journal.generated.expected(NOW, NOW + 200);
  assert.is(expected.size, 12);
  for (const [interval, { loadW, generationW }] of expected) {
    assert.is(generationW, sunW(interval), 'the sun of every day');
    assert.ok(loadW >= 50 && loadW < 3_000, `${loadW} W`);
  }
  forecasts.ahead(NOW + 5, 96, 12);
  sql.transaction(() => forecasts.write(NOW + 5));
  assert.is(journal.generated.expected(0, NOW + 4).size, 0, 'the past goes');
});

test('without a meter on the roof there is the net load alone', () => {
  const { sql, journal, forecasts, report } = scene(10, { hasPv: false });
  forecasts.ahead(NOW, 96, 12);
  sql.transaction(() => forecasts.write(NOW));
  assert.is(journal.generated.expected(0, NOW + 200).size, 0);
  assert.equal(
    report().series.map(({ name }) => name),
    ['net'],
  );
});

test('a new interval goes to all three, and is kept for the next start', () => {
  const { journal, forecasts, seen } = scene(10);
  seen.set(NOW, 777);
  recordLoad(journal, [{ interval: NOW, powerW: -277 }]);
  forecasts.take(NOW);
  assert.equal([...journal.generated.between(NOW, NOW)], [[NOW, 777]]);
  assert.is(seenOf(forecasts, 'load', NOW), 500);
  assert.is(seenOf(forecasts, 'generation', NOW), 777);
  assert.is(seenOf(forecasts, 'net', NOW), -277);
  recordLoad(journal, [{ interval: NOW + 1, powerW: 100 }]);
  forecasts.take(NOW + 1);
  assert.is(seenOf(forecasts, 'load', NOW + 1), null, 'the roof was not seen');
  assert.is(seenOf(forecasts, 'net', NOW + 1), 100);
});

test('each series is trained, scored and told of', async () => {
  const threads: Threads = { run: async ({ input }) => trainFrom(input) };
  const { sql, clock, journal, forecasts, seen, report } = scene(16, { threads });
  await forecasts.settled();
  for (let ahead = 0; ahead < 6; ahead += 1) {
    forecasts.ahead(NOW + ahead, 96, 12);
    seen.set(NOW + ahead, 600);
    recordLoad(journal, [{ interval: NOW + ahead, powerW: -200 }]);
    await clock.advance((NOW + ahead + 1) * 900_000 + 1000);
    forecasts.take(NOW + ahead);
  }
  forecasts.ahead(NOW + 6, 96, 12);
  sql.transaction(() => forecasts.write(NOW + 6));
  for (const { name, training, leads, history } of report().series) {
    assert.is(training.state, 'trained', name);
    assert.is(leads[0]?.used?.count, 6, name);
    assert.is(history.known, 16 * DAY, name);
  }
  const day = Math.floor(NOW / DAY);
  const methods = journal.forecasts.skill('net', day, day + 1).map(({ method }) => method);
  assert.ok(methods.includes('parts'));
});

test('generation that follows the weather is forecast by it; a file may go', async () => {
  // The sun of each day shines as one forecast says, and no two days are alike.
  const share = (interval: number) => 0.2 + ((Math.floor(interval / DAY) * 7) % 9) / 10;
  const wm2 = (interval: number) => Math.round(share(interval) * sunW(interval) * 0.3);
  const weather = (from: number, to: number) => {
    const rows = Array.from({ length: to - from }, (_, place) => {
      const at = new Date((from + place) * 900_000).toISOString();
      return `${at},${wm2(from + place)},`;
    });
    return ['utc,irradiance_w_m2,temperature_c', ...rows].join('\n');
  };
  let text: string | null = weather(NOW, NOW + 12 * DAY);
  const files = {
    ...nodeFiles(),
    readText(path: string): string {
      if (text === null) throw new FileError(path, 'missing', 'there is no weather.csv');
      return text;
    },
  };
  const { forecasts, journal, sql, clock, seen } = scene(3, { weather: 'weather.csv', files });
  const made = async (interval: number) => {
    forecasts.ahead(interval, 1, 1);
    sql.transaction(() => forecasts.write(interval));
    forecasts.written(undefined);
    seen.set(interval, share(interval) * sunW(interval));
    const powerW = Math.round(300 - share(interval) * sunW(interval));
    recordLoad(journal, [{ interval, powerW }]);
    await clock.advance((interval + 1) * 900_000 + 1000);
    forecasts.take(interval);
  };
  for (let ahead = 0; ahead < 9 * DAY; ahead += 1) await made(NOW + ahead);
  const last = NOW + 9 * DAY;
  forecasts.ahead(last, 96, 12);
  sql.transaction(() => forecasts.write(last));
  const noon = last + ((48 + DAY - (last % DAY)) % DAY);
  const choice = journal.forecasts.choices('generation').find(({ leads }) => leads === '17-96');
  assert.is(choice?.method, 'irradiance');
  assert.is(journal.weather.between(NOW, last + 1).size, 9 * DAY + 2);
  const expected = forecasts.series('generation')?.forecast(noon);
  const trueW = share(noon) * sunW(noon);
  assert.ok(Math.abs((expected?.p50W ?? 0) - trueW) < 0.05 * trueW, `${expected?.p50W} W`);
  text = null;
  forecasts.ahead(last, 96, 12);
  assert.ok(forecasts.series('generation')?.forecast(noon) !== null);
});

test('nothing is learned before the clock is proven, then everything', () => {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(sql);
  recordLoad(journal, madeLoadW(5));
  let isProven = false;
  let nowMs = 1_000_000;
  const clock = {
    now: () => nowMs,
    monotonicMs: () => 0,
    isProven: () => isProven,
    pacer: () => ({ until: () => new Promise<void>(() => {}), close() {} }),
    delay: () => new Promise<void>(() => {}),
  };
  const forecasts = new HomeForecasts({
    settings: {
      ...{ battery: null, loads: [], home: { zone: 'Europe/Berlin', maxPowerW: 11_000 } },
      forecast: { method: 'auto', weather: null },
    },
    ...{ intervalSeconds: 900, clock, log: quiet, random: labRandom('a home'), journal },
    ...{ files: nodeFiles(), mqtt: houseMqtt() },
    ...{ controlled: new ControlledPower(sql), battery: null, isRealPace: true },
    ...{ generation: null, threads: null },
  });
  forecasts.start(new AbortController().signal);
  assert.is(forecasts.forecast(NOW + 1), null);
  isProven = true;
  nowMs = NOW * 900_000 + 1000;
  forecasts.take(NOW - 1);
  assert.ok(forecasts.forecast(NOW + 1) !== null);
  assert.is(seenOf(forecasts, 'net', NOW - 4 * DAY), madeLoadW(5)[DAY]?.powerW);
});

test.run();
