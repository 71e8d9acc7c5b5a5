/** An outbox's table in memory: a replay that is cut off begins anew. */
import {
  DAY_MS,
  type NewOutboxEntry,
  type OutboxEntry,
  type OutboxStore,
  type Outcome,
} from '../../chain/outbox-store.ts';

export class MemoryOutboxStore implements OutboxStore {
  readonly #entries = new Map<string, OutboxEntry>();
  readonly #nonces = new Map<string, number>();

  nextNonce(address: string): number | null {
    return this.#nonces.get(address) ?? null;
  }

  seedNonce(address: string, nonce: number): void {
    if (!this.#nonces.has(address)) this.#nonces.set(address, nonce);
  }

  raiseNonce(address: string, nonce: number): void {
    this.#nonces.set(address, Math.max(nonce, this.#nonces.get(address) ?? 0));
  }

  insert(entry: NewOutboxEntry): OutboxEntry {
    const kept = { ...entry, state: 'queued', blockNumber: null, gasUsed: null, reason: null };
    this.#entries.set(entry.hash, kept as OutboxEntry);
    this.#nonces.set(entry.address, entry.nonce + 1);
    return kept as OutboxEntry;
  }

  signedBy(address: string, kind?: string): number {
    const isMeant = (entry: OutboxEntry) => kind === undefined || entry.kind === kind;
    return this.#all().filter((entry) => entry.address === address && isMeant(entry)).length;
  }

  signedOn(day: number): number {
    return this.#all().filter(({ queuedAtMs }) => Math.floor(queuedAtMs / DAY_MS) === day).length;
  }

  open(): OutboxEntry[] {
    return this.#all().filter(({ state }) => state === 'queued' || state === 'sent');
  }

  find(hash: string): OutboxEntry | null {
    return this.#entries.get(hash) ?? null;
  }

  byRef(ref: string): OutboxEntry[] {
    return this.#all().filter((entry) => entry.ref === ref);
  }

  markSent(hash: string): void {
    const entry = this.#entries.get(hash);
    if (entry?.state === 'queued') entry.state = 'sent';
  }

  settle(hash: string, outcome: Outcome): void {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return;
    Object.assign(entry, { ...outcome, raw: null });
  }

  forget(address: string): void {
    this.#nonces.delete(address);
    for (const entry of this.#all()) {
      if (entry.address === address) this.#entries.delete(entry.hash);
    }
  }

  #all(): OutboxEntry[] {
    return [...this.#entries.values()].sort((a, b) => a.nonce - b.nonce);
  }
}
