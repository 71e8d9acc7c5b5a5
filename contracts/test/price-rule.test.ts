import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { closedBy, finalize, settle } from './settling.ts';
import {
  buy,
  chunk,
  payment,
  refusal,
  sell,
  submit,
  T,
  type TestChunk,
  type TestTrade,
  withOffers,
} from './trading.ts';

const test = suite('contracts/Matching: prices submitted by the solver');

/** The chunk of trades with four bytes more each: the price. */
function priced(trades: readonly (readonly [...TestTrade, price: number])[]): TestChunk {
  const plain = chunk(
    T,
    trades.map(([ask, bid, powerW]) => [ask, bid, powerW] as const),
  );
  const words = trades.map(([, , , price], i) => {
    const start = 2 + i * 24;
    return plain.trades.slice(start, start + 24) + price.toString(16).padStart(8, '0');
  });
  return { ...plain, trades: `0x${words.join('')}` };
}

const SUBMITTED = { params: { priceRule: 1 } };

test(
  'a submitted price lies within both reservation prices, edges included',
  withOffers(
    [sell(), buy()],
    async (world, o) => {
      for (const price of [99_999, 200_001]) {
        const why = await refusal(world, [priced([[o(0), o(1), 500, price]])]);
        assert.is(why, `PriceOutside(${T}, 0)`);
      }
      await submit(world, [priced([[o(0), o(1), 500, 100_000]])]);
      await submit(world, [priced([[o(0), o(1), 501, 200_000]])]);
    },
    SUBMITTED,
  ),
);

test(
  'a trade is paid at its submitted price',
  withOffers(
    [sell(), buy(), buy({ priceMicroPerKwh: 250_000 })],
    async (world, o) => {
      const part = priced([
        [o(0), o(1), 500, 123_457],
        [o(0), o(2), 700, 250_000],
      ]);
      await submit(world, [part]);
      await finalize(world, T, part.trades);
      const closed = closedBy(await settle(world, T, part.trades));
      const [small, large] = [payment(123_457, 450_000), payment(250_000, 630_000)];
      assert.equal(closed.get(1), [2_700_000 - 1_080_000, small + large]);
      assert.equal(closed.get(2), [2_700_000 - 450_000, o(1).escrowMicro - small]);
      assert.equal(closed.get(3), [2_700_000 - 630_000, o(2).escrowMicro - large]);
      await assertConserved(world);
    },
    SUBMITTED,
  ),
);

test(
  'each rule takes only its own layout',
  withOffers(
    [sell(), buy()],
    async (world, o) => {
      const plain = chunk(T, [[o(0), o(1), 500]]);
      assert.is(await refusal(world, [plain]), `BadLength(${T}, 12)`);
    },
    SUBMITTED,
  ),
);

test(
  'under the midpoint rule a price has no place',
  withOffers([sell(), buy()], async (world, o) => {
    const why = await refusal(world, [priced([[o(0), o(1), 500, 150_000]])]);
    assert.is(why, `BadLength(${T}, 16)`);
  }),
);

test.run();
