/**
 * Tells a wrong key from a damaged file. SQLite answers "not a database" to both, so a small file
 * beside the database, `<path>.meta.json`, holds an HMAC under a second key derived from the same
 * secret: when it does not fit, the key is wrong; when it does, the file is damaged or gone.
 */

import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { writeWhole } from './files.ts';
import { SqlError } from './ports.ts';

const KEY_BYTES = 32;
/** Every SQLite file that is not encrypted begins so. */
const PLAIN_HEADER = Buffer.from('SQLite format 3\0', 'latin1');

/** The keys for the file's pages and for the check; neither tells anything about the other. */
export function derivedKeys(key: Uint8Array): { database: Uint8Array; check: Uint8Array } {
  if (key.length !== KEY_BYTES) throw new RangeError(`a database key has ${KEY_BYTES} bytes`);
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), purpose, KEY_BYTES));
  return { database: derive('transax sqlite pages'), check: derive('transax sqlite check') };
}

export class KeyCheck {
  readonly #path: string;
  readonly #metaPath: string;
  readonly #checkKey: Uint8Array;

  constructor(path: string, key: Uint8Array) {
    this.#path = path;
    this.#metaPath = `${path}.meta.json`;
    this.#checkKey = derivedKeys(key).check;
  }

  /** @throws SqlError `wrong-key`, or `damaged` when the file that was made once is not there. */
  beforeOpen(): void {
    const isThere = existsSync(this.#path) && statSync(this.#path).size > 0;
    if (existsSync(this.#metaPath)) {
      this.#verify();
      if (!isThere) {
        throw this.#error(
          'damaged',
          `${this.#path} is missing or empty, though ${this.#metaPath} says that it was made; ` +
            'restore it from a backup',
        );
      }
    }
    if (isThere && this.#isPlain()) {
      throw this.#error('wrong-key', `${this.#path} is not encrypted, but a key was given`);
    }
  }

  /** Whether the proof beside the file is there and of this key. @throws SqlError `damaged` */
  fits(): boolean {
    return existsSync(this.#metaPath) && this.#isOfKey();
  }

  /** The file has got this key. */
  renew(): void {
    const id = randomBytes(16).toString('hex');
    writeWhole(this.#metaPath, `${JSON.stringify({ id, check: this.#hmac(id) })}\n`, 0o600);
  }

  /** The key opened the file: keep the proof. Written after the database, so it never leads. */
  afterOpen(): void {
    if (!existsSync(this.#metaPath)) this.renew();
  }

  #isOfKey(): boolean {
    const { id, check } = this.#readMeta();
    const expected = Buffer.from(this.#hmac(id), 'hex');
    const found = Buffer.from(check, 'hex');
    return found.length === expected.length && timingSafeEqual(found, expected);
  }

  #verify(): void {
    if (!this.#isOfKey()) {
      throw this.#error(
        'wrong-key',
        `the key does not fit ${this.#path}, it belongs to another file or meter: put the right ` +
          'key back, or restore the file that belongs to this one',
      );
    }
  }

  #readMeta(): { id: string; check: string } {
    try {
      const meta: unknown = JSON.parse(readFileSync(this.#metaPath, 'utf8'));
      if (typeof meta === 'object' && meta !== null && 'id' in meta && 'check' in meta) {
        const { id, check } = meta;
        if (typeof id === 'string' && typeof check === 'string') return { id, check };
      }
    } catch (cause) {
      throw this.#error('damaged', `${this.#metaPath} cannot be read`, cause);
    }
    throw this.#error('damaged', `${this.#metaPath} is not what was written`);
  }

  #isPlain(): boolean {
    const file = openSync(this.#path, 'r');
    try {
      const start = Buffer.alloc(PLAIN_HEADER.length);
      readSync(file, start, 0, start.length, 0);
      return start.equals(PLAIN_HEADER);
    } finally {
      closeSync(file);
    }
  }

  #hmac(id: string): string {
    return createHmac('sha256', this.#checkKey).update(id).digest('hex');
  }

  #error(code: SqlError['code'], message: string, cause?: unknown): SqlError {
    return new SqlError(this.#path, code, message, cause);
  }
}
