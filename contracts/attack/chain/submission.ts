/**
 * Calldata of `submitSolution(Chunk[])`, by hand: a hundred thousand solutions take ethers' coder
 * longer than the chain. A test holds the two together.
 */
import { INTERFACES } from '../../test/deployment.ts';
import type { Chunk } from '../model/solutions.ts';
import { byteLength } from '../model/trades.ts';

const WORD_BYTES = 32;
const SELECTOR = INTERFACES.matching.getFunction('submitSolution')?.selector ?? '';
/** Interval, three figures, place of the trades. */
const HEAD_WORDS = 5;

export function encodeSubmission(chunks: readonly Chunk[]): string {
  const bodies = chunks.map(bodyOf);
  let offset = WORD_BYTES * chunks.length;
  const offsets = bodies.map((body) => {
    const here = word(offset);
    offset += body.length / 2;
    return here;
  });
  const list = [word(WORD_BYTES), word(chunks.length), ...offsets, ...bodies];
  return SELECTOR + list.join('');
}

function bodyOf({ interval, claimed, trades }: Chunk): string {
  const size = byteLength(trades);
  const padded = Math.ceil(size / WORD_BYTES) * WORD_BYTES;
  return [
    ...[interval, claimed.homeEnergyWs, claimed.utilityEnergyWs, claimed.welfare].map(word),
    word(HEAD_WORDS * WORD_BYTES),
    word(size),
    trades.slice(2).padEnd(2 * padded, '0'),
  ].join('');
}

function word(value: number | bigint): string {
  if (value < 0) throw new RangeError(`${value} is below 0`);
  return value.toString(16).padStart(2 * WORD_BYTES, '0');
}
