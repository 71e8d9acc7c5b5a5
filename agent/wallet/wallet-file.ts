/**
 * The file of a wallet as a whole: made of words, bound to a grid, restored, rotated; and the words
 * in it until they are on paper. Whoever calls this has the file to itself.
 */
import type { Sql } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { ChainKey } from './chain-key.ts';
import { dropLogFacts, factOf, putFact } from './facts.ts';
import { rootKeysOf, signingKeyOf } from './keys.ts';
import { packSearch } from './search.ts';
import { Secrets, wipeLog } from './secrets.ts';
import { WalletError } from './wallet-error.ts';

/** Where a wallet belongs, and how long its intervals are. */
export type WalletGrid = Pick<GridFacts, 'chainId' | 'contracts' | 'calendar'>;

const FORMAT = 'transax-wallet-2';
const OLD_FORMAT = 'transax-wallet-1';

/** Whether there is a wallet in the file. @throws WalletError `old-format`, `incomplete` */
export function isMade(sql: Sql): boolean {
  const format = factOf(sql, 'format');
  if (format === FORMAT) return true;
  if (format === OLD_FORMAT) {
    throw new WalletError(
      'old-format',
      'this wallet was made by an early release, without words that could restore it: move ' +
        'wallet.db and wallet.db.meta.json away and enrol anew, as a new meter',
    );
  }
  const isUsed = sql.get('SELECT 1 FROM addresses UNION ALL SELECT 1 FROM secrets LIMIT 1');
  if (format === null && isUsed === undefined) return false;
  throw new WalletError(
    'incomplete',
    `this wallet is not whole, or of a later release (format ${format ?? 'unknown'}): restore it ` +
      'from its words (transax-agent wallet restore), or put its backup back',
  );
}

/** Makes a wallet of words that are not on paper yet. */
export function makeWallet(sql: Sql, key: Uint8Array, phrase: string): void {
  sql.transaction(() => {
    putRoots(new Secrets(sql, key), phrase);
    new Secrets(sql, key).put('words', new TextEncoder().encode(phrase));
    putFact(sql, 'format', FORMAT);
  });
}

/**
 * Makes the wallet of these words, or makes one of them whole again: addresses that are in the file
 * stay; others of the last days are searched for in the market's log, which is read from its
 * beginning.
 */
export function restoreWallet(sql: Sql, key: Uint8Array, phrase: string, days: number): void {
  const secrets = new Secrets(sql, key);
  sql.transaction(() => {
    const chain = putRoots(secrets, phrase);
    secrets.put('search', packSearch({ chain, days }));
    secrets.drop('words');
    dropLogFacts(sql);
    // Whatever was used before, even by a clock that was ahead: the time decides anew.
    sql.run("DELETE FROM facts WHERE name = 'addresses.last'");
    putFact(sql, 'format', FORMAT);
  });
  wipeLog(sql);
}

/**
 * New words: another identity, another chain of addresses. The addresses that are in use keep their
 * keys until what they hold is back. The solver's key stays, because its stake is bound to it.
 */
export function rotateWallet(sql: Sql, key: Uint8Array, phrase: string): void {
  const secrets = new Secrets(sql, key);
  sql.transaction(() => {
    const solver = secrets.open('solver');
    putRoots(secrets, phrase);
    secrets.put('solver', solver);
    secrets.drop('search');
    secrets.put('words', new TextEncoder().encode(phrase));
    // Asked for under the old identity, perhaps: what may have been granted is waited for.
    sql.run("UPDATE addresses SET state = 'withdrawn' WHERE state = 'reserved'");
  });
  wipeLog(sql);
}

/** Binds a wallet to its grid, the first time. @throws WalletError `other-grid` */
export function bindGrid(sql: Sql, grid: WalletGrid): void {
  const bound = factOf(sql, 'grid');
  if (bound === null) sql.transaction(() => putFact(sql, 'grid', nameOf(grid)));
  else if (bound !== nameOf(grid)) throw otherGrid();
}

/** @throws WalletError */
export function openSecrets(
  sql: Sql,
  key: Uint8Array,
  grid: WalletGrid,
): { secrets: Secrets; gridName: string } {
  if (!isMade(sql)) {
    throw new WalletError('empty', 'this wallet has no identity yet: run transax-agent enrol');
  }
  const gridName = factOf(sql, 'grid');
  if (gridName === null) {
    throw new WalletError('no-grid', 'this wallet is of no grid yet: run transax-agent enrol');
  }
  if (gridName !== nameOf(grid)) throw otherGrid();
  return { secrets: new Secrets(sql, key), gridName };
}

/** The words, while they are not on paper; null afterwards. @throws WalletError */
export function wordsOf(sql: Sql, key: Uint8Array): string | null {
  const secrets = new Secrets(sql, key);
  return secrets.has('words') ? new TextDecoder().decode(secrets.open('words')) : null;
}

/** They are on paper: the file forgets them. */
export function forgetWords(sql: Sql, key: Uint8Array): void {
  sql.transaction(() => new Secrets(sql, key).drop('words'));
  wipeLog(sql);
}

/** Whether the wallet in the file is of these words. @throws WalletError */
export function isOf(sql: Sql, key: Uint8Array, phrase: string): boolean {
  const identity = signingKeyOf(new Secrets(sql, key).open('identity'));
  return identity.publicKey === signingKeyOf(rootKeysOf(phrase).identity).publicKey;
}

/** @returns the chain key of the first day */
function putRoots(secrets: Secrets, phrase: string): ChainKey {
  const { identity, solver, chain } = rootKeysOf(phrase);
  const first = ChainKey.first(chain);
  secrets.put('identity', identity);
  secrets.put('solver', solver);
  secrets.put('chain', first.bytes());
  return first;
}

function otherGrid(): WalletError {
  return new WalletError(
    'other-grid',
    'this wallet belongs to another grid than the grid file: take the right file, or move the ' +
      'wallet away and enrol anew',
  );
}

function nameOf(grid: WalletGrid): string {
  return `${grid.chainId} ${grid.contracts.assets.toLowerCase()}`;
}
