/**
 * The keys of a home: one identity key, known to the DSO, and a chain of anonymous keys, one for
 * each offer. Every step of the derivation is hardened, so that one key that leaks gives away no
 * other and no list of addresses exists (m/44'/60'/0'/0'/i'). A key object lives only for a call.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { HDNodeWallet, hexlify, SigningKey } from 'ethers';

export const KEY_BYTES = 32;
const HARDENED = 0x8000_0000;
const BRANCH = "m/44'/60'/0'/0'";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEAL_INFO = 'transax wallet secrets 1';

/** Seals the wallet's secrets under a key derived from the keystore's. */
export class Seal {
  readonly #key: Uint8Array;

  /** @param keystoreKey 32 bytes */
  constructor(keystoreKey: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync('sha256', keystoreKey, '', SEAL_INFO, KEY_BYTES));
  }

  /** @param name bound to the ciphertext, so that one secret cannot be passed off as another */
  seal(name: string, secret: Uint8Array, nonce: Uint8Array): Uint8Array {
    if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(new TextEncoder().encode(name));
    const body = Buffer.concat([cipher.update(secret), cipher.final()]);
    return new Uint8Array(Buffer.concat([nonce, body, cipher.getAuthTag()]));
  }

  /** @returns null when the seal is broken, or of another key or name */
  open(name: string, sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.slice(0, NONCE_BYTES));
    decipher.setAAD(new TextEncoder().encode(name));
    decipher.setAuthTag(sealed.slice(-TAG_BYTES));
    try {
      const body = decipher.update(sealed.slice(NONCE_BYTES, -TAG_BYTES));
      return new Uint8Array(Buffer.concat([body, decipher.final()]));
    } catch {
      return null;
    }
  }
}

/** The anonymous keys of a seed, by index. */
export class AddressKeys {
  readonly #branch: HDNodeWallet;

  /** @param seed 32 bytes */
  constructor(seed: Uint8Array) {
    this.#branch = HDNodeWallet.fromSeed(hexlify(seed)).derivePath(BRANCH);
  }

  /** @param index below 2^31 */
  keyOf(index: number): SigningKey {
    if (!Number.isInteger(index) || index < 0 || index >= HARDENED) {
      throw new RangeError(`${index} is no index of a key`);
    }
    return this.#branch.deriveChild(HARDENED + index).signingKey;
  }
}

/** A key from 32 random bytes. @throws RangeError for the few values that are none */
export function signingKeyOf(bytes: Uint8Array): SigningKey {
  return new SigningKey(hexlify(bytes));
}
