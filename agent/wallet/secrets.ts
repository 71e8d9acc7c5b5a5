/**
 * The secrets in wallet.db, sealed: identity and solver key, today's chain key, the keys of
 * addresses that something may still come back to, the words until they are on paper. What is
 * dropped is overwritten (secure_delete) and leaves the write-ahead log by `wipeLog`.
 */
import type { Sql } from '../../host/ports.ts';
import { Seal } from './keys.ts';
import { WalletError } from './wallet-error.ts';

export type SecretName = 'identity' | 'solver' | 'chain' | 'words' | 'search';

export class Secrets {
  readonly #sql: Sql;
  readonly #seal: Seal;

  /** @param key of the keystore, 32 bytes */
  constructor(sql: Sql, key: Uint8Array) {
    this.#sql = sql;
    this.#seal = new Seal(key);
  }

  has(name: SecretName): boolean {
    return this.#sql.get('SELECT 1 FROM secrets WHERE name = ?', name) !== undefined;
  }

  /** @throws WalletError `incomplete`, `wrong-key` */
  open(name: SecretName): Uint8Array {
    const row = this.#sql.get('SELECT sealed FROM secrets WHERE name = ?', name);
    if (row === undefined) {
      throw new WalletError(
        'incomplete',
        `the wallet has no ${name} key any more, though it was in use: restore it from its words ` +
          '(transax-agent wallet restore); nothing is made anew by itself',
      );
    }
    return this.#opened(name, row.sealed);
  }

  put(name: SecretName, secret: Uint8Array): void {
    const sealed = this.#seal.seal(name, secret);
    this.#sql.run('INSERT OR REPLACE INTO secrets VALUES (?, ?)', name, sealed);
  }

  drop(name: SecretName): void {
    this.#sql.run('DELETE FROM secrets WHERE name = ?', name);
  }

  putAddressKey(index: number, key: Uint8Array): void {
    const sealed = this.#seal.seal(addressName(index), key);
    this.#sql.run('INSERT OR IGNORE INTO address_keys VALUES (?, ?)', index, sealed);
  }

  /** @returns null when it was erased. @throws WalletError `wrong-key` */
  addressKey(index: number): Uint8Array | null {
    const row = this.#sql.get('SELECT sealed FROM address_keys WHERE idx = ?', index);
    return row === undefined ? null : this.#opened(addressName(index), row.sealed);
  }

  dropAddressKey(index: number): void {
    this.#sql.run('DELETE FROM address_keys WHERE idx = ?', index);
  }

  /** Seals everything under another key; inside a transaction. @throws WalletError */
  sealAnew(key: Uint8Array): void {
    const other = new Secrets(this.#sql, key);
    for (const { name } of this.#sql.all('SELECT name FROM secrets')) {
      other.put(name as SecretName, this.open(name as SecretName));
    }
    for (const { idx } of this.#sql.all('SELECT idx FROM address_keys')) {
      const index = Number(idx);
      const secret = this.addressKey(index);
      if (secret === null) continue;
      this.dropAddressKey(index);
      other.putAddressKey(index, secret);
    }
  }

  #opened(name: string, sealed: unknown): Uint8Array {
    const secret = sealed instanceof Uint8Array ? this.#seal.open(name, sealed) : null;
    if (secret !== null) return secret;
    throw new WalletError('wrong-key', 'the key of the keystore does not open this wallet');
  }
}

/** Empties the write-ahead log, which holds what was overwritten in the file; after a commit. */
export function wipeLog(sql: Sql): void {
  sql.get('PRAGMA wal_checkpoint(TRUNCATE)');
}

function addressName(index: number): string {
  return `address ${index}`;
}
