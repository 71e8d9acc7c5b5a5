/**
 * The keys of a home: one identity key, known to the DSO, and a chain of anonymous keys, one for
 * each offer. Every step of the derivation is hardened, so that one key that leaks gives away no
 * other and no list of addresses exists (m/44'/60'/0'/0'/i').
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { HDNodeWallet, hexlify, SigningKey } from 'ethers';

export const KEY_BYTES = 32;
const HARDENED = 0x8000_0000;
const BRANCH = "m/44'/60'/0'/0'";
/** Of secp256k1. */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
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

/**
 * The anonymous keys of a seed, by index: the hardened children of BIP-32, computed here because
 * the library derives public keys along with each.
 */
export class AddressKeys {
  readonly #branchKey: bigint;
  readonly #chainCode: Buffer;

  /** @param seed 32 bytes */
  constructor(seed: Uint8Array) {
    const branch = HDNodeWallet.fromSeed(hexlify(seed)).derivePath(BRANCH);
    this.#branchKey = BigInt(branch.privateKey);
    this.#chainCode = Buffer.from(branch.chainCode.slice(2), 'hex');
  }

  /** @param index below 2^31 */
  keyOf(index: number): SigningKey {
    if (!Number.isInteger(index) || index < 0 || index >= HARDENED) {
      throw new RangeError(`${index} is no index of a key`);
    }
    const data = Buffer.alloc(1 + KEY_BYTES + 4);
    data.write(hexOf(this.#branchKey), 1, 'hex');
    data.writeUInt32BE(HARDENED + index, 1 + KEY_BYTES);
    const hash = createHmac('sha512', this.#chainCode).update(data).digest();
    const tweak = BigInt(`0x${hash.toString('hex', 0, KEY_BYTES)}`);
    const key = (tweak + this.#branchKey) % CURVE_ORDER;
    // Fewer than one in 2^127 indexes; BIP-32 says to take the next.
    if (tweak >= CURVE_ORDER || key === 0n) throw new RangeError(`index ${index} has no key`);
    return new SigningKey(`0x${hexOf(key)}`);
  }
}

function hexOf(key: bigint): string {
  return key.toString(16).padStart(2 * KEY_BYTES, '0');
}

/** A key from 32 random bytes. @throws RangeError for the few values that are none */
export function signingKeyOf(bytes: Uint8Array): SigningKey {
  return new SigningKey(hexlify(bytes));
}
