import { AbiCoder, keccak256 } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import {
  balanceOf,
  close,
  closedBy,
  finalize,
  offerOf,
  refusedClose,
  refusedSettle,
  settle,
} from './settling.ts';
import { buy, bytesOf, chunk, payment, sell, startOf, submit, T, withOffers } from './trading.ts';

const test = suite('contracts/Matching: settlement');

const PAST = startOf(T + 1);
const LONG = { last: T + 1, energyWs: 5_400_000 };

test(
  'a past interval is settled by anyone, once, and pays each trade to the last millionth',
  withOffers(
    [sell(), sell({ priceMicroPerKwh: 133_333 }), buy(), buy({ priceMicroPerKwh: 211_111 })],
    async (world, o) => {
      const trades = [
        [o(0), o(2), 1_001],
        [o(0), o(3), 702],
        [o(1), o(3), 2_003],
      ] as const;
      await submit(world, [chunk(T, trades)]);
      await finalize(world, T, bytesOf(trades));
      const receipt = await settle(world, T, bytesOf(trades), { at: PAST });
      const names = receipt.events.map((event) => event.name);
      assert.equal(names, [...Array(4).fill('OfferClosed'), 'IntervalSettled']);
      const [one, two, three] = [
        payment(150_000, 1_001 * 900),
        payment(155_555, 702 * 900),
        payment(172_222, 2_003 * 900),
      ] as const;
      const closed = closedBy(receipt);
      assert.equal(closed.get(1), [(3_000 - 1_703) * 900, one + two]);
      assert.equal(closed.get(2), [(3_000 - 2_003) * 900, three]);
      assert.equal(closed.get(3), [(3_000 - 1_001) * 900, o(2).escrowMicro - one]);
      assert.equal(closed.get(4), [(3_000 - 2_705) * 900, o(3).escrowMicro - two - three]);
      assert.is(await balanceOf(world, o(3).owner), o(3).escrowMicro - two - three);
      assert.is(await refusedSettle(world, T, bytesOf(trades)), `NothingToSettle(${T})`);
      await assertConserved(world);
    },
  ),
);

test(
  'an interval is settled with its final trades and voided positions, and not before its end',
  withOffers([sell(), buy(), buy()], async (world, o) => {
    const trades = [
      [o(0), o(1), 100],
      [o(0), o(2), 200],
    ] as const;
    const bytes = bytesOf(trades);
    const before = await refusedSettle(world, T, bytes, { at: world.now() + 1 });
    assert.is(before, `NothingToSettle(${T})`);
    await submit(world, [chunk(T, trades)]);
    await finalize(world, T, bytes);
    const early = await refusedSettle(world, T, bytes, { at: PAST - 1 });
    assert.is(early, `NotPast(${PAST})`);
    const others = [
      bytesOf([[o(0), o(1), 100]]),
      bytesOf([
        [o(0), o(1), 101],
        [o(0), o(2), 200],
      ]),
      `${bytes}00`,
      '0x',
    ];
    for (const other of others) {
      assert.is(await refusedSettle(world, T, other, { at: PAST }), `NotFinalTrades(${T})`);
    }
    for (const voided of [[0], [1], [0, 1], [7]]) {
      assert.is(await refusedSettle(world, T, bytes, { voided }), `NotFinalTrades(${T})`);
    }
    assert.is(await refusedSettle(world, T + 1, bytes), `NothingToSettle(${T + 1})`);
    await settle(world, T, bytes);
    await assertConserved(world);
  }),
);

test(
  'what a hash with voided positions is made of does not pass for the trades',
  withOffers([sell(), buy({ feeder: 3 })], async (world, o) => {
    const { trades } = chunk(T, [[o(0), o(1), 100]]);
    await submit(world, [chunk(T, [[o(0), o(1), 100]])]);
    await world.send(world.granter, 'microgrid', 'suspend', [3, T, T]);
    await finalize(world, T, trades);
    const types = ['bytes32', 'uint32[]'];
    const made = AbiCoder.defaultAbiCoder().encode(types, [keccak256(trades), [0]]);
    assert.is(await refusedSettle(world, T, made), `NotFinalTrades(${T})`);
    await settle(world, T, trades, { voided: [0] });
    await assertConserved(world);
  }),
);

test(
  'an interval without trades, or missed, has nothing to settle: its offers close at once',
  withOffers([sell(), buy(), sell({ first: T + 1 }), buy({ first: T + 1 })], async (world, o) => {
    const missed = chunk(T + 1, [[o(2), o(3), 100]]);
    await submit(world, [missed]);
    await finalize(world, T, '0x');
    await finalize(world, T + 1, missed.trades, startOf(T + 1));
    for (const t of [T, T + 1]) {
      assert.is(await refusedSettle(world, t, '0x'), `NothingToSettle(${t})`);
    }
    const closed = closedBy(await close(world, [1, 2, 3, 4], startOf(T + 2)));
    assert.equal(
      [...closed.values()].map(([energyWs]) => energyWs),
      Array(4).fill(2_700_000),
    );
    await assertConserved(world);
  }),
);

test(
  'voided trades give everything back',
  withOffers(
    [sell(), sell(LONG), buy(), buy({ ...LONG, priceMicroPerKwh: 210_000 })],
    async (world, o) => {
      const trades = [
        [o(0), o(2), 100],
        [o(0), o(3), 200],
        [o(1), o(3), 300],
      ] as const;
      await submit(world, [chunk(T, trades)]);
      await world.send(world.granter, 'microgrid', 'suspend', [1, T, T]);
      await finalize(world, T, bytesOf(trades));
      assert.is((await offerOf(world, 2)).energyWs, 5_400_000n);
      const receipt = await settle(world, T, bytesOf(trades), { voided: [0, 1, 2] });
      assert.equal([...closedBy(receipt)].sort(), [
        [1, [2_700_000, 0n]],
        [3, [2_700_000, o(2).escrowMicro]],
      ]);
      const longer = closedBy(await close(world, [2, 4], startOf(T + 2)));
      assert.equal(longer.get(2), [5_400_000, 0n]);
      assert.equal(longer.get(4), [5_400_000, o(3).escrowMicro]);
      await assertConserved(world);
    },
  ),
);

test(
  'offers of several intervals are paid with each of them, and close when all are settled',
  withOffers([sell(), sell(LONG), buy(), buy(LONG)], async (world, o) => {
    const trades = [
      [o(0), o(2), 100],
      [o(0), o(3), 200],
      [o(1), o(3), 300],
    ] as const;
    const later = [[o(1), o(3), 400]] as const;
    await submit(world, [chunk(T, trades), chunk(T + 1, later)]);
    await finalize(world, T, bytesOf(trades));
    assert.is((await offerOf(world, 2)).energyWs, 5_400_000n - 270_000n);
    assert.is((await offerOf(world, 2)).moneyMicro, 0n);
    await finalize(world, T + 1, bytesOf(later));
    const [two, three] = [payment(150_000, 180_000), payment(150_000, 270_000)];
    const four = payment(150_000, 360_000);
    const end = startOf(T + 2);
    // The later interval first: its payments do not wait for those of the other.
    await settle(world, T + 1, bytesOf(later), { at: end });
    assert.is((await offerOf(world, 2)).moneyMicro, four);
    for (const id of [2, 4]) assert.is(await refusedClose(world, id), `NotSettled(${T})`);
    await assertConserved(world);
    const atOnce = closedBy(await settle(world, T, bytesOf(trades)));
    assert.equal([...atOnce.keys()].sort(), [1, 3]);
    await assertConserved(world);
    const closed = closedBy(await close(world, [2, 4]));
    assert.equal(closed.get(2), [5_400_000 - 630_000, three + four]);
    assert.equal(closed.get(4), [5_400_000 - 810_000, o(3).escrowMicro - two - three - four]);
    await assertConserved(world);
  }),
);

test(
  'until an interval is settled no offer that reaches into it closes, traded or not',
  withOffers(
    [sell(), buy(), buy(), sell({ first: T - 1, last: T }), sell({ first: T + 1 })],
    async (world, o) => {
      const trades = bytesOf([
        [o(0), o(1), 100],
        [o(3), o(1), 100],
      ]);
      await submit(world, [
        chunk(T, [
          [o(0), o(1), 100],
          [o(3), o(1), 100],
        ]),
      ]);
      await finalize(world, T, trades);
      for (const id of [1, 2, 3, 4]) {
        assert.is(await refusedClose(world, id, PAST + 900 + id), `NotSettled(${T})`);
      }
      await close(world, [5]);
      await settle(world, T, trades, { most: 1 });
      assert.is(await refusedClose(world, 1), 'AlreadyClosed(1)');
      for (const id of [2, 3, 4]) assert.is(await refusedClose(world, id), `NotSettled(${T})`);
      await settle(world, T, trades, { most: 1 });
      for (const id of [1, 2]) assert.is(await refusedClose(world, id), `AlreadyClosed(${id})`);
      await close(world, [3, 4]);
      await assertConserved(world);
    },
  ),
);

test.run();
