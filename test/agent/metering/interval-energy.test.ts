import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ClosedInterval, IntervalEnergy } from '../../../agent/metering/interval-energy.ts';

const test = suite('interval-energy');

const LENGTH_MS = 900_000;
const MAX_GAP_MS = 30_000;
const START = 1_000;
const START_MS = START * LENGTH_MS;

type Power = (second: number) => number;

/** Energy of a power given by the second, imported and exported, from `from` to `to` seconds. */
function energyOf(power: Power, from: number, to: number) {
  let importedWs = 0;
  let exportedWs = 0;
  for (let s = from; s < to; s++) {
    importedWs += Math.max(0, power(s));
    exportedWs += Math.max(0, -power(s));
  }
  return { importedWs, exportedWs };
}

interface Meter {
  power: Power;
  stepWs: number;
}

/** What a meter shows at second `s`; its counters are told in whole steps. */
function look({ power, stepWs }: Meter, s: number, hasCounters = true) {
  const { importedWs, exportedWs } = energyOf(power, 0, s);
  const told = (ws: number) => 7e9 + Math.floor(ws / stepWs) * stepWs;
  return {
    atMs: START_MS + s * 1000,
    powerW: power(s),
    counters: hasCounters
      ? { importedWs: told(importedWs), exportedWs: told(exportedWs), stepWs }
      : null,
  };
}

function run(meter: Meter, seconds: Iterable<number>, energy = newEnergy()): ClosedInterval[] {
  const closed: ClosedInterval[] = [];
  for (const s of seconds) closed.push(...energy.add(look(meter, s)));
  return closed;
}

function newEnergy(): IntervalEnergy {
  return new IntervalEnergy(LENGTH_MS, MAX_GAP_MS, null);
}

function* every(step: number, from: number, to: number): Generator<number> {
  for (let s = from; s <= to; s += step) yield s;
}

const wavy: Power = (s) => Math.round(800 * Math.sin(s / 37) + 300);

test('fine counters fix the energy exactly, however coarse the looks', () => {
  for (const step of [1, 15, 25]) {
    const closed = run({ power: wavy, stepWs: 1 }, every(step, 0, 1800));
    assert.is(closed.length, 2);
    for (const [i, each] of closed.entries()) {
      const truth = energyOf(wavy, 900 * i, 900 * (i + 1));
      assert.is(each.quality, 'measured');
      assert.ok(Math.abs((each.importedWs ?? 0) - truth.importedWs) <= 2);
      assert.ok(Math.abs((each.exportedWs ?? 0) - truth.exportedWs) <= 2);
    }
  }
});

test('with coarse counters the energy follows the power and does not drift', () => {
  const stepWs = 360_000;
  const closed = run({ power: () => 250, stepWs }, every(5, 0, 900 * 20));
  assert.is(closed.length, 20);
  for (const { importedWs } of closed) assert.is(importedWs, 225_000);
  // A power that is told 10 % too low: the sum stays within a step of counters that lag by one.
  const energy = newEnergy();
  let sum = 0;
  for (const s of every(5, 0, 900 * 20)) {
    const seen = look({ power: () => 250, stepWs }, s);
    for (const each of energy.add({ ...seen, powerW: 225 })) sum += each.importedWs ?? 0;
  }
  assert.ok(Math.abs(sum - 225_000 * 20) <= 2 * stepWs, String(sum));
});

test('the sum of all intervals is what the counters say', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 200, maxLength: 300 }),
      fc.integer({ min: 1, max: 50_000 }),
      (gaps, stepWs) => {
        const seconds = [0];
        for (const gap of gaps) seconds.push((seconds.at(-1) ?? 0) + gap);
        const closed = run({ power: wavy, stepWs }, seconds);
        const truth = energyOf(wavy, 0, 900 * closed.length);
        const sum = closed.reduce((total, each) => total + (each.importedWs ?? Number.NaN), 0);
        // One step for the counter, one for what is ahead, and the power at the last edge.
        assert.ok(Math.abs(sum - truth.importedWs) <= 2 * stepWs + 40_000);
      },
    ),
    { numRuns: 10 },
  );
});

test('a late look at the edge gives each interval its share', () => {
  const power: Power = (s) => (s < 900 ? 1000 : 400);
  const closed = run({ power, stepWs: 1 }, [...every(10, 0, 890), 905, 910]);
  assert.is(closed.length, 1);
  // Between 890 and 905 the power is taken for a straight line.
  assert.ok(Math.abs((closed[0]?.importedWs ?? 0) - 900_000) < 2_500);
});

test('power that changed between a look without counters and a gap is set right by them', () => {
  // 3 kW until second 400, then nothing: seen once more at 401, and again after the gap.
  const meter: Meter = { power: (s) => (s < 400 ? 3000 : 0), stepWs: 1 };
  const energy = newEnergy();
  const closed = [look(meter, 0), look(meter, 380), look(meter, 399, false)].flatMap((seen) =>
    energy.add(seen),
  );
  energy.add({ ...look(meter, 428, false), powerW: 3000 });
  closed.push(...energy.add(look(meter, 700)), ...energy.add(look(meter, 900)));
  const truthWs = energyOf(meter.power, 0, 900).importedWs;
  assert.ok(Math.abs((closed[0]?.importedWs ?? 0) - truthWs) <= 1);
});

test('a gap within an interval is filled from the counters', () => {
  const closed = run({ power: wavy, stepWs: 1 }, [...every(10, 0, 300), ...every(10, 600, 900)]);
  const truth = energyOf(wavy, 0, 900);
  assert.is(closed[0]?.quality, 'counter-filled');
  assert.ok(Math.abs((closed[0]?.importedWs ?? 0) - truth.importedWs) <= 2);
});

test('a gap over an edge is divided by time and said to be a guess', () => {
  const power: Power = () => 1000;
  const closed = run({ power, stepWs: 1 }, [...every(10, 0, 600), ...every(10, 3000, 3600)]);
  assert.equal(
    closed.map((each) => [each.interval, each.importedWs, each.quality]),
    [0, 1, 2, 3].map((i) => [START + i, 900_000, 'reconstructed']),
  );
});

test('a gap without counters leaves the energy unknown', () => {
  const energy = newEnergy();
  const meter: Meter = { power: () => 1000, stepWs: 1 };
  const closed: ClosedInterval[] = [];
  for (const s of [...every(10, 0, 300), ...every(10, 600, 1800)]) {
    closed.push(...energy.add(look(meter, s, false)));
    if (s === 600) assert.is(energy.running(), null);
  }
  assert.equal(
    closed.map(({ importedWs, quality }) => [importedWs, quality]),
    [[null, 'incomplete']],
  );
  closed.push(...energy.add(look(meter, 1830, false)));
  assert.is(closed[1]?.importedWs, 900_000);
});

test('an interval whose start was not seen is incomplete', () => {
  const energy = newEnergy();
  const closed = run({ power: () => 500, stepWs: 1 }, every(10, 200, 1800), energy);
  assert.equal(
    closed.map(({ importedWs, quality }) => [importedWs, quality]),
    [
      [null, 'incomplete'],
      [450_000, 'measured'],
    ],
  );
});

test('many restarts do not add up to a drift from coarse counters', () => {
  const stepWs = 36_000;
  let energy = newEnergy();
  let sum = 0;
  const until = 900 * 24;
  for (const s of every(10, 0, until)) {
    // The power is told 20 % too low.
    const importedWs = Math.floor((250 * s) / stepWs) * stepWs;
    const counters = { importedWs, exportedWs: 0, stepWs };
    const seen = { atMs: START_MS + s * 1000, powerW: 200, counters };
    for (const each of energy.add(seen)) sum += each.importedWs ?? 0;
    const checkpoint = energy.checkpoint();
    if (s % 140 === 0 && checkpoint !== null)
      energy = new IntervalEnergy(LENGTH_MS, MAX_GAP_MS, checkpoint);
  }
  assert.ok(Math.abs(sum - 250 * until) <= 2 * stepWs, String(sum - 250 * until));
});

test('a restart in the middle of an interval goes on from its checkpoint', () => {
  const meter: Meter = { power: wavy, stepWs: 1 };
  const before = newEnergy();
  run(meter, every(10, 0, 400), before);
  const checkpoint = before.checkpoint();
  assert.ok(checkpoint);
  const after = new IntervalEnergy(LENGTH_MS, MAX_GAP_MS, checkpoint);
  const closed = run(meter, every(10, 500, 900), after);
  const truth = energyOf(wavy, 0, 900);
  assert.is(closed[0]?.quality, 'counter-filled');
  assert.ok(Math.abs((closed[0]?.importedWs ?? 0) - truth.importedWs) <= 3);
});

test('after years away nothing is invented', () => {
  const energy = newEnergy();
  run({ power: () => 1, stepWs: 1 }, [0, 10], energy);
  assert.equal(energy.add({ atMs: START_MS * 2 + 5, powerW: 1, counters: null }), []);
  assert.is(energy.running(), null);
});

test('running energy is told at every look', () => {
  const energy = newEnergy();
  run({ power: wavy, stepWs: 1 }, every(25, 0, 500), energy);
  const running = energy.running();
  const truth = energyOf(wavy, 0, 500);
  assert.ok(running);
  assert.is(running.interval, START);
  assert.ok(Math.abs(running.importedWs - truth.importedWs) <= 2);
});

test('counters on a new ground say nothing about the time before', () => {
  const energy = newEnergy();
  const meter: Meter = { power: () => 1000, stepWs: 1 };
  run(meter, every(10, 0, 300), energy);
  for (const s of every(10, 310, 380)) energy.add(look(meter, s, false));
  const fresh = { importedWs: 50, exportedWs: 0, stepWs: 1 };
  energy.add({ atMs: START_MS + 390_000, powerW: 1000, counters: fresh }, { isRebased: true });
  const later = { importedWs: 50 + 510_000, exportedWs: 0, stepWs: 1 };
  const closed: ClosedInterval[] = [];
  for (const s of every(10, 400, 890)) closed.push(...energy.add(look(meter, s, false)));
  closed.push(...energy.add({ atMs: START_MS + 900_000, powerW: 1000, counters: later }));
  assert.equal(
    closed.map(({ importedWs, quality }) => [importedWs, quality]),
    [[900_000, 'measured']],
  );
});

test.run();
