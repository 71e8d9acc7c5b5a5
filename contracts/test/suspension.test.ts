import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { closedBy, finalize, offerOf, refusedSettle, settle } from './settling.ts';
import { buy, bytesOf, chunk, payment, sell, submit, T, withOffers } from './trading.ts';
import { C, type World } from './world.ts';

const test = suite('contracts/Matching: suspension of a feeder');

const suspend = (world: World, feeder: number, first = T, last = T) =>
  world.send(world.granter, 'microgrid', 'suspend', [feeder, first, last]);

test(
  'trades of a suspended feeder are voided when they are finalized, and it is said which',
  withOffers(
    [sell(), buy({ feeder: 1 }), buy({ feeder: 2 }), buy({ feeder: 3 })],
    async (world, o) => {
      const trades = [
        [o(0), o(1), 500],
        [o(0), o(2), 600],
        [o(0), o(3), 700],
      ] as const;
      await submit(world, [chunk(T, trades)]);
      await suspend(world, 2);
      const { events } = await finalize(world, T, bytesOf(trades));
      assert.equal(
        events.map((event) => event.name),
        ['TradesVoided', 'SolutionFinalized'],
      );
      assert.equal(events[0]?.args.positions.toArray(), [1n]);
      assert.is(events[1]?.args.trades, bytesOf(trades));
      await assertConserved(world);
      const unvoided = await refusedSettle(world, T, bytesOf(trades));
      assert.is(unvoided, `NotFinalTrades(${T})`);
      const closed = closedBy(await settle(world, T, bytesOf(trades), { voided: [1] }));
      const proceeds = payment(150_000, 450_000) + payment(150_000, 630_000);
      assert.equal(closed.get(1), [900 * (3_000 - 1_200), proceeds]);
      assert.equal(closed.get(3), [900 * 3_000, o(2).escrowMicro]);
      await assertConserved(world);
    },
  ),
);

test(
  'a suspension voids both ways, the utility like any feeder, and only in its intervals',
  withOffers(
    [sell({ last: T + 1, feeder: 0 }), sell({ last: T + 1 }), buy({ last: T + 1 })],
    async (world, o) => {
      const trades = [
        [o(0), o(2), 500],
        [o(1), o(2), 600],
      ] as const;
      await submit(world, [chunk(T, trades), chunk(T + 1, trades)]);
      await suspend(world, 0, C, T);
      await suspend(world, 1, T + 1, T + 1);
      const first = await finalize(world, T, bytesOf(trades));
      assert.equal(first.events[0]?.args.positions.toArray(), [0n]);
      const second = await finalize(world, T + 1, bytesOf(trades));
      assert.equal(second.events[0]?.args.positions.toArray(), [1n]);
      await assertConserved(world);
    },
  ),
);

test(
  'when what is left would break the limit of another feeder, all of the interval is void',
  withOffers(
    [
      sell({ feeder: 1 }),
      sell({ feeder: 2, priceMicroPerKwh: 120_000 }),
      buy({ feeder: 2 }),
      buy({ feeder: 3 }),
    ],
    async (world, o) => {
      // Feeder 2 takes 2,000 from feeder 1 and gives 1,500 to feeder 3: together within its 1,000.
      const trades = [
        [o(0), o(2), 2_000],
        [o(1), o(3), 1_500],
      ] as const;
      await submit(world, [chunk(T, trades)]);
      await suspend(world, 3);
      const { events } = await finalize(world, T, bytesOf(trades));
      assert.equal(events[0]?.args.positions.toArray(), [0n, 1n]);
      await assertConserved(world);
      const closed = closedBy(await settle(world, T, bytesOf(trades), { voided: [0, 1] }));
      assert.equal(
        [1, 2, 3, 4].map((id) => closed.get(id)),
        [0, 1, 2, 3].map((place) => [2_700_000, o(place).escrowMicro]),
      );
      await assertConserved(world);
    },
    {
      feeders: [
        [9_000, 2_000],
        [9_000, 1_000],
        [9_000, 2_000],
      ],
    },
  ),
);

test(
  'what a suspension voided can be traded in another interval',
  withOffers([sell({ last: T + 1 }), buy({ last: T + 1 })], async (world, o) => {
    const all = (t: number) => chunk(t, [[o(0), o(1), 3_000]]);
    await submit(world, [all(T)]);
    await suspend(world, 1);
    await finalize(world, T, all(T).trades);
    assert.ok(await world.read('matching', 'isFinal', [T]));
    await submit(world, [all(T + 1)]);
    await finalize(world, T + 1, all(T + 1).trades);
    assert.is((await offerOf(world, 1)).energyWs, 0n);
    await assertConserved(world);
  }),
);

test.run();
