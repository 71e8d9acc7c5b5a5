/** What a solver does when an interval is past, over a scripted log. */
import { AbiCoder } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Call } from '../../chain/calls.ts';
import { encodeChunk } from '../../market/matching/chunk.ts';
import type { Trade } from '../../market/offers.ts';
import {
  accepted,
  limits,
  mined,
  posted,
  reverted,
  ScriptedMarket,
  START,
  T,
} from './scripted-market.ts';

const test = suite('solver/settling');

const signal = new AbortController().signal;
const TRADE: Trade = { askId: 1, bidId: 2, powerW: 1000 };
const TRADES = encodeChunk([TRADE]);
const SETTLED = { kind: 'interval-settled', interval: T } as const;

/** An interval that runs with final trades of two offers of its own; it ends at START + 900. */
function tradedMarket(voided: number[] = []): ScriptedMarket {
  const world = new ScriptedMarket();
  world.say(limits, posted(1, 'sell', T), posted(2, 'buy', T));
  if (voided.length > 0) world.say({ kind: 'trades-voided', interval: T, positions: voided });
  world.say({ kind: 'solution-finalized', interval: T, solver: '0x', trades: TRADES });
  // What comes next is final already, so that nothing else is left to do.
  for (const interval of [T + 1, T + 2, T + 3]) {
    world.say({ kind: 'solution-finalized', interval, solver: '0x', trades: '0x' });
  }
  return world;
}

function argumentsOf(call: Call | undefined): unknown[] {
  const types = ['uint32', 'bytes', 'uint32[]', 'uint256'];
  return AbiCoder.defaultAbiCoder()
    .decode(types, `0x${call?.data.slice(10)}`)
    .toArray(true);
}

test('settles an interval once it is past, with its trades and what was voided', async () => {
  const world = tradedMarket([0]);
  const solver = world.solver();
  world.nowSeconds = START + 900 + 4;
  await solver.step(signal);
  assert.equal(world.kinds(), [], 'clocks may differ by a little');
  world.nowSeconds += 1;
  await solver.step(signal);
  assert.equal(world.kinds(), ['settle']);
  assert.equal(argumentsOf(world.calls[0]), [BigInt(T), TRADES, [0n], 200n]);
  world.say(SETTLED);
  world.nowSeconds += 900;
  await solver.step(signal);
  assert.equal(world.kinds(), ['settle']);
  assert.is(solver.statistics.settled, 1);
});

test('goes on slice by slice until the log says that it is settled', async () => {
  const world = tradedMarket();
  const solver = world.solver();
  world.nowSeconds = START + 905;
  world.decide(() => null);
  await solver.step(signal);
  await solver.step(signal);
  assert.equal(world.kinds(), ['settle'], 'one is under way');
  world.decide(() => mined);
  for (let steps = 0; steps < 3; steps++) await solver.step(signal);
  assert.equal(world.kinds(), ['settle', 'settle', 'settle', 'settle']);
  world.say(SETTLED);
  await solver.step(signal);
  await solver.step(signal);
  assert.is(world.calls.length, 4);
});

test('tries again after a refusal, later each time, and never gives up', async () => {
  const world = tradedMarket();
  const solver = world.solver();
  world.decide(() => reverted);
  const sentAt: number[] = [];
  for (let second = 905; second <= 1800; second += 5) {
    world.nowSeconds = START + second;
    await solver.step(signal);
    if (world.calls.length > sentAt.length) sentAt.push(second);
  }
  assert.equal(sentAt, [905, 995, 1175, 1445]);
});

test('an interval that somebody else has settled is left alone', async () => {
  const world = tradedMarket();
  const solver = world.solver();
  world.say(SETTLED);
  world.nowSeconds = START + 905;
  await solver.step(signal);
  assert.equal(world.kinds(), []);
});

test('no solution and no finalization waits behind a settlement', async () => {
  const world = new ScriptedMarket();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T), posted(2, 'buy', T));
  world.say({ kind: 'solution-finalized', interval: T, solver: '0x', trades: TRADES });
  world.say(posted(3, 'sell', T + 2), posted(4, 'buy', T + 2));
  world.say(...accepted(1, T + 2, [{ askId: 3, bidId: 4, powerW: 900 }]));
  world.say(posted(5, 'sell', T + 3), posted(6, 'buy', T + 3));
  await solver.step(signal);
  world.decide(() => null);
  world.nowSeconds = START + 1800 - 60;
  await solver.step(signal);
  // Missed while it was away, then due; and a better solution. All before what is past is settled.
  assert.equal(world.kinds(), ['finalize', 'finalize', 'submitSolution']);
  await solver.step(signal);
  assert.is(world.calls.length, 3);
  world.decide(() => mined);
  for (const interval of [T + 1, T + 2]) {
    world.say({ kind: 'solution-finalized', interval, solver: '0x', trades: '0x' });
  }
  await solver.step(signal);
  assert.is(world.kinds().at(-1), 'settle');
});

test('begun anew it waits for what was signed, and settles what the log says waits', async () => {
  const first = tradedMarket();
  first.nowSeconds = START + 905;
  first.decide(() => null);
  await first.solver().step(signal);
  assert.equal(first.kinds(), ['settle']);
  // Another process over the same outbox, which reads the log from its beginning.
  const log = tradedMarket();
  log.nowSeconds = START + 905;
  log.entries.push(...first.entries);
  log.decide(() => null);
  const again = log.solver();
  await again.step(signal);
  assert.equal(log.kinds(), []);
  log.decide(() => mined);
  log.say(SETTLED);
  await again.step(signal);
  await again.step(signal);
  assert.equal(log.kinds(), []);
});

test.run();
