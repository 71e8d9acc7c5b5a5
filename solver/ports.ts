/** What the solver needs of the chain besides the market's log: narrow, for tests. */
import type { SigningKey } from 'ethers';
import type { Call } from '../chain/calls.ts';
import type { FlushReport } from '../chain/delivery.ts';
import type { OutboxEntry } from '../chain/outbox-store.ts';

/** `Outbox` of chain/outbox.ts fits. */
export interface SolverOutbox {
  seed(address: string, signal?: AbortSignal): Promise<void>;
  enqueue(key: SigningKey, call: Call, ref: string): OutboxEntry;
  flush(signal: AbortSignal): Promise<FlushReport>;
  readonly store: {
    open(): OutboxEntry[];
    byRef(ref: string): OutboxEntry[];
  };
}

/** What the log does not say of rewards. @throws RpcError */
export interface RewardChain {
  /** 0 before the interval is final, and once it was claimed. */
  claimableMicro(interval: number, solver: string, signal: AbortSignal): Promise<bigint>;
  /** The market whose money an address can hold, lower case, or null. */
  marketOf(holder: string, signal: AbortSignal): Promise<string | null>;
}

/** Reads that the log does not answer. @throws RpcError */
export interface SolverChain extends RewardChain {
  /** Unix seconds. */
  timestampOf(blockNumber: number, signal: AbortSignal): Promise<number>;
  stakeMicro(solver: string, signal: AbortSignal): Promise<bigint>;
  balanceMicro(holder: string, signal: AbortSignal): Promise<bigint>;
  /** The newest solution that this solver has opened and not committed, or null. */
  openSolutionId(solver: string, signal: AbortSignal): Promise<number | null>;
}
