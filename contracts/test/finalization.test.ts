import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { STAKE } from './deployment.ts';
import { balanceOf, closedBy, finalize, offerOf, settle } from './settling.ts';
import {
  buy,
  bytesOf,
  chunk,
  closeOf,
  payment,
  refusal,
  sell,
  stakeSolver,
  startOf,
  submit,
  T,
  withOffers,
} from './trading.ts';
import { C, inWorld, type World } from './world.ts';

const test = suite('contracts/Matching: finalization and stakes');

const refused = (world: World, t: number, trades: string, at?: number) =>
  world.refused(world.fresh(), 'matching', 'finalize', [t, trades], at);

test(
  'an interval is final between its gate closure and its start, once, by anyone',
  withOffers([sell(), buy()], async (world, o) => {
    const { trades } = chunk(T, [[o(0), o(1), 1_000]]);
    await submit(world, [chunk(T, [[o(0), o(1), 1_000]])]);
    assert.is(await refused(world, T, trades, closeOf(T) - 1), `NotDue(${T})`);
    const wrong = bytesOf([[o(0), o(1), 999]]);
    assert.is(await refused(world, T, wrong, closeOf(T)), `NotCandidate(${T})`);
    assert.is(await refused(world, T, '0x'), `NotCandidate(${T})`);
    const { events } = await finalize(world, T, trades, startOf(T) - 1);
    const said = [BigInt(T), world.solver.address, trades];
    assert.equal(events.at(-1)?.args.toArray(), said);
    assert.is(await refused(world, T, trades), `AlreadyFinal(${T})`);
    assert.is(await refused(world, T, '0x'), `AlreadyFinal(${T})`);
    await assertConserved(world);
  }),
);

test(
  'from its start on an interval is final without trades, whatever is given',
  withOffers([sell(), buy()], async (world, o) => {
    const { trades } = chunk(T, [[o(0), o(1), 1_000]]);
    await submit(world, [chunk(T, [[o(0), o(1), 1_000]])]);
    const { events } = await finalize(world, T, trades, startOf(T));
    assert.equal(events[0]?.args.toArray(), [BigInt(T), `0x${'0'.repeat(40)}`, '0x']);
    assert.is((await offerOf(world, o(0).id)).energyWs, 2_700_000n);
    await assertConserved(world);
  }),
);

test(
  'an interval for which there are no trades is final empty, and not before its gate closure',
  withOffers([sell(), buy()], async (world, o) => {
    const trades = bytesOf([[o(0), o(1), 1_000]]);
    assert.is(await refused(world, T, '0x', closeOf(T) - 1), `NotDue(${T})`);
    assert.is(await refused(world, T, trades, closeOf(T)), `NotCandidate(${T})`);
    await finalize(world, T, '0x', world.now() + 1);
    assert.is(await refused(world, C - 2, '0x'), `NotDue(${C - 2})`);
    assert.is(await refused(world, 2 ** 32 - 1, '0x'), `NotDue(${2 ** 32 - 1})`);
    // The deployment's own interval is the first there is.
    await finalize(world, C - 1, '0x', world.now() + 1);
  }),
);

test(
  "each trade is paid at the middle of both prices, rounded down, out of the bid's escrow",
  withOffers(
    [
      sell({ priceMicroPerKwh: 100_001 }),
      sell({ priceMicroPerKwh: 150_000 }),
      buy({ powerW: 1_999, energyWs: 1_999 * 900, priceMicroPerKwh: 200_002 }),
    ],
    async (world, o) => {
      const trades = [
        [o(0), o(2), 1_000],
        [o(1), o(2), 999],
      ] as const;
      await submit(world, [chunk(T, trades)]);
      await finalize(world, T, bytesOf(trades));
      await assertConserved(world);
      const closed = closedBy(await settle(world, T, bytesOf(trades)));
      const first = payment(150_001, 900_000);
      const second = payment(175_001, 899_100);
      assert.equal(closed.get(1), [1_800_000, first]);
      assert.equal(closed.get(2), [1_800_900, second]);
      assert.equal(closed.get(3), [0, o(2).escrowMicro - first - second]);
      assert.is(await balanceOf(world, o(0).owner), first);
      await assertConserved(world);
    },
  ),
);

test(
  'an escrow pays for all its energy in ever so many trades at its own price',
  withOffers(
    [
      ...[1, 3, 7, 1_111, 878].map((powerW) => sell({ powerW, priceMicroPerKwh: 333_333 })),
      buy({ powerW: 2_000, priceMicroPerKwh: 333_333 }),
    ],
    async (world, o) => {
      const trades = [0, 1, 2, 3, 4].map((i) => [o(i), o(5), o(i).powerW] as const);
      await submit(world, [chunk(T, trades)]);
      await finalize(world, T, bytesOf(trades));
      const [energyWs, left] = closedBy(await settle(world, T, bytesOf(trades))).get(6) ?? [
        -1,
        -1n,
      ];
      assert.is(energyWs, 0);
      assert.ok(left >= 0n && left < 5n, `${left} left of rounding`);
      await assertConserved(world);
    },
  ),
);

test(
  'an interval that is missed leaves its energy to the next solution',
  withOffers([sell({ last: T + 2 }), buy({ last: T + 2 })], async (world, o) => {
    const all = (t: number) => chunk(t, [[o(0), o(1), 3_000]]);
    await submit(world, [all(T)]);
    assert.match(await refusal(world, [all(T + 1)], startOf(T) - 1), 'DueInterval');
    await submit(world, [all(T + 1)], startOf(T));
    await finalize(world, T, all(T).trades, world.now() + 1);
    await finalize(world, T + 1, all(T + 1).trades);
    assert.is((await offerOf(world, 1)).energyWs, 0n);
    await assertConserved(world);
  }),
);

test('a stranger, or one with too small a stake, submits nothing', () =>
  inWorld({}, async (world) => {
    const poor = world.fresh();
    const grant = [poor.address, world.address.matching, STAKE];
    await world.send(world.granter, 'assets', 'addFinancialBalance', grant);
    await world.send(poor, 'matching', 'stake', [STAKE - 1n]);
    for (const caller of [poor, world.fresh(), world.owner, world.granter]) {
      for (const [method, args] of [
        ['submitSolution', [[]]],
        ['openSolution', []],
        ['addChunks', [1, []]],
        ['commitSolution', [1]],
      ] as const) {
        const why = await world.refused(caller, 'matching', method, args);
        assert.is(why, `NotStaked(${caller.address})`, method);
      }
    }
    await world.send(poor, 'matching', 'stake', [1]);
    await world.send(poor, 'matching', 'openSolution');
    assert.match(await world.refused(poor, 'matching', 'stake', [1]), 'NotEnoughMoney');
    assert.match(await world.refused(world.fresh(), 'matching', 'stake', [0]), 'NotMarket');
  }));

test('a stake comes out whole, a day after the last submission, to the second', () =>
  inWorld({}, async (world) => {
    await stakeSolver(world);
    await world.send(world.solver, 'matching', 'openSolution');
    const until = world.now() + 86_400;
    const why = await world.refused(world.solver, 'matching', 'unstake', [], until - 1);
    assert.is(why, `StakeLocked(${until})`);
    await world.send(world.solver, 'matching', 'unstake', [], until);
    const balance = await world.read('assets', 'balanceMicro', [world.solver.address]);
    assert.is(balance as unknown, STAKE);
    assert.match(await world.refused(world.solver, 'matching', 'unstake'), 'NotStaked');
    assert.match(await world.refused(world.solver, 'matching', 'openSolution'), 'NotStaked');
    await assertConserved(world);
  }));

test.run();
