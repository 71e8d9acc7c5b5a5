/** Chance of a run in stepped time: moments repeat from a name, keys stay random. */
import type { Random } from '../host/ports.ts';
import { nodeRandom } from '../host/random.ts';
import { Seeded } from './homes/seeded.ts';

export function labRandom(name: string): Random {
  const chance = new Seeded(...Buffer.from(name));
  return { bytes: (count) => nodeRandom().bytes(count), uniform: () => chance.uniform() };
}
