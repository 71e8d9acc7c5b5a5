import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FrozenDetector } from '../../../agent/metering/frozen.ts';

const test = suite('frozen');

/** The second at which a constant power with these counters is called frozen; null: never. */
function frozenAt(
  powerW: number,
  countersAt: (second: number) => number | null,
  options: { stepWs?: number; until?: number } = {},
): number | null {
  const { stepWs = 1, until = 600 } = options;
  const detector = new FrozenDetector();
  for (let second = 0; second <= until; second += 1) {
    const importedWs = countersAt(second);
    const counters = importedWs === null ? null : { importedWs, exportedWs: 0, stepWs };
    if (detector.judge({ powerW, counters }, second * 1000)) return second;
  }
  return null;
}

test('a steady load whose counters count is no fault', () => {
  assert.is(
    frozenAt(500, (second) => 7e9 + 500 * second),
    null,
  );
});

test('values that all stand still for a minute are frozen', () => {
  assert.is(
    frozenAt(500, () => 7e9),
    61,
  );
  assert.is(
    frozenAt(0, () => 7e9),
    null,
  );
  // At 10 W nothing is to be seen before the counters should have moved.
  assert.is(
    frozenAt(10, () => 7e9),
    361,
  );
});

test('coarse counters are given the time that they need', () => {
  const stepWs = 360_000;
  const counted = (second: number) => 7e9 + Math.floor((500 * second) / stepWs) * stepWs;
  assert.is(frozenAt(500, counted, { stepWs, until: 8000 }), null);
  assert.is(
    frozenAt(500, () => 7e9, { stepWs, until: 8000 }),
    2161,
  );
});

test('counters that are read once a minute are enough, and frozen lasts between', () => {
  const detector = new FrozenDetector();
  const counters = { importedWs: 7e9, exportedWs: 0, stepWs: 1 };
  const verdicts: boolean[] = [];
  for (let second = 0; second <= 190; second += 1) {
    const isRead = second % 60 === 0;
    const values = { powerW: 500, counters: isRead ? counters : null };
    verdicts.push(detector.judge(values, second * 1000));
  }
  assert.is(verdicts.indexOf(true), 120);
  assert.ok(verdicts.slice(120).every(Boolean));
  assert.not(detector.judge({ powerW: 501, counters: null }, 191_000));
});

test.run();
