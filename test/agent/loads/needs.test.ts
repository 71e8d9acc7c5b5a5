import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dailyNeed, type LoadModel, loadModel } from '../../../agent/loads/model.ts';
import { missingHeatWs, needOf, periodOf } from '../../../agent/loads/needs.ts';
import { HomeTime } from '../../../agent/strategy/home-time.ts';

const test = suite('needs');

const HOUR = 3_600_000;
const KWH = 3_600_000;
/** A Monday, 00:00 UTC. */
const MONDAY = Date.UTC(2026, 5, 15);
const UTC = new HomeTime('UTC');
const BOILER = loadModel({ name: 'boiler', powerW: 2000, need: dailyNeed(4 * KWH) });

/** @param spans hours since Monday */
function at(load: LoadModel, hour: number, spans: [number, number][] = [], watchedHour = -999) {
  const state = needOf(load, {
    ...{ nowMs: MONDAY + hour * HOUR, time: UTC, spareMs: 900_000 },
    spans: spans.map(([from, to]) => ({ fromMs: MONDAY + from * HOUR, toMs: MONDAY + to * HOUR })),
    watchedSinceMs: MONDAY + watchedHour * HOUR,
  });
  const { mustUntilMs, owedWs, why } = state;
  const mustHours = mustUntilMs === null ? null : (mustUntilMs - MONDAY) / HOUR - hour;
  return { owedKwh: owedWs / KWH, mustHours, why };
}

test('a daily energy is owed until it was had, in proportion on the first day', () => {
  assert.is(at(BOILER, 12, [[3, 4]]).owedKwh, 2);
  assert.is(at(BOILER, 12, [[3, 8]]).owedKwh, 0);
  assert.is(at(BOILER, 12, [[-3, -1]]).owedKwh, 4);
  assert.is(at(BOILER, 12, [], 12).owedKwh, 2);
});

test('it must run when a later start would not do, and not for crumbs', () => {
  assert.is(at(BOILER, 21.7).mustHours, null);
  const late = at(BOILER, 21.8);
  assert.ok(Math.abs((late.mustHours ?? 0) - 2) < 1e-9);
  assert.match(late.why, /in time/);
  assert.is(at(BOILER, 23.9, [[20, 21.9]]).mustHours, null);
});

test('two moments of a day take half each', () => {
  const need = { ...dailyNeed(4 * KWH), bySeconds: [6.5 * 3600, 18 * 3600] };
  const load = { ...BOILER, need };
  assert.is(at(load, 3).owedKwh, 2);
  assert.is(at(load, 7, [[5.5, 6.5]]).owedKwh, 2);
  assert.is(at(load, 7, [[7, 8]]).owedKwh, 2 - 2);
  assert.ok((at(load, 17).mustHours ?? 0) > 0.99);
});

const WASHER = loadModel({
  ...{ name: 'washer', kind: 'deadline', powerW: 2000, programMs: 2 * HOUR },
  need: { energyWs: 4 * KWH, bySeconds: [17 * 3600], days: [1, 2, 3, 4, 5], mustRun: true },
});

test('a program waits for its latest start, and is not cut once it runs', () => {
  assert.is(at(WASHER, 14.7).mustHours, null);
  assert.match(at(WASHER, 14.8).why, /latest start/);
  // It was begun early: it goes on to its end, and is done for the day then.
  const running = at(WASHER, 9, [[8, 9]]);
  assert.is(running.mustHours, 1);
  assert.match(running.why, /program runs/);
  assert.is(running.owedKwh, 2);
  assert.is(at(WASHER, 11, [[8, 10]]).owedKwh, 0);
  // Cut half way by a fuse: all of it again.
  assert.is(at(WASHER, 11, [[8, 9]]).owedKwh, 4);
  // Even past its deadline it is not cut.
  assert.is(at(WASHER, 17.5, [[16, 17.5]]).mustHours, 0.5);
});

test('without mustRun a program waits for the market for ever', () => {
  const need = WASHER.need === null ? null : { ...WASHER.need, mustRun: false };
  assert.is(at({ ...WASHER, need }, 16).mustHours, null);
});

test('a weekly heating comes once in its time, in one piece', () => {
  const cycle = { everyMs: 7 * 24 * HOUR, durationMs: 3 * HOUR };
  const load = loadModel({ name: 'boiler', powerW: 2000, cycle });
  assert.is(at(load, 164, [[-3, 0]], -999).mustHours, null);
  assert.is(at(load, 165, [[-3, 0]]).mustHours, 3);
  // Two pieces are no cycle; one that runs goes on.
  assert.is(
    at(load, 166, [
      [-3, 0],
      [160, 162],
      [165, 166],
    ]).mustHours,
    2,
  );
  assert.is(
    at(load, 169, [
      [-3, 0],
      [165, 168],
    ]).mustHours,
    null,
  );
});

test('heat is missing as the day takes it, and below the floor it runs to half of it', () => {
  const load = { ...BOILER, need: dailyNeed(6 * KWH), comfortFloorWs: 3 * KWH };
  const missing = (hour: number, spans: [number, number][]) =>
    missingHeatWs(load, {
      ...{ nowMs: MONDAY + hour * HOUR, watchedSinceMs: MONDAY },
      spans: spans.map(([a, b]) => ({ fromMs: MONDAY + a * HOUR, toMs: MONDAY + b * HOUR })),
    }) / KWH;
  assert.ok(Math.abs(missing(8, []) - 2) < 1e-9);
  assert.ok(Math.abs(missing(9, [[8, 9]]) - 0.25) < 1e-9);
  // It cannot be more than hot.
  assert.ok(Math.abs(missing(12, [[8, 12]]) - 0) < 1e-9);
  assert.is(at(load, 11.9, [], 0).mustHours, null);
  assert.match(at(load, 12.1, [], 0).why, /comfort floor/);
  assert.match(at(load, 12.5, [[12.1, 12.5]], 0).why, /comfort floor/);
  assert.is(at(load, 13.5, [[12.1, 13.5]], 0).mustHours, null);
});

test('a period holds its moment, on every day of any zone', () => {
  const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Sao_Paulo'];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 2 * 366 * 24 * 4 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 96 }),
      (zone, quarters, days, by) => {
        const nowMs = MONDAY + quarters * 900_000;
        const need = { energyWs: KWH, bySeconds: [by * 900], days, mustRun: true };
        const period = periodOf(need, nowMs, new HomeTime(zone));
        assert.ok(period !== null && period.startMs <= nowMs && nowMs < period.endMs);
        assert.ok((period?.endMs ?? 0) - (period?.startMs ?? 0) <= 7 * 24 * HOUR + 2 * HOUR);
      },
    ),
    { numRuns: 60 },
  );
});

const IN = (zone: string, date: [number, number, number], second: number) => {
  const [year, month, day] = date;
  const during = Date.UTC(year, month - 1, day, 12) / 1000;
  return new Date(new HomeTime(zone).day(during, 0).at(second) * 1000).toISOString().slice(0, 16);
};

test('on days of a clock change: the first valid moment after, and the first of two', () => {
  const half2 = 2.5 * 3600;
  assert.is(IN('Europe/Berlin', [2026, 3, 29], half2), '2026-03-29T01:00');
  assert.is(IN('Europe/Berlin', [2026, 10, 25], half2), '2026-10-25T00:30');
  // Half an hour: 02:00 to 02:30 is skipped in October, 01:30 to 02:00 comes twice in April.
  assert.is(IN('Australia/Lord_Howe', [2026, 10, 4], 2.25 * 3600), '2026-10-03T15:30');
  assert.is(IN('Australia/Lord_Howe', [2026, 4, 5], 1.75 * 3600), '2026-04-04T14:45');
  assert.is(IN('Asia/Kathmandu', [2026, 6, 15], 7 * 3600), '2026-06-15T01:15');
  assert.is(IN('America/Sao_Paulo', [2026, 6, 15], 86_400), '2026-06-16T03:00');
  // A day of 23 hours still ends at its midnight.
  assert.is(IN('Europe/Berlin', [2026, 3, 29], 86_400), '2026-03-29T22:00');
});

test.run();
