/** The operator's keys: 32 bytes each, in files only their owner can read. */
import { computeAddress, hexlify, SigningKey } from 'ethers';
import type { Hex32 } from '../market/messages.ts';

/** Checksummed address of a key. */
export function addressOf(key: Uint8Array): string {
  return computeAddress(hexlify(key));
}

/** Signs digests; the key stays inside. */
export function signerOf(key: Uint8Array): (digest: Hex32) => string {
  const signing = new SigningKey(key);
  return (digest) => signing.sign(digest).serialized;
}
