import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CounterGuard } from '../../../agent/metering/counter-guard.ts';

const test = suite('counter-guard');

const counters = (importedWs: number, exportedWs = 0, stepWs = 1) => ({
  importedWs,
  exportedWs,
  stepWs,
});

/** Verdicts on imported counters at seconds, for an 11 kW connection. */
function verdicts(...seen: [second: number, importedWs: number][]): string {
  const guard = new CounterGuard(11_000, null);
  return seen.map(([s, ws]) => guard.judge(counters(ws), s * 1000).verdict).join(' ');
}

test('counters that count are believed', () => {
  assert.is(verdicts([0, 1e9], [1, 1e9 + 11_000], [2, 1e9 + 11_000]), 'believed believed believed');
});

test('one momentary 0 books nothing', () => {
  assert.is(verdicts([0, 1e9], [1, 0], [2, 1e9 + 5000]), 'believed doubted believed');
});

test('a leap beyond the fuse is doubted, and forgotten when it was one', () => {
  assert.is(verdicts([0, 1e9], [10, 5e9], [20, 1e9 + 90_000]), 'believed doubted believed');
});

test('a new ground is believed once it has counted for a minute', () => {
  assert.is(
    verdicts([0, 1e9], [10, 0], [20, 500], [80, 900], [90, 1000]),
    'believed doubted doubted rebased believed',
  );
});

test('a new ground that stands still is not believed', () => {
  assert.is(verdicts([0, 1e9], [10, 0], [100, 0], [200, 0]), 'believed doubted doubted doubted');
});

test('coarse counters may leap by their step', () => {
  const guard = new CounterGuard(11_000, null);
  guard.judge(counters(0, 0, 360_000), 0);
  assert.is(guard.judge(counters(360_000, 0, 360_000), 1000).verdict, 'believed');
});

test('what was believed before a restart counts', () => {
  const last = { atMs: 0, counters: counters(1e9) };
  assert.is(
    new CounterGuard(11_000, last).judge(counters(1e9 - 0.4), 3_600_000).verdict,
    'believed',
  );
  assert.is(new CounterGuard(11_000, last).judge(counters(0), 3_600_000).verdict, 'doubted');
  assert.is(new CounterGuard(11_000, last).judge(counters(2e9), 3_600_000).verdict, 'doubted');
});

test('a counter that begins anew after its greatest value goes on', () => {
  const maxWs = 1e9;
  const guard = new CounterGuard(11_000, null);
  const judge = (importedWs: number, second: number) =>
    guard.judge({ importedWs, exportedWs: 5e8, stepWs: 1, maxWs }, second * 1000);
  judge(maxWs - 3000, 0);
  assert.equal(judge(4000, 1), { verdict: 'believed', rolled: ['importedWs'] });
  assert.equal(judge(9000, 2), { verdict: 'believed', rolled: [] });
  // Too much for the time that passed: a 0 that was read by mistake, or a reset.
  const other = new CounterGuard(11_000, null);
  other.judge({ importedWs: 0.96 * maxWs, exportedWs: 0, stepWs: 1, maxWs }, 0);
  const low = { importedWs: 0, exportedWs: 0, stepWs: 1, maxWs };
  assert.is(other.judge(low, 1000).verdict, 'doubted');
});

test('where booking stood may be a step beside the counters', () => {
  const last = { atMs: 0, counters: counters(1e9 + 300_000) };
  const coarse = counters(1e9, 0, 360_000);
  assert.is(new CounterGuard(11_000, last).judge(coarse, 1000).verdict, 'believed');
});

test.run();
