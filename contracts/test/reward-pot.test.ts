/** Where rewards come from, how they are divided, and to whom they go. */
import type { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { admitKey } from './asset-grants.ts';
import { assertConserved } from './conservation.ts';
import { announceAndSubmit, claim, creditOf, fund } from './rewarding.ts';
import { balanceOf, finalize } from './settling.ts';
import { buy, chunk, sell, stakeSolver, T, type TestOffer, withOffers } from './trading.ts';
import { keyOf, type World } from './world.ts';

const test = suite('contracts/Rewards: the pot');

type Work = (world: World, o: (place: number) => TestOffer, rival: Wallet) => Promise<void>;

function withPot(potMicro: bigint, work: Work, rewardMicroPerKwh = 1_000_000): () => Promise<void> {
  return withOffers(
    [sell({ last: T + 3 }), buy({ last: T + 3 }), sell({ feeder: 0, last: T + 3 })],
    async (world, o) => {
      const rival = keyOf('rival');
      await stakeSolver(world, rival);
      if (potMicro > 0n) await fund(world, potMicro);
      await work(world, o, rival);
      await assertConserved(world);
    },
    { params: { rewardMicroPerKwh } },
  );
}

const part = (o: (place: number) => TestOffer, t: number, powerW: number) =>
  chunk(t, [[o(0), o(1), powerW]]);
const potOf = async (world: World) =>
  (await world.read('matching', 'rewardPotMicro')) as unknown as bigint;

test(
  'anyone with money here fills the pot, with what they have',
  withPot(0n, async (world) => {
    const { events } = await fund(world, 700n);
    assert.equal(events.at(-1)?.name, 'RewardsFunded');
    assert.is(await potOf(world), 700n);
    const add = (from: Wallet) => world.refused(from, 'matching', 'fundRewards', [1]);
    assert.match(await add(world.solver), 'NotEnoughMoney');
    assert.match(await add(world.fresh()), 'NotMarket');
  }),
);

test(
  'an empty pot pays nothing, and does not forget what it saw',
  withPot(0n, async (world, o, rival) => {
    const { solver } = world;
    await announceAndSubmit(world, solver, [part(o, T, 500), part(o, T + 1, 1_000)]);
    await finalize(world, T, part(o, T, 500).trades);
    assert.is(await claim(world, solver, [T]), 0n);
    // Once there is money, a copy with a watt more is still a copy.
    await fund(world, 1_000_000n);
    await announceAndSubmit(world, rival, [part(o, T + 1, 1_001)]);
    await finalize(world, T + 1, part(o, T + 1, 1_001).trades);
    assert.is(await claim(world, rival, [T, T + 1]), 250n);
    assert.is(await claim(world, solver, [T, T + 1]), 250_000n);
  }),
);

test(
  'a pot that is smaller than what is owed is all paid out, first come, first served',
  withPot(300_000n, async (world, o, rival) => {
    const { solver } = world;
    await announceAndSubmit(world, solver, [part(o, T, 600)]);
    await announceAndSubmit(world, rival, [part(o, T, 800), part(o, T + 1, 2_000)]);
    await finalize(world, T, part(o, T, 800).trades); // 200,000 of 300,000
    await finalize(world, T + 1, part(o, T + 1, 2_000).trades); // 500,000 of 100,000
    assert.is(await potOf(world), 0n);
    await assertConserved(world);
    assert.is(await claim(world, solver, [T, T + 1]), 150_000n);
    assert.is(await claim(world, rival, [T + 1]), 100_000n);
    assert.is(await claim(world, rival, [T]), 50_000n);
  }),
);

test(
  'shares of several solvers never come to more than was set aside',
  withPot(
    1_000_000n,
    async (world, o, rival) => {
      const solvers = [world.solver, rival, keyOf('third')] as const;
      await stakeSolver(world, solvers[2]);
      for (const [i, powerW] of [7, 18, 31, 47, 59].entries()) {
        await announceAndSubmit(world, solvers[i % 3] ?? rival, [part(o, T, powerW)]);
      }
      await finalize(world, T, part(o, T, 59).trades);
      const { rewardMicro } = await creditOf(world, T, rival);
      assert.is(rewardMicro, (59n * 900n * 777_777n) / 3_600_000n);
      let paid = 0n;
      for (const [i, ownW] of [23, 23, 13].entries()) {
        const got = await claim(world, solvers[i] ?? rival, [T]);
        assert.is(got, (rewardMicro * BigInt(ownW)) / 59n);
        paid += got;
      }
      assert.ok(paid <= rewardMicro && paid > rewardMicro - 3n, `${paid} of ${rewardMicro}`);
    },
    777_777,
  ),
);

test(
  'energy with the utility pays nothing, nor does an interval that was missed or voided',
  withPot(1_000_000n, async (world, o) => {
    const { solver } = world;
    const utility = chunk(T, [[o(2), o(1), 100]]);
    await announceAndSubmit(world, solver, [utility, part(o, T + 1, 500), part(o, T + 2, 500)]);
    await world.send(world.granter, 'microgrid', 'suspend', [1, T + 1, T + 1]);
    await finalize(world, T, utility.trades);
    await finalize(world, T + 1, part(o, T + 1, 500).trades);
    await finalize(world, T + 2, part(o, T + 2, 500).trades, (T + 2) * 900);
    assert.is(await potOf(world), 1_000_000n);
    assert.is(await claim(world, solver, [T, T + 1, T + 2]), 0n);
  }),
);

test(
  'a reward goes to an address of this market; elsewhere it is not paid, and not lost',
  withPot(1_000_000n, async (world, o) => {
    const { solver } = world;
    await announceAndSubmit(world, solver, [part(o, T, 100)]);
    await finalize(world, T, part(o, T, 100).trades);
    const market = await admitKey(world);
    const elsewhere = world.fresh();
    const money = [elsewhere.address, market.address, 1];
    for (const to of [world.fresh(), elsewhere]) {
      const why = await world.refused(solver, 'matching', 'claimRewards', [[T], to.address]);
      assert.is(why, `NotMarket(${world.address.matching})`);
      if (to !== elsewhere) {
        await world.send(world.granter, 'assets', 'addFinancialBalance', money);
      }
    }
    await world.send(solver, 'matching', 'claimRewards', [[T], o(0).owner.address]);
    assert.is(await balanceOf(world, o(0).owner), 25_000n);
  }),
);

test(
  'where solvers are not rewarded nothing is kept of them',
  withPot(
    1_000_000n,
    async (world, o) => {
      await announceAndSubmit(world, world.solver, [part(o, T, 100)]);
      assert.is((await creditOf(world, T, world.solver)).highestW, 0);
      await finalize(world, T, part(o, T, 100).trades);
      assert.is(await claim(world, world.solver, [T]), 0n);
      assert.is(await potOf(world), 1_000_000n);
    },
    0,
  ),
);

test.run();
