/**
 * The built agent on meters that are not ours, every fault of line, meter and power once: what it
 * wrote down of energy, commitments and relays is what happened. The whole day is
 * `npm run test:hil`.
 */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildBinary } from '../../build/binary.ts';
import { ROOT } from '../../build/project-root.ts';
import { compare } from '../hil/compare.ts';
import { liveDay } from '../hil/day.ts';
import { FAULTS, QUIET_INTERVALS } from '../hil/faults.ts';
import { resultText } from '../hil/result-text.ts';
import { aloneIn } from './alone.ts';

const test = suite('hardware in the loop');

const INTERVAL_REAL_MS = 5_000;
/** Each fault once, and an interval to get over the last one. */
const INTERVALS = QUIET_INTERVALS + FAULTS.length + 1;

test('with every fault once, journal, commitments and relays are what happened', async () => {
  const platform = `${process.platform}-${process.arch}`;
  const { path } = await buildBinary(platform, join(ROOT, '.cache', 'binary-test'));
  const lines: string[] = [];
  const day = await liveDay({
    intervals: INTERVALS,
    intervalRealMs: INTERVAL_REAL_MS,
    program: (folder) => aloneIn(folder, path),
    say: (line) => lines.push(line),
  });
  const comparison = compare(day.houses, day.span);
  const told = [...lines, resultText(day, comparison)].join('\n');
  for (const fault of FAULTS) assert.ok((day.dealt[fault] ?? 0) > 0, `${fault} was dealt\n${told}`);
  for (const [fault, count] of Object.entries(day.spoilt)) {
    assert.ok(count > 0, `answers were spoilt by ${fault}\n${told}`);
  }
  assert.equal([...comparison.findings, ...day.fallen], [], told);
  for (const { name, committed, intervals, byQuality } of comparison.figures) {
    assert.ok(committed >= INTERVALS / 3, `${name} traded\n${told}`);
    assert.ok(intervals >= INTERVALS - 3, `${name} has every reading\n${told}`);
    assert.ok((byQuality.measured ?? 0) >= INTERVALS / 3, `${name} measured\n${told}`);
  }
  const switches = comparison.figures.reduce((sum, each) => sum + each.switches, 0);
  assert.ok(switches > 0, `a relay was switched\n${told}`);
});

test.run();
