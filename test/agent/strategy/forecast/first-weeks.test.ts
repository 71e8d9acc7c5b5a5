import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Forecaster } from '../../../../agent/strategy/forecast/forecaster.ts';
import { quantile } from '../../../../agent/strategy/forecast/quantile.ts';
import { UTC_DAYS } from './utc-days.ts';

const test = suite('strategy: forecast in the first weeks');
const DAY = 96;
const NOW = 20_000 * DAY;

test('knows nothing and says so while there is no history', () => {
  assert.is(new Forecaster({ intervalSeconds: 900, local: UTC_DAYS }).forecast(NOW), null);
});

test('falls back to last values, then to the same slot, and names the method', () => {
  const forecaster = new Forecaster({ intervalSeconds: 900, local: UTC_DAYS });
  forecaster.observe(NOW - 2, 500);
  forecaster.observe(NOW - 1, 500);
  const first = forecaster.forecast(NOW + 1);
  assert.is(first?.method, 'last values');
  assert.is(Math.round(first?.p50W ?? 0), 500);
  forecaster.observe(NOW + 1 - DAY, 300);
  const second = forecaster.forecast(NOW + 1);
  assert.match(second?.method ?? '', /same slot blended.*1 day/);
});

test('from a week of history on it is the median of the slot over at most 28 days', () => {
  const forecaster = new Forecaster({ intervalSeconds: 900, local: UTC_DAYS });
  for (let day = 40; day >= 1; day -= 1) {
    for (let slot = 0; slot < DAY; slot += 1) {
      forecaster.observe(NOW - day * DAY + slot, day <= 28 ? slot * 10 : 1e6);
    }
  }
  const forecast = forecaster.forecast(NOW + 7);
  assert.is(forecast?.method, 'slot-median-28d (28 days)');
  assert.is(forecast?.p50W, 70);
});

test('one odd day does not move the median', () => {
  const forecaster = new Forecaster({ intervalSeconds: 900, local: UTC_DAYS });
  for (let day = 1; day <= 9; day += 1) forecaster.observe(NOW - day * DAY, day === 4 ? 9000 : 200);
  assert.is(forecaster.forecast(NOW)?.p50W, 200);
});

test('quantiles come from past errors once there are twenty', () => {
  const forecaster = new Forecaster({ intervalSeconds: 900, local: UTC_DAYS });
  forecaster.observe(NOW - 1, 1000);
  for (let count = 0; count < 40; count += 1) forecaster.score(count % 2 === 0 ? -50 : 150);
  const forecast = forecaster.forecast(NOW);
  assert.is(forecast?.p10W, 950);
  assert.is(forecast?.p90W, 1150);
});

test('quantiles interpolate', () => {
  assert.is(quantile([3, 1, 2], 0.5), 2);
  assert.is(quantile([0, 10], 0.9), 9);
});

test.run();
