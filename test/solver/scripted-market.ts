/** A market whose log is scripted, for tests of the solver's loop. */
import { SigningKey } from 'ethers';
import type { Call } from '../../chain/calls.ts';
import type { FlushReport } from '../../chain/delivery.ts';
import type { OutboxEntry, Outcome } from '../../chain/outbox-store.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import { encodeChunk } from '../../market/matching/chunk.ts';
import type { Trade } from '../../market/offers.ts';
import { SolverLoop, type SolverSettings } from '../../solver/loop.ts';

const CALENDAR = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 13,
};
export const T = 2_000_000;
export const START = T * 900;
export const KEY = new SigningKey(`0x${'11'.repeat(32)}`);
const GRID = { microgrid: '0x01', assets: '0x02', matching: `0x${'03'.repeat(20)}` };

export type Bare<T> = T extends MarketEvent
  ? Omit<T, 'blockNumber' | 'logIndex' | 'transactionHash'>
  : never;

/** The log is said, transactions are settled on command. */
export class ScriptedMarket {
  nowSeconds = START;
  block = 10;
  stakeMicro = 1n;
  /** What this solver can claim, by interval. */
  readonly claimableMicro = new Map<number, bigint>();
  /** The market that payout accounts belong to. */
  payoutMarket: string | null = GRID.matching;
  blockTimes = new Map<number, number>();
  isDown = false;
  /** The endpoint gives logs, but no blocks. */
  isForgetful = false;
  /** What the solver complained of. */
  readonly warnings: string[] = [];
  readonly calls: Call[] = [];
  readonly entries: OutboxEntry[] = [];
  readonly #log: Log = {
    info() {},
    warn: (message) => void this.warnings.push(message),
    error: (message) => void this.warnings.push(message),
  };
  #events: MarketEvent[] = [];
  #outcome: ((entry: OutboxEntry) => Outcome | null) | null = () => mined;

  solver(change: Partial<SolverSettings> = {}): SolverLoop {
    const clock = { now: () => this.nowSeconds * 1000, isProven: () => true } as Clock;
    return new SolverLoop(
      {
        contracts: GRID,
        calendar: CALENDAR,
        minTradeWs: 3600,
        minGainWs: 0,
        maxTradesPerChunk: 500,
        stakeMicro: 1n,
        pollSeconds: 5,
        pauseSeconds: 45,
        ...change,
      },
      {
        clock,
        log: this.#log,
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
          timestampOf: async (block) => this.#timeOf(block),
          stakeMicro: async () => this.stakeMicro,
          balanceMicro: async () => 1n,
          openSolutionId: async () => 7,
          claimableMicro: async (interval) => this.claimableMicro.get(interval) ?? 0n,
          marketOf: async () => this.payoutMarket,
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

  #timeOf(block: number): number {
    if (this.isForgetful) throw new RpcError('unreachable', 'no answer');
    return this.blockTimes.get(block) ?? 0;
  }

  #poll() {
    if (this.isDown) throw new RpcError('unreachable', 'no answer');
    const events = this.#events;
    this.#events = [];
    return { events, head: { number: this.block, timestamp: this.nowSeconds }, included: [] };
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
      queuedAtMs: this.nowSeconds * 1000,
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

export const mined: Outcome = { state: 'mined', blockNumber: 1, gasUsed: 1 };
export const reverted: Outcome = {
  state: 'reverted',
  blockNumber: 1,
  gasUsed: 1,
  reason: 'NotBetter',
};
export const limits: Bare<MarketEvent> = {
  kind: 'feeder-limits-set',
  feeder: 1,
  fromInterval: 0,
  internalLimitW: 25_000,
  externalLimitW: 20_000,
};

export function posted(
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

export function accepted(
  solutionId: number,
  interval: number,
  trades: Trade[],
): Bare<MarketEvent>[] {
  const solver = '0xsomebody';
  const value = { homeEnergyWs: 1n, utilityEnergyWs: 0n, welfare: 0n };
  return [
    { kind: 'candidate-chunk', solutionId, interval, trades: encodeChunk(trades) },
    { kind: 'candidate-accepted', solutionId, solver, firstInterval: interval, ...value },
  ];
}
