import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wallClock } from '../../host/wall-clock.ts';

const test = suite('wall-clock');

test('a clock that is set back does not hold a pacer for as long', async () => {
  let setBackMs = 0;
  const now = () => performance.now() - setBackMs;
  const clock = wallClock({ now, realPerMarket: 1, isProven: () => true });
  const at = clock.now() + 20;
  const waited = clock.pacer('test').until(at, new AbortController().signal);
  setBackMs = 3_600_000;
  await waited;
  assert.ok(clock.now() < at);
});

test.run();
