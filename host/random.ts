/** Chance from the operating system: for keys, and for moments that nobody may guess. */

import { randomBytes } from 'node:crypto';
import type { Random } from './ports.ts';

export function nodeRandom(): Random {
  return {
    bytes: (count) => new Uint8Array(randomBytes(count)),
    // 48 bits: finer than anything is timed.
    uniform: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
