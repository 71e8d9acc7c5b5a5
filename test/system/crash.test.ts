/**
 * A fault of each kind in real agents, below SQLite: SIGKILL at a write and an fsync of the wallet,
 * at a write of the journal and in the recovery from each, errors of the disk at write and fsync,
 * and a disk without room. All that is granted is still there afterwards, and nothing twice.
 * `npm run test:crash` is the long form.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CrashRun, playCrashes } from '../crash/crash-run.ts';
import { type Fault, inWords } from '../crash/faults.ts';
import { findingsOf } from '../crash/findings.ts';
import type { Blow } from '../crash/plan.ts';

const test = suite('crash');

const fault = (
  files: Fault['files'],
  call: string,
  at: number,
  effect: Fault['effect'],
): Fault => ({
  ...{ files, call, at, effect },
  times: effect === 'SIGKILL' ? 1 : 2,
});
const kill = (files: Fault['files'], call: string, at: number) => fault(files, call, at, 'SIGKILL');

const BLOWS: Blow[] = [
  { first: kill('wallet', 'pwrite64', 13), recovery: kill('both', 'pwrite64', 6) },
  { first: kill('wallet', 'fsync', 2), recovery: kill('both', 'fsync', 2) },
  { first: fault('wallet', 'fsync', 2, 'EIO'), recovery: null },
  { first: fault('wallet', 'pwrite64', 11, 'EIO'), recovery: null },
  { first: kill('journal', 'pwrite64', 5), recovery: kill('both', 'pwrite64', 3) },
  { first: fault('wallet', 'pwrite64', 7, 'ENOSPC'), recovery: null },
];

let played: Promise<CrashRun> | null = null;

/** One run for all claims. */
function crashRun(): Promise<CrashRun> {
  played ??= playCrashes({
    ...{ homes: 3, secondsPerInterval: 5, blows: BLOWS },
    ...{ mostIntervals: 12, quietIntervals: 4 },
    start: '2026-06-12T10:00:00Z',
  });
  return played;
}

test('every fault happened where it was meant to, and no agent ended by itself', async () => {
  const { dealt, left, fallen } = await crashRun();
  assert.is(left, 0);
  assert.equal(
    dealt.filter(({ hasHappened }) => !hasHappened).map(({ fault }) => inWords(fault)),
    [],
  );
  const wanted = BLOWS.flatMap(({ first, recovery }) => (recovery ? [first, recovery] : [first]));
  assert.equal(dealt.map(({ fault }) => inWords(fault)).sort(), wanted.map(inWords).sort());
  assert.equal(fallen, []);
});

test('nothing is lost, nothing is doubled, and the market goes on', async () => {
  const { remains } = await crashRun();
  assert.equal(findingsOf(remains), []);
  assert.ok(remains.chain.log.offers.size > 3, `${remains.chain.log.offers.size} offers`);
});

test.run();
