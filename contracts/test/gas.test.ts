/**
 * What calls cost, in the size of the TRANSAX microgrid (102 homes, 11 feeders) and at the bounds
 * of the contract: every call stays below 16 M gas. The figures are printed for docs and solvers.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SETTLED_AT_ONCE, settleCall } from '../../chain/calls.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { close, finalize, settle } from './settling.ts';
import {
  bytesOf,
  chunk,
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

const OF_ONE_ASSET = 250;
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
    const finalized = await finalize(world, C + 1, bytesOf(trades));
    say(`finalize of ${trades.length} trades between 102 offers`, finalized.gasUsed);
    assert.ok(finalized.gasUsed < 2_000_000);
    const settled = await settle(world, C + 1, bytesOf(trades));
    say(`settle of ${trades.length} trades between 102 offers of a day`, settled.gasUsed);
    assert.ok(settled.gasUsed < 2_500_000);
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

for (const last of [C + 6, C + 7]) {
  const what = last === C + 6 ? 'of this interval alone' : 'of several intervals';
  test(`a chunk of the most trades, each between two other offers ${what}, is made final`, () =>
    inWorld({ ...WIDE, params: { offersPerAsset: OF_ONE_ASSET } }, async (world) => {
      await stakeSolver(world);
      const most = Number(await world.read('matching', 'maxTradesPerChunk'));
      const [asks, bids]: [TestOffer[], TestOffer[]] = [[], []];
      for (let count = 0; count < most; count += OF_ONE_ASSET) {
        asks.push(...(await manyOffers(world, 'sell', OF_ONE_ASSET, last)));
        bids.push(...(await manyOffers(world, 'buy', OF_ONE_ASSET, last)));
      }
      const trades: TestTrade[] = asks.map((ask, i) => [ask, pick(bids, i), 1_000]);
      const part = chunk(C + 6, trades);
      const between = `${most} trades between ${2 * most} offers ${what}`;
      const submitted = await world.send(world.solver, 'matching', 'submitSolution', [[part]]);
      say(`submitSolution of ${between}`, submitted.gasUsed);
      await assertRefusedCheaply(world, part);
      // The dearest way: with a suspension that concerns none of them, every trade is looked up.
      await world.send(world.granter, 'microgrid', 'suspend', [0, C + 6, C + 6]);
      const { gasUsed } = await finalize(world, C + 6, part.trades);
      say(`finalize of ${between}, with a suspension`, gasUsed);
      assert.ok(submitted.gasUsed < BOUND && gasUsed < BOUND);
      const worst = await settleInSlices(world, part, most);
      say(`settle of ${between}, the dearest slice of ${SETTLED_AT_ONCE}`, worst);
      assert.ok(worst < BOUND);
    }));
}

/** What does not even claim to be better costs little more than its bytes. */
async function assertRefusedCheaply(world: World, part: TestChunk): Promise<void> {
  const why = await world.refused(world.solver, 'matching', 'submitSolution', [[part]]);
  assert.match(why, 'NotBetter');
  const block = await world.anvil.call('eth_getBlockByNumber', ['latest', false]);
  const gas = Number((block as { gasUsed: string }).gasUsed);
  say('submitSolution of as many that does not claim to be better', gas);
  assert.ok(gas < 500_000);
}

async function settleInSlices(world: World, part: TestChunk, count: number): Promise<number> {
  let worst = 0;
  for (let left = count; left > 0; left -= SETTLED_AT_ONCE) {
    const slice = await settle(world, part.interval, part.trades, { most: SETTLED_AT_ONCE });
    worst = Math.max(worst, slice.gasUsed);
    const isLast = slice.events.some(({ name }) => name === 'IntervalSettled');
    assert.is(isLast, left <= SETTLED_AT_ONCE);
  }
  return worst;
}

/** Many offers of 1 kW on one large asset: a grant for each would take most of the test's time. */
/** Of one asset. */
async function manyOffers(
  world: World,
  side: Side,
  count: number,
  last: number,
): Promise<TestOffer[]> {
  const whole: TestOffer = {
    feeder: side === 'sell' ? 1 : 2,
    side,
    first: C + 6,
    last,
    powerW: count * 1_000,
    energyWs: count * 900_000,
    priceMicroPerKwh: 200_000,
    escrowMicro: side === 'buy' ? payment(200_000, count * 900_000) : 0n,
    id: Number(await world.read('matching', 'offerCount')),
    assetId: Number(await world.read('assets', 'assetCount')) + 1,
    owner: world.fresh(),
  };
  await world.block(grants(world, whole));
  const post = [whole.assetId, 900_000, C + 6, last, 1_000, 200_000];
  for (let i = 0; i < count; i += 50) {
    await world.send(whole.owner, 'matching', 'postOffers', [Array(50).fill(post)]);
  }
  return Array.from({ length: count }, (_, i) => {
    return { ...whole, id: whole.id + 1 + i, powerW: 1_000, energyWs: 900_000 };
  });
}

test('a slice of settlement between ever other homes stays below what is reckoned for it', () =>
  inWorld(WIDE, async (world) => {
    await stakeSolver(world);
    const wish = { first: C + 6, powerW: 1_000, priceMicroPerKwh: 200_000 };
    const homes = (side: Side): Wish[] =>
      Array.from({ length: SETTLED_AT_ONCE }, (_, i) => ({ ...wish, side, feeder: 1 + (i % 11) }));
    const asks = await postOffers(world, homes('sell'));
    const bids = await postOffers(world, homes('buy'));
    const part = chunk(
      C + 6,
      asks.map((ask, i) => [ask, pick(bids, i), 999] as const),
    );
    await world.send(world.solver, 'matching', 'submitSolution', [[part]]);
    await finalize(world, C + 6, part.trades);
    const { gasUsed, events } = await settle(world, C + 6, part.trades, { most: SETTLED_AT_ONCE });
    say(`settle of ${SETTLED_AT_ONCE} trades between ${2 * SETTLED_AT_ONCE} homes`, gasUsed);
    assert.is(events.length, 2 * SETTLED_AT_ONCE + 1);
    const { gasLimit } = settleCall(world.address, {
      interval: C + 6,
      trades: decodeChunk(part.trades),
    });
    assert.ok(gasUsed < gasLimit && gasLimit <= BOUND, `${gasLimit} were reckoned`);
  }));

test("what a meter's calls cost", () =>
  inWorld({ params: { offersPerAsset: 10 } }, async (world) => {
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
    const closed = await world.send(bid.owner, 'matching', 'closeOffer', [1], startOf(C + 3));
    asked.push(['closeOffer', closed.gasUsed]);
    const deposit = await world.send(bid.owner, 'assets', 'depositEnergy', [bid.assetId]);
    asked.push(['depositEnergy', deposit.gasUsed]);
    const out = await world.send(bid.owner, 'assets', 'depositFinancial', [1]);
    asked.push(['depositFinancial', out.gasUsed]);
    await askBatches(world, asked);
    for (const [what, gas] of asked) say(what, gas);
    assert.ok(asked.every(([, gas]) => gas < 3_000_000));
  }));

/** The same for ten at once, each. */
async function askBatches(world: World, asked: [string, number][]): Promise<void> {
  const now = Math.floor(world.now() / 900);
  const homes = Array.from({ length: 10 }, () => world.fresh());
  const list = homes.map(({ address }) => {
    const { matching } = world.address;
    return [address, matching, 1, 1, now + 2, now + 13, 9_000_000, 5_000, 9_000_000];
  });
  const each = (what: string, gas: number) => asked.push([what, Math.round(gas / 10)]);
  const granted = await world.send(world.granter, 'assets', 'grant', [list]);
  each('grant of energy over 12 intervals and money, each of 10', granted.gasUsed);
  const [home] = homes;
  if (!home) throw new Error('no home');
  const assetId = Number(await world.read('assets', 'assetCount')) - 9;
  const post = [assetId, 900_000, now + 2, now + 2, 500, 200_000];
  const posted = await world.send(home, 'matching', 'postOffers', [Array(10).fill(post)]);
  each('postOffers, bids, each of 10', posted.gasUsed);
  const last = Number(await world.read('matching', 'offerCount'));
  const ids = Array.from({ length: 10 }, (_, i) => last - i);
  const closed = await close(world, ids, (now + 3) * 900);
  each('closeOffers, each of 10', closed.gasUsed);
}

test.run();
