/** Chance from the operating system for keys; from the engine for jitter. */

import { randomBytes } from 'node:crypto';
import type { Random } from './ports.ts';

export function nodeRandom(): Random {
  return {
    bytes: (count) => new Uint8Array(randomBytes(count)),
    uniform: () => Math.random(),
  };
}
