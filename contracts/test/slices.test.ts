/** A long chunk is settled in slices: wherever it is cut, each is paid as if in one go. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { close, closedBy, finalize, settle } from './settling.ts';
import {
  buy,
  bytesOf,
  chunk,
  sell,
  startOf,
  submit,
  T,
  type TestOffer,
  type TestTrade,
  withOffers,
} from './trading.ts';
import type { Receipt, World } from './world.ts';

const test = suite('contracts/Matching: settlement in slices');

const ask = (price: number, last = T) =>
  sell({ priceMicroPerKwh: price, last, energyWs: 2_700_000 * (last - T + 1) });
const bid = (price: number, last = T) =>
  buy({ priceMicroPerKwh: price, last, energyWs: 2_700_000 * (last - T + 1) });

/** Runs of one and of several trades on both sides, of single and of longer offers. */
const WISHES = [
  ask(100_001),
  ask(110_003, T + 1),
  ask(120_007),
  ask(130_009, T + 2),
  bid(200_011),
  bid(210_013, T + 1),
  bid(220_017),
  buy({ feeder: 3, priceMicroPerKwh: 230_019 }),
];

function merged(o: (place: number) => TestOffer): TestTrade[] {
  return [
    [o(0), o(4), 1_001],
    [o(0), o(5), 302],
    [o(1), o(5), 703],
    [o(1), o(6), 104],
    [o(2), o(6), 205],
    [o(3), o(6), 406],
    [o(3), o(7), 507],
  ];
}

/** What each offer gave back, after settlement in these slices and the end of all offers. */
async function outcome(
  world: World,
  trades: string,
  voided: readonly number[],
  slices: readonly number[],
): Promise<string> {
  const snapshot = await world.anvil.call('evm_snapshot');
  const receipts: Receipt[] = [];
  for (const most of slices) receipts.push(await settle(world, T, trades, { voided, most }));
  const settled = receipts.flatMap(({ events }) =>
    events.filter(({ name }) => name === 'IntervalSettled'),
  );
  assert.is(settled.length, 1, `settled once, in slices of ${slices}`);
  await assertConserved(world);
  const end = Math.max(startOf(T + 3), world.now() + 1);
  receipts.push(await close(world, [1, 2, 3, 4, 5, 6, 7, 8], end));
  await assertConserved(world);
  await world.anvil.call('evm_revert', [snapshot]);
  const rows = [...closedBy(...receipts)].sort(([a], [b]) => a - b);
  assert.is(rows.length, 8);
  return rows.map(([id, [energyWs, micro]]) => `${id}: ${energyWs} Ws ${micro}`).join('\n');
}

for (const suspended of [null, 3]) {
  test(
    `every cut pays the same${suspended === null ? '' : ', with voided trades'}`,
    withOffers(WISHES, async (world, o) => {
      const plan = merged(o);
      await submit(world, [chunk(T, plan)]);
      if (suspended !== null) {
        await world.send(world.granter, 'microgrid', 'suspend', [suspended, T, T]);
      }
      const trades = bytesOf(plan);
      await finalize(world, T, trades);
      const voided = suspended === null ? [] : [6];
      const whole = await outcome(world, trades, voided, [7]);
      for (let cut = 1; cut < 7; cut++) {
        const halves = await outcome(world, trades, voided, [cut, 7]);
        assert.is(halves, whole, `cut behind ${cut} trades`);
      }
      const single = await outcome(world, trades, voided, Array(7).fill(1));
      assert.is(single, whole, 'one by one');
      // Nothing at all is a slice that changes nothing, wherever it comes.
      const idle = await outcome(world, trades, voided, [0, 3, 0, 2, 0, 2 ** 32]);
      assert.is(idle, whole, 'with empty slices');
    }),
  );
}

test.run();
