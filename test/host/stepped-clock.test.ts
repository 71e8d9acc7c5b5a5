import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SteppedClock } from '../../host/stepped-clock.ts';

const test = suite('stepped-clock');

/** A loop that waits `everyMs` and notes the times it woke at; `work` is done between two waits. */
function loop(
  clock: SteppedClock,
  everyMs: number,
  signal: AbortSignal,
  work: () => Promise<void> = async () => {},
): number[] {
  const woken: number[] = [];
  const run = async (): Promise<void> => {
    const pacer = clock.pacer();
    try {
      for (;;) {
        await pacer.until(clock.now() + everyMs, signal);
        await work();
        woken.push(clock.now());
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  };
  void run();
  return woken;
}

test('settles only when every pacer waits, and tells the earliest next time', async () => {
  const clock = new SteppedClock(1_000);
  const stop = new AbortController();
  const slow = loop(clock, 700, stop.signal, () => new Promise((done) => setTimeout(done, 20)));
  const fast = loop(clock, 300, stop.signal);
  assert.is(await clock.advance(1_000), 1_300);
  assert.is(await clock.advance(1_300), 1_600);
  assert.equal(fast, [1_300]);
  assert.is(await clock.advance(1_700), 2_000);
  assert.equal(slow, [1_700], 'waited for the work of 20 ms');
  assert.equal(fast, [1_300, 1_700]);
  stop.abort(new Error('stop'));
});

test('does not settle before there is a pacer', async () => {
  const clock = new SteppedClock(0);
  let isSettled = false;
  const settled = clock.advance(10).then((next) => {
    isSettled = true;
    return next;
  });
  await new Promise((done) => setTimeout(done, 10));
  assert.not.ok(isSettled);
  const stop = new AbortController();
  loop(clock, 5, stop.signal);
  assert.is(await settled, 15);
  stop.abort(new Error('stop'));
});

test('a loop that starts another one in its turn is not taken for settled', async () => {
  const clock = new SteppedClock(0);
  const stop = new AbortController();
  let isStarted = false;
  loop(clock, 10, stop.signal, async () => {
    if (!isStarted) loop(clock, 3, stop.signal);
    isStarted = true;
  });
  await clock.advance(0);
  assert.is(await clock.advance(10), 13);
  stop.abort(new Error('stop'));
});

test('waiting for a time that has passed returns a turn later and stays busy', async () => {
  const clock = new SteppedClock(100);
  const signal = new AbortController().signal;
  const pacer = clock.pacer();
  let settledCount = 0;
  clock.onSettled(() => {
    settledCount += 1;
  });
  for (let at = 0; at <= 100; at += 20) await pacer.until(at, signal);
  assert.is(settledCount, 0);
  void pacer.until(200, signal);
  await clock.advance(150);
  assert.ok(settledCount >= 1);
});

test('many fast advances wake each waiter once, in order', async () => {
  const clock = new SteppedClock(0);
  const stop = new AbortController();
  const woken = loop(clock, 1, stop.signal);
  await clock.advance(0);
  for (let at = 1; at <= 200; at += 1) assert.is(await clock.advance(at), at + 1);
  assert.is(woken.length, 200);
  assert.equal(woken.slice(-2), [199, 200]);
  stop.abort(new Error('stop'));
});

test('advances that overtake each other all resolve, with the latest next time', async () => {
  const clock = new SteppedClock(0);
  const stop = new AbortController();
  loop(clock, 10, stop.signal);
  await clock.advance(0);
  assert.equal(await Promise.all([clock.advance(10), clock.advance(11)]), [21, 21]);
  stop.abort(new Error('stop'));
});

test('an aborted wait throws the reason and leaves its loop busy until it closes', async () => {
  const clock = new SteppedClock(0);
  const stop = new AbortController();
  const pacer = clock.pacer();
  const waiting = pacer.until(10, stop.signal);
  assert.is(await clock.advance(0), 10);
  stop.abort(new Error('called off'));
  try {
    await waiting;
    assert.unreachable();
  } catch (error) {
    assert.is(error instanceof Error ? error.message : '', 'called off');
  }
  const other = clock.pacer();
  void other.until(99, new AbortController().signal);
  const settled = clock.advance(20);
  pacer.close();
  assert.is(await settled, 99);
});

test('time never goes back, and a closed clock lets nobody wait for it', async () => {
  const clock = new SteppedClock(50);
  assert.throws(() => clock.advance(49), RangeError);
  const pending = clock.advance(60);
  clock.close();
  assert.is(await pending, null);
});

test.run();
