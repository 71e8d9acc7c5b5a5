import { AbiCoder, SigningKey } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Call } from '../../chain/calls.ts';
import type { FlushReport } from '../../chain/outbox.ts';
import type { OutboxEntry, Outcome } from '../../chain/outbox-store.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import { decodeChunk, encodeChunk } from '../../market/matching/chunk.ts';
import type { Trade } from '../../market/offers.ts';
import { SolverLoop } from '../../solver/loop.ts';

const test = suite('solver/loop');

const CALENDAR = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 13,
};
const T = 2_000_000;
const START = T * 900;
const KEY = new SigningKey(`0x${'11'.repeat(32)}`);
const GRID = { microgrid: '0x01', assets: '0x02', matching: `0x${'03'.repeat(20)}` };
const NO_LOG: Log = { info: () => {}, warn: () => {}, error: () => {} };

type Bare<T> = T extends MarketEvent
  ? Omit<T, 'blockNumber' | 'logIndex' | 'transactionHash'>
  : never;

/** A market whose log is scripted, and an outbox that settles on command. */
class World {
  nowSeconds = START;
  block = 10;
  stakeMicro = 1n;
  blockTimes = new Map<number, number>();
  isDown = false;
  readonly calls: Call[] = [];
  readonly entries: OutboxEntry[] = [];
  #events: MarketEvent[] = [];
  #outcome: ((entry: OutboxEntry) => Outcome | null) | null = () => mined;

  solver(maxTradesPerChunk = 500): SolverLoop {
    const clock = { now: () => this.nowSeconds * 1000, isProven: () => true } as Clock;
    return new SolverLoop(
      {
        contracts: GRID,
        calendar: CALENDAR,
        minTradeWs: 3600,
        maxTradesPerChunk,
        stakeMicro: 1n,
        pollSeconds: 5,
        pauseSeconds: 45,
      },
      {
        clock,
        log: NO_LOG,
        key: KEY,
        feed: { poll: async () => this.#poll() },
        outbox: {
          seed: async () => {},
          enqueue: (_key, call, ref) => this.#enqueue(call, ref),
          flush: async () => this.#flush(),
          store: {
            open: () => this.entries.filter(({ state }) => state === 'queued'),
            byRef: (ref) => this.entries.filter((entry) => entry.ref === ref),
          },
        },
        chain: {
          timestampOf: async (block) => this.blockTimes.get(block) ?? 0,
          stakeMicro: async () => this.stakeMicro,
          balanceMicro: async () => 1n,
          openSolutionId: async () => 7,
        },
      },
    );
  }

  say(...events: Bare<MarketEvent>[]): void {
    this.block++;
    for (const [logIndex, event] of events.entries()) {
      const at = { blockNumber: this.block, logIndex, transactionHash: '0x' };
      this.#events.push({ ...at, ...event } as MarketEvent);
    }
  }

  /** What becomes of transactions from now on; null: nothing yet. */
  decide(outcome: (entry: OutboxEntry) => Outcome | null): void {
    this.#outcome = outcome;
  }

  kinds(): string[] {
    return this.calls.map(({ kind }) => kind);
  }

  #poll() {
    if (this.isDown) throw new RpcError('unreachable', 'no answer');
    const events = this.#events;
    this.#events = [];
    return { events, head: { number: this.block, timestamp: this.nowSeconds } };
  }

  #enqueue(call: Call, ref: string): OutboxEntry {
    const nonce = this.entries.length;
    const entry: OutboxEntry = {
      hash: `0x${nonce}`,
      address: '0x',
      nonce,
      kind: call.kind,
      ref,
      raw: '0x',
      state: 'queued',
      queuedAtMs: 0,
      blockNumber: null,
      gasUsed: null,
      reason: null,
    };
    this.calls.push(call);
    this.entries.push(entry);
    return entry;
  }

  #flush(): FlushReport {
    const settled: OutboxEntry[] = [];
    for (const entry of this.entries) {
      const outcome = entry.state === 'queued' ? this.#outcome?.(entry) : null;
      if (!outcome) continue;
      entry.state = outcome.state;
      settled.push(entry);
    }
    return { settled, refused: [], waiting: 0, error: null };
  }
}

const mined: Outcome = { state: 'mined', blockNumber: 1, gasUsed: 1 };
const reverted: Outcome = { state: 'reverted', blockNumber: 1, gasUsed: 1, reason: 'NotBetter' };
const limits: Bare<MarketEvent> = {
  kind: 'feeder-limits-set',
  feeder: 1,
  fromInterval: 0,
  internalLimitW: 25_000,
  externalLimitW: 20_000,
};

function posted(
  offerId: number,
  side: 'sell' | 'buy',
  interval: number,
  powerW = 1000,
): Bare<MarketEvent> {
  return {
    kind: 'offer-posted',
    offerId,
    owner: '0xa',
    assetId: offerId,
    feeder: 1,
    side,
    firstInterval: interval,
    lastInterval: interval,
    energyWs: powerW * 900,
    maxPowerW: powerW,
    priceMicroPerKwh: 100,
  };
}

function accepted(solutionId: number, interval: number, trades: Trade[]): Bare<MarketEvent>[] {
  const solver = '0xsomebody';
  const value = { homeEnergyWs: 1n, utilityEnergyWs: 0n, welfare: 0n };
  return [
    { kind: 'candidate-chunk', solutionId, interval, trades: encodeChunk(trades) },
    { kind: 'candidate-accepted', solutionId, solver, firstInterval: interval, ...value },
  ];
}

/** Chunks of a submitSolution call. */
function chunksOf(call: Call | undefined): { interval: number; trades: Trade[] }[] {
  const type = 'tuple(uint32,tuple(uint64,uint64,uint128),bytes)[]';
  const [chunks] = AbiCoder.defaultAbiCoder().decode([type], `0x${call?.data.slice(10)}`);
  return chunks.map((chunk: [bigint, unknown, string]) => ({
    interval: Number(chunk[0]),
    trades: decodeChunk(chunk[2]),
  }));
}

const signal = new AbortController().signal;
const TRADE: Trade = { askId: 1, bidId: 2, powerW: 1000 };

test('waits while offers come in, then submits once', async () => {
  const world = new World();
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
  const world = new World();
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
  const world = new World();
  const solver = world.solver();
  world.nowSeconds = START + 900 - 200;
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.blockTimes.set(11, START + 900 - 361);
  world.block++;
  await solver.step(signal);
  world.nowSeconds += 50;
  await solver.step(signal);
  assert.equal(world.kinds(), ['submitSolution'], 'posted a second before it began');

  const late = new World();
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

test('leaves a candidate alone that is as good', async () => {
  const world = new World();
  const solver = world.solver();
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  world.say(...accepted(1, T + 1, [TRADE]));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal(world.kinds(), []);
});

test('replaces a worse candidate, all of it', async () => {
  const world = new World();
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
  const world = new World();
  const solver = world.solver();
  // The feeder lets the long ask serve either interval; the candidate promised the next one.
  const long = { ...posted(1, 'sell', T + 1), lastInterval: T + 2 } as Bare<MarketEvent>;
  world.say(limits, long, posted(2, 'buy', T + 1, 600), posted(3, 'buy', T + 2, 1000));
  world.say(...accepted(1, T + 1, [{ ...TRADE, powerW: 600 }]));
  await solver.step(signal);
  world.nowSeconds = START + 900 - 300;
  await solver.step(signal);
  assert.equal(chunksOf(world.calls[0]), [
    { interval: T + 1, trades: [{ ...TRADE, powerW: 600 }] },
    { interval: T + 2, trades: [{ askId: 1, bidId: 3, powerW: 400 }] },
  ]);
});

test('finalizes the candidate when the gate closes, and empty intervals too, once', async () => {
  const world = new World();
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
  const world = new World();
  const solver = world.solver();
  world.say({ kind: 'solution-finalized', interval: T - 3, solver: '0x', trades: '0x' });
  await solver.step(signal);
  assert.is(world.kinds().filter((kind) => kind === 'finalize').length, 3, 'T - 2 to T');
});

test('brings due trades along in a submission', async () => {
  const world = new World();
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
  const world = new World();
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
  const world = new World();
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
  const world = new World();
  const solver = world.solver();
  const offers: Bare<MarketEvent>[] = [];
  for (let pair = 0; pair < 2400; pair++) {
    const interval = T + 1 + (pair % 12);
    offers.push(posted(2 * pair + 1, 'sell', interval, 100));
    offers.push(posted(2 * pair + 2, 'buy', interval, 100));
  }
  world.say(limits, ...offers);
  await solver.step(signal);
  world.nowSeconds += 60;
  for (let steps = 0; steps < 4; steps++) await solver.step(signal);
  const kinds = world.kinds();
  assert.is(kinds[0], 'openSolution');
  assert.is(kinds.at(-1), 'commitSolution');
  assert.ok(kinds.length >= 4);
  assert.ok(kinds.slice(1, -1).every((kind) => kind === 'addChunks'));
  assert.is(solver.statistics.accepted, 1);
});

test('an endpoint that fails costs nothing but time', async () => {
  const world = new World();
  const solver = world.solver();
  world.isDown = true;
  await solver.step(signal);
  world.isDown = false;
  world.say(limits, posted(1, 'sell', T + 1), posted(2, 'buy', T + 1));
  await solver.step(signal);
  world.nowSeconds += 60;
  await solver.step(signal);
  assert.equal(world.kinds(), ['submitSolution']);
});

test('waits for what was signed before a restart', async () => {
  const world = new World();
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
