/**
 * The chain key: one key for each day, made from the day's before by a one-way step. The wallet
 * keeps today's alone, so that who takes the meter learns no key of a day that is over, while the
 * words on paper give them all. An address key comes from its day's key, the grid and its index, by
 * HMAC (HKDF-Expand of RFC 5869): one that leaks gives away no other.
 */
import { createHmac } from 'node:crypto';
import { SigningKey } from 'ethers';
import { KEY_BYTES } from './keys.ts';

/** 2000-01-01, days since 1970: the first day that has a key; never changed. */
export const FIRST_DAY = 10_957;
export const DAY_SECONDS = 86_400;
/** Of secp256k1. */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const NEXT_DAY = 'transax chain: next day';
const DAY_BYTES = 4;

export class ChainKey {
  /** Days since 1970. */
  readonly day: number;
  readonly #key: Uint8Array;

  private constructor(day: number, key: Uint8Array) {
    this.day = day;
    this.#key = key;
  }

  /** Of the first day. @param root 32 bytes */
  static first(root: Uint8Array): ChainKey {
    return new ChainKey(FIRST_DAY, root);
  }

  /** @param bytes what `bytes` gave */
  static parse(bytes: Uint8Array): ChainKey {
    if (bytes.length !== DAY_BYTES + KEY_BYTES) throw new TypeError('no chain key');
    const day = Buffer.from(bytes).readUInt32BE(0);
    return new ChainKey(day, bytes.slice(DAY_BYTES));
  }

  /** Day and key, to be sealed. */
  bytes(): Uint8Array {
    const bytes = Buffer.alloc(DAY_BYTES + KEY_BYTES);
    bytes.writeUInt32BE(this.day, 0);
    bytes.set(this.#key, DAY_BYTES);
    return new Uint8Array(bytes);
  }

  /** The key of a later day, or of this one. @throws RangeError for a day that is over */
  at(day: number): ChainKey {
    if (!Number.isInteger(day) || day < this.day) {
      throw new RangeError(`the chain key of day ${this.day} gives none of day ${day}`);
    }
    let key = this.#key;
    for (let at = this.day; at < day; at += 1) key = expand(key, NEXT_DAY);
    return new ChainKey(day, key);
  }

  /** Keys of this day for the addresses of a grid, by index. @param grid its name in the wallet */
  addressesOf(grid: string): (index: number) => SigningKey {
    const seed = expand(this.#key, `transax addresses of ${grid}`);
    return (index) => {
      for (let attempt = 0; ; attempt += 1) {
        const key = expand(seed, `${index} ${attempt}`);
        const number = BigInt(`0x${hexOf(key)}`);
        // All but a few in 2^128 are keys.
        if (number > 0n && number < CURVE_ORDER) return new SigningKey(`0x${hexOf(key)}`);
      }
    };
  }
}

/** HKDF-Expand to one block of SHA-256. */
function expand(key: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(info).update('\u0001').digest());
}

function hexOf(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}
