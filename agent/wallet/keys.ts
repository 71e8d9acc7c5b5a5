/**
 * What the keys of a home are made of. From the mnemonic on paper come, by fixed hardened paths,
 * the identity key that the DSO knows, the key of this home's solver, and the root of the chain key
 * (chain-key.ts). Secrets on disk are sealed once more inside the encrypted file.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { HDNodeWallet, hexlify, Mnemonic, SigningKey } from 'ethers';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEAL_INFO = 'transax wallet secrets 1';
const NONCE_INFO = 'transax wallet nonces 1';

/** Every step is hardened: a key that leaks gives away no other. Never changed. */
const PATHS = {
  chain: "m/44'/60'/0'/0'/0'",
  identity: "m/44'/60'/0'/1'/0'",
  solver: "m/44'/60'/0'/2'/0'",
} as const;

/** 32 bytes each. */
export type RootKeys = Readonly<Record<keyof typeof PATHS, Uint8Array>>;

/** @param phrase see words.ts; takes tens of ms */
export function rootKeysOf(phrase: string): RootKeys {
  const root = HDNodeWallet.fromSeed(Mnemonic.fromPhrase(phrase).computeSeed());
  const at = (path: string) => bytesOf(root.derivePath(path).privateKey);
  return { chain: at(PATHS.chain), identity: at(PATHS.identity), solver: at(PATHS.solver) };
}

/** Seals the wallet's secrets under keys derived from the keystore's. */
export class Seal {
  readonly #key: Uint8Array;
  readonly #nonceKey: Uint8Array;

  /** @param keystoreKey 32 bytes */
  constructor(keystoreKey: Uint8Array) {
    const derive = (info: string) =>
      new Uint8Array(hkdfSync('sha256', keystoreKey, '', info, KEY_BYTES));
    this.#key = derive(SEAL_INFO);
    this.#nonceKey = derive(NONCE_INFO);
  }

  /**
   * The nonce is made of name and secret, so that none serves two secrets, whatever the random
   * source is worth.
   * @param name bound to the ciphertext, so that one secret cannot be passed off as another
   */
  seal(name: string, secret: Uint8Array): Uint8Array {
    const hash = createHmac('sha256', this.#nonceKey).update(`${name.length} ${name}`);
    const nonce = hash.update(secret).digest().subarray(0, NONCE_BYTES);
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

/** A key from 32 bytes. @throws RangeError for the few values that are none */
export function signingKeyOf(bytes: Uint8Array): SigningKey {
  return new SigningKey(hexlify(bytes));
}

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replace(/^0x/, ''), 'hex'));
}
