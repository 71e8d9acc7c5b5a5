/**
 * Signs transactions, keeps them, has them delivered: in that order. The signed bytes are on disk
 * before they leave, the same bytes go out again after a crash or a lost answer, and an address
 * never has two transactions for one nonce. Nonces come from the outbox's own table, because an
 * endpoint may lag or lie. Nothing is signed that the policy does not allow.
 *
 * Gas costs nothing where this runs: both fees are 0, and they are set explicitly.
 */
import { computeAddress, type SigningKey, Transaction } from 'ethers';
import type { Clock, Log } from '../host/ports.ts';
import type { Finality } from '../market/grid.ts';
import { AskingDelivery } from './asking-delivery.ts';
import type { Call } from './calls.ts';
import type { Delivery, FlushReport } from './delivery.ts';
import {
  type BytesKept,
  DAY_MS,
  type NewOutboxEntry,
  type OutboxEntry,
  type OutboxStore,
  type Outcome,
} from './outbox-store.ts';
import type { JsonRpc } from './rpc.ts';
import { RpcError } from './rpc-forms.ts';
import type { SigningPolicy } from './signing-policy.ts';

/** Addresses served at the same time. */
const AT_ONCE = 8;

export class OutboxError extends Error {
  /**
   * `clock`: nothing is signed while market time is not proven good. `unseeded`: the first nonce of
   * this address is not known; call `seed` before.
   */
  readonly code: 'clock' | 'unseeded';
  constructor(code: OutboxError['code'], message: string) {
    super(message);
    this.name = 'OutboxError';
    this.code = code;
  }
}

export interface OutboxOptions {
  store: OutboxStore;
  delivery: Delivery;
  chainId: number;
  policy: Pick<SigningPolicy, 'check'>;
  clock: Clock;
}

export interface AskingOutboxOptions extends Omit<OutboxOptions, 'delivery'> {
  /** Each address asks through its own connection. */
  rpcFor: (address: string) => JsonRpc;
  finality: Finality;
  log?: Log;
}

/** An outbox that asks the endpoint what became of its transactions: for who has a public name. */
export function askingOutbox(options: AskingOutboxOptions): Outbox {
  return new Outbox({ ...options, delivery: new AskingDelivery(options) });
}

export class Outbox {
  readonly #options: OutboxOptions;
  #round: Promise<unknown> = Promise.resolve();
  /** The round that has not begun yet; whoever asks meanwhile shares it. */
  #nextRound: Promise<FlushReport> | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get store(): OutboxStore {
    return this.#options.store;
  }

  /**
   * Learns the first nonce of an address that may have sent before; asks the chain once in its
   * life. A fresh address is seeded with `store.seedNonce(address, 0)` instead.
   * @throws RpcError
   */
  async seed(address: string, signal?: AbortSignal): Promise<void> {
    const { store, delivery } = this.#options;
    if (store.nextNonce(address) !== null) return;
    store.seedNonce(address, await delivery.firstNonce(address, signal));
  }

  /**
   * Signs a call and keeps it; `flush` sends it. Runs inside the caller's database transaction or
   * alone, so that the reason for a transaction and its bytes become durable together.
   * @param ref what the caller finds it again by
   * @throws OutboxError, SigningRefused, SqlError
   */
  enqueue(key: SigningKey, call: Call, ref: string | null = null): OutboxEntry {
    const { store, clock, chainId, policy, delivery } = this.#options;
    const { kind } = call;
    if (!clock.isProven()) {
      throw new OutboxError('clock', `${kind} is not signed: the clock is not proven good`);
    }
    const address = computeAddress(key.publicKey).toLowerCase();
    const nonce = store.nextNonce(address);
    if (nonce === null) throw new OutboxError('unseeded', `the nonce of ${address} is not known`);
    const transaction = Transaction.from({
      type: 2,
      chainId,
      nonce,
      to: call.to,
      data: call.data,
      gasLimit: call.gasLimit,
      maxFeePerGas: 0,
      maxPriorityFeePerGas: 0,
      value: 0,
    });
    const queuedAtMs = clock.now();
    const day = Math.floor(queuedAtMs / DAY_MS);
    policy.check(transaction, { kind, address, day }, store);
    transaction.signature = key.sign(transaction.unsignedHash);
    const { hash, serialized: raw } = transaction;
    if (hash === null) throw new Error('a signed transaction has a hash');
    const entry: NewOutboxEntry = { hash, address, nonce, kind, ref, raw, queuedAtMs };
    const kept = store.insert(entry);
    delivery.signed(kept);
    return kept;
  }

  /**
   * Sends what waits and learns what became of what was sent. Rounds do not overlap; an endpoint
   * that fails is told in the report and costs nothing but time.
   * @throws the signal's reason when aborted
   */
  flush(signal: AbortSignal): Promise<FlushReport> {
    if (this.#nextRound !== null) return this.#nextRound;
    const next = this.#round.then(() => {
      this.#nextRound = null;
      return this.#flush(signal);
    });
    this.#nextRound = next;
    this.#round = next.catch(() => undefined);
    return next;
  }

  /** Records an outcome learned elsewhere, from the log say. */
  settle(hash: string, outcome: Outcome, bytes: BytesKept = 'dropped'): void {
    this.#options.store.settle(hash, outcome, bytes);
    this.#options.delivery.settled(hash);
  }

  /** See `Delivery.isStuck`. */
  isStuck(hash: string): boolean {
    return this.#options.delivery.isStuck(hash);
  }

  async #flush(signal: AbortSignal): Promise<FlushReport> {
    signal.throwIfAborted();
    const { store, delivery } = this.#options;
    const report: FlushReport = { settled: [], refused: [], waiting: 0, error: null };
    const byAddress = new Map<string, OutboxEntry[]>();
    for (const entry of store.open()) {
      const list = byAddress.get(entry.address) ?? [];
      list.push(entry);
      byAddress.set(entry.address, list);
    }
    const groups = [...byAddress.values()];
    const worker = async () => {
      for (let next = groups.shift(); next !== undefined; next = groups.shift()) {
        try {
          await delivery.serve(next, report, signal);
        } catch (error) {
          if (!(error instanceof RpcError)) throw error;
          report.error = error;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    report.waiting = store.open().length;
    return report;
  }
}
