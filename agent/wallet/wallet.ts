/**
 * What a home owns and has promised: identity key, anonymous addresses with their grants, offers
 * and final trades, and how far the log was read. Every change is durable before it is acted on
 * (design: wallet, privacy, borders). It never logs anything.
 *
 * Which index comes next, and that none comes twice: address-clock.ts. Where keys come from:
 * chain-key.ts. How the file is made, restored and rotated: wallet-file.ts.
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
import type { Address } from '../../market/messages.ts';
import { forgetObserved, type OwnOffer, type OwnTerms } from '../traders/own-offer.ts';
import { AddressClock, firstIndexOf, SLOT_CAPACITY, slotOfIndex } from './address-clock.ts';
import { ChainKey } from './chain-key.ts';
import { dropLogFacts, factOf, putFact } from './facts.ts';
import { bytesOf, signingKeyOf } from './keys.ts';
import { dropRetired, insertOffer, readOffer, readTrades, updateOffer } from './rows.ts';
import {
  type Candidate,
  candidatesOf,
  packSearch,
  type Search,
  searchTo,
  unpackSearch,
} from './search.ts';
import { type Secrets, wipeLog } from './secrets.ts';
import { WalletError } from './wallet-error.ts';
import { bindGrid, isMade, makeWallet, openSecrets, type WalletGrid } from './wallet-file.ts';
import { newPhrase } from './words.ts';

/** The last index used; rows of old ones are gone. */
const LAST_INDEX = 'addresses.last';
/** How many rows are gone. */
const DROPPED = 'addresses.dropped';
const CURSOR = 'log.next-block';

/** An address of this wallet that it did not know: see search.ts. */
export interface FoundAddress extends Pick<Candidate, 'index' | 'key' | 'address'> {
  terms: OwnTerms;
}

export class Wallet {
  readonly #sql: Sql;
  readonly #random: Random;
  readonly #secrets: Secrets;
  readonly #grid: string;
  readonly #identity: SigningKey;
  readonly #solver: SigningKey;
  readonly #clock: AddressClock;
  readonly #liveKeys = new Map<number, SigningKey>();
  #chain: ChainKey;
  #nextKey: (index: number) => SigningKey;
  #isSearchReady = false;
  #search: Search | null = null;
  /** Checksummed; the meter's id. */
  readonly meterId: Address;
  /** Signed transactions, in the same file. */
  readonly outbox: SqlOutboxStore;

  /** Use `createWallet` or `openWallet`. @throws WalletError */
  constructor(sql: Sql, random: Random, secrets: Secrets, grid: WalletGrid, gridName: string) {
    this.#sql = sql;
    this.#random = random;
    this.#secrets = secrets;
    this.#grid = gridName;
    this.#identity = signingKeyOf(secrets.open('identity'));
    this.#solver = signingKeyOf(secrets.open('solver'));
    this.#chain = ChainKey.parse(secrets.open('chain'));
    this.#nextKey = this.#chain.addressesOf(gridName);
    const last = Number(factOf(sql, LAST_INDEX) ?? -1);
    this.#clock = new AddressClock(grid.calendar.intervalSeconds, last);
    this.meterId = computeAddress(this.#identity.publicKey);
    this.outbox = new SqlOutboxStore(sql);
  }

  /** @returns a 65-byte signature over a digest, by the identity key */
  signAsMeter(digest: string): string {
    return this.#identity.sign(digest).serialized;
  }

  /** The key of an anonymous address that was not erased. @throws WalletError `no-key` */
  keyOf(offer: Pick<OwnOffer, 'index'>): SigningKey {
    let key = this.#liveKeys.get(offer.index);
    if (key !== undefined) return key;
    const secret = this.#secrets.addressKey(offer.index);
    if (secret === null) throw new WalletError('no-key', 'the key of this address was erased');
    key = signingKeyOf(secret);
    this.#liveKeys.set(offer.index, key);
    return key;
  }

  /** Another address for ever, public as a solver; nothing links it to those of offers. */
  get solverKey(): SigningKey {
    return this.#solver;
  }

  /** Erases the key of an address that is retired and to which nothing can come back. */
  forgetKey(offer: Pick<OwnOffer, 'index'>): void {
    this.#liveKeys.delete(offer.index);
    this.#sql.transaction(() => this.#secrets.dropAddressKey(offer.index));
    wipeLog(this.#sql);
  }

  /**
   * To be told, with a proven clock, whenever a final block was read: addresses are made, and the
   * chain key moves on, by what both say (address-clock.ts).
   * @param headAt time of the last final block, unix seconds
   */
  agree(nowMs: UnixMs, headAt: number): void {
    this.#clock.agree(nowMs, headAt);
    const { slot } = this.#clock;
    if (slot === null) return;
    this.#beginSearch();
    const day = this.#clock.dayOf(slot);
    if (day > this.#chain.day) this.#moveTo(day);
  }

  /** Why no address can be made now, for people; null when one can. */
  get addressProblem(): string | null {
    const { problem, slot } = this.#clock;
    if (problem !== null || slot === null) return problem;
    if (this.#clock.dayOf(slot) === this.#chain.day) return null;
    return 'the wallet is ahead of clock and chain: restore it from its words';
  }

  /** The keys of days that are over are gone from then on. */
  #moveTo(day: number): void {
    const next = this.#chain.at(day);
    this.#sql.transaction(() => {
      this.#secrets.put('chain', next.bytes());
      const dropped = dropRetired(this.#sql, firstIndexOf(this.#clock.firstSlotOf(day)));
      if (dropped > 0) putFact(this.#sql, DROPPED, String(this.#dropped() + dropped));
    });
    wipeLog(this.#sql);
    this.#chain = next;
    this.#nextKey = next.addressesOf(this.#grid);
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
   * Takes a fresh address for an offer; it is on disk, with its key, when this returns.
   * @throws WalletError `not-now`, `exhausted`
   */
  reserve(terms: OwnTerms, nowMs: UnixMs, postAtMs: UnixMs, expiresAt: number): OwnOffer {
    const offer = this.#sql.transaction(() => {
      const index = this.#nextIndex();
      const key = this.#nextKey(index);
      const address = computeAddress(key.publicKey).toLowerCase();
      const fresh = newOffer({ index, address, terms, requestId: this.newRequestId(index) });
      const made: OwnOffer = { ...fresh, reservedAtMs: nowMs, postAtMs, expiresAt };
      this.#insert(made, key);
      return made;
    });
    this.#clock.used(offer.index);
    return offer;
  }

  #nextIndex(): number {
    const problem = this.addressProblem;
    const { slot } = this.#clock;
    if (problem !== null || slot === null) throw new WalletError('not-now', problem ?? '');
    const last = Number(factOf(this.#sql, LAST_INDEX) ?? -1);
    const index = Math.max(last + 1, firstIndexOf(slot));
    if (slotOfIndex(index) > slot) {
      throw new WalletError(
        'exhausted',
        `the wallet has made ${SLOT_CAPACITY} addresses just now: the next comes in a moment`,
      );
    }
    return index;
  }

  /** Nonces begin at 0, and nobody need be asked: what was sent before, the log tells. */
  #insert(offer: OwnOffer, key: SigningKey): void {
    insertOffer(this.#sql, offer);
    this.#secrets.putAddressKey(offer.index, bytesOf(key.privateKey));
    const last = Number(factOf(this.#sql, LAST_INDEX) ?? -1);
    putFact(this.#sql, LAST_INDEX, String(Math.max(last, offer.index)));
    this.outbox.seedNonce(offer.address, 0);
  }

  // ---------------------------------------------------------------- addresses that are not known

  /** What is to be searched for addresses of an unknown past of this wallet; null: nothing. */
  get search(): Search | null {
    return this.#search;
  }

  /** @param lastSlots only so many slots at the end of the stretch */
  candidates(
    search: Search,
    isUsed: (address: string) => boolean,
    lastSlots = Number.POSITIVE_INFINITY,
  ): Generator<Candidate> {
    const fromSlot = Math.max(search.fromSlot, search.toSlot - lastSlots);
    return candidatesOf({ ...search, fromSlot }, this.#clock, this.#grid, isUsed);
  }

  knows(address: string): boolean {
    return this.#sql.get('SELECT 1 FROM addresses WHERE address = ?', address) !== undefined;
  }

  /**
   * Takes in what was found; the log tells anew what became of it. Nothing more is posted from such
   * an address, what it holds goes back.
   */
  adopt(found: readonly FoundAddress[], nowMs: UnixMs): OwnOffer[] {
    return this.#sql.transaction(() =>
      found.map(({ index, address, terms, key }) => {
        const requestId = this.newRequestId(index);
        const fresh = newOffer({ index, address, terms, requestId });
        const offer: OwnOffer = { ...fresh, state: 'withdrawn', reservedAtMs: nowMs };
        this.#insert(offer, key);
        return offer;
      }),
    );
  }

  endSearch(): void {
    this.#search = null;
    this.#sql.transaction(() => this.#secrets.drop('search'));
    wipeLog(this.#sql);
  }

  /** Once, before the chain key moves on: what may have been used since this file was written. */
  #beginSearch(): void {
    const toSlot = this.#clock.startSlot;
    if (this.#isSearchReady || toSlot === null) return;
    this.#isSearchReady = true;
    const cursor = factOf(this.#sql, CURSOR);
    const search = searchTo(toSlot, this.#clock, {
      kept: this.#secrets.has('search') ? unpackSearch(this.#secrets.open('search')) : null,
      lastIndex: Number(factOf(this.#sql, LAST_INDEX) ?? -1),
      chain: this.#chain,
      fromBlock: cursor === null ? null : Number(cursor),
    });
    this.#search = search;
    if (search === null) return;
    this.#sql.transaction(() => this.#secrets.put('search', packSearch(search)));
    wipeLog(this.#sql);
  }

  // ------------------------------------------------------------------------- offers and facts

  /** Every address to which something may still come, with its trades. */
  liveOffers(): OwnOffer[] {
    const rows = this.#sql.all(
      'SELECT * FROM addresses WHERE idx IN (SELECT idx FROM address_keys) ORDER BY idx',
    );
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
      dropLogFacts(this.#sql);
      this.outbox.reopen();
    });
  }

  /** Addresses by state, for `status`. */
  counts(): Record<string, number> {
    const rows = this.#sql.all('SELECT state, count(*) AS number FROM addresses GROUP BY state');
    const counts = Object.fromEntries(rows.map((row) => [`${row.state}`, Number(row.number)]));
    const dropped = this.#dropped();
    return dropped === 0 ? counts : { ...counts, retired: (counts.retired ?? 0) + dropped };
  }

  #dropped(): number {
    return Number(factOf(this.#sql, DROPPED) ?? 0);
  }

  /** Whether the words are known to be on paper; they are in the file until then. */
  get isBackedUp(): boolean {
    return !this.#secrets.has('words');
  }

  close(): void {
    this.#sql.close();
  }
}

/** Of a fresh address, nothing known of it. */
function newOffer(parts: Pick<OwnOffer, 'index' | 'address' | 'terms' | 'requestId'>): OwnOffer {
  return {
    ...parts,
    reservedAtMs: 0,
    postAtMs: 0,
    expiresAt: 0,
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
}

/**
 * Makes a wallet of new words in an empty database, or opens what is there, for this grid.
 * @throws WalletError, SqlError
 */
export function createWallet(sql: Sql, key: Uint8Array, grid: WalletGrid, random: Random): Wallet {
  if (!isMade(sql)) makeWallet(sql, key, newPhrase(random));
  bindGrid(sql, grid);
  return openWallet(sql, key, grid, random);
}

/** @throws WalletError, SqlError */
export function openWallet(sql: Sql, key: Uint8Array, grid: WalletGrid, random: Random): Wallet {
  const { secrets, gridName } = openSecrets(sql, key, grid);
  return new Wallet(sql, random, secrets, grid, gridName);
}

/** For `status`. */
export function walletStatusOf(wallet: Wallet) {
  return { addresses: wallet.counts(), isBackedUp: wallet.isBackedUp };
}
