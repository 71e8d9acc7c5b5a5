/** Rewards of solvers, one per kWh between homes: 900 W over 900 s are 0.225 kWh. */
import type { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import {
  announceAndSubmit,
  announcing,
  claim,
  creditOf,
  digestOf,
  fund,
  submitting,
} from './rewarding.ts';
import { balanceOf, finalize } from './settling.ts';
import { buy, chunk, sell, stakeSolver, T, type TestOffer, withOffers } from './trading.ts';
import { keyOf, type World } from './world.ts';

const test = suite('contracts/Rewards');

const LONG = [sell({ last: T + 3 }), buy({ last: T + 3 })];
const POT = 10_000_000n;
const PER_WATT = 250n; // millionths, of a watt over one interval

type Work = (world: World, o: (place: number) => TestOffer, rival: Wallet) => Promise<void>;

function rewarded(work: Work, pot = POT): () => Promise<void> {
  return withOffers(
    LONG,
    async (world, o) => {
      const rival = keyOf('rival');
      await stakeSolver(world, rival);
      if (pot > 0n) await fund(world, pot);
      await work(world, o, rival);
      await assertConserved(world);
    },
    { params: { rewardMicroPerKwh: 1_000_000 } },
  );
}

const part = (o: (place: number) => TestOffer, t: number, powerW: number) =>
  chunk(t, [[o(0), o(1), powerW]]);

test(
  'a solver is paid for what it raised, out of the pot, once the interval is final, once',
  rewarded(async (world, o) => {
    const { solver } = world;
    await announceAndSubmit(world, solver, [part(o, T, 1_000)]);
    const before = await creditOf(world, T, solver);
    assert.equal(before, { highestW: 1_000, creditedW: 1_000, ownW: 1_000, rewardMicro: 0n });
    // Too early: nothing is paid, and nothing lost.
    assert.is(await claim(world, solver, [T, T + 1]), 0n);
    await finalize(world, T, part(o, T, 1_000).trades);
    const owed = 1_000n * PER_WATT;
    assert.is((await creditOf(world, T, solver)).rewardMicro, owed);
    assert.is((await world.read('matching', 'rewardPotMicro')) as unknown, POT - owed);
    await assertConserved(world);
    assert.is(await claim(world, solver, [T, T]), owed);
    assert.is(await claim(world, solver, [T]), 0n);
    assert.is(await claim(world, world.fresh(), [T]), 0n);
    assert.is(await balanceOf(world, solver), owed);
  }),
);

test(
  'a copy of a solution and a watt more is credited a watt',
  rewarded(async (world, o, rival) => {
    await announceAndSubmit(world, world.solver, [part(o, T, 1_000)]);
    await announceAndSubmit(world, rival, [part(o, T, 1_001)]);
    assert.is((await creditOf(world, T, rival)).ownW, 1);
    await finalize(world, T, part(o, T, 1_001).trades);
    assert.is(await claim(world, rival, [T]), PER_WATT);
    assert.is(await claim(world, world.solver, [T]), 1_000n * PER_WATT);
  }),
);

test(
  'energy promised first in one interval and then in another pays where it is final',
  rewarded(async (world, o) => {
    const { solver } = world;
    await announceAndSubmit(world, solver, [part(o, T, 2_900)]);
    await announceAndSubmit(world, solver, [part(o, T + 1, 2_950)]);
    await announceAndSubmit(world, solver, [part(o, T, 100), part(o, T + 1, 2_900)]);
    const credits = [T, T + 1].map(async (t) => (await creditOf(world, t, solver)).ownW);
    assert.equal(await Promise.all(credits), [2_900, 2_950]);
    await finalize(world, T, part(o, T, 100).trades);
    await finalize(world, T + 1, part(o, T + 1, 2_900).trades);
    assert.is(await claim(world, solver, [T, T + 1, T + 2]), 3_000n * PER_WATT);
  }),
);

test(
  'what falls again is not credited when it is raised again',
  rewarded(async (world, o, rival) => {
    await announceAndSubmit(world, world.solver, [part(o, T, 1_000)]);
    await announceAndSubmit(world, rival, [part(o, T, 10), part(o, T + 1, 1_000)]);
    await announceAndSubmit(world, rival, [part(o, T, 900), part(o, T + 1, 200)]);
    assert.is((await creditOf(world, T, rival)).ownW, 0);
    assert.is((await creditOf(world, T + 1, rival)).ownW, 1_000);
    await finalize(world, T, part(o, T, 900).trades);
    await finalize(world, T + 1, part(o, T + 1, 200).trades);
    assert.is(await claim(world, world.solver, [T, T + 1]), 900n * PER_WATT);
    assert.is(await claim(world, rival, [T, T + 1]), 200n * PER_WATT);
  }),
);

test(
  'who did not announce, or in the same block, or something else, raises for nothing',
  rewarded(async (world, o, rival) => {
    const { solver } = world;
    const steps = [100, 200, 300, 400, 500].map((powerW) => [part(o, T, powerW)]);
    const [none = [], same = [], other = [], replaced = [], good = []] = steps;
    await world.block([submitting(solver, none)]);
    await world.block([announcing(solver, same), submitting(solver, same)]);
    await world.block([announcing(solver, same)]);
    await world.block([submitting(solver, other)]);
    // A second announcement takes the place of the first.
    await world.block([announcing(solver, replaced)]);
    await world.block([announcing(solver, good)]);
    await world.block([submitting(solver, replaced)]);
    // What a rival announced is not the solver's.
    await world.block([announcing(rival, good)]);
    const credit = await creditOf(world, T, solver);
    assert.equal(credit, { highestW: 400, creditedW: 0, ownW: 0, rewardMicro: 0n });
    await world.block([submitting(solver, good)]);
    assert.is((await creditOf(world, T, solver)).ownW, 100);
    await finalize(world, T, part(o, T, 500).trades);
    assert.is(await claim(world, solver, [T]), 100n * PER_WATT);
  }),
);

test(
  'who copies an announced transaction and comes first earns nothing by it',
  rewarded(async (world, o, thief) => {
    const plan = [part(o, T, 1_000)];
    await world.block([announcing(world.solver, plan)]);
    // It may even have announced the digest that it saw: that one speaks of another solver.
    const seen = digestOf(world.solver, plan);
    await world.send(thief, 'matching', 'announce', [seen]);
    await world.block([announcing(thief, plan), submitting(thief, plan)]);
    const late = await world.refused(world.solver, 'matching', 'submitSolution', [plan]);
    assert.match(late, 'NotBetter');
    await finalize(world, T, part(o, T, 1_000).trades);
    assert.is(await claim(world, thief, [T]), 0n);
    assert.is((await world.read('matching', 'rewardPotMicro')) as unknown, POT);
  }),
);

test(
  'a solution in parts is announced as one, in whichever parts it then comes',
  rewarded(async (world, o) => {
    const { solver } = world;
    const plan = [part(o, T, 100), part(o, T + 1, 200), part(o, T + 2, 300)];
    await world.block([announcing(solver, plan)]);
    const call = (method: string, ...args: unknown[]) =>
      world.send(solver, 'matching', method, args);
    await call('openSolution');
    await call('addChunks', 1, plan.slice(0, 2));
    await call('addChunks', 1, plan.slice(2));
    await call('commitSolution', 1);
    for (const [i, t] of [T, T + 1, T + 2].entries()) {
      assert.is((await creditOf(world, t, solver)).ownW, 100 * (i + 1));
    }
  }),
);

test(
  'only stakers announce',
  rewarded(async (world) => {
    const stranger = world.fresh();
    const why = await world.refused(stranger, 'matching', 'announce', [`0x${'1'.repeat(64)}`]);
    assert.is(why, `NotStaked(${stranger.address})`);
  }),
);

test.run();
