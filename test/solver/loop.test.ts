import { AbiCoder, computeAddress } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Call } from '../../chain/calls.ts';
import type { MarketEvent } from '../../market/events.ts';
import { decodeChunk, encodeChunk } from '../../market/matching/chunk.ts';
import { solutionDigest } from '../../market/matching/solution-digest.ts';
import type { Trade } from '../../market/offers.ts';
import {
  accepted,
  type Bare,
  KEY,
  limits,
  mined,
  posted,
  reverted,
  ScriptedMarket,
  START,
  T,
} from './scripted-market.ts';

const test = suite('solver/loop');

/** Chunks of a call: they are the argument at `place`. */
function chunksOf(call: Call | undefined, place = 0): { interval: number; trades: Trade[] }[] {
  const chunksType = 'tuple(uint32,tuple(uint64,uint64,uint128),bytes)[]';
  const types = place === 0 ? [chunksType] : ['uint32', chunksType];
  const values = AbiCoder.defaultAbiCoder().decode(types, `0x${call?.data.slice(10)}`);
  const chunks = values[place];
  return chunks.map((chunk: [bigint, unknown, string]) => ({
    interval: Number(chunk[0]),
    trades: decodeChunk(chunk[2]),
  }));
}

const signal = new AbortController().signal;
const TRADE: Trade = { askId: 1, bidId: 2, powerW: 1000 };

test('waits while offers come in, then submits once', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1));
  await solver.step(signal);
  world.nowSeconds += 20;
  world.say(posted(2, 'buy', T + 1));
  await solver.step(signal);
  assert.equal(world.kinds(), []);
  for (let polls = 0; polls < 30; polls++) {
    world.nowSeconds += 5;
    await solver.step(signal);
  }
  assert.equal(world.kinds(), ['submitSolution']);
  assert.equal(chunksOf(world.calls[0]), [{ interval: T + 1, trades: [TRADE] }]);
});

test('waits no longer when posting for the next interval has ended', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.nowSeconds = START + 900 - 360 - 2;
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  world.nowSeconds += 1;
  await solver.step(signal);
  assert.equal(world.kinds(), []);
  world.nowSeconds += 2;
  await solver.step(signal);
  assert.equal(world.kinds(), ['submitSolution']);
});

test('does not use offers that came in the quiet time', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.nowSeconds = START + 900 - 200;
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.blockTimes.set(11, START + 900 - 361);
  world.block++;
  await solver.step(signal);
  world.nowSeconds += 50;
  await solver.step(signal);
  assert.equal(world.kinds(), ['submitSolution'], 'posted a second before it began');

  const late = new ScriptedMarket();
  const other = late.solver();
  late.nowSeconds = START + 900 - 200;
  late.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  late.blockTimes.set(11, START + 900 - 359);
  late.block++;
  await other.step(signal);
  late.nowSeconds += 50;
  await other.step(signal);
  assert.equal(late.kinds(), [], 'posted a second after it began');
});

test('offers are not lost when the time of their block cannot be learned at once', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.isForgetful = true;
  world.nowSeconds = START + 900 - 200;
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.blockTimes.set(world.block, START + 900 - 400);
  world.block++;
  await solver.step(signal);
  world.nowSeconds += 50;
  await solver.step(signal);
  assert.equal(world.kinds(), []);
  world.isForgetful = false;
  world.nowSeconds += 5;
  await solver.step(signal);
  assert.equal(world.kinds(), ['submitSolution']);
});

test('a paused market gets no solution, what is due is finalized', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 2), posted(2, 'buy', T + 2));
  world.say({ kind: 'paused', by: '0x1', reason: '' });
  for (let polls = 0; polls < 200; polls++) {
    world.nowSeconds += 5;
    await solver.step(signal);
  }
  assert.equal([...new Set(world.kinds())], ['finalize']);
  world.say({ kind: 'resumed', by: '0x1' });
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal([world.kinds().at(-1), world.warnings], ['submitSolution', []]);
});

test('leaves a candidate alone that is as good', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.say(...accepted(1, T + 1, [TRADE]));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal(world.kinds(), []);
});

test('replaces a worse candidate, all of it', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.say(posted(3, 'sell', T + 2), posted(4, 'buy', T + 2));
  world.say(...accepted(1, T + 1, [{ ...TRADE, powerW: 900 }]));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal(chunksOf(world.calls[0]), [
    { interval: T + 1, trades: [TRADE] },
    { interval: T + 2, trades: [{ askId: 3, bidId: 4, powerW: 1000 }] },
  ]);
});

test('does not lower an interval in its quiet time, though all together were more', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  // The long ask could serve a home in T + 2 whole; but the utility was promised some in T + 1.
  const long = { ...posted(1, 'sell', T + 1), lastInterval: T + 2 } as Bare<MarketEvent>;
  const utility = { ...posted(2, 'buy', T + 1, 600), feeder: 0 } as Bare<MarketEvent>;
  world.say(limits, long, utility, posted(3, 'buy', T + 2, 1000));
  world.say(...accepted(1, T + 1, [{ ...TRADE, powerW: 600 }]));
  await solver.step(signal);
  world.nowSeconds = START + 900 - 300;
  await solver.step(signal);
  assert.equal(chunksOf(world.calls[0]), [
    { interval: T + 1, trades: [{ ...TRADE, powerW: 600 }] },
    { interval: T + 2, trades: [{ askId: 1, bidId: 3, powerW: 400 }] },
  ]);
});

test('before the quiet time it does lower an interval for more energy between homes', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  const long = { ...posted(1, 'sell', T + 1), lastInterval: T + 2 } as Bare<MarketEvent>;
  const utility = { ...posted(2, 'buy', T + 1, 600), feeder: 0 } as Bare<MarketEvent>;
  world.say(limits, long, utility, posted(3, 'buy', T + 2, 1000));
  world.say(...accepted(1, T + 1, [{ ...TRADE, powerW: 600 }]));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal(chunksOf(world.calls[0]), [
    { interval: T + 2, trades: [{ askId: 1, bidId: 3, powerW: 1000 }] },
  ]);
});

test('finalizes the candidate when the gate closes, and empty intervals too, once', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.say(...accepted(1, T + 1, [TRADE]));
  world.nowSeconds = START + 900 - 61;
  await solver.step(signal);
  assert.equal(world.kinds(), []);
  world.decide(() => null);
  world.nowSeconds = START + 900 - 60;
  await solver.step(signal);
  await solver.step(signal);
  assert.equal(world.kinds(), ['finalize'], 'once while it is under way');
  world.decide(() => mined);
  const trades = encodeChunk([TRADE]);
  world.say({ kind: 'solution-finalized', interval: T + 1, solver: '0x', trades });
  await solver.step(signal);
  world.nowSeconds = START + 1800 - 60;
  await solver.step(signal);
  assert.equal(world.kinds(), ['finalize', 'finalize']);
  assert.is(solver.statistics.finalized, 2);
});

test('finalizes what was missed while it was away, empty', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say({ kind: 'solution-finalized', interval: T - 3, solver: '0x', trades: '0x' });
  await solver.step(signal);
  assert.is(world.kinds().filter((kind) => kind === 'finalize').length, 3, 'T - 2 to T');
});

test('brings due trades along in a submission', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.say(posted(3, 'sell', T + 2), posted(4, 'buy', T + 2));
  world.say(...accepted(1, T + 1, [TRADE]));
  await solver.step(signal);
  world.decide(() => null);
  world.nowSeconds = START + 900 - 50;
  await solver.step(signal);
  assert.equal(world.kinds(), ['finalize', 'submitSolution']);
  assert.equal(
    chunksOf(world.calls[1]).map(({ interval }) => interval),
    [T + 1, T + 2],
  );
});

test('counts refusals, tries again a few times, and waits for news then', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.decide(() => reverted);
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  for (let polls = 0; polls < 40; polls++) {
    world.nowSeconds += 5;
    await solver.step(signal);
  }
  assert.is(solver.statistics.rejected, 4);
  assert.is(solver.statistics.accepted, 0);
});

test('stakes once, and submits nothing before', async () => {
  const world = new ScriptedMarket();
  world.stakeMicro = 0n;
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  world.nowSeconds += 60;
  world.stakeMicro = 1n;
  await solver.step(signal);
  await solver.step(signal);
  assert.equal(world.kinds(), ['stake', 'submitSolution']);
});

test('sends a large solution in parts that are committed together', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver({ rewardMicroPerKwh: 1 });
  const offers: Bare<MarketEvent>[] = [];
  for (let pair = 0; pair < 2400; pair++) {
    const interval = T + 1 + (pair % 12);
    offers.push(posted(2 * pair + 1, 'sell', interval, 100));
    offers.push(posted(2 * pair + 2, 'buy', interval, 100));
  }
  world.say(limits, ...offers);
  await solver.step(signal);
  world.nowSeconds += 60;
  for (let steps = 0; steps < 5; steps++) await solver.step(signal);
  const kinds = world.kinds();
  assert.equal(kinds.slice(0, 2), ['announce', 'openSolution']);
  assert.is(kinds.at(-1), 'commitSolution');
  assert.ok(kinds.length >= 5);
  const parts = world.calls.slice(2, -1);
  assert.ok(parts.every(({ kind }) => kind === 'addChunks'));
  const whole = parts.flatMap((part) => chunksOf(part, 1));
  const digest = solutionDigest(computeAddress(KEY.publicKey), whole);
  assert.is(`0x${world.calls[0]?.data.slice(10)}`, digest, 'over all parts in their order');
  assert.is(solver.statistics.accepted, 1);
});

test('where solvers are rewarded a solution is announced in a block before', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver({ rewardMicroPerKwh: 1 });
  world.decide(() => null);
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  await solver.step(signal);
  assert.equal(world.kinds(), ['announce']);
  const chunks = [{ interval: T + 1, trades: [TRADE] }];
  const digest = solutionDigest(computeAddress(KEY.publicKey), chunks);
  assert.is(`0x${world.calls[0]?.data.slice(10)}`, digest);
  world.decide(() => mined);
  await solver.step(signal);
  await solver.step(signal);
  assert.equal(world.kinds(), ['announce', 'submitSolution']);
  assert.equal(chunksOf(world.calls[1]), chunks);
  assert.is(solver.statistics.submitted, 1);
});

test('an announcement that is refused ends the submission', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver({ rewardMicroPerKwh: 1 });
  world.decide(() => reverted);
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  await solver.step(signal);
  assert.ok(world.kinds().every((kind) => kind === 'announce'));
  assert.is(solver.statistics.rejected, 1);
});

test('does not submit what gains less than the contract takes', async () => {
  const kinds = async (minGainWs: number) => {
    const world = new ScriptedMarket();
    const solver = world.solver({ minGainWs });
    world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
    world.say(...accepted(1, T + 1, [{ ...TRADE, powerW: 996 }]));
    await solver.step(signal);
    world.nowSeconds += 60;
    await solver.step(signal);
    return world.kinds();
  };
  assert.equal(await kinds(3600), ['submitSolution']);
  assert.equal(await kinds(3601), []);
});

test('an endpoint that fails costs nothing but time', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.isDown = true;
  for (let poll = 0; poll < 3; poll += 1) await solver.step(signal);
  assert.is(world.warnings.length, 1, 'told once');
  world.isDown = false;
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal(world.kinds(), ['submitSolution']);
});

test('leaves a market that is too large to others, and comes back', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver({ mostOffers: 2 });
  world.say(limits, ...[1, 2, 3].map((id) => posted(id, id === 1 ? 'sell' : 'buy', T + 1)));
  for (let polls = 0; polls < 20; polls++) {
    world.nowSeconds += 5;
    await solver.step(signal);
  }
  assert.equal(world.kinds(), []);
  assert.is(world.warnings.length, 1);
  assert.match(world.warnings[0] ?? '', 'more offers than this solver may look at');
  world.nowSeconds = START + 900;
  world.say(posted(4, 'sell', T + 3), posted(5, 'buy', T + 3));
  for (let polls = 0; polls < 20; polls++) {
    world.nowSeconds += 5;
    await solver.step(signal);
  }
  assert.ok(world.kinds().includes('submitSolution'));
  assert.is(world.warnings.length, 2);
});

test('says once what its stake lacks, or leaves that to who funds it', async () => {
  const world = new ScriptedMarket();
  world.stakeMicro = 0n;
  const solver = world.solver({ stakeMicro: 5n });
  for (let polls = 0; polls < 5; polls++) await solver.step(signal);
  assert.equal(world.warnings, ['the solver has no money for its stake: grant it some']);
  const funded = world.solver({ stakeMicro: 5n, isFunded: true });
  await funded.step(signal);
  assert.is(world.warnings.length, 1);
});

test('waits for what was signed before a restart', async () => {
  const world = new ScriptedMarket();
  world.decide(() => null);
  const log = [limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1)];
  const first = world.solver();
  world.say(...log);
  await first.step(signal);
  world.nowSeconds += 60;
  await first.step(signal);
  assert.equal(world.kinds(), ['submitSolution']);
  const second = world.solver();
  world.say(...log);
  await second.step(signal);
  world.nowSeconds += 60;
  await second.step(signal);
  assert.equal(world.kinds(), ['submitSolution']);
});

test.run();
