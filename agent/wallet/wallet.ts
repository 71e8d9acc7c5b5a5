/**
 * What a home owns and has promised: identity key, anonymous addresses with their grants, offers
 * and final trades, and how far the log was read. Every change is durable before it is acted on
 * (design: wallet, privacy, borders). It never logs anything.
 *
 * Room is left for what comes later: a key ratchet in the place of `AddressKeys`, a mnemonic for
 * the making of the seed; neither changes a table.
 */
import {
  computeAddress,
  getAddress,
  hexlify,
  keccak256,
  type SigningKey,
  toUtf8Bytes,
} from 'ethers';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import type { Random, Sql, UnixMs } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import type { Address } from '../../market/messages.ts';
import { forgetObserved, type OwnOffer, type OwnTerms } from '../traders/own-offer.ts';
import { AddressKeys, KEY_BYTES, Seal, signingKeyOf } from './keys.ts';
import { insertOffer, readOffer, readTrades, updateOffer } from './rows.ts';

export class WalletError extends Error {
  /**
   * `empty`: no identity in it, the meter must be enrolled. `wrong-key`: the keystore's key does
   * not open its secrets. `other-grid`: it belongs to another grid. `exhausted`: no index left
   * today.
   */
  readonly code: 'empty' | 'wrong-key' | 'other-grid' | 'exhausted';
  constructor(code: WalletError['code'], message: string) {
    super(message);
    this.name = 'WalletError';
    this.code = code;
  }
}

/** Where a wallet belongs. */
export type WalletGrid = Pick<GridFacts, 'chainId' | 'contracts'>;

const FORMAT = 'transax-wallet-1';
/**
 * An index begins with the day, so that a wallet restored from an older backup does not use one
 * again on a later day. Enough for two offers in each 4 s interval; below 2^31 until 2087.
 */
const INDEXES_PER_DAY = 50_000;
/** Of the key of this home's solver: the last there is, which no offer before 2087 takes. */
const SOLVER_INDEX = 0x7fff_ffff;
const DAY_MS = 86_400_000;
const SEAL_NONCE_BYTES = 12;
const IDENTITY = 'identity';
const SEED = 'seed';

export class Wallet {
  readonly #sql: Sql;
  readonly #random: Random;
  readonly #keys: AddressKeys;
  readonly #identity: SigningKey;
  readonly #liveKeys = new Map<number, SigningKey>();
  /** Checksummed; the meter's id. */
  readonly meterId: Address;
  /** Signed transactions, in the same file. */
  readonly outbox: SqlOutboxStore;

  /** Use `createWallet` or `openWallet`. */
  constructor(sql: Sql, random: Random, identity: SigningKey, keys: AddressKeys) {
    this.#sql = sql;
    this.#random = random;
    this.#identity = identity;
    this.#keys = keys;
    this.meterId = computeAddress(identity.publicKey);
    this.outbox = new SqlOutboxStore(sql);
  }

  /** @returns a 65-byte signature over a digest, by the identity key */
  signAsMeter(digest: string): string {
    return this.#identity.sign(digest).serialized;
  }

  /** The key of an anonymous address; kept until `forgetKey`, as it signs a few times. */
  keyOf(offer: Pick<OwnOffer, 'index'>): SigningKey {
    const key = this.#liveKeys.get(offer.index) ?? this.#keys.keyOf(offer.index);
    this.#liveKeys.set(offer.index, key);
    return key;
  }

  /** Another address for ever, public as a solver; nothing links it to those of offers. */
  get solverKey(): SigningKey {
    return this.keyOf({ index: SOLVER_INDEX });
  }

  /** Of an address that is retired. */
  forgetKey(offer: OwnOffer): void {
    this.#liveKeys.delete(offer.index);
  }

  /** The address in the form that messages carry. */
  checksummed(offer: OwnOffer): Address {
    return getAddress(offer.address);
  }

  /**
   * A fresh request id. The salt (a time, an index) keeps ids apart even where the random source
   * begins anew with each start, as in a lab that repeats a run.
   */
  newRequestId(salt: number): string {
    const random = hexlify(this.#random.bytes(32));
    return keccak256(toUtf8Bytes(`${random} ${salt}`));
  }

  /**
   * Takes a fresh address for an offer; it is on disk when this returns.
   * @throws WalletError `exhausted`
   */
  reserve(terms: OwnTerms, nowMs: UnixMs, postAtMs: UnixMs, expiresAt: number): OwnOffer {
    return this.#sql.transaction(() => {
      const last = this.#sql.get('SELECT max(idx) AS last FROM addresses')?.last ?? -1;
      const day = Math.floor(nowMs / DAY_MS);
      const index = Math.max(Number(last) + 1, day * INDEXES_PER_DAY);
      if (index >= (day + 1) * INDEXES_PER_DAY) {
        throw new WalletError('exhausted', 'the wallet has used all address indexes of this day');
      }
      const address = computeAddress(this.keyOf({ index }).publicKey).toLowerCase();
      const offer: OwnOffer = {
        index,
        address,
        requestId: this.newRequestId(index),
        terms,
        reservedAtMs: nowMs,
        postAtMs,
        expiresAt,
        state: 'reserved',
        assetId: null,
        offerId: null,
        isClosed: false,
        heldWs: 0,
        heldMicro: 0n,
        grantedMicro: 0n,
        trades: new Map(),
        note: null,
      };
      insertOffer(this.#sql, offer);
      // Nobody ever sent from a fresh address: its nonces begin at 0, and nobody need be asked.
      this.outbox.seedNonce(address, 0);
      return offer;
    });
  }

  /** Every address that is not retired, with its trades. */
  liveOffers(): OwnOffer[] {
    const rows = this.#sql.all("SELECT * FROM addresses WHERE state <> 'retired' ORDER BY idx");
    return rows.map((row) => {
      const offer = readOffer(row);
      readTrades(this.#sql, offer);
      return offer;
    });
  }

  /** The offer of an address, without its trades; null: none of ours. */
  offerOf(address: string): OwnOffer | null {
    const row = this.#sql.get('SELECT * FROM addresses WHERE address = ?', address.toLowerCase());
    return row === undefined ? null : readOffer(row);
  }

  /** Offers changed and facts learned, all or nothing. */
  keep(offers: Iterable<OwnOffer>, facts: Readonly<Record<string, string>> = {}): void {
    this.#sql.transaction(() => {
      for (const offer of offers) updateOffer(this.#sql, offer);
      for (const [name, value] of Object.entries(facts)) putFact(this.#sql, name, value);
    });
  }

  /** Runs several changes, such as signing and a new state, as one. */
  transaction<T>(work: () => T): T {
    return this.#sql.transaction(work);
  }

  /** Inside `transaction`. */
  put(offer: OwnOffer): void {
    updateOffer(this.#sql, offer);
  }

  /** Inside `transaction`. */
  putFact(name: string, value: string): void {
    putFact(this.#sql, name, value);
  }

  /** Inside `transaction`. */
  dropFact(name: string): void {
    this.#sql.run('DELETE FROM facts WHERE name = ?', name);
  }

  /** Facts whose names begin so, by the rest of their names. */
  factsUnder(prefix: string): Map<string, string> {
    const rows = this.#sql.all(
      'SELECT name, value FROM facts WHERE substr(name, 1, ?) = ?',
      prefix.length,
      prefix,
    );
    return new Map(rows.map(({ name, value }) => [String(name).slice(prefix.length), `${value}`]));
  }

  fact(name: string): string | null {
    return factOf(this.#sql, name);
  }

  /** Forgets all that the log told, and reads it from the beginning next time. */
  forgetLog(offers: Iterable<OwnOffer>): void {
    this.#sql.transaction(() => {
      for (const offer of offers) {
        forgetObserved(offer);
        updateOffer(this.#sql, offer);
      }
      this.#sql.run("DELETE FROM facts WHERE name LIKE 'log.%'");
      this.outbox.reopen();
    });
  }

  /** Addresses by state, for `status`. */
  counts(): Record<string, number> {
    const rows = this.#sql.all('SELECT state, count(*) AS number FROM addresses GROUP BY state');
    return Object.fromEntries(rows.map((row) => [String(row.state), Number(row.number)]));
  }

  close(): void {
    this.#sql.close();
  }
}

/**
 * Makes identity and seed in an empty database, or opens what is there.
 * @throws WalletError, SqlError
 */
export function createWallet(sql: Sql, key: Uint8Array, grid: WalletGrid, random: Random): Wallet {
  if (factOf(sql, 'format') !== null) return openWallet(sql, key, grid, random);
  const seal = new Seal(key);
  sql.transaction(() => {
    for (const name of [IDENTITY, SEED]) {
      const sealed = seal.seal(name, freshSecret(random), random.bytes(SEAL_NONCE_BYTES));
      sql.run('INSERT INTO secrets VALUES (?, ?)', name, sealed);
    }
    putFact(sql, 'format', FORMAT);
    putFact(sql, 'grid', gridName(grid));
  });
  return openWallet(sql, key, grid, random);
}

/** @throws WalletError, SqlError */
export function openWallet(sql: Sql, key: Uint8Array, grid: WalletGrid, random: Random): Wallet {
  if (factOf(sql, 'format') !== FORMAT) {
    throw new WalletError('empty', 'this wallet has no identity yet: run transax-agent enrol');
  }
  if (factOf(sql, 'grid') !== gridName(grid)) {
    throw new WalletError(
      'other-grid',
      'this wallet belongs to another grid than the grid file: take the right file, or move the ' +
        'wallet away and enrol anew',
    );
  }
  const seal = new Seal(key);
  const identity = signingKeyOf(openSecret(sql, seal, IDENTITY));
  return new Wallet(sql, random, identity, new AddressKeys(openSecret(sql, seal, SEED)));
}

function openSecret(sql: Sql, seal: Seal, name: string): Uint8Array {
  const sealed = sql.get('SELECT sealed FROM secrets WHERE name = ?', name)?.sealed;
  const secret = sealed instanceof Uint8Array ? seal.open(name, sealed) : null;
  if (secret === null) {
    throw new WalletError('wrong-key', 'the key of the keystore does not open this wallet');
  }
  return secret;
}

/** 32 bytes that are a private key: all but a few in 2^128 are. */
function freshSecret(random: Random): Uint8Array {
  for (;;) {
    const bytes = random.bytes(KEY_BYTES);
    try {
      computeAddress(signingKeyOf(bytes).publicKey);
      return bytes;
    } catch {
      // One of the few; draw again.
    }
  }
}

function gridName(grid: WalletGrid): string {
  return `${grid.chainId} ${grid.contracts.assets.toLowerCase()}`;
}

function factOf(sql: Sql, name: string): string | null {
  const value = sql.get('SELECT value FROM facts WHERE name = ?', name)?.value;
  return value === undefined ? null : String(value);
}

function putFact(sql: Sql, name: string, value: string): void {
  sql.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
}
