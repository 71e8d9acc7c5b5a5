import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Forecaster } from '../../../../agent/strategy/forecast/forecaster.ts';
import { train } from '../../../../agent/strategy/forecast/trained-model.ts';
import { UTC_DAYS } from './utc-days.ts';

const test = suite('strategy: the trained forecast');
const DAY = 96;
const FIRST = 20_000 * DAY;

/** What is drawn in an interval counted from the first, W. */
type Habit = (at: number, chance: number) => number;

function madeOf(days: number, habit: Habit, seed = 1): Forecaster {
  const forecaster = new Forecaster({ intervalSeconds: 900, local: UTC_DAYS, limitW: 20_000 });
  let chance = seed;
  for (let at = 0; at < days * DAY; at += 1) {
    chance = (chance * 48_271) % 2_147_483_647;
    forecaster.observe(FIRST + at, habit(at, chance / 2_147_483_647));
  }
  return forecaster;
}

/** A block of evening load that comes by chance, and lasts. */
const evening: Habit = (at, chance) => 200 + (at % DAY > 68 ? 800 : 0) + 300 * chance;

test('is not trained before there are two weeks, and forecasts all the same', () => {
  const forecaster = madeOf(10, evening);
  assert.is(train(forecaster.known), null);
  assert.match(forecaster.forecast(FIRST + 10 * DAY)?.method ?? '', /^slot-median-28d/);
});

test('learns when a home draws, says by which method, and keeps to what it has shown', () => {
  const forecaster = madeOf(30, evening);
  forecaster.adopt(train(forecaster.known));
  const origin = FIRST + 30 * DAY;
  const [night, late] = [forecaster.forecast(origin + 10), forecaster.forecast(origin + 80)];
  assert.ok(Math.abs((night?.p50W ?? 0) - 350) < 60, `${night?.p50W} W at night`);
  assert.ok(Math.abs((late?.p50W ?? 0) - 1150) < 60, `${late?.p50W} W in the evening`);
  const known = /^(trained \(30 days\)|mean28|median28)$/;
  assert.match(night?.method ?? '', known);
});

test('what follows from the last values is seen: better one ahead than any simple method', () => {
  // Turns every interval between two powers, and skips a turn now and then.
  let isHigh = false;
  const turning: Habit = (_, chance) => {
    if (chance > 0.1) isHigh = !isHigh;
    return isHigh ? 2000 : 200;
  };
  const near = train(madeOf(35, turning).known)?.classes[0];
  assert.ok(near !== undefined && near.errorW < 0.5 * near.simpleErrorW, JSON.stringify(near));
});

test('where nothing can be learned the simplest method that is as good is taken', () => {
  const forecaster = madeOf(30, () => 400);
  const model = train(forecaster.known);
  for (const each of model?.classes ?? []) {
    assert.is(each.model, null);
    assert.is(each.simple, 'persistence');
  }
  forecaster.adopt(model);
  assert.is(forecaster.forecast(FIRST + 30 * DAY + 5)?.p50W, 400);
});

test('the same history gives the same model', () => {
  const [one, other] = [madeOf(21, evening), madeOf(21, evening)];
  assert.equal(train(one.known), train(other.known));
});

test('impossible values are refused, and gaps do no harm', () => {
  const forecaster = madeOf(30, (at, chance) => {
    if (at % 50 === 0) return 1e6;
    return at > 10 * DAY && at < 12 * DAY ? Number.NaN : evening(at, chance);
  });
  assert.is(forecaster.observe(FIRST, Number.POSITIVE_INFINITY), false);
  assert.is(forecaster.valueOf(FIRST + 50), null);
  forecaster.adopt(train(forecaster.known));
  const forecast = forecaster.forecast(FIRST + 30 * DAY + 80);
  assert.ok(forecast !== null && forecast.p90W < 3000, JSON.stringify(forecast));
});

test('quantiles never cross and are finite, whatever the home does and however far ahead', () => {
  const habits = fc.record({
    usual: fc.integer({ min: -3000, max: 3000 }),
    swing: fc.integer({ min: 0, max: 5000 }),
    gap: fc.integer({ min: 2, max: 200 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    ahead: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(habits, ({ usual, swing, gap, seed, ahead }) => {
      const habit: Habit = (at, chance) =>
        at % gap === 0 ? Number.NaN : usual + swing * chance * Math.sin(at / 15);
      const forecaster = madeOf(16, habit, seed);
      forecaster.adopt(train(forecaster.known));
      const forecast = forecaster.forecast(forecaster.known.origin + ahead);
      if (forecast === null) return false;
      const { p10W, p50W, p90W } = forecast;
      return [p10W, p50W, p90W].every(Number.isFinite) && p10W <= p50W && p50W <= p90W;
    }),
    { numRuns: 6 },
  );
});

test.run();
