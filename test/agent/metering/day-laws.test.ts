/** Laws of metered days, against a truth that is summed on its own, with faults by chance. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Day,
  type Fault,
  type FaultTime,
  gapsOf,
  LENGTH_MS,
  meter,
  truthAt,
} from './metered-day.ts';

const test = suite('day-laws');

const INTERVALS = 24;
const DAY_MS = INTERVALS * LENGTH_MS;
const RUNS = 40;
const SIDES = ['importedWs', 'exportedWs'] as const;

const piece = fc.record({
  ms: fc.oneof(fc.integer({ min: 700, max: 60_000 }), fc.integer({ min: 60_000, max: 1_500_000 })),
  powerW: fc.oneof(fc.constant(0), fc.integer({ min: -4000, max: 6000 })),
});

const faultTime = (kinds: Fault[], mostMs: number): fc.Arbitrary<FaultTime> =>
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      // The first look is good, and so is the last hour.
      fromMs: fc.integer({ min: 20_000, max: DAY_MS - 2 * 3_600_000 }),
      lengthMs: fc.integer({ min: 1_000, max: mostMs }),
    })
    .map(({ kind, fromMs, lengthMs }) => ({ kind, fromMs, toMs: fromMs + lengthMs }));

function dayOf(faults: fc.Arbitrary<FaultTime[]>, restarts = 0): fc.Arbitrary<Day> {
  return fc
    .record({
      pieces: fc.array(piece, { minLength: 20, maxLength: 60 }),
      faults,
      pollMs: fc.constantFrom(1_000, 5_000, 10_000, 15_000),
      // 0.1 Wh, a float32 of kWh at 1 MWh and at 100 MWh, 0.01 kWh, 0.1 kWh.
      stepWs: fc.constantFrom(360, 225, 28_125, 36_000, 360_000),
      importedWs: fc.integer({ min: 0, max: 4e9 }),
      restartsMs: fc.array(fc.integer({ min: 120_000, max: DAY_MS - 7_200_000 }), {
        maxLength: restarts,
      }),
    })
    .map((day) => ({
      ...day,
      pieces: [...day.pieces, { ms: DAY_MS, powerW: 800 }],
      maxWs: null,
      restartsMs: day.restartsMs.sort((a, b) => a - b),
    }))
    .map((day) => ({ ...day, pieces: cut(day.pieces) }));
}

/** To the length of the day, and the look at its end. */
function cut(pieces: Day['pieces']): Day['pieces'] {
  let leftMs = DAY_MS + 60_000;
  return pieces.flatMap(({ ms, powerW }) => {
    const length = Math.min(ms, leftMs);
    leftMs -= length;
    return length > 0 ? [{ ms: length, powerW }] : [];
  });
}

const edges = Array.from({ length: INTERVALS + 1 }, (_, i) => i * LENGTH_MS);

/** What the trapezoid rule can be wrong by in all: a jump of the power between two looks. */
function jumpsWs({ pieces, pollMs }: Day): number {
  let sum = 0;
  for (const [i, { powerW }] of pieces.entries()) {
    sum += (Math.abs(powerW - (pieces[i - 1]?.powerW ?? powerW)) * pollMs) / 1000;
  }
  return sum;
}

/**
 * Where counters were away over an edge, power alone closed an interval; what it booked too much is
 * taken back only when the home takes something again.
 */
function irrecoverableWs(day: Day): number {
  const isAway = day.faults.some(
    ({ kind, fromMs, toMs }) =>
      kind !== 'silent' && Math.floor(fromMs / LENGTH_MS) !== Math.floor(toMs / LENGTH_MS),
  );
  return isAway ? jumpsWs(day) : 0;
}

function check(day: Day, work: (closed: ReturnType<typeof meter>) => void): void {
  const closed = meter(day);
  assert.equal(
    closed.map(({ interval }) => interval),
    Array.from({ length: INTERVALS }, (_, i) => i),
    'each interval once, in order',
  );
  for (const each of closed) {
    const isKnown = each.importedWs !== null && each.exportedWs !== null;
    assert.is(isKnown, each.quality !== 'incomplete');
    assert.ok((each.importedWs ?? 0) >= 0 && (each.exportedWs ?? 0) >= 0, 'never negative');
  }
  work(closed);
}

/** All that was booked, less what the counters say; at most a step, and what was rounded. */
function assertSum(day: Day, closed: ReturnType<typeof meter>, slackWs: number): void {
  const truth = truthAt(day.pieces, edges);
  for (const side of SIDES) {
    const sum = closed.reduce((total, each) => total + (each[side] ?? Number.NaN), 0);
    const startWs = side === 'importedWs' ? day.importedWs : 4e9;
    const endWs = startWs + (truth.at(-1)?.[side] ?? 0);
    const told = (ws: number) => Math.floor(ws / day.stepWs) * day.stepWs;
    const countedWs = told(endWs) - told(startWs);
    const off = Math.abs(sum - countedWs);
    assert.ok(off <= day.stepWs + slackWs, `${side}: ${off} beside the counters`);
  }
}

test('a good day sums up to the counters, and each interval is near the truth', () => {
  fc.assert(
    fc.property(dayOf(fc.constant([])), (day) =>
      check(day, (closed) => {
        assertSum(day, closed, INTERVALS / 2);
        const truth = truthAt(day.pieces, edges);
        const mostWs = Math.min(4 * day.stepWs, jumpsWs(day)) + 2;
        for (const [i, each] of closed.entries()) {
          assert.is(each.quality, 'measured');
          for (const side of SIDES) {
            const trueWs = (truth[i + 1]?.[side] ?? 0) - (truth[i]?.[side] ?? 0);
            const off = Math.abs((each[side] ?? Number.NaN) - trueWs);
            assert.ok(off <= mostWs, `interval ${i}: ${off} Ws of ${mostWs}`);
          }
        }
      }),
    ),
    { numRuns: RUNS },
  );
});

test('whatever was not seen, or restarted, the sum is that of the counters, and it is said', () => {
  const faults = (kinds: Fault[]) => fc.array(faultTime(kinds, 1_200_000), { maxLength: 4 });
  // An interval that was closed by power alone has no checkpoint with it, and may come again.
  const days = fc.oneof(dayOf(faults(['silent', 'no-counters'])), dayOf(faults(['silent']), 3));
  fc.assert(
    fc.property(days, (day) =>
      check(day, (closed) => {
        const isKnown = closed.every(({ importedWs }) => importedWs !== null);
        if (isKnown) assertSum(day, closed, INTERVALS + 4 + irrecoverableWs(day));
        for (const each of closed) assertTold(day, each);
      }),
    ),
    { numRuns: 2 * RUNS },
  );
});

/** A gap in an interval is told by its quality; without anything near it is a measurement. */
function assertTold(day: Day, { interval, quality }: { interval: number; quality: string }): void {
  const [from, to] = [interval * LENGTH_MS, (interval + 1) * LENGTH_MS];
  const isGap = gapsOf(day).some(({ fromMs, toMs }) => fromMs < to && toMs > from);
  if (isGap) assert.is.not(quality, 'measured', `interval ${interval}`);
  const isNear = (ms: number) => ms > from - 2 * LENGTH_MS && ms < to + LENGTH_MS;
  const isQuiet =
    !day.restartsMs.some(isNear) &&
    !day.faults.some(({ fromMs, toMs }) => isNear(fromMs) || isNear(toMs));
  const isOutside = !day.faults.some(({ fromMs, toMs }) => fromMs <= from && toMs >= to);
  if (isQuiet && isOutside) assert.is(quality, 'measured');
}

test('counters that are 0 or wild for a while cost nothing', () => {
  const kinds: Fault[] = ['zero-counters', 'wild-counters'];
  fc.assert(
    fc.property(dayOf(fc.array(faultTime(kinds, 600_000), { maxLength: 4 })), (day) =>
      check(day, (closed) => {
        assertSum(day, closed, INTERVALS + 4 + irrecoverableWs(day));
        for (const { quality } of closed) assert.is(quality, 'measured');
      }),
    ),
    { numRuns: RUNS },
  );
});

test('a counter that rolls over sums up as if it went on', () => {
  fc.assert(
    fc.property(
      dayOf(fc.constant([]), 2),
      fc.integer({ min: 1, max: 20_000_000 }),
      (day, before) => {
        const maxWs = 1000 * 360_000 * 100;
        const rolling = { ...day, maxWs, importedWs: maxWs - before, stepWs: 360 };
        check(rolling, (closed) => assertSum({ ...rolling }, closed, INTERVALS + 4));
      },
    ),
    { numRuns: RUNS / 2 },
  );
});

test.run();
