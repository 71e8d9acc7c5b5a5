import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GOALS, reportOf } from '../../../bench/follow/report.ts';
import { runPlant } from '../../../bench/follow/run.ts';

const test = suite('bench: follow');

test('a short day reaches the goals, and the same seed gives the same figures', async () => {
  const day = { seed: 2, intervals: 12 };
  const battery = await runPlant({ ...day, device: 'battery' });
  const relay = await runPlant({ ...day, device: 'relay' });
  const report = reportOf([battery], [relay], 0);
  assert.ok(report.batteryErrorPercentElsewhere <= GOALS.batteryErrorPercent);
  assert.ok(report.relayErrorQuanta <= GOALS.relayErrorQuanta);
  assert.ok(report.uncontrolledErrorPercent >= GOALS.uncontrolledErrorPercent);
  assert.ok(report.forecastErrorPercentLeast >= 20);
  assert.equal(await runPlant({ ...day, device: 'relay' }), relay);
});

test.run();
