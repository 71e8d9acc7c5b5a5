/**
 * The digest by which a solver announces a solution before it submits it: a solution that was
 * announced in an earlier block is its own, whoever copies it later (`IMatching.announce`).
 *
 * From `keccak256(abi.encode(solver))` on, for each chunk the keccak256 of the digest so far, the
 * interval as 32 bytes, and the keccak256 of its trades. All chunks count, in the order in which
 * they are submitted, whether in one transaction or in parts. `test/vectors/solution-digests.json`
 * holds vectors.
 */
import { keccak256 } from 'ethers';
import type { Chunk } from '../offers.ts';
import { encodeChunk } from './chunk.ts';

const WORD_DIGITS = 64;

/** @param solver the address that will submit it */
export function solutionDigest(solver: string, chunks: readonly Chunk[]): string {
  return chunks.reduce(
    (digest, { interval, trades }) => {
      const hash = keccak256(encodeChunk(trades));
      return keccak256(`0x${digest.slice(2)}${word(interval.toString(16))}${hash.slice(2)}`);
    },
    keccak256(`0x${word(solver.slice(2).toLowerCase())}`),
  );
}

function word(digits: string): string {
  return digits.padStart(WORD_DIGITS, '0');
}
