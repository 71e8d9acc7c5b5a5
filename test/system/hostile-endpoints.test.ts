/** Every behaviour of a hostile endpoint, a few times; the whole is `npm run test:hostile`. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BEHAVIOURS, BELIEVED_ALONE } from '../hostile/behaviours.ts';
import type { Met } from '../hostile/client.ts';
import { harmOf } from '../hostile/harm.ts';
import { meetAll } from '../hostile/run.ts';

const test = suite('hostile endpoints');
const TIMES = 1;

const names = Object.keys(BEHAVIOURS);
const harmless: Met = {
  ...{ name: 'x', times: 1, faults: [], advanced: 3, refused: 0 },
  ...{ heldMs: 5, delayMs: 5, grownMiB: 0, rssGrownMiB: 0, peakMiB: 3 },
};

test('none of them does harm: no crash, no memory, no held loop, no wrong belief', async () => {
  assert.ok(names.length >= 25);
  for (const name of BELIEVED_ALONE) assert.ok(names.includes(name), name);
  const met = await meetAll(names, TIMES, () => {});
  assert.equal(
    met.flatMap((each) => harmOf(each).map((harm) => `${each.name}: ${harm}`)),
    [],
  );
  // Where nothing is ever refused, nothing was tried.
  const refused = met.filter((each) => each.refused > 0).length;
  assert.ok(refused > names.length / 2, `${refused} of ${names.length} were ever refused`);
});

test('harm is seen', () => {
  assert.equal(harmOf(harmless), []);
  const harms: Partial<Met>[] = [
    { heldMs: 101 },
    { grownMiB: 33 },
    { rssGrownMiB: 33 },
    { advanced: 0 },
    { faults: ['it believes in block 9'] },
  ];
  for (const harm of harms) assert.is(harmOf({ ...harmless, ...harm }).length, 1);
});

test.run();
