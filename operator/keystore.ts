/**
 * Keystores: a key under a passphrase, in the form that every Ethereum program reads (Web3 Secret
 * Storage, version 3, scrypt and AES-128-CTR). A checksum of ours beside it tells a damaged file
 * from a wrong passphrase, which the form by itself cannot.
 */
import { getAddress, getBytes, hexlify, keccak256, sha256, toUtf8Bytes } from 'ethers';
import * as v from 'valibot';
import { canonicalJson } from '../market/grid.ts';
import type { Address } from '../market/messages.ts';
import type { KeystoreCipher } from './host.ts';
import { addressOf } from './keys.ts';

export class KeystoreError extends Error {
  /**
   * `damaged`: not what was written, or no keystore. `wrong-passphrase`: as it says.
   * `unsupported`: a form that this program does not read. `plain`: a key without a passphrase,
   * which is for labs. `no-passphrase`: there is none, and nobody to ask. `weak`: too short.
   */
  readonly code:
    | 'damaged'
    | 'wrong-passphrase'
    | 'unsupported'
    | 'plain'
    | 'no-passphrase'
    | 'weak';
  constructor(code: KeystoreError['code'], message: string) {
    super(message);
    this.name = 'KeystoreError';
    this.code = code;
  }
}

/** A file may not have us fill the memory: twice what any known program asks. */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
const MIN_PASSPHRASE = 8;
const DERIVED_BYTES = 32;

const hex = (bytes?: number) =>
  v.pipe(
    v.string(),
    v.regex(/^(0x)?([0-9a-fA-F]{2})+$/),
    v.transform((text) => (text.startsWith('0x') ? text : `0x${text}`)),
    v.check((text) => bytes === undefined || text.length === 2 + 2 * bytes),
  );
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const SCHEMA = v.object({
  version: v.literal(3),
  address: v.optional(hex(20)),
  crypto: v.object({
    cipher: v.literal('aes-128-ctr'),
    cipherparams: v.object({ iv: hex(16) }),
    ciphertext: hex(32),
    kdf: v.literal('scrypt'),
    kdfparams: v.object({ n: count, r: count, p: count, dklen: v.literal(32), salt: hex() }),
    mac: hex(32),
  }),
  'x-transax-checksum': v.optional(hex(32)),
});
type Parsed = v.InferOutput<typeof SCHEMA>;

export function isKeystore(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** Whose key it is, without a passphrase; null where it does not say. @throws KeystoreError */
export function addressIn(text: string, path: string): Address | null {
  const { address } = parse(text, path);
  return address === undefined ? null : getAddress(address);
}

/** @throws KeystoreError 'weak' */
export async function sealKey(
  key: Uint8Array,
  passphrase: string,
  ports: { cipher: KeystoreCipher; random: { bytes(count: number): Uint8Array } },
): Promise<string> {
  if (passphrase.length < MIN_PASSPHRASE) {
    throw new KeystoreError('weak', `a passphrase has ${MIN_PASSPHRASE} characters at least`);
  }
  const { cipher, random } = ports;
  const { newN: n } = cipher;
  const [salt, iv, id] = [random.bytes(32), random.bytes(16), random.bytes(16)];
  const work = { n, r: 8, p: 1, bytes: DERIVED_BYTES };
  const derived = await cipher.scrypt(bytesOf(passphrase), salt, work);
  const ciphertext = cipher.aes128Ctr(derived.slice(0, 16), iv, key);
  const crypto = {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: bare(iv) },
    ciphertext: bare(ciphertext),
    kdf: 'scrypt',
    kdfparams: { n, r: 8, p: 1, dklen: DERIVED_BYTES, salt: bare(salt) },
    mac: macOf(derived, ciphertext).slice(2),
  };
  const address = addressOf(key).slice(2).toLowerCase();
  const sealed = { version: 3, id: uuidOf(id), address, crypto };
  const checksum = checksumOf(sealed);
  return `${JSON.stringify({ ...sealed, 'x-transax-checksum': checksum }, null, 2)}\n`;
}

/** @throws KeystoreError */
export async function openKey(
  text: string,
  path: string,
  passphrase: string,
  cipher: KeystoreCipher,
): Promise<Uint8Array> {
  const { address, crypto, 'x-transax-checksum': checksum } = parse(text, path);
  const { n, r, p, salt } = crypto.kdfparams;
  const work = { n, r, p, bytes: DERIVED_BYTES };
  const derived = await cipher.scrypt(bytesOf(passphrase), getBytes(salt), work);
  const ciphertext = getBytes(crypto.ciphertext);
  if (macOf(derived, ciphertext) !== crypto.mac.toLowerCase()) {
    const or = checksum === undefined ? ', or the file is damaged' : '';
    throw new KeystoreError('wrong-passphrase', `the passphrase of ${path} is wrong${or}`);
  }
  const iv = getBytes(crypto.cipherparams.iv);
  const key = cipher.aes128Ctr(derived.slice(0, 16), iv, ciphertext);
  if (address === undefined || addressOf(key) === getAddress(address)) return key;
  throw damaged(path, 'its key is of another address than it says');
}

function parse(text: string, path: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(path, 'it is not JSON');
  }
  const result = v.safeParse(SCHEMA, withLowerCrypto(json));
  if (!result.success) {
    const places = result.issues.map((issue) => v.getDotPath(issue) ?? 'the whole').join(', ');
    if (/\.(kdf|cipher)(,|$)|^version/.test(places)) {
      const forms = 'version 3 with scrypt and aes-128-ctr is read';
      throw new KeystoreError('unsupported', `${path} is a keystore of another form: ${forms}`);
    }
    throw damaged(path, places);
  }
  const { kdfparams } = result.output.crypto;
  const isPowerOf2 = Number.isInteger(Math.log2(kdfparams.n)) && kdfparams.n > 1;
  const memory = 128 * kdfparams.n * kdfparams.r + 128 * kdfparams.r * kdfparams.p;
  if (!isPowerOf2 || memory > MAX_MEMORY_BYTES || kdfparams.p > 64) {
    throw new KeystoreError('unsupported', `${path} asks for more work than any program sets`);
  }
  const checksum = result.output['x-transax-checksum'];
  if (checksum !== undefined && checksum !== checksumOf(json as Record<string, unknown>)) {
    throw damaged(path, 'its checksum does not fit');
  }
  return result.output;
}

/** Some programs write `Crypto`. */
function withLowerCrypto(json: unknown): unknown {
  if (json === null || typeof json !== 'object') return json;
  return 'Crypto' in json && !('crypto' in json) ? { ...json, crypto: json.Crypto } : json;
}

function damaged(path: string, what: string): KeystoreError {
  return new KeystoreError('damaged', `${path} is damaged (${what}): restore it from a backup`);
}

function checksumOf(keystore: Record<string, unknown>): string {
  const { 'x-transax-checksum': _, ...rest } = keystore;
  return sha256(toUtf8Bytes(canonicalJson(rest)));
}

function macOf(derived: Uint8Array, ciphertext: Uint8Array): string {
  return keccak256(new Uint8Array([...derived.slice(16, 32), ...ciphertext]));
}

function bytesOf(passphrase: string): Uint8Array {
  return toUtf8Bytes(passphrase, 'NFKC');
}

function bare(bytes: Uint8Array): string {
  return hexlify(bytes).slice(2);
}

/** Of random bytes, version 4. */
function uuidOf(bytes: Uint8Array): string {
  const own = Uint8Array.from(bytes);
  own[6] = ((own[6] ?? 0) & 0x0f) | 0x40;
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80;
  const text = bare(own);
  const parts = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20)];
  return [...parts, text.slice(20)].join('-');
}
