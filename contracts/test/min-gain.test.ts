/** A better solution gains a least amount in the first figure that differs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  buy,
  chunk,
  refusal,
  sell,
  submit,
  T,
  type TestChunk,
  type TestOffer,
  withOffers,
} from './trading.ts';

const test = suite('contracts/Objectives: the least gain');

const WISHES = [
  sell({ priceMicroPerKwh: 100_000 }),
  sell({ priceMicroPerKwh: 90_000 }),
  buy(),
  buy({ feeder: 0, powerW: 9_000 }),
  sell({ priceMicroPerKwh: 95_000 }),
];

/** Ten watts are 9,000 Ws: each step gains just that, or the welfare of 0.01 per kWh on it. */
const STEPS: Record<string, (o: (place: number) => TestOffer) => [TestChunk, TestChunk]> = {
  'energy between homes': (o) => [chunk(T, [[o(0), o(2), 100]]), chunk(T, [[o(0), o(2), 110]])],
  'energy with the utility': (o) => [chunk(T, [[o(0), o(3), 100]]), chunk(T, [[o(0), o(3), 110]])],
  welfare: (o) => [chunk(T, [[o(0), o(2), 20]]), chunk(T, [[o(4), o(2), 20]])],
};

for (const [figure, step] of Object.entries(STEPS)) {
  test(
    `a gain in ${figure} of exactly the least is enough`,
    withOffers(
      WISHES,
      async (world, o) => {
        for (const part of step(o)) await submit(world, [part]);
      },
      { params: { minGainWs: 9_000 } },
    ),
  );

  test(
    `a gain in ${figure} of less than the least is none`,
    withOffers(
      WISHES,
      async (world, o) => {
        const [before, better] = step(o);
        await submit(world, [before]);
        assert.match(await refusal(world, [better]), 'NotBetter');
        await world.send(world.solver, 'matching', 'openSolution');
        await world.send(world.solver, 'matching', 'addChunks', [2, [better]]);
        const why = await world.refused(world.solver, 'matching', 'commitSolution', [2]);
        assert.match(why, 'NotBetter');
      },
      { params: { minGainWs: 9_001 } },
    ),
  );
}

test(
  'the first figure that differs decides: more of a later one does not make up for it',
  withOffers(
    WISHES,
    async (world, o) => {
      await submit(world, [
        chunk(T, [
          [o(0), o(2), 100],
          [o(0), o(3), 100],
        ]),
      ]);
      const trifleMore = chunk(T, [
        [o(1), o(2), 109],
        [o(1), o(3), 2_000],
      ]);
      assert.match(await refusal(world, [trifleMore]), 'NotBetter');
      const less = chunk(T, [
        [o(1), o(2), 99],
        [o(1), o(3), 2_000],
      ]);
      assert.match(await refusal(world, [less]), 'NotBetter');
      await submit(world, [chunk(T, [[o(0), o(2), 110]])]);
    },
    { params: { minGainWs: 9_000 } },
  ),
);

test(
  'the very first solution gains over nothing',
  withOffers(
    WISHES,
    async (world, o) => {
      assert.match(await refusal(world, [chunk(T, [[o(0), o(2), 9]])]), 'NotBetter');
      await submit(world, [chunk(T, [[o(0), o(2), 10]])]);
    },
    { params: { minGainWs: 9_000 } },
  ),
);

test.run();
