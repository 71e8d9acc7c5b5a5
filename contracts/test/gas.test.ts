/**
 * What calls cost, in the size of the TRANSAX microgrid (102 homes, 11 feeders) and at the bounds
 * of the contract: every call stays below 16 M gas. The figures are printed for docs and solvers.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bytesOf,
  chunk,
  closeOf,
  grants,
  payment,
  postOffers,
  type Side,
  stakeSolver,
  startOf,
  type TestChunk,
  type TestOffer,
  type TestTrade,
  type Wish,
} from './trading.ts';
import { C, inWorld, type World } from './world.ts';

const test = suite('contracts: gas');

const BOUND = 16_000_000;
const FEEDERS = Array.from({ length: 11 }, () => [10_000_000, 10_000_000] as const);
const WIDE = { feeders: FEEDERS, capPowerW: 1_000_000_000 };

function say(what: string, gas: number): void {
  process.stdout.write(`    ${String(gas).padStart(10)} gas  ${what}\n`);
}

function pick(offers: readonly TestOffer[], i: number): TestOffer {
  const offer = offers[i % offers.length];
  if (offer === undefined) throw new RangeError('no offers');
  return offer;
}

test("a day's plan of 102 homes over 95 intervals passes in parts", () =>
  inWorld({ ...WIDE, calendar: { horizonIntervals: 96 } }, async (world) => {
    await stakeSolver(world);
    const homes = (side: 'sell' | 'buy', count: number, powerW: number): Wish[] =>
      Array.from({ length: count }, (_, i) => ({
        feeder: 1 + (i % 11),
        side,
        first: C + 1,
        last: C + 95,
        powerW,
        energyWs: powerW * 900 * 95,
      }));
    const asks = await postOffers(world, homes('sell', 5, 20_000));
    const bids = await postOffers(world, homes('buy', 97, 1_000));
    // A merge of 5 asks and 97 bids: 97 + 4 trades in each interval.
    const trades: TestTrade[] = bids.map((bid, i) => [pick(asks, Math.floor(i / 20)), bid, 900]);
    for (let i = 1; i < 5; i++)
      trades.splice(i * 21 - 1, 0, [pick(asks, i), pick(bids, i * 20 - 1), 50]);
    const plan = Array.from({ length: 95 }, (_, i) => chunk(C + 1 + i, trades));
    const { worst, parts } = await sendInParts(world, plan, 8);
    say(`${95 * trades.length} trades in ${parts} parts, the dearest`, worst);
    assert.ok(worst < BOUND);
    const commit = await world.send(world.solver, 'matching', 'commitSolution', [1]);
    say('commitSolution over 95 intervals', commit.gasUsed);
    assert.ok(commit.gasUsed < 2_000_000);
    const final = [C + 1, bytesOf(trades)];
    const finalized = await world.send(world.solver, 'matching', 'finalize', final, closeOf(C + 1));
    say(`finalize of ${trades.length} trades between 102 offers`, finalized.gasUsed);
    assert.ok(finalized.gasUsed < 2_000_000);
  }));

async function sendInParts(
  world: World,
  plan: readonly TestChunk[],
  intervalsEach: number,
): Promise<{ worst: number; parts: number }> {
  await world.send(world.solver, 'matching', 'openSolution');
  let [worst, parts] = [0, 0];
  for (let i = 0; i < plan.length; i += intervalsEach) {
    const args = [1, plan.slice(i, i + intervalsEach)];
    const { gasUsed } = await world.send(world.solver, 'matching', 'addChunks', args);
    worst = Math.max(worst, gasUsed);
    parts++;
  }
  return { worst, parts };
}

test('a chunk of the most trades, each between two other offers, can be made final', () =>
  inWorld({ ...WIDE, params: { offersPerAsset: 1_000 } }, async (world) => {
    await stakeSolver(world);
    const most = Number(await world.read('matching', 'maxTradesPerChunk'));
    const asks = await manyOffers(world, 'sell', most);
    const bids = await manyOffers(world, 'buy', most);
    const trades: TestTrade[] = asks.map((ask, i) => [ask, pick(bids, i), 1_000]);
    const part = chunk(C + 6, trades);
    const submitted = await world.send(world.solver, 'matching', 'submitSolution', [[part]]);
    say(`submitSolution of ${most} trades between ${2 * most} offers`, submitted.gasUsed);
    // The dearest way: with a suspension that concerns none of them, every trade is looked up.
    await world.send(world.granter, 'microgrid', 'suspend', [0, C + 6, C + 6]);
    const args = [C + 6, part.trades];
    const { gasUsed } = await world.send(
      world.solver,
      'matching',
      'finalize',
      args,
      closeOf(C + 6),
    );
    say(`finalize of ${most} trades between ${2 * most} offers, with a suspension`, gasUsed);
    assert.ok(submitted.gasUsed < BOUND && gasUsed < BOUND);
  }));

/** Many offers of 1 kW on one large asset: a grant for each would take most of the test's time. */
async function manyOffers(world: World, side: Side, count: number): Promise<TestOffer[]> {
  const whole: TestOffer = {
    feeder: side === 'sell' ? 1 : 2,
    side,
    first: C + 6,
    last: C + 6,
    powerW: count * 1_000,
    energyWs: count * 900_000,
    priceMicroPerKwh: 200_000,
    escrowMicro: side === 'buy' ? payment(200_000, count * 900_000) : 0n,
    id: Number(await world.read('matching', 'offerCount')),
    assetId: Number(await world.read('assets', 'assetCount')) + 1,
    owner: world.fresh(),
  };
  await world.block(grants(world, whole));
  const posting = [whole.assetId, 900_000, C + 6, C + 6, 1_000, 200_000];
  const post = { from: whole.owner, to: 'matching', method: 'postOffer', args: posting } as const;
  for (let i = 0; i < count; i += 50) {
    await world.block(Array.from({ length: 50 }, () => ({ ...post, gasLimit: 400_000 })));
  }
  return Array.from({ length: count }, (_, i) => {
    return { ...whole, id: whole.id + 1 + i, powerW: 1_000, energyWs: 900_000 };
  });
}

test("what a meter's calls cost", () =>
  inWorld({}, async (world) => {
    const asked: [string, number][] = [];
    for (const intervals of [1, 12, 96]) {
      const last = C + intervals;
      const args = [world.fresh().address, world.address.matching, 1, 0, C + 1, last, 900_000, 500];
      const { gasUsed } = await world.send(world.granter, 'assets', 'addEnergy', args);
      asked.push([`addEnergy over ${intervals} intervals`, gasUsed]);
    }
    const [bid] = await postOffers(world, [{ feeder: 1, side: 'buy', first: C + 2, powerW: 500 }]);
    if (!bid) throw new Error('no offer');
    const grant = [bid.owner.address, world.address.matching, payment(200_000, 9_000)];
    const money = await world.send(world.granter, 'assets', 'addFinancialBalance', grant);
    asked.push(['addFinancialBalance, again', money.gasUsed]);
    const energy = [bid.owner.address, world.address.matching, 1, 1, C + 2, C + 2, 900_000, 500];
    await world.send(world.granter, 'assets', 'addEnergy', energy);
    const posting = [5, 9_000, C + 2, C + 2, 10, 200_000];
    const post = await world.send(bid.owner, 'matching', 'postOffer', posting);
    asked.push(['postOffer, a bid', post.gasUsed]);
    const close = await world.send(bid.owner, 'matching', 'closeOffer', [1], startOf(C + 3));
    asked.push(['closeOffer', close.gasUsed]);
    const deposit = await world.send(bid.owner, 'assets', 'depositEnergy', [bid.assetId]);
    asked.push(['depositEnergy', deposit.gasUsed]);
    const out = await world.send(bid.owner, 'assets', 'depositFinancial', [1]);
    asked.push(['depositFinancial', out.gasUsed]);
    for (const [what, gas] of asked) say(what, gas);
    assert.ok(asked.every(([, gas]) => gas < 3_000_000));
  }));

test.run();
