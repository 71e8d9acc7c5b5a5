import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HomeTime, WEEKDAYS } from '../../../agent/strategy/home-time.ts';

const test = suite('home-time');

const BERLIN = new HomeTime('Europe/Berlin');
const at = (text: string) => Date.parse(text) / 1000;
const utc = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 16);

test('a deadline that the spring change skips is the first moment after it', () => {
  // On 29 March 2026 the clock goes from 02:00 to 03:00, which is 01:00 UTC.
  const after = at('2026-03-28T12:00Z');
  assert.is(utc(BERLIN.nextLocal('02:30', [], after)), '2026-03-29T01:00');
  assert.is(utc(BERLIN.nextLocal('02:00', [], after)), '2026-03-29T01:00');
  assert.is(utc(BERLIN.nextLocal('03:00', [], after)), '2026-03-29T01:00');
  assert.is(utc(BERLIN.nextLocal('01:59', [], after)), '2026-03-29T00:59');
  assert.is(utc(BERLIN.nextLocal('03:15', [], after)), '2026-03-29T01:15');
});

test('of a deadline that the autumn change brings twice the first counts', () => {
  // On 25 October 2026 the clock goes from 03:00 back to 02:00, which is 01:00 UTC.
  assert.is(utc(BERLIN.nextLocal('02:30', [], at('2026-10-24T12:00Z'))), '2026-10-25T00:30');
  assert.is(utc(BERLIN.nextLocal('03:00', [], at('2026-10-24T12:00Z'))), '2026-10-25T02:00');
  // When the first has passed, it is the next day's.
  assert.is(utc(BERLIN.nextLocal('02:30', [], at('2026-10-25T00:45Z'))), '2026-10-26T01:30');
});

test('Lord Howe moves its clock by half an hour', () => {
  const howe = new HomeTime('Australia/Lord_Howe');
  // 4 October 2026: 02:00 becomes 02:30 (+10:30 to +11). 5 April: 02:00 becomes 01:30.
  assert.is(utc(howe.nextLocal('02:15', [], at('2026-10-03T10:00Z'))), '2026-10-03T15:30');
  assert.is(utc(howe.nextLocal('02:45', [], at('2026-10-03T10:00Z'))), '2026-10-03T15:45');
  assert.is(utc(howe.nextLocal('01:45', [], at('2026-04-04T10:00Z'))), '2026-04-04T14:45');
});

test('Kathmandu is 5:45 ahead, and changes nothing', () => {
  const kathmandu = new HomeTime('Asia/Kathmandu');
  assert.is(utc(kathmandu.nextLocal('02:30', [], at('2026-03-29T00:00Z'))), '2026-03-29T20:45');
  assert.is(kathmandu.clock(at('2026-03-29T20:45Z')), '02:30');
});

test('Sao Paulo skipped midnight while it changed its clock, and does so no more', () => {
  const paulo = new HomeTime('America/Sao_Paulo');
  // 4 November 2018: 00:00 became 01:00, so the day began at 03:00 UTC.
  assert.is(utc(paulo.dayStart(at('2018-11-04T15:00Z'))), '2018-11-04T03:00');
  assert.is(utc(paulo.nextLocal('00:00', [], at('2018-11-03T12:00Z'))), '2018-11-04T03:00');
  assert.is(utc(paulo.nextLocal('02:30', [], at('2026-11-01T00:00Z'))), '2026-11-01T05:30');
});

test('local days have 92, 96 and 100 quarter hours', () => {
  const quarters = (home: HomeTime, text: string) => {
    const start = home.dayStart(at(text));
    return (home.nextDayStart(start) - start) / 900;
  };
  assert.is(quarters(BERLIN, '2026-03-29T12:00Z'), 92);
  assert.is(quarters(BERLIN, '2026-06-01T12:00Z'), 96);
  assert.is(quarters(BERLIN, '2026-10-25T12:00Z'), 100);
  const howe = new HomeTime('Australia/Lord_Howe');
  assert.is(quarters(howe, '2026-10-04T01:00Z'), 94);
  assert.is(quarters(howe, '2026-04-05T01:00Z'), 98);
});

test('days of the week are the local ones', () => {
  // 23:30 UTC on a Thursday is Friday in Berlin.
  const after = at('2026-06-11T23:30Z');
  assert.is(utc(BERLIN.nextLocal('07:00', ['fri'], after)), '2026-06-12T05:00');
  assert.is(utc(BERLIN.nextLocal('07:00', ['thu'], after)), '2026-06-18T05:00');
  assert.is(utc(BERLIN.nextLocal('01:00', ['fri'], after)), '2026-06-18T23:00');
});

test('what is no clock time is refused', () => {
  for (const text of ['24:00', '7', '07:60', '7.30', '-1:00', '']) {
    assert.throws(() => BERLIN.nextLocal(text, [], 0), /no clock time/);
  }
});

test('a deadline is on time in every zone, or at the first moment after a gap', () => {
  const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Sao_Paulo'];
  const homes = zones.map((zone) => new HomeTime(zone));
  fc.assert(
    fc.property(
      fc.nat(homes.length - 1),
      fc.integer({ min: at('2015-01-01T00:00Z'), max: at('2035-01-01T00:00Z') }),
      fc.nat(95),
      fc.subarray([...WEEKDAYS]),
      (index, after, quarter, days) => {
        const home = homes[index] ?? BERLIN;
        const text = `${Math.floor(quarter / 4)}:${String((quarter % 4) * 15).padStart(2, '0')}`;
        const next = home.nextLocal(text, days, after);
        const wanted = quarter * 900;
        assert.ok(next > after);
        assert.is(next % 900, 0);
        // On time, or at the first moment after a gap.
        const shown = home.secondOfDay(next);
        const isSkipped = home.secondOfDay(next - 1) < wanted || home.dayStart(next) === next;
        assert.ok(shown === wanted || (shown > wanted && isSkipped), `${shown} for ${wanted}`);
        // Nothing was passed over: at most eight days ahead.
        assert.ok(next - after <= 8 * 86_400);
        const start = home.dayStart(next);
        assert.ok(start <= next && next < home.nextDayStart(next));
        assert.is(home.dayStart(start), start);
      },
    ),
    { numRuns: 300 },
  );
});

test.run();
