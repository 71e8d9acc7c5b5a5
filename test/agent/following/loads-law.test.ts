/**
 * Whatever is planned, ordered, metered or broken, and whatever the clock does: no load is turned
 * against its minimum times or starts per hour, no interlock has two on, no start overloads a fuse,
 * and the end is safe.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Deed, MODELS, play } from './load-play.ts';

const test = suite('following: laws of loads');

const watts = fc.integer({ min: -6000, max: 6000 });
const load = fc.nat({ max: MODELS.length - 1 });
const flag = fc.boolean();
const kind = <K extends Deed['kind']>(name: K) => ({ kind: fc.constant(name) });
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ ...kind('look'), restW: watts, count: fc.integer({ min: 1, max: 40 }) },
    }),
  },
  fc.record({ ...kind('plan'), loadsW: fc.nat(7000), committedW: fc.option(watts) }),
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ ...kind('order'), load, seconds: fc.option(fc.nat(2000)) },
      mode: fc.constantFrom('auto' as const, 'off' as const, 'on' as const),
    }),
  },
  fc.record({ ...kind('limit'), limitW: fc.option(fc.nat(6000)) }),
  fc.record({
    ...{ ...kind('clock'), proven: flag, apartS: fc.constantFrom(0, 3600, -3600, 40_000, 7) },
  }),
  fc.record({ ...kind('disk'), full: flag }),
  fc.record({ ...kind('silence'), seconds: fc.nat(1500) }),
  fc.record({
    ...{ ...kind('relay'), load },
    fails: fc.constantFrom('no' as const, 'dead' as const, 'late' as const),
  }),
  fc.record({ ...kind('restart') }),
);

test('no sequence of plans, orders, clocks and faults breaks a limit, and the end is safe', () =>
  fc.assert(
    fc.asyncProperty(fc.array(deeds, { minLength: 4, maxLength: 40 }), async (run) => {
      await play(run);
    }),
    { numRuns: 150, seed: 7 },
  ));

test('the play turns every load, so that the laws are about something', async () => {
  const run: Deed[] = [];
  for (let n = 0; n < 12; n += 1) {
    const committedW = n % 3 === 0 ? null : 2500;
    run.push({ kind: 'plan', loadsW: n % 2 === 0 ? 6000 : 0, committedW });
    run.push({ kind: 'look', restW: n % 4 === 0 ? -4000 : 300, count: 90 });
  }
  const cabinet = await play(run);
  for (const [index, { name }] of MODELS.entries()) {
    assert.ok((cabinet.turns[index]?.length ?? 0) >= 1, `${name} was never turned`);
  }
});

test.run();
