/**
 * How chunks are put into transactions: one when it is small enough, else several parts that the
 * contract joins. Gas is estimated from the number of chunks and trades, on the high side.
 */
import type { ClaimedChunk } from '../chain/calls.ts';
import { TRADE_BYTES } from '../market/matching/chunk.ts';

/** Room below the 16,777,216 gas that a transaction may take (EIP-7825). */
const GAS_BUDGET = 14_000_000;
/** Most bytes of chunks in a transaction: some clients refuse more than 128 kB in all. */
const BYTES_BUDGET = 96_000;

const GAS_FIXED = 600_000;
/** Comparing the candidate costs by interval of the horizon, open or not. */
const GAS_PER_INTERVAL = 20_000;
const GAS_PER_CHUNK = 250_000;
/** An offer of several intervals costs a slot that is new once. */
const GAS_PER_TRADE = 15_000;
const BYTES_PER_CHUNK = 256;

/** @returns the chunks of each transaction; a single list means that one is enough */
export function partsOf(
  chunks: readonly ClaimedChunk[],
  horizonIntervals: number,
): ClaimedChunk[][] {
  const fixed = GAS_FIXED + GAS_PER_INTERVAL * horizonIntervals;
  const parts: ClaimedChunk[][] = [];
  let part: ClaimedChunk[] = [];
  let gas = fixed;
  let bytes = 0;
  for (const chunk of chunks) {
    const moreGas = GAS_PER_CHUNK + GAS_PER_TRADE * chunk.trades.length;
    const moreBytes = BYTES_PER_CHUNK + TRADE_BYTES * chunk.trades.length;
    if (part.length > 0 && (gas + moreGas > GAS_BUDGET || bytes + moreBytes > BYTES_BUDGET)) {
      parts.push(part);
      part = [];
      gas = fixed;
      bytes = 0;
    }
    part.push(chunk);
    gas += moreGas;
    bytes += moreBytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
