/**
 * How signed bytes reach the chain, and how it is learned what became of them. There are two ways:
 * one that asks the endpoint for receipts (operator, solver), and one that asks for nothing of its
 * own (anonymous addresses: chain/silent-delivery.ts).
 */
import type { OutboxEntry } from './outbox-store.ts';
import type { RpcError } from './rpc-forms.ts';

/** What one round did. */
export interface FlushReport {
  /** Those whose outcome became known and final. */
  settled: OutboxEntry[];
  /** Those that an endpoint refused to take; they stay and are tried again. */
  refused: { entry: OutboxEntry; reason: string }[];
  /** How many are still without an outcome. */
  waiting: number;
  /** Why the round was cut short for some address; null when it was not. */
  error: RpcError | null;
}

export interface Delivery {
  /** The first nonce of an address that may have sent before. @throws RpcError */
  firstNonce(address: string, signal?: AbortSignal): Promise<number>;
  /** These bytes were signed by this process, just now, and never left it. */
  signed(entry: OutboxEntry): void;
  /**
   * Sends what is due of one address.
   * @param entries its open ones, by nonce
   * @param report is added to
   * @throws RpcError when no endpoint answers, SqlError
   */
  serve(entries: OutboxEntry[], report: FlushReport, signal: AbortSignal): Promise<void>;
  /** Its outcome is known from elsewhere. */
  settled(hash: string): void;
  /**
   * Whether endpoints took it, several times, and it came into no block: something else may have
   * used its nonce.
   */
  isStuck(hash: string): boolean;
}
