import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeCall } from '../attack/chain/node.ts';
import { encodeSubmission } from '../attack/chain/submission.ts';
import { attack } from '../attack/report.ts';

const test = suite('contracts/attack: a small run of npm run attack');

const SEED = 4;

test('wrong solutions are refused by name, right ones accepted, no class is empty', async () => {
  const { solutions } = await attack({ invalid: 3_500, valid: 250, calls: 0, seed: SEED });
  assert.equal(solutions.surprises, []);
  assert.equal(solutions.empty, []);
  assert.ok(solutions.refused >= 3_500 && solutions.accepted >= 250);
});

test('after random calls by anyone the contracts say what the model says', async () => {
  const { calls } = await attack({ invalid: 0, valid: 0, calls: 1_000, seed: SEED });
  assert.equal(calls.surprises, []);
  assert.ok(calls.accepted > 200 && calls.refused > 200);
});

test('calldata by hand is calldata by ethers', () => {
  const claimed = { homeEnergyWs: 2n ** 64n - 1n, utilityEnergyWs: 0n, welfare: 7n };
  const trades = ['0x', `0x${'ab'.repeat(12)}`, `0x${'cd'.repeat(36)}`];
  const chunks = trades.map((bytes, i) => ({ interval: 2_000_000 + i, claimed, trades: bytes }));
  const tuples = chunks.map(({ interval, ...chunk }) => [
    interval,
    Object.values(chunk.claimed),
    chunk.trades,
  ]);
  assert.is(encodeSubmission(chunks), encodeCall('matching', 'submitSolution', [tuples]));
  assert.is(encodeSubmission([]), encodeCall('matching', 'submitSolution', [[]]));
});

test.run();
