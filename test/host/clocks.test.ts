import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openClock } from '../../host/lab-clock.ts';
import { scaledClock } from '../../host/scaled-clock.ts';
import { systemClock } from '../../host/system-clock.ts';

const test = suite('clocks');
const signal = new AbortController().signal;

test('the system clock tells UTC and never wakes early', async () => {
  const clock = systemClock();
  const before = Date.now();
  const told = clock.now();
  assert.ok(before <= told && told <= Date.now());
  const pacer = clock.pacer('p');
  for (const waitMs of [-10, 0, 1, 25]) {
    const at = clock.now() + waitMs;
    await pacer.until(at, signal);
    assert.ok(clock.now() >= at, `${waitMs}`);
  }
  pacer.close();
});

test('the monotonic clock goes on in real time', async () => {
  const clock = scaledClock({ startsAtMs: 0, wallOriginMs: Date.now(), factor: 1000 });
  const before = clock.monotonicMs();
  await clock.delay(20, signal);
  const passed = clock.monotonicMs() - before;
  // In market time it would be 20 s; a loaded machine may oversleep.
  assert.ok(passed >= 19 && passed < 15_000, `${passed}`);
});

test('a scaled clock runs by its factor, alike for all who share the origin', async () => {
  const wallOriginMs = Date.now();
  const one = await openClock(`scaled:1000000:${wallOriginMs}:900`, 'one');
  const two = scaledClock({ startsAtMs: 1_000_000, wallOriginMs, factor: 900 });
  const told = one.now();
  assert.ok(told <= two.now() && two.now() <= one.now());
  const at = one.now() + 900 * 30;
  const before = performance.now();
  await one.pacer('p').until(at, signal);
  const passed = performance.now() - before;
  assert.ok(one.now() >= at);
  // In market time it would be 27 s.
  assert.ok(passed >= 29 && passed < 20_000, `${passed}`);
});

test('a wait is called off by its signal', async () => {
  const stop = new AbortController();
  const clock = systemClock();
  const waiting = clock.pacer('p').until(clock.now() + 60_000, stop.signal);
  stop.abort(new Error('enough'));
  const error = await waiting.catch((reason: unknown) => reason);
  assert.is(error instanceof Error ? error.message : '', 'enough');
  assert.is(await clock.delay(1, stop.signal).catch(() => 'refused'), 'refused');
});

test('a setting that is no clock is refused in words', async () => {
  for (const setting of ['', 'fast', 'scaled:1:2', 'scaled:1:2:-3', 'scaled:1:2:0']) {
    const error = await openClock(setting, 'x').catch((reason: unknown) => reason);
    assert.instance(error, Error, setting);
  }
});

test.run();
