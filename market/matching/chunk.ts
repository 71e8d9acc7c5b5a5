/**
 * The bytes of a chunk: the trades of one interval as `Matching` takes, hashes and emits them.
 *
 * A chunk is the concatenation of its trades, each `TRADE_BYTES` long, big endian:
 *
 *     bytes 0..3   ask id   uint32
 *     bytes 4..7   bid id   uint32
 *     bytes 8..11  power    uint32, W
 *
 * This is the one place that knows the layout off chain; `test/vectors/chunks.json` holds vectors
 * that the contract's tests, the solver's and the agent's read alike.
 */
import type { Trade } from '../offers.ts';
import { MAX_UINT32 } from '../units.ts';

export const TRADE_BYTES = 12;

export class ChunkError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChunkError';
  }
}

/** @returns `0x` and hex. @throws RangeError when a number does not fit 32 bits. */
export function encodeChunk(trades: readonly Trade[]): string {
  let hex = '0x';
  for (const trade of trades) {
    hex += word(trade.askId) + word(trade.bidId) + word(trade.powerW);
  }
  return hex;
}

/** @throws ChunkError when the length is no multiple of a trade, or it is not hex. */
export function decodeChunk(bytes: string): Trade[] {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(bytes)) throw new ChunkError('a chunk is 0x and hex digits');
  const digits = TRADE_BYTES * 2;
  if ((bytes.length - 2) % digits !== 0) {
    throw new ChunkError(`a chunk of ${(bytes.length - 2) / 2} bytes is not whole trades`);
  }
  const trades: Trade[] = [];
  for (let at = 2; at < bytes.length; at += digits) {
    trades.push({
      askId: Number.parseInt(bytes.slice(at, at + 8), 16),
      bidId: Number.parseInt(bytes.slice(at + 8, at + 16), 16),
      powerW: Number.parseInt(bytes.slice(at + 16, at + 24), 16),
    });
  }
  return trades;
}

function word(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > MAX_UINT32) {
    throw new RangeError(`${value} does not fit 32 bits`);
  }
  return value.toString(16).padStart(8, '0');
}
