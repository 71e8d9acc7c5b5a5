/**
 * Where the outbox keeps its transactions: one table for wallet.db, books.db and solver.db alike.
 */
import type { Sql, SqlRow } from '../host/ports.ts';

/**
 * `queued`: kept, not known to have left. `sent`: an endpoint took it. `mined`: final, and did what
 * it should. `reverted`: final, and the contract refused. `replaced`: its nonce was used by
 * something else, which only a lost or copied database can bring about.
 */
export type OutboxState = 'queued' | 'sent' | 'mined' | 'reverted' | 'replaced';

export interface NewOutboxEntry {
  hash: string;
  /** Lower case. */
  address: string;
  nonce: number;
  /** The function called. */
  kind: string;
  /** What the caller finds it again by. */
  ref: string | null;
  /** The signed bytes. */
  raw: string;
  /** Market time. */
  queuedAtMs: number;
}

export interface OutboxEntry extends Omit<NewOutboxEntry, 'raw'> {
  /** Null once settled: nothing is sent again then. */
  raw: string | null;
  state: OutboxState;
  blockNumber: number | null;
  gasUsed: number | null;
  reason: string | null;
}

export type Outcome =
  | { state: 'mined'; blockNumber: number; gasUsed: number }
  | { state: 'reverted'; blockNumber: number; gasUsed: number; reason: string }
  | { state: 'replaced'; reason: string };

export interface OutboxStore {
  /** Null when the address was never seeded. */
  nextNonce(address: string): number | null;
  /** The first nonce of an address; later calls change nothing. */
  seedNonce(address: string, nonce: number): void;
  /** @throws SqlError 'constraint' when the nonce is taken */
  insert(entry: NewOutboxEntry): OutboxEntry;
  /** Without an outcome, by address and nonce. */
  open(): OutboxEntry[];
  find(hash: string): OutboxEntry | null;
  /** By nonce. */
  byRef(ref: string): OutboxEntry[];
  markSent(hash: string): void;
  settle(hash: string, outcome: Outcome): void;
  /** Forgets an address that will never send again. */
  forget(address: string): void;
}

/** A migration script, for the databases that hold an outbox. */
export const OUTBOX_SQL = `
CREATE TABLE outbox_addresses (
  address TEXT PRIMARY KEY,
  first_nonce INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox (
  hash TEXT PRIMARY KEY,
  address TEXT NOT NULL REFERENCES outbox_addresses(address),
  nonce INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT,
  raw TEXT,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'mined', 'reverted', 'replaced')),
  queued_at_ms INTEGER NOT NULL,
  block INTEGER,
  gas_used INTEGER,
  reason TEXT,
  UNIQUE (address, nonce)
) STRICT;
CREATE INDEX outbox_open ON outbox(address, nonce) WHERE state IN ('queued', 'sent');
CREATE INDEX outbox_ref ON outbox(ref) WHERE ref IS NOT NULL;
`;

/** How many digits of a reason are kept. */
const REASON_LENGTH = 300;

export class SqlOutboxStore implements OutboxStore {
  readonly #sql: Sql;

  /** @param sql a database whose migrations include `OUTBOX_SQL` */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  nextNonce(address: string): number | null {
    const row = this.#sql.get(
      `SELECT first_nonce AS first,
              (SELECT max(nonce) + 1 FROM outbox WHERE address = a.address) AS after
       FROM outbox_addresses AS a WHERE address = ?`,
      address.toLowerCase(),
    );
    return row === undefined ? null : Math.max(Number(row.first), Number(row.after ?? 0));
  }

  seedNonce(address: string, nonce: number): void {
    this.#sql.run(
      'INSERT INTO outbox_addresses(address, first_nonce) VALUES (?, ?) ON CONFLICT DO NOTHING',
      address.toLowerCase(),
      nonce,
    );
  }

  insert(entry: NewOutboxEntry): OutboxEntry {
    this.#sql.run(
      `INSERT INTO outbox(hash, address, nonce, kind, ref, raw, state, queued_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 'queued', ?)`,
      entry.hash,
      entry.address,
      entry.nonce,
      entry.kind,
      entry.ref,
      entry.raw,
      Math.round(entry.queuedAtMs),
    );
    return { ...entry, state: 'queued', blockNumber: null, gasUsed: null, reason: null };
  }

  open(): OutboxEntry[] {
    return this.#sql
      .all("SELECT * FROM outbox WHERE state IN ('queued', 'sent') ORDER BY address, nonce")
      .map(entryOf);
  }

  find(hash: string): OutboxEntry | null {
    const row = this.#sql.get('SELECT * FROM outbox WHERE hash = ?', hash);
    return row === undefined ? null : entryOf(row);
  }

  byRef(ref: string): OutboxEntry[] {
    return this.#sql.all('SELECT * FROM outbox WHERE ref = ? ORDER BY nonce', ref).map(entryOf);
  }

  markSent(hash: string): void {
    this.#sql.run("UPDATE outbox SET state = 'sent' WHERE hash = ? AND state = 'queued'", hash);
  }

  settle(hash: string, outcome: Outcome): void {
    const isReplaced = outcome.state === 'replaced';
    this.#sql.run(
      `UPDATE outbox SET state = ?, raw = NULL, block = ?, gas_used = ?, reason = ?
       WHERE hash = ? AND state IN ('queued', 'sent')`,
      outcome.state,
      isReplaced ? null : outcome.blockNumber,
      isReplaced ? null : outcome.gasUsed,
      outcome.state === 'mined' ? null : outcome.reason.slice(0, REASON_LENGTH),
      hash,
    );
  }

  forget(address: string): void {
    this.#sql.run('DELETE FROM outbox WHERE address = ?', address.toLowerCase());
    this.#sql.run('DELETE FROM outbox_addresses WHERE address = ?', address.toLowerCase());
  }
}

function entryOf(row: SqlRow): OutboxEntry {
  return {
    hash: String(row.hash),
    address: String(row.address),
    nonce: Number(row.nonce),
    kind: String(row.kind),
    ref: row.ref === null ? null : String(row.ref),
    raw: row.raw === null ? null : String(row.raw),
    state: String(row.state) as OutboxState,
    queuedAtMs: Number(row.queued_at_ms),
    blockNumber: row.block === null ? null : Number(row.block),
    gasUsed: row.gas_used === null ? null : Number(row.gas_used),
    reason: row.reason === null ? null : String(row.reason),
  };
}
