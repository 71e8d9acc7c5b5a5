import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { solutionDigest } from '../../../market/matching/solution-digest.ts';
import file from '../../vectors/solution-digests.json' with { type: 'json' };

const test = suite('market/matching/solution-digest');

for (const { name, solver, chunks, digest } of file.vectors) {
  test(`is what the contract makes of it: ${name}`, () => {
    assert.is(solutionDigest(solver, chunks), digest);
    assert.is(solutionDigest(solver.toLowerCase(), chunks), digest);
  });
}

test('another solver, another order or another watt is another digest', () => {
  const vector = file.vectors.at(-1);
  if (vector === undefined) throw new Error('there are vectors');
  const { solver, chunks, digest } = vector;
  const [first, ...rest] = chunks;
  if (first === undefined) throw new Error('it has chunks');
  const more = { ...first, trades: first.trades.map((t) => ({ ...t, powerW: t.powerW + 1 })) };
  const others = [
    solutionDigest(`0x${'12'.repeat(20)}`, chunks),
    solutionDigest(solver, [...rest, first]),
    solutionDigest(solver, [more, ...rest]),
  ];
  assert.is(new Set([digest, ...others]).size, 4);
});

test.run();
