/**
 * Delivery for who has a public name: the endpoint is asked for receipts, and what became of a
 * nonce. Used by the operator and by solvers.
 */
import { Transaction } from 'ethers';
import type { Clock, Log } from '../host/ports.ts';
import type { Finality } from '../market/grid.ts';
import type { Delivery, FlushReport } from './delivery.ts';
import type { OutboxEntry, OutboxStore, Outcome } from './outbox-store.ts';
import { revertReason } from './reverts.ts';
import type { JsonRpc } from './rpc.ts';
import { type Receipt, RpcError } from './rpc-forms.ts';

/** A transaction that is in no block by then is sent again, real ms. */
const RESEND_MS = 30_000;

export interface AskingOptions {
  store: OutboxStore;
  /** Each address asks through its own connection. */
  rpcFor: (address: string) => JsonRpc;
  finality: Finality;
  clock: Clock;
  log?: Log;
}

export class AskingDelivery implements Delivery {
  readonly #options: AskingOptions;
  /** When bytes last left this process, by hash, monotonic ms. */
  readonly #sentAt = new Map<string, number>();
  /** Signed by this process and never sent: no use to ask what became of them. */
  readonly #fresh = new Set<string>();
  /** Hashes whose nonce was once found used by something else. */
  readonly #suspects = new Set<string>();

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  async firstNonce(address: string, signal?: AbortSignal): Promise<number> {
    return this.#options.rpcFor(address).nonce(address, 'pending', signal);
  }

  signed({ hash }: OutboxEntry): void {
    this.#fresh.add(hash);
  }

  settled(hash: string): void {
    this.#sentAt.delete(hash);
    this.#suspects.delete(hash);
  }

  /** An endpoint that is asked says what has used a nonce. */
  isStuck(): boolean {
    return false;
  }

  async serve(entries: OutboxEntry[], report: FlushReport, signal: AbortSignal): Promise<void> {
    const [first] = entries;
    if (first === undefined) return;
    const rpc = this.#options.rpcFor(first.address);
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
        this.#settle(entry.hash, outcome);
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

  #settle(hash: string, outcome: Outcome): void {
    this.#options.store.settle(hash, outcome);
    this.settled(hash);
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
    this.#settle(hash, outcome);
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
