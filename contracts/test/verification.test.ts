import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CALENDAR } from './deployment.ts';
import {
  buy,
  chunk,
  closeOf,
  postOffers,
  refusal,
  sell,
  submit,
  T,
  withOffers,
  worth,
} from './trading.ts';
import { C } from './world.ts';

const test = suite('contracts/Matching: verification of a solution');

test(
  'an ask and a bid change places in no trade, and only offers that exist trade',
  withOffers([sell(), buy()], async (world, o) => {
    const [ask, bid] = [o(0), o(1)];
    assert.is(await refusal(world, [chunk(T, [[ask, ask, 1]])].map(worth)), `WrongSide(${T}, 1)`);
    const turned = await refusal(world, [worth(chunk(T, [[bid, ask, 1]]))]);
    assert.is(turned, `WrongSide(${T}, 2)`);
    // Number 0 is no offer: neither a free seller nor a buyer of everything.
    for (const id of [0, 3]) {
      const ghosts = [
        [ask, { ...bid, id }, 10],
        [{ ...ask, id }, bid, 10],
      ] as const;
      for (const trade of ghosts) {
        assert.is(await refusal(world, [chunk(T, [trade])]), `NoSuchOffer(${id})`);
      }
    }
    await submit(world, [chunk(T, [[ask, bid, 10]])]);
  }),
);

test(
  'each offer trades only inside its own intervals',
  withOffers([sell({ last: T + 1 }), buy({ first: T + 1, last: T + 2 })], async (world, o) => {
    const trades = [[o(0), o(1), 100]] as const;
    assert.is(await refusal(world, [chunk(T, trades)]), `OutsideOffer(${T}, 2)`);
    assert.is(await refusal(world, [chunk(T + 2, trades)]), `OutsideOffer(${T + 2}, 1)`);
    await submit(world, [chunk(T + 1, trades)]);
  }),
);

test(
  'prices must meet',
  withOffers(
    [sell({ priceMicroPerKwh: 200_001 }), sell({ priceMicroPerKwh: 200_000 }), buy()],
    async (world, o) => {
      const dear = worth(chunk(T, [[o(1), o(2), 10]]));
      const swapped = { ...dear, trades: chunk(T, [[o(0), o(2), 10]]).trades };
      assert.is(await refusal(world, [swapped]), `PricesDoNotMeet(${T}, 0)`);
      await submit(world, [chunk(T, [[o(1), o(2), 10]])]);
    },
  ),
);

test(
  'the power of an offer holds for all its trades of an interval together',
  withOffers(
    [
      sell({ powerW: 1_000, energyWs: 9_000_000 }),
      buy(),
      buy(),
      buy({ powerW: 600, energyWs: 9_000_000 }),
    ],
    async (world, o) => {
      const over = chunk(T, [
        [o(0), o(1), 600],
        [o(0), o(2), 401],
      ]);
      assert.is(await refusal(world, [over]), `OfferOverPower(${T}, 1, 1001)`);
      assert.is(
        await refusal(world, [chunk(T, [[o(0), o(3), 601]])]),
        `OfferOverPower(${T}, 4, 601)`,
      );
      await submit(world, [
        chunk(T, [
          [o(0), o(1), 600],
          [o(0), o(2), 400],
        ]),
      ]);
    },
  ),
);

test(
  'the energy of an offer holds over the whole solution, and to the last watt-second',
  withOffers(
    [
      sell({ last: T + 2, energyWs: 900 * 1_500 }),
      buy({ last: T + 2, energyWs: 900 * 9_000 }),
      sell({ energyWs: 900 * 700 - 1 }),
    ],
    async (world, o) => {
      const trade = (powerW: number) => [[o(0), o(1), powerW]] as const;
      const over = [chunk(T, trade(800)), chunk(T + 1, trade(400)), chunk(T + 2, trade(301))];
      const why = `OfferOverEnergy(${T + 2}, 1, ${1_501 * 900})`;
      assert.is(await refusal(world, over), why);
      assert.is(await refusal(world, [...over].reverse()), why.replace(`${T + 2}`, `${T}`));
      const single = chunk(T, [[o(2), o(1), 700]]);
      assert.is(await refusal(world, [single]), `OfferOverEnergy(${T}, 3, ${700 * 900})`);
      await submit(world, [
        chunk(T, trade(800)),
        chunk(T + 1, trade(400)),
        chunk(T + 2, trade(300)),
      ]);
    },
  ),
);

test(
  'energy that a refused or replaced solution took is free again',
  withOffers(
    [sell({ last: T + 2, energyWs: 900 * 1_000 }), buy({ last: T + 2, energyWs: 900 * 1_000 })],
    async (world, o) => {
      const trade = (powerW: number) => [[o(0), o(1), powerW]] as const;
      await submit(world, [chunk(T, trade(400)), chunk(T + 1, trade(500))]);
      await submit(world, [chunk(T, trade(100)), chunk(T + 2, trade(900))]);
      const over = [chunk(T, trade(101)), chunk(T + 2, trade(900))];
      assert.match(await refusal(world, over), 'OfferOverEnergy');
    },
  ),
);

test(
  'trades come in merge order, by price and then id, and each pair once',
  withOffers(
    [
      sell({ priceMicroPerKwh: 150_000 }), // 1
      sell({ priceMicroPerKwh: 100_000 }), // 2
      sell({ priceMicroPerKwh: 100_000 }), // 3
      buy({ priceMicroPerKwh: 200_000 }), // 4
      buy({ priceMicroPerKwh: 180_000 }), // 5
    ],
    async (world, o) => {
      const [dear, cheap, same, high, low] = [o(0), o(1), o(2), o(3), o(4)];
      const disorders = [
        {
          at: 1,
          trades: [
            [dear, low, 9],
            [cheap, low, 9],
          ],
        },
        {
          at: 1,
          trades: [
            [same, low, 9],
            [cheap, low, 9],
          ],
        },
        {
          at: 1,
          trades: [
            [cheap, high, 9],
            [same, low, 9],
          ],
        },
        {
          at: 1,
          trades: [
            [cheap, low, 9],
            [cheap, low, 9],
          ],
        },
        {
          at: 2,
          trades: [
            [cheap, low, 9],
            [cheap, high, 9],
            [same, low, 9],
          ],
        },
      ] as const;
      for (const { at, trades } of disorders) {
        assert.is(await refusal(world, [chunk(T, trades)]), `OutOfOrder(${T}, ${at})`);
      }
      await submit(world, [
        chunk(T, [
          [cheap, low, 9],
          [same, low, 9],
          [same, high, 9],
          [dear, high, 9],
        ]),
      ]);
    },
  ),
);

test(
  'a trade is at least the least one, and never nothing',
  withOffers(
    [sell(), buy()],
    async (world, o) => {
      const small = worth(chunk(T, [[o(0), o(1), 4]]));
      assert.is(await refusal(world, [small]), `TradeTooSmall(${T}, 0)`);
      assert.is(
        await refusal(world, [worth(chunk(T, [[o(0), o(1), 0]]))]),
        `TradeTooSmall(${T}, 0)`,
      );
      await submit(world, [chunk(T, [[o(0), o(1), 5]])]);
    },
    { params: { minTradeWs: 4_500 } },
  ),
);

test(
  'no trade of nothing passes where no least trade is set',
  withOffers(
    [sell(), buy()],
    async (world, o) => {
      const none = worth(chunk(T, [[o(0), o(1), 0]]));
      assert.is(await refusal(world, [none]), `TradeTooSmall(${T}, 0)`);
    },
    { params: { minTradeWs: 0 } },
  ),
);

test(
  'the utility does not trade with itself, and its feeder has no limit',
  withOffers(
    [
      sell({ feeder: 0, powerW: 30_000 }),
      buy({ feeder: 0, powerW: 30_000 }),
      buy({ feeder: 1, powerW: 20_000 }),
      buy({ feeder: 2, powerW: 10_000 }),
    ],
    async (world, o) => {
      const itself = worth(chunk(T, [[o(0), o(1), 10]]));
      assert.is(await refusal(world, [itself]), `UtilityWithItself(${T}, 0)`);
      const { events } = await submit(world, [
        chunk(T, [
          [o(0), o(2), 20_000],
          [o(0), o(3), 10_000],
        ]),
      ]);
      const accepted = events.at(-1)?.args.toObject();
      assert.is(accepted?.homeEnergyWs, 0n);
      assert.is(accepted?.utilityEnergyWs, 27_000_000n);
    },
  ),
);

test(
  'an offer of the quiet time cannot be used for that interval, but for later ones',
  withOffers([sell({ last: T + 1 })], async (world, o) => {
    const quiet = closeOf(T) - CALENDAR.quietSeconds;
    const wish = buy({ last: T + 1 });
    const [onTime] = await postOffers(world, [wish], quiet);
    const [late] = await postOffers(world, [wish], quiet + 1);
    if (!onTime || !late) throw new Error('no offers');
    assert.is(await refusal(world, [chunk(T, [[o(0), late, 10]])]), `PostedTooLate(${T}, 3)`);
    await submit(world, [chunk(T, [[o(0), onTime, 10]]), chunk(T + 1, [[o(0), late, 10]])]);
  }),
);

test(
  'a solution reaches no further than the horizon, within which limits are fixed',
  withOffers([sell({ last: T + 20 }), buy({ last: T + 20 })], async (world, o) => {
    const last = C + CALENDAR.horizonIntervals - 1;
    const trades = [[o(0), o(1), 10]] as const;
    const why = await refusal(world, [chunk(last + 1, trades)]);
    assert.is(why, `BeyondHorizon(${last + 1}, ${last})`);
    await submit(world, [chunk(last, trades)]);
  }),
);

test(
  'a chunk is whole trades, not too many, and there is one per interval',
  withOffers([sell(), buy()], async (world, o) => {
    const good = chunk(T, [[o(0), o(1), 10]]);
    const cut = { ...good, trades: good.trades.slice(0, -2) };
    assert.is(await refusal(world, [cut]), `BadLength(${T}, 11)`);
    assert.is(await refusal(world, [good, good]), `DuplicateChunk(${T})`);
    const times = (count: number) => `0x${good.trades.slice(2).repeat(count)}`;
    const many = await refusal(world, [{ ...good, trades: times(751) }]);
    assert.is(many, `TooManyTrades(${T}, 751, 750)`);
    assert.is(await refusal(world, [{ ...good, trades: times(750) }]), `OutOfOrder(${T}, 1)`);
  }),
);

test(
  'a false claim is refused, also one of an empty chunk',
  withOffers([sell(), buy()], async (world, o) => {
    const good = chunk(T, [[o(0), o(1), 10]]);
    const { homeEnergyWs, utilityEnergyWs, welfare } = good.claimed;
    for (const claimed of [
      { ...good.claimed, homeEnergyWs: homeEnergyWs + 1n },
      { ...good.claimed, homeEnergyWs: homeEnergyWs - 1n },
      { ...good.claimed, utilityEnergyWs: utilityEnergyWs + 1n },
      { ...good.claimed, welfare: welfare + 1n },
    ]) {
      const why = await refusal(world, [{ ...good, claimed }]);
      assert.is(why, `FalseObjective(${T}, [${homeEnergyWs}, ${utilityEnergyWs}, ${welfare}])`);
    }
    const empty = { ...chunk(T + 1, []), claimed: good.claimed };
    assert.is(await refusal(world, [empty]), `FalseObjective(${T + 1}, [0, 0, 0])`);
    await submit(world, [chunk(T + 1, []), good]);
  }),
);

test.run();
