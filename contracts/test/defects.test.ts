/**
 * Defects measured in the published contracts of TRANSAX and PETra: each test does what went wrong
 * there. PETra's bids that nobody could accept belong to a bilateral market, and the client's
 * transactions that were sent again under a new nonce to the outbox.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { finalize, settle } from './settling.ts';
import {
  buy,
  bytesOf,
  chunk,
  closeOf,
  payment,
  refusal,
  sell,
  startOf,
  submit,
  T,
  withOffers,
} from './trading.ts';

const test = suite('contracts: defects of the published contracts');

test(
  'the import limit of a feeder is enforced (there: imports of 200 passed under a limit of 100)',
  withOffers(
    [sell({ feeder: 1, powerW: 200 }), buy({ feeder: 2, powerW: 200 })],
    async (world, o) => {
      const why = await refusal(world, [chunk(T, [[o(0), o(1), 200]])]);
      assert.is(why, `ExternalLimitBroken(${T}, 2, -200)`);
      await submit(world, [chunk(T, [[o(0), o(1), 100]])]);
    },
    {
      feeders: [
        [1_000, 1_000],
        [1_000, 100],
      ],
    },
  ),
);

test(
  'a seller in a feeder that imports on balance may sell (there: an underflow reverted it)',
  withOffers(
    [
      sell({ powerW: 900 }), // feeder 1
      sell({ feeder: 2, powerW: 100, priceMicroPerKwh: 110_000 }),
      buy({ feeder: 2, powerW: 900, priceMicroPerKwh: 120_000 }),
      buy({ feeder: 1, powerW: 100, priceMicroPerKwh: 130_000 }),
    ],
    async (world, o) => {
      // Feeder 2 already imports 900 when its own seller's trade comes.
      await submit(world, [
        chunk(T, [
          [o(0), o(2), 900],
          [o(1), o(3), 100],
        ]),
      ]);
    },
  ),
);

test(
  'the verdict does not depend on the order of trades across intervals or prices (there: it did)',
  withOffers(
    [
      sell({ feeder: 2, powerW: 100, priceMicroPerKwh: 90_000, last: T + 1, energyWs: 180_000 }),
      sell({ powerW: 900, last: T + 1, energyWs: 1_620_000 }),
      buy({ feeder: 1, powerW: 100, priceMicroPerKwh: 110_000, last: T + 1, energyWs: 180_000 }),
      buy({ feeder: 2, powerW: 900, priceMicroPerKwh: 120_000, last: T + 1, energyWs: 1_620_000 }),
    ],
    async (world, o) => {
      const at = (t: number) =>
        chunk(t, [
          [o(0), o(2), 100],
          [o(1), o(3), 900],
        ]);
      await submit(world, [at(T + 1)]);
      await submit(world, [at(T + 1), at(T)]);
    },
    {
      feeders: [
        [1_000, 800],
        [1_000, 800],
      ],
    },
  ),
);

test(
  "a stranger cannot set the grid up, post for another, submit, or add to another's solution",
  withOffers([sell(), buy()], async (world, o) => {
    const stranger = world.fresh();
    const offer = [o(0).assetId, 900, T, T, 1, 1];
    const part = [chunk(T, [[o(0), o(1), 100]])];
    await world.send(world.solver, 'matching', 'openSolution');
    const calls = [
      ['microgrid', 'addFeeder', [1, 1], 'NotOwner'],
      ['microgrid', 'setFeederLimits', [1, 1, 1], 'NotOwner'],
      ['matching', 'postOffer', offer, 'NotMarket'],
      ['matching', 'submitSolution', [part], 'NotStaked'],
      ['matching', 'addChunks', [1, part], 'NotStaked'],
      ['matching', 'commitSolution', [1], 'NotStaked'],
      ['assets', 'moveIn', [stranger.address, 1, 1, 1, 1, 1, 1], 'NotMarket'],
      ['assets', 'release', [[[1, 1, 1]]], 'NotMarket'],
      ['assets', 'moveMoneyIn', [world.solver.address, 1], 'NotMarket'],
      ['assets', 'moveMoneyOut', [stranger.address, 1], 'NotMarket'],
    ] as const;
    for (const [to, method, args, error] of calls) {
      assert.match(await world.refused(stranger, to, method, args), error, method);
    }
  }),
);

test(
  'whoever finalizes decides nothing: neither time nor trades (there: a stranger could)',
  withOffers([sell(), buy()], async (world, o) => {
    const mine = chunk(T, [[o(0), o(1), 100]]);
    await submit(world, [mine]);
    const finalize = (trades: string, at?: number) =>
      world.refused(world.fresh(), 'matching', 'finalize', [T, trades], at);
    assert.match(await finalize(mine.trades, closeOf(T) - 1), 'NotDue');
    assert.match(await finalize(bytesOf([[o(0), o(1), 3_000]]), closeOf(T)), 'NotCandidate');
    assert.match(await finalize('0x'), 'NotCandidate');
  }),
);

test(
  'a trade held for later becomes final though the solver is silent (there: it was forgotten)',
  withOffers([sell({ last: T + 3 }), buy({ last: T + 3 })], async (world, o) => {
    const plan = [T, T + 1, T + 2, T + 3].map((t) => chunk(t, [[o(0), o(1), 600]]));
    await submit(world, plan);
    for (const { interval, trades } of plan) {
      const args = [interval, trades];
      const at = closeOf(interval);
      const { events } = await world.send(world.fresh(), 'matching', 'finalize', args, at);
      assert.is(events.at(-1)?.args.trades, trades);
    }
    const ask = (await world.read('matching', 'offers', [1])).toObject();
    assert.is(ask.energyWs, 900n * 600n);
    await assertConserved(world);
  }),
);

test(
  'offers have prices and escrow, and final trades are paid (there: neither)',
  withOffers([sell(), buy()], async (world, o) => {
    const trades = [[o(0), o(1), 1_000]] as const;
    await submit(world, [chunk(T, trades)]);
    await finalize(world, T, bytesOf(trades));
    await settle(world, T, bytesOf(trades), { at: startOf(T + 1) });
    const paid = payment(150_000, 900_000);
    const balances = [];
    for (const place of [0, 1]) {
      balances.push(await world.read('assets', 'balanceMicro', [o(place).owner.address]));
    }
    assert.equal(balances as unknown, [paid, o(1).escrowMicro - paid]);
    await assertConserved(world);
  }),
);

test(
  'a split offer leaves its rest in all of its later intervals (there: only in the last)',
  withOffers([sell({ last: T + 4 }), buy({ last: T + 4 })], async (world, o) => {
    const first = chunk(T, [[o(0), o(1), 1_000]]);
    await submit(world, [first]);
    await world.send(world.fresh(), 'matching', 'finalize', [T, first.trades], closeOf(T));
    for (const t of [T + 1, T + 2, T + 3, T + 4]) {
      await submit(world, [chunk(t, [[o(0), o(1), 100 * (t - T)]])]);
    }
  }),
);

test.run();
