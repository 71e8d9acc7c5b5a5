/**
 * `npm run test:hostile -- [TIMES [NAME]...]`: every behaviour of a hostile endpoint, 100 times or
 * so often, against the real chain client. Prints a line for each, and fails when one does harm.
 */
import { BEHAVIOURS } from './behaviours.ts';
import type { Met } from './client.ts';
import { harmOf, LIMITS } from './harm.ts';
import { meetAll } from './run.ts';

const TIMES = 100;

const [times = String(TIMES), ...names] = process.argv.slice(2);
const all = names.length === 0 ? Object.keys(BEHAVIOURS) : names;
const unknown = all.filter((name) => BEHAVIOURS[name] === undefined);
if (unknown.length > 0 || !/^[1-9]\d{0,4}$/.test(times)) {
  process.stderr.write(`usage: npm run test:hostile -- [TIMES [NAME]...]\n${unknown.join('\n')}`);
  process.exit(2);
}
const say = (text: string) => process.stdout.write(`${text}\n`);
const cell = (value: number) => value.toFixed(1).padStart(8);

say(`${'behaviour'.padEnd(38)}   times  held ms   heap +   peak +    RSS +  refused`);
let harmed = 0;
const met = await meetAll(all, Number(times), (each) => {
  const { name, heldMs, grownMiB, peakMiB, rssGrownMiB, refused } = each;
  const cells = [heldMs, grownMiB, peakMiB, rssGrownMiB].map(cell).join(' ');
  say(
    `${name.padEnd(38)} ${String(each.times).padStart(7)} ${cells} ${String(refused).padStart(8)}`,
  );
  for (const harm of harmOf(each)) say(`  HARM  ${harm}`);
  harmed += harmOf(each).length === 0 ? 0 : 1;
});
const most = (of: (each: Met) => number) => Math.max(...met.map(of)).toFixed(1);
const held = most(({ heldMs }) => heldMs);
const grown = most(({ grownMiB }) => grownMiB);
say(`\n${met.length} behaviours, ${times} times each, ${harmed} of them did harm`);
say(`loop held for ${held} ms at most (limit ${LIMITS.heldMs})`);
say(`heap and buffers grown by ${grown} MiB at most (limit ${LIMITS.grownMiB})`);
process.exit(harmed === 0 ? 0 : 1);
