/**
 * Where the outbox keeps its transactions: one table for wallet.db, books.db and solver.db alike.
 */
import type { Sql, SqlRow } from '../host/ports.ts';
import type { SigningHistory } from './signing-policy.ts';

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
  /** Null once dropped: nothing is sent again then. */
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

/** Whether the bytes may be needed again: a log can be rewritten, and a claim be wrong. */
export type BytesKept = 'kept' | 'dropped';

export interface OutboxStore extends SigningHistory {
  /** Null when the address was never seeded. */
  nextNonce(address: string): number | null;
  /** The first nonce of an address; later calls change nothing. */
  seedNonce(address: string, nonce: number): void;
  /** No nonce below is used from now on: a restored database may know fewer than the chain. */
  raiseNonce(address: string, nonce: number): void;
  /** @throws SqlError 'constraint' when the nonce is taken */
  insert(entry: NewOutboxEntry): OutboxEntry;
  /** Without an outcome, by address and nonce. */
  open(): OutboxEntry[];
  find(hash: string): OutboxEntry | null;
  /** By nonce. */
  byRef(ref: string): OutboxEntry[];
  markSent(hash: string): void;
  /** That it is mined overrules every other outcome. */
  settle(hash: string, outcome: Outcome, bytes?: BytesKept): void;
  /** Forgets an address that will never send again. */
  forget(address: string): void;
}

/** What a wallet needs besides, which learns outcomes from the log alone. */
export interface WalletOutboxStore extends OutboxStore {
  /** Of one address, by nonce. */
  ofAddress(address: string): OutboxEntry[];
  /** Not known to be mined, by address and nonce. */
  unproven(): OutboxEntry[];
  /** Keeps a transaction of an own address that another copy of this database signed. */
  adopt(entry: Omit<NewOutboxEntry, 'raw' | 'nonce'>, blockNumber: number): void;
  /** What became of those whose bytes are kept is to be learned anew. */
  reopen(): void;
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

/** How much was signed by day, which rows do not tell once their address is forgotten. */
export const OUTBOX_DAYS_SQL = `
CREATE TABLE outbox_days (
  day INTEGER PRIMARY KEY,
  signed INTEGER NOT NULL
) STRICT;
`;

export const DAY_MS = 86_400_000;
/** How many digits of a reason are kept. */
const REASON_LENGTH = 300;

export class SqlOutboxStore implements WalletOutboxStore {
  readonly #sql: Sql;

  /** @param sql a database whose migrations include `OUTBOX_SQL` and `OUTBOX_DAYS_SQL` */
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

  raiseNonce(address: string, nonce: number): void {
    this.seedNonce(address, nonce);
    this.#sql.run(
      'UPDATE outbox_addresses SET first_nonce = max(first_nonce, ?) WHERE address = ?',
      nonce,
      address.toLowerCase(),
    );
  }

  insert(entry: NewOutboxEntry): OutboxEntry {
    this.#add(entry, 'queued', null);
    this.#sql.run(
      `INSERT INTO outbox_days VALUES (?, 1) ON CONFLICT DO UPDATE SET signed = signed + 1`,
      Math.floor(entry.queuedAtMs / DAY_MS),
    );
    return { ...entry, state: 'queued', blockNumber: null, gasUsed: null, reason: null };
  }

  adopt(entry: Omit<NewOutboxEntry, 'raw' | 'nonce'>, blockNumber: number): void {
    const nonce = this.nextNonce(entry.address);
    if (nonce === null) throw new Error('an adopted transaction is of an address that was seeded');
    this.#add({ ...entry, nonce, raw: null }, 'mined', blockNumber);
  }

  #add(
    entry: Omit<NewOutboxEntry, 'raw'> & { raw: string | null },
    state: OutboxState,
    blockNumber: number | null,
  ): void {
    this.#sql.run(
      `INSERT INTO outbox(hash, address, nonce, kind, ref, raw, state, queued_at_ms, block)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      entry.hash,
      entry.address,
      entry.nonce,
      entry.kind,
      entry.ref,
      entry.raw,
      state,
      Math.round(entry.queuedAtMs),
      blockNumber,
    );
  }

  signedBy(address: string, kind: string | null = null): number {
    const row = this.#sql.get(
      'SELECT count(*) AS number FROM outbox WHERE address = ? AND kind = ifnull(?, kind)',
      address,
      kind,
    );
    return Number(row?.number ?? 0);
  }

  signedOn(day: number): number {
    return Number(this.#sql.get('SELECT signed FROM outbox_days WHERE day = ?', day)?.signed ?? 0);
  }

  open(): OutboxEntry[] {
    return this.#sql
      .all("SELECT * FROM outbox WHERE state IN ('queued', 'sent') ORDER BY address, nonce")
      .map(entryOf);
  }

  unproven(): OutboxEntry[] {
    return this.#sql
      .all("SELECT * FROM outbox WHERE state <> 'mined' ORDER BY address, nonce")
      .map(entryOf);
  }

  find(hash: string): OutboxEntry | null {
    const row = this.#sql.get('SELECT * FROM outbox WHERE hash = ?', hash);
    return row === undefined ? null : entryOf(row);
  }

  byRef(ref: string): OutboxEntry[] {
    return this.#sql.all('SELECT * FROM outbox WHERE ref = ? ORDER BY nonce', ref).map(entryOf);
  }

  ofAddress(address: string): OutboxEntry[] {
    return this.#sql
      .all('SELECT * FROM outbox WHERE address = ? ORDER BY nonce', address)
      .map(entryOf);
  }

  markSent(hash: string): void {
    this.#sql.run("UPDATE outbox SET state = 'sent' WHERE hash = ? AND state = 'queued'", hash);
  }

  settle(hash: string, outcome: Outcome, bytes: BytesKept = 'dropped'): void {
    const isReplaced = outcome.state === 'replaced';
    this.#sql.run(
      `UPDATE outbox SET state = ?, raw = iif(?, raw, NULL), block = ?, gas_used = ?, reason = ?
       WHERE hash = ? AND (state IN ('queued', 'sent') OR ? = 'mined')`,
      outcome.state,
      bytes === 'kept' ? 1 : 0,
      isReplaced ? null : outcome.blockNumber,
      isReplaced ? null : outcome.gasUsed,
      outcome.state === 'mined' ? null : outcome.reason.slice(0, REASON_LENGTH),
      hash,
      outcome.state,
    );
  }

  reopen(): void {
    this.#sql.run(
      `UPDATE outbox SET state = 'sent', block = NULL, gas_used = NULL, reason = NULL
       WHERE raw IS NOT NULL AND state IN ('mined', 'reverted', 'replaced')`,
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
