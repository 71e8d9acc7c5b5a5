import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzDso } from './fuzz-dso.ts';

const test = suite('operator: hostile requests (short form of npm run fuzz:dso)');

test('thousands of hostile requests: no error of its own, no grant, books as before', async () => {
  const { answers, faults } = await fuzzDso(1_500, 7);
  assert.equal(faults, []);
  const told = new Set(Object.values(answers).flatMap((row) => Object.keys(row)));
  // Each way of being refused was gone.
  for (const code of [
    ...['unknown-meter', 'bad-signature', 'expired', 'wrong-feeder', 'used-address'],
    ...['power-limit', 'other-side', 'closed-interval', 'no-money', 'wrong-market', 'malformed'],
  ]) {
    assert.ok(told.has(`failed ${code}`), code);
  }
  for (const code of ['other-reading', 'not-ended', 'implausible', 'bad-signature']) {
    assert.ok(told.has(`refused ${code}`), code);
  }
  assert.ok(told.has('400 malformed'));
});

test.run();
