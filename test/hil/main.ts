/**
 * `npm run test:hil [-- --intervals 96 --seconds 6]`: the built agent through a day on meters that
 * are not ours, with faults. Ends with what was compared; fails when anything did not fit.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildBinary } from '../../build/binary.ts';
import { ROOT } from '../../build/project-root.ts';
import { aloneIn } from '../system/alone.ts';
import { compare } from './compare.ts';
import { liveDay } from './day.ts';
import { resultText } from './result-text.ts';

/** A day. */
const INTERVALS = 96;
const SECONDS = 6;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      intervals: { type: 'string', default: String(INTERVALS) },
      seconds: { type: 'string', default: String(SECONDS) },
      json: { type: 'boolean', default: false },
    },
  });
  const intervals = Number(values.intervals);
  const seconds = Number(values.seconds);
  if (!(Number.isInteger(intervals) && intervals >= 5 && seconds >= 2)) {
    console.error('at least 5 intervals of at least 2 seconds');
    return 2;
  }
  const platform = `${process.platform}-${process.arch}`;
  const { path } = await buildBinary(platform, join(ROOT, '.cache', 'binary-test'));
  const day = await liveDay({
    intervals,
    intervalRealMs: seconds * 1000,
    program: (folder) => aloneIn(folder, path),
    say: (line) => console.error(line),
  });
  const comparison = compare(day.houses, day.span);
  console.log(values.json ? JSON.stringify({ ...comparison }) : resultText(day, comparison));
  return comparison.findings.length + day.fallen.length === 0 ? 0 : 1;
}

process.exitCode = await main();
