/**
 * Solvers that are paid, with and against each other, on a real chain: two honest ones as processes
 * of their own, one that copies, one that submits rubbish. The better of the honest ones is killed.
 */
import { Interface } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASSETS_ABI, MATCHING_ABI } from '../../chain/abi.ts';
import { claimRewardsCall } from '../../chain/calls.ts';
import type { MarketEvent } from '../../market/events.ts';
import { auditChain, type ChainAudit } from '../../studies/replay/chain-audit.ts';
import { FrontRunner, RubbishSolver } from './hostile-solvers.ts';
import { Hand, type PlannedOffer, SolverMarket } from './solver-market.ts';

const test = suite('system/solvers');

const INTERVALS = 6;
/** The first interval that is traded; it takes two to clear it. */
const FIRST = 2;
/** The better solver is killed when it clears this one of them. */
const KILLED_AT = 3;
const FUND_MICRO = 100_000_000n;
const MAIN_W = 3_000;
const LATE_W = 500;
const PAYOUT = Hand.named('payout').address;
const ANNOUNCE = new Interface(MATCHING_ABI).getFunction('announce')?.selector ?? '';
const assets = new Interface(ASSETS_ABI);

/** In each interval a sale to two homes, and a little more that is offered later. */
function plannedOffers(market: SolverMarket): PlannedOffer[] {
  return Array.from({ length: INTERVALS }, (_, at) => {
    const interval = market.interval(FIRST + at);
    const earlyAt = market.startOf(interval - FIRST) + 10;
    const lateAt = earlyAt + 390;
    const offer = (name: string, powerW: number, priceMicroPerKwh: number, postAt: number) => {
      const side = name.startsWith('sun') ? ('sell' as const) : ('buy' as const);
      const hand = Hand.named(`${name} ${at}`);
      return { hand, side, interval, powerW, priceMicroPerKwh, postAt };
    };
    // In the order of prices the late ones come last: the copier need not pair the others anew.
    return [
      offer('sun', MAIN_W, 100_000, earlyAt),
      offer('home', 1_000, 300_000, earlyAt),
      offer('other home', MAIN_W - 1_000, 300_000, earlyAt),
      offer('sun late', LATE_W, 150_000, lateAt),
      offer('home late', LATE_W, 320_000, lateAt),
    ];
  }).flat();
}

interface Earnings {
  solver: string;
  earnedMicro: bigint;
  claimableMicro: bigint;
}

async function showRewards(market: SolverMarket) {
  const text = await market.command(market.folder, 'rewards', 'show', '--json');
  const { potMicro, solvers } = JSON.parse(text) as {
    potMicro: string;
    solvers: Record<keyof Earnings, string>[];
  };
  const earnings = new Map<string, { earnedMicro: bigint; claimableMicro: bigint }>();
  for (const { solver, earnedMicro, claimableMicro } of solvers) {
    const amounts = { earnedMicro: BigInt(earnedMicro), claimableMicro: BigInt(claimableMicro) };
    earnings.set(solver, amounts);
  }
  return { potMicro: BigInt(potMicro), earnings };
}

/** The market, its pot, four solvers with their stakes, and the offers to come. */
async function setUp() {
  const market = await SolverMarket.open(`poll = "10 s"\npayout = "${PAYOUT}"`);
  const best = market.deployment.solver.toLowerCase();
  const other = market.newSolver('other', 'poll = "1 min"\ntie_rule = "equal-shares"');
  const [copier, rubbisher] = [Hand.named('copier'), Hand.named('rubbisher')];
  const command = (...args: string[]) => market.command(market.folder, ...args);
  await command('rewards', 'fund', '100');
  await command('solver', 'admit', best, '--payout', PAYOUT);
  for (const address of [other.address, copier.address, rubbisher.address]) {
    await command('solver', 'admit', address);
  }
  for (const hand of [copier, rubbisher]) await market.stake(hand);
  await market.plan(plannedOffers(market));
  const overtakes = market.interval(FIRST + 1);
  const frontRunner = new FrontRunner(market, copier, [best, other.address], overtakes);
  const rubbish = new RubbishSolver(market, rubbisher, Hand.named('stranger'));
  return { market, best, other, frontRunner, rubbish };
}
type World = Awaited<ReturnType<typeof setUp>>;

/** Plays all intervals. @returns when the best solver was killed, unix seconds */
async function play({ market, best, other, frontRunner, rubbish }: World): Promise<number> {
  const [victim, survivor] = await market.gather([market.folder, other.folder]);
  assert.ok(victim && survivor);
  const killFrom = market.startOf(market.interval(KILLED_AT));
  const end = market.startOf(market.interval(FIRST + INTERVALS)) + 600;
  let killedAt = 0;
  await market.runTo(end, async () => {
    await rubbish.step();
    await frontRunner.step();
    if (killedAt > 0 || market.now < killFrom) return;
    // The worst moment: the solution is announced, and nobody else has seen it.
    const isAnnounced = (await market.pool()).some(
      ({ from, input }) => from === best && input.startsWith(ANNOUNCE),
    );
    if (!isAnnounced) return;
    victim.kill('SIGKILL');
    await victim.ended;
    killedAt = market.now;
  });
  const { code } = await survivor.stop();
  assert.is(code, 0, survivor.lines.slice(-5).join('\n'));
  return killedAt;
}

async function eventsOf(market: SolverMarket): Promise<MarketEvent[]> {
  return (await market.feed().poll(new AbortController().signal)).events;
}

function checkMarket(audit: ChainAudit, { market }: World): void {
  const { finals, limitViolations, offerViolations, moneyViolations, openOffers } = audit;
  assert.is(limitViolations + offerViolations + moneyViolations, 0);
  assert.equal(openOffers, [], 'all offers are settled');
  const traded = finals
    .filter(({ trades }) => trades.length > 0)
    .map(({ interval, trades }) => [interval, trades.reduce((sum, { powerW }) => sum + powerW, 0)]);
  const all = Array.from({ length: INTERVALS }, (_, at) => [
    market.interval(FIRST + at),
    MAIN_W + LATE_W,
  ]);
  assert.equal(traded, all, 'every interval, with all that was offered');
}

/** Nothing of it was taken, and for its rules, not for its gas. */
async function checkRubbish({ market, rubbish }: World): Promise<void> {
  assert.ok(rubbish.submissions.length >= 7 * INTERVALS, `${rubbish.submissions.length}`);
  for (const hash of rubbish.submissions) {
    const receipt = await market.rpc.receipt(hash);
    assert.ok(receipt !== null && !receipt.isSuccess && receipt.gasUsed < rubbish.gas, hash);
  }
}

/** Of all who were ever given money, or a right to sell. */
async function moneyOf({ market }: World, events: readonly MarketEvent[]) {
  const { contracts } = market.deployment;
  const holders = new Set<string>();
  for (const event of events) {
    if (event.kind === 'financial-added' || event.kind === 'asset-added') holders.add(event.owner);
  }
  let heldMicro = 0n;
  for (const holder of holders) heldMicro += await market.reads.balanceMicro(holder);
  const read = async (name: string, values: unknown[] = []) => {
    const data = assets.encodeFunctionData(name, values);
    return assets.decodeFunctionResult(
      name,
      await market.rpc.ethCall({ to: contracts.assets, data }),
    )[0];
  };
  const totals = await read('moneyTotals');
  const insideMicro = BigInt(await read('insideMicro', [contracts.matching]));
  return {
    heldMicro,
    insideMicro,
    grantedMicro: BigInt(totals[0]),
    depositedMicro: BigInt(totals[1]),
  };
}

/** Everyone collects. @returns what each got */
async function collect(world: World) {
  const { market, other, frontRunner, rubbish } = world;
  const { contracts } = market.deployment;
  const intervals = Array.from({ length: INTERVALS }, (_, at) => market.interval(FIRST + at));
  for (const { hand } of [frontRunner, rubbish]) {
    await market.carryOut(hand, claimRewardsCall(contracts, intervals, hand.address));
  }
  await market.command(market.folder, 'solver', 'claim');
  await market.command(other.folder, 'solver', 'claim');
  const balanceOf = (address: string) => market.reads.balanceMicro(address);
  return {
    best: (await balanceOf(PAYOUT)) - 1n,
    other: await balanceOf(other.address),
    copier: await balanceOf(frontRunner.hand.address),
    rubbish: await balanceOf(rubbish.hand.address),
  };
}

async function checkRewards(world: World): Promise<void> {
  const { market, best, other, frontRunner, rubbish } = world;
  const collectedBefore = (await market.reads.balanceMicro(PAYOUT)) - 1n;
  assert.ok(collectedBefore > 0n, 'the running solver collected by itself');
  const { potMicro, earnings } = await showRewards(market);
  const got = await collect(world);
  const earnedBy = (address: string) => earnings.get(address.toLowerCase())?.earnedMicro ?? 0n;
  assert.is(got.best, earnedBy(best));
  assert.is(got.other, earnedBy(other.address));
  assert.is(got.copier, earnedBy(frontRunner.hand.address));
  assert.is(got.rubbish, 0n);
  assert.is(earnings.has(rubbish.hand.address), false);
  // 0.875 kWh in each interval at 1 a kWh, less what copying in a block took from everybody.
  assert.ok(got.best > 1_500_000n && got.other > 1_500_000n, `${got.best} ${got.other}`);
  const all = got.best + got.other + got.copier;
  assert.ok(got.copier > 0n && got.copier * 100n < all, `${got.copier} of ${all}`);
  const dustMicro = FUND_MICRO - potMicro - all;
  assert.ok(dustMicro >= 0n && dustMicro <= 3n * BigInt(INTERVALS), `${dustMicro} are left over`);

  const events = await eventsOf(market);
  const money = await moneyOf(world, events);
  assert.is(money.heldMicro + money.insideMicro + money.depositedMicro, money.grantedMicro);
  const stakesMicro = 4n * BigInt(market.deployment.stakeMicro);
  assert.is(money.insideMicro, potMicro + stakesMicro + dustMicro);
  assert.is((await showRewards(market)).potMicro, potMicro);
}

test('the market outlives its best solver, and pays for what was raised alone', async () => {
  const world = await setUp();
  const { market, best, other, frontRunner } = world;
  try {
    const killedAt = await play(world);
    const lastInterval = market.interval(FIRST + INTERVALS - 1);
    const { contracts } = market.deployment;
    checkMarket(
      await auditChain(market.rpc, contracts, { intervalSeconds: 900, lastInterval }),
      world,
    );
    assert.ok(killedAt > 0, 'the best solver was killed');
    const accepted = (await eventsOf(market)).filter(({ kind }) => kind === 'candidate-accepted');
    const solvers = new Set(accepted.map((event) => 'solver' in event && event.solver));
    const expected = [best, other.address, frontRunner.hand.address].sort();
    assert.equal([...solvers].sort(), expected, 'who had solutions accepted');
    assert.is(frontRunner.overtaken, 1);
    await checkRubbish(world);
    await checkRewards(world);
  } finally {
    await market.close();
  }
});

test.run();
