import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buy, chunk, refusal, sell, submit, T, withOffers } from './trading.ts';

const test = suite('contracts/Matching: feeder limits');

test(
  'C_int bounds what is sold, and what is bought, inside a feeder',
  withOffers(
    [
      sell({ powerW: 600 }),
      sell({ powerW: 600 }),
      buy({ powerW: 600 }),
      buy({ powerW: 600 }),
      sell({ feeder: 3 }),
      buy({ feeder: 3 }),
      buy({ feeder: 1 }),
    ],
    async (world, o) => {
      const over = [
        [o(0), o(5), 600],
        [o(1), o(5), 401],
      ] as const;
      const sold = chunk(T, over);
      assert.is(await refusal(world, [sold]), `InternalLimitBroken(${T}, 1, 1001, 0)`);
      const bought = chunk(T, [
        [o(4), o(2), 600],
        [o(4), o(3), 401],
      ]);
      assert.is(await refusal(world, [bought]), `InternalLimitBroken(${T}, 2, 0, 1001)`);
      // What stays inside the feeder counts as well.
      const inside = chunk(T, [
        [o(0), o(6), 600],
        [o(1), o(6), 401],
      ]);
      assert.is(await refusal(world, [inside]), `InternalLimitBroken(${T}, 1, 1001, 1001)`);
      const full = [
        [o(0), o(2), 400],
        [o(1), o(2), 200],
        [o(1), o(3), 400],
      ] as const;
      await submit(world, [chunk(T, full)]);
    },
    {
      feeders: [
        [1_000, 5_000],
        [1_000, 5_000],
        [9_000, 9_000],
      ],
    },
  ),
);

const BOTH_WAYS = [
  sell(),
  sell({ feeder: 2 }),
  buy({ feeder: 1 }),
  buy({ feeder: 2 }),
  buy({ feeder: 3 }),
];
const NARROW = {
  feeders: [
    [9_000, 1_000],
    [9_000, 1_000],
    [9_000, 500],
  ] as const,
};

test(
  'C_ext bounds the net flow out of a feeder, and into it',
  withOffers(
    BOTH_WAYS,
    async (world, o) => {
      const out = chunk(T, [[o(0), o(3), 1_001]]);
      assert.is(await refusal(world, [out]), `ExternalLimitBroken(${T}, 1, 1001)`);
      const into = chunk(T, [[o(1), o(2), 1_001]]);
      assert.is(await refusal(world, [into]), `ExternalLimitBroken(${T}, 1, -1001)`);
      const third = chunk(T, [[o(0), o(4), 501]]);
      assert.is(await refusal(world, [third]), `ExternalLimitBroken(${T}, 3, -501)`);
      await submit(world, [chunk(T, [[o(0), o(3), 1_000]])]);
    },
    NARROW,
  ),
);

test(
  'what stays inside a feeder, and what flows both ways, nets out of C_ext',
  withOffers(
    BOTH_WAYS,
    async (world, o) => {
      const inside = chunk(T, [
        [o(0), o(2), 2_000],
        [o(0), o(3), 1_000],
      ]);
      await submit(world, [inside]);
      // Feeder 1 sells 3,000 and buys 3,000; so does feeder 2: 2,500 each way across.
      const across = chunk(T, [
        [o(0), o(2), 500],
        [o(0), o(3), 2_500],
        [o(1), o(3), 500],
      ]);
      const lopsided = `ExternalLimitBroken(${T}, 1, 2500)`;
      assert.is(await refusal(world, [across]), lopsided);
      const crossed = chunk(T, [
        [o(0), o(2), 1_500],
        [o(0), o(3), 1_500],
        [o(1), o(3), 1_500],
      ]);
      assert.is(await refusal(world, [crossed]), `ExternalLimitBroken(${T}, 1, 1500)`);
    },
    NARROW,
  ),
);

test(
  'opposite flows between two feeders cancel, in whatever order they come',
  withOffers(
    [
      sell({ powerW: 2_500, priceMicroPerKwh: 100_000 }),
      sell({ powerW: 2_000, priceMicroPerKwh: 120_000, feeder: 2 }),
      buy({ powerW: 2_500, priceMicroPerKwh: 130_000, feeder: 2 }),
      buy({ powerW: 2_000, priceMicroPerKwh: 140_000, feeder: 1 }),
      buy({ powerW: 2_000, priceMicroPerKwh: 125_000, feeder: 1 }),
    ],
    async (world, o) => {
      // Feeder 1 is a net exporter until the second trade comes.
      const exportFirst = chunk(T, [
        [o(0), o(2), 2_500],
        [o(1), o(3), 1_500],
      ]);
      await submit(world, [exportFirst]);
      const importFirst = chunk(T, [
        [o(0), o(4), 100],
        [o(0), o(2), 2_400],
        [o(1), o(3), 1_900],
      ]);
      await submit(world, [importFirst]);
    },
    NARROW,
  ),
);

test.run();
