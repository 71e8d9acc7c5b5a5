/**
 * Signs transactions, keeps them, sends them: in that order. The signed bytes are on disk before
 * they leave, the same bytes go out again after a crash or a lost answer, and an address never has
 * two transactions for one nonce. Nonces come from the outbox's own table, because an endpoint may
 * lag or lie.
 *
 * Gas costs nothing where this runs: both fees are 0, and they are set explicitly.
 */
import { computeAddress, type SigningKey, Transaction } from 'ethers';
import type { Clock, Log } from '../host/ports.ts';
import type { Finality } from '../market/grid.ts';
import type { Call } from './calls.ts';
import type { NewOutboxEntry, OutboxEntry, OutboxStore, Outcome } from './outbox-store.ts';
import { revertReason } from './reverts.ts';
import type { JsonRpc } from './rpc.ts';
import { type Receipt, RpcError } from './rpc-forms.ts';

/** A transaction that is in no block by then is sent again, real ms. */
const RESEND_MS = 30_000;
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
  /** Each address asks through its own connection. */
  rpcFor: (address: string) => JsonRpc;
  chainId: number;
  finality: Finality;
  clock: Clock;
  log?: Log;
}

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

export class Outbox {
  readonly #options: OutboxOptions;
  /** When bytes last left this process, by hash, monotonic ms. */
  readonly #sentAt = new Map<string, number>();
  /** Signed by this process and never sent: no use to ask what became of them. */
  readonly #fresh = new Set<string>();
  /** Hashes whose nonce was once found used by something else. */
  readonly #suspects = new Set<string>();
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
    const { store, rpcFor } = this.#options;
    if (store.nextNonce(address) !== null) return;
    store.seedNonce(address, await rpcFor(address).nonce(address, 'pending', signal));
  }

  /**
   * Signs a call and keeps it; `flush` sends it. Runs inside the caller's database transaction or
   * alone, so that the reason for a transaction and its bytes become durable together.
   * @param ref what the caller finds it again by
   * @throws OutboxError
   */
  enqueue(key: SigningKey, call: Call, ref: string | null = null): OutboxEntry {
    const { store, clock, chainId } = this.#options;
    if (!clock.isProven()) {
      throw new OutboxError('clock', `${call.kind} is not signed: the clock is not proven good`);
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
    transaction.signature = key.sign(transaction.unsignedHash);
    const { hash, serialized } = transaction;
    if (hash === null) throw new Error('a signed transaction has a hash');
    const entry: NewOutboxEntry = {
      hash,
      address,
      nonce,
      kind: call.kind,
      ref,
      raw: serialized,
      queuedAtMs: clock.now(),
    };
    const kept = store.insert(entry);
    this.#fresh.add(hash);
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
  settle(hash: string, outcome: Outcome): void {
    this.#options.store.settle(hash, outcome);
    this.#sentAt.delete(hash);
    this.#suspects.delete(hash);
  }

  async #flush(signal: AbortSignal): Promise<FlushReport> {
    signal.throwIfAborted();
    const report: FlushReport = { settled: [], refused: [], waiting: 0, error: null };
    const byAddress = new Map<string, OutboxEntry[]>();
    for (const entry of this.#options.store.open()) {
      const list = byAddress.get(entry.address) ?? [];
      list.push(entry);
      byAddress.set(entry.address, list);
    }
    const groups = [...byAddress.entries()];
    const worker = async () => {
      for (let next = groups.shift(); next !== undefined; next = groups.shift()) {
        await this.#serve(next[0], next[1], report, signal);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    report.waiting = this.#options.store.open().length;
    return report;
  }

  async #serve(
    address: string,
    entries: OutboxEntry[],
    report: FlushReport,
    signal: AbortSignal,
  ): Promise<void> {
    const rpc = this.#options.rpcFor(address);
    try {
      const open = await this.#learn(rpc, entries, report, signal);
      const unsent = open.filter((entry) => this.#isDue(entry));
      for (const entry of unsent) {
        const reason = await this.#send(rpc, entry, report, signal);
        // Later nonces could not go into a block before this one: they wait with it.
        if (reason !== null) {
          report.refused.push({ entry, reason });
          break;
        }
      }
      // In a chain that mines at once the outcome is there already.
      if (unsent.length > 0) await this.#learn(rpc, unsent, report, signal);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      report.error = error;
    }
  }

  #isDue(entry: OutboxEntry): boolean {
    if (entry.state === 'queued') return true;
    const sentAt = this.#sentAt.get(entry.hash);
    return sentAt === undefined || this.#options.clock.monotonicMs() - sentAt >= RESEND_MS;
  }

  /** Settles those that are in a final block. @returns the others */
  async #learn(
    rpc: JsonRpc,
    entries: OutboxEntry[],
    report: FlushReport,
    signal: AbortSignal,
  ): Promise<OutboxEntry[]> {
    const asked = entries.filter(({ hash }) => !this.#fresh.has(hash));
    const receipts = await receiptsOf(rpc, asked, signal);
    const { finality } = this.#options;
    const isAnyMined = receipts.some((receipt) => receipt !== null);
    const finalBlock =
      isAnyMined && finality.kind !== 'instant'
        ? (await rpc.finalBlock(finality, signal)).number
        : Number.POSITIVE_INFINITY;
    const open = entries.filter(({ hash }) => this.#fresh.has(hash));
    for (const [at, entry] of asked.entries()) {
      const receipt = receipts[at] ?? null;
      if (receipt === null) open.push(entry);
      else if (receipt.blockNumber <= finalBlock) {
        const outcome = await this.#outcomeOf(rpc, entry, receipt, signal);
        this.settle(entry.hash, outcome);
        report.settled.push({ ...entry, ...settledFields(outcome) });
      }
    }
    return open.sort((a, b) => a.nonce - b.nonce);
  }

  async #outcomeOf(
    rpc: JsonRpc,
    entry: OutboxEntry,
    receipt: Receipt,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { blockNumber, gasUsed } = receipt;
    if (receipt.isSuccess) return { state: 'mined', blockNumber, gasUsed };
    const reason = await this.#reasonOf(rpc, entry, receipt, signal);
    const { kind, hash } = entry;
    this.#options.log?.warn('a transaction was refused by the contract', { kind, hash, reason });
    return { state: 'reverted', blockNumber, gasUsed, reason };
  }

  /** Asks for the same call on the state before its block, where it most likely fails alike. */
  async #reasonOf(
    rpc: JsonRpc,
    entry: OutboxEntry,
    receipt: Receipt,
    signal: AbortSignal,
  ): Promise<string> {
    const { to, data, gasLimit } = Transaction.from(entry.raw ?? undefined);
    if (BigInt(receipt.gasUsed) >= gasLimit) return 'out of gas';
    if (to === null) return 'the constructor reverted';
    try {
      const request = { to, data, from: entry.address };
      await rpc.ethCall(request, Math.max(0, receipt.blockNumber - 1), signal);
      return 'it reverted in its block, but would not have in the one before';
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      return error.code === 'reverted' ? revertReason(error.data) : `unknown (${error.message})`;
    }
  }

  /** @returns why the endpoint does not take it, or null when it is with the chain */
  async #send(
    rpc: JsonRpc,
    entry: OutboxEntry,
    report: FlushReport,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { store, clock } = this.#options;
    if (entry.raw === null) throw new Error(`the bytes of ${entry.hash} are gone`);
    this.#fresh.delete(entry.hash);
    try {
      const hash = await rpc.sendRaw(entry.raw, signal);
      if (hash !== entry.hash.toLowerCase()) {
        throw new RpcError('malformed', `the endpoint says ${hash} for ${entry.hash}`);
      }
    } catch (error) {
      if (!(error instanceof RpcError) || error.isEndpointsFault) throw error;
      // "already known", "nonce too low": said in other words by each client. Whether the bytes
      // are there is what counts, and that can be asked.
      if (!(await rpc.isKnownTransaction(entry.hash, signal))) {
        return this.#refused(rpc, entry, error.message, report, signal);
      }
    }
    store.markSent(entry.hash);
    this.#sentAt.set(entry.hash, clock.monotonicMs());
    return null;
  }

  async #refused(
    rpc: JsonRpc,
    entry: OutboxEntry,
    reason: string,
    report: FlushReport,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { address, hash, nonce, kind } = entry;
    this.#options.log?.warn('an endpoint refuses a transaction', { kind, hash, reason });
    if ((await rpc.nonce(address, 'latest', signal)) <= nonce) return reason;
    // Its nonce is used up. An index that lags looks the same, so it takes two looks to believe.
    if (!this.#suspects.has(hash)) {
      this.#suspects.add(hash);
      return reason;
    }
    const outcome: Outcome = { state: 'replaced', reason };
    this.settle(hash, outcome);
    report.settled.push({ ...entry, ...settledFields(outcome) });
    return null;
  }
}

async function receiptsOf(
  rpc: JsonRpc,
  entries: readonly OutboxEntry[],
  signal: AbortSignal,
): Promise<(Receipt | null)[]> {
  const [only] = entries;
  if (only === undefined) return [];
  // Some endpoints take no batches; a single question needs none.
  if (entries.length === 1) return [await rpc.receipt(only.hash, signal)];
  const answers = await rpc.receipts(
    entries.map(({ hash }) => hash),
    signal,
  );
  return answers.map((answer) => {
    if (answer instanceof RpcError) throw answer;
    return answer;
  });
}

function settledFields(outcome: Outcome) {
  return {
    state: outcome.state,
    raw: null,
    blockNumber: outcome.state === 'replaced' ? null : outcome.blockNumber,
    gasUsed: outcome.state === 'replaced' ? null : outcome.gasUsed,
    reason: outcome.state === 'mined' ? null : outcome.reason,
  };
}
