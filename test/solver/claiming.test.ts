/** When a solver collects its rewards, over a scripted log. */
import { AbiCoder, computeAddress } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeChunk } from '../../market/matching/chunk.ts';
import { RewardTrail } from '../../solver/reward-trail.ts';
import { type Bare, KEY, limits, reverted, ScriptedMarket, START, T } from './scripted-market.ts';

const test = suite('solver/claiming');

type Event = Bare<Parameters<RewardTrail['observe']>[0]>;

const signal = new AbortController().signal;
const PAYOUT = `0x${'77'.repeat(20)}`;
const SELF = computeAddress(KEY.publicKey).toLowerCase();
const TRADES = encodeChunk([{ askId: 1, bidId: 2, powerW: 1000 }]);
const HOUR = 3_600;

function chunk(solutionId: number, interval: number): Event {
  return { kind: 'candidate-chunk', solutionId, interval, trades: TRADES };
}

function acceptance(solutionId: number, solver: string): Event {
  const value = { homeEnergyWs: 1n, utilityEnergyWs: 0n, welfare: 0n };
  return { kind: 'candidate-accepted', solutionId, solver, firstInterval: T, ...value };
}

function final(interval: number, trades = TRADES): Event {
  return { kind: 'solution-finalized', interval, solver: SELF, trades };
}

const paid = (interval: number, amountMicro: bigint): Event => ({
  ...{ kind: 'reward-paid', interval, solver: SELF, amountMicro },
});

/** A market in which this solver raised T to T + 2, which are final and settled. */
function rewardedMarket(): ScriptedMarket {
  const world = new ScriptedMarket();
  for (const interval of [T, T + 1, T + 2]) world.claimableMicro.set(interval, 5n);
  sayAll(world);
  return world;
}

/** The log from its beginning, as a solver reads it that starts. */
function sayAll(world: ScriptedMarket): void {
  world.say(limits, chunk(1, T), chunk(1, T + 1), chunk(1, T + 2), acceptance(1, SELF));
  for (const interval of [T, T + 1, T + 2]) {
    world.say(final(interval), { kind: 'interval-settled', interval });
  }
  // What comes next is final already, so that nothing else is left to do.
  for (let interval = T + 3; interval < T + 20; interval++) world.say(final(interval, '0x'));
}

function claimsOf(world: ScriptedMarket): { intervals: number[]; to: string }[] {
  return world.calls
    .filter(({ kind }) => kind === 'claimRewards')
    .map(({ data }) => {
      const coder = AbiCoder.defaultAbiCoder();
      const [intervals, to] = coder.decode(['uint32[]', 'address'], `0x${data.slice(10)}`);
      return { intervals: [...intervals].map(Number), to };
    });
}

test('what final intervals owe is collected to the payout account, once', async () => {
  const world = rewardedMarket();
  world.claimableMicro.delete(T + 1);
  const solver = world.solver({ payout: PAYOUT });
  await solver.step(signal);
  assert.equal(claimsOf(world), [{ intervals: [T, T + 2], to: PAYOUT }]);
  world.say(paid(T, 5n), paid(T + 2, 5n));
  world.nowSeconds += 2 * HOUR;
  await solver.step(signal);
  assert.is(claimsOf(world).length, 1);
});

test('without a payout account nothing is collected', async () => {
  const world = rewardedMarket();
  await world.solver().step(signal);
  assert.equal(claimsOf(world), []);
});

test('at most once an hour, also after a restart, and again when it was refused', async () => {
  const world = rewardedMarket();
  world.decide(() => reverted);
  const solver = world.solver({ payout: PAYOUT });
  await solver.step(signal);
  world.nowSeconds += HOUR - 1;
  await solver.step(signal);
  sayAll(world);
  const restarted = world.solver({ payout: PAYOUT });
  await restarted.step(signal);
  assert.is(claimsOf(world).length, 1);
  world.nowSeconds = START + HOUR;
  await restarted.step(signal);
  assert.equal(claimsOf(world)[1], { intervals: [T, T + 1, T + 2], to: PAYOUT });
});

test('an account that cannot hold money is told once, and asked about every hour', async () => {
  const world = rewardedMarket();
  world.payoutMarket = null;
  const solver = world.solver({ payout: PAYOUT });
  for (let hours = 0; hours < 3; hours++) {
    await solver.step(signal);
    world.nowSeconds += HOUR;
  }
  assert.equal(claimsOf(world), []);
  assert.is(world.warnings.filter((text) => /payout account cannot hold/.test(text)).length, 1);
  world.payoutMarket = `0x${'03'.repeat(20)}`;
  await solver.step(signal);
  assert.is(claimsOf(world).length, 1);
});

test('the trail knows who may be owed what, and forgets what was paid or came to nothing', () => {
  const trail = new RewardTrail();
  const at = { blockNumber: 1, logIndex: 0, transactionHash: '0x' };
  const say = (...events: Event[]) => {
    for (const event of events) trail.observe({ ...at, ...event });
  };
  say(chunk(1, T), chunk(2, T), chunk(1, T + 1), acceptance(1, 'a'), acceptance(2, 'b'));
  assert.equal([trail.owed('a'), trail.owed('b')], [[], []], 'nothing is final');
  say(final(T), final(T + 1, '0x'));
  assert.equal([trail.owed('a'), trail.owed('b'), trail.owed('c')], [[T], [T], []]);
  assert.equal(trail.solvers(), ['a', 'b']);
  trail.forget('b', [T]);
  assert.equal(trail.owed('b'), []);
  say({ kind: 'reward-paid', interval: T, solver: 'a', amountMicro: 7n });
  assert.equal([trail.owed('a'), trail.paidMicro('a'), trail.paidMicro('b')], [[], 7n, 0n]);
});

test.run();
