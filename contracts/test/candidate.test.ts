import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CALENDAR } from './deployment.ts';
import {
  buy,
  bytesOf,
  chunk,
  closeOf,
  postOffers,
  refusal,
  sell,
  submit,
  T,
  type TestChunk,
  withOffers,
  worth,
} from './trading.ts';
import { C, START, type World } from './world.ts';

const test = suite('contracts/Matching: the candidate');

async function candidateValue(world: World): Promise<bigint[]> {
  return (await world.read('matching', 'candidateValue')).toArray();
}

async function energyAt(world: World, interval: number): Promise<number> {
  const [, , value] = await world.read('matching', 'candidateOf', [interval]);
  return Number(value.homeEnergyWs + value.utilityEnergyWs) / 900;
}

test(
  'a solution becomes the candidate, and its chunks and value are told',
  withOffers([sell(), buy()], async (world, o) => {
    const first = chunk(T, [[o(0), o(1), 100]]);
    const { events } = await submit(world, [first]);
    assert.equal(
      events.map((event) => event.name),
      ['CandidateChunk', 'CandidateAccepted'],
    );
    assert.equal(events[0]?.args.toArray(), [1n, BigInt(T), first.trades]);
    const value = [90_000n, 0n, 9_000_000_000n];
    const said = [1n, world.solver.address, BigInt(C + 1), ...value];
    assert.equal(events[1]?.args.toArray(), said);
    assert.equal(await candidateValue(world), value);
    const [, solver] = await world.read('matching', 'candidateOf', [T]);
    assert.is(solver, world.solver.address);
  }),
);

test(
  'better is compared in order: energy of homes, energy of the utility, welfare',
  withOffers(
    [
      sell({ priceMicroPerKwh: 100_000 }),
      sell({ priceMicroPerKwh: 90_000, first: T + 1 }),
      buy({ last: T + 1 }),
      buy({ feeder: 0, last: T + 1, powerW: 9_000, energyWs: 8_100_000 }),
    ],
    async (world, o) => {
      const better: TestChunk[] = [
        chunk(T, [[o(0), o(3), 100]]), // utility only
        chunk(T, [[o(0), o(3), 101]]), // more of it
        chunk(T, [[o(0), o(2), 10]]), // a little between homes beats it
        chunk(T + 1, [[o(1), o(2), 10]]), // same energy, more welfare
        chunk(T + 1, [
          [o(1), o(2), 10],
          [o(1), o(3), 1],
        ]),
      ];
      for (const [i, next] of better.entries()) {
        const { events } = await submit(world, [next]);
        assert.is(events.at(-1)?.name, 'CandidateAccepted');
        for (const worse of better.slice(0, i + 1)) {
          assert.match(await refusal(world, [worse]), 'NotBetter', `${i}`);
        }
      }
    },
  ),
);

test(
  'what does not even claim to be better is refused before it is verified',
  withOffers([sell(), buy()], async (world, o) => {
    const good = chunk(T, [[o(0), o(1), 100]]);
    await submit(world, [good]);
    const wrong = chunk(T, [[o(1), o(0), 100]]);
    const why = 'NotBetter([90000, 0, 9000000000], [90000, 0, 9000000000])';
    assert.is(await refusal(world, [{ ...wrong, claimed: good.claimed }]), why);
    assert.match(await refusal(world, [worth(wrong)]), 'WrongSide');
    assert.match(await refusal(world, []), 'NotBetter([0, 0, 0]');
    // Claims for chunks that do not count are not counted.
    const past = { ...worth(good), interval: C };
    assert.match(await refusal(world, [past, good]), 'NotBetter');
  }),
);

test(
  'a solution replaces the whole of the one before: the two are never mixed',
  withOffers([sell({ last: T + 2 }), buy({ last: T + 2 })], async (world, o) => {
    await submit(world, [chunk(T, [[o(0), o(1), 300]]), chunk(T + 1, [[o(0), o(1), 200]])]);
    await submit(world, [chunk(T + 2, [[o(0), o(1), 501]])]);
    const energies = [await energyAt(world, T), await energyAt(world, T + 1)];
    assert.equal(energies, [0, 0]);
    assert.is(await energyAt(world, T + 2), 501);
  }),
);

test(
  'nothing touches an interval from its gate closure on, to the second',
  withOffers([sell(), buy()], async (world, o) => {
    const late = [chunk(T, [[o(0), o(1), 200]])];
    await submit(world, [chunk(T, [[o(0), o(1), 100]])], closeOf(T) - 2);
    await submit(world, late, closeOf(T) - 1);
    // A second later the interval is due; its chunk does not count, so nothing is offered.
    const more = [chunk(T, [[o(0), o(1), 300]])];
    assert.is(await refusal(world, more, closeOf(T)), `DueInterval(${T})`);
    const [hash] = await world.read('matching', 'candidateOf', [T]);
    assert.ok(hash !== `0x${'0'.repeat(64)}`);
    assert.equal(await candidateValue(world), [0n, 0n, 0n]);
  }),
);

test(
  'with T_clear = 3 the gate closes two intervals earlier',
  withOffers(
    [sell({ first: C + 4 }), buy({ first: C + 4 })],
    async (world, o) => {
      const close = closeOf(C + 4) - 2 * 900;
      await submit(world, [chunk(C + 4, [[o(0), o(1), 100]])], close - 1);
      const more = [chunk(C + 4, [[o(0), o(1), 200]])];
      assert.is(await refusal(world, more, close), `DueInterval(${C + 4})`);
      const trades = bytesOf([[o(0), o(1), 100]]);
      const { events } = await world.send(world.fresh(), 'matching', 'finalize', [C + 4, trades]);
      assert.is(events[0]?.args.trades, trades);
    },
    { calendar: { clearIntervals: 3 } },
  ),
);

test(
  'chunks of closed intervals are skipped; the rest of the solution counts',
  withOffers([sell({ last: T + 1 }), buy({ last: T + 1 })], async (world, o) => {
    const trades = [[o(0), o(1), 100]] as const;
    const { events } = await submit(world, [chunk(T, trades), chunk(T + 1, trades)], closeOf(T));
    const told = events.filter((event) => event.name === 'CandidateChunk');
    assert.equal(
      told.map((event) => Number(event.args.interval)),
      [T + 1],
    );
    assert.is(await energyAt(world, T), 0);
  }),
);

test(
  'in quiet time energy of the interval is not lowered, neither of homes nor in all',
  withOffers(
    [
      sell({ last: T + 1 }),
      buy({ last: T + 1, energyWs: 9_000_000 }),
      buy({ feeder: 0, last: T + 1, powerW: 9_000, energyWs: 9_000_000 }),
    ],
    async (world, o) => {
      const home = (interval: number, powerW: number) => chunk(interval, [[o(0), o(1), powerW]]);
      await submit(world, [
        chunk(T, [
          [o(0), o(1), 200],
          [o(0), o(2), 100],
        ]),
      ]);
      const quiet = closeOf(T) - CALENDAR.quietSeconds;
      // Better over all, and a second before quiet time: the energy may move.
      await submit(world, [home(T, 190), chunk(T + 1, [[o(0), o(1), 100]])], quiet - 1);
      const lower = [home(T, 189), home(T + 1, 500)];
      const why = `LowersEnergy(${T}, ${189 * 900}, ${190 * 900})`;
      assert.is(await refusal(world, lower, quiet), why);
      assert.match(await refusal(world, [home(T + 1, 900)]), `LowersEnergy(${T}, 0`);
      // The next interval is not quiet yet.
      const moved = [
        chunk(T, [
          [o(0), o(1), 290],
          [o(0), o(2), 100],
        ]),
      ];
      await submit(world, moved);
      const lessInAll = [home(T, 300), home(T + 1, 300)];
      const inAll = `LowersEnergy(${T}, ${300 * 900}, ${390 * 900})`;
      assert.is(await refusal(world, lessInAll), inAll);
      await submit(world, [home(T, 390), home(T + 1, 1)]);
    },
  ),
);

test(
  'while a due interval has trades that are not final, no solution is looked at',
  withOffers([sell({ last: T + 3 }), buy({ last: T + 3 })], async (world, o) => {
    const due = chunk(T, [[o(0), o(1), 1_000]]);
    await submit(world, [due, chunk(T + 1, [[o(0), o(1), 1_000]])]);
    // All of the ask's energy is gone when T is final; a solution that does not know is refused.
    const next = [chunk(T + 1, [[o(0), o(1), 2_999]])];
    assert.is(await refusal(world, next, closeOf(T)), `DueInterval(${T})`);
    assert.is(await refusal(world, [...next, worth(chunk(T, []))]), `DueInterval(${T})`);
    const otherTrades = chunk(T, [[o(0), o(1), 999]]);
    assert.is(await refusal(world, [otherTrades, ...next]), `DueInterval(${T})`);
    assert.match(await refusal(world, [due, ...next]), 'OfferOverEnergy');
    const { events } = await submit(world, [chunk(T + 1, [[o(0), o(1), 2_000]]), due]);
    assert.equal(
      events.map((event) => event.name),
      ['SolutionFinalized', 'CandidateChunk', 'CandidateAccepted'],
    );
    assert.ok(await world.read('matching', 'isFinal', [T]));
  }),
);

test(
  'the candidate stays over gate closures until a better one comes',
  withOffers([sell({ last: T + 3 }), buy({ last: T + 3 })], async (world, o) => {
    const plan = [T, T + 1, T + 2].map((t) => chunk(t, [[o(0), o(1), 900]]));
    await submit(world, plan);
    for (const part of plan) {
      const t = part.interval;
      const args = [t, part.trades];
      await world.send(world.fresh(), 'matching', 'finalize', args, closeOf(t));
      const rest = BigInt(T + 2 - t) * 900n * 900n;
      assert.is((await candidateValue(world))[0], rest);
    }
    const [ask] = await world.read('matching', 'offers', [o(0).id]).then((offer) => [offer]);
    assert.is(ask?.toObject().energyWs, 900n * 300n);
  }),
);

test(
  'offers that come later let a better solution replace the candidate',
  withOffers([sell(), buy({ powerW: 500 })], async (world, o) => {
    await submit(world, [chunk(T, [[o(0), o(1), 500]])]);
    const [late] = await postOffers(world, [buy({ powerW: 700 })], START + 500);
    if (!late) throw new Error('no offer');
    await submit(world, [
      chunk(T, [
        [o(0), o(1), 500],
        [o(0), late, 700],
      ]),
    ]);
    assert.is(await energyAt(world, T), 1_200);
  }),
);

test.run();
