/** Chance of a run in stepped time: moments repeat from a name, keys stay random. */
import type { Random } from '../host/ports.ts';
import { nodeRandom } from '../host/random.ts';
import { Seeded } from './homes/seeded.ts';

export function labRandom(name: string): Random {
  const streams = new Map<string, Seeded>();
  return {
    bytes: (count) => nodeRandom().bytes(count),
    uniform(what = '') {
      const stream = streams.get(what) ?? new Seeded(...Buffer.from(`${name} ${what}`));
      streams.set(what, stream);
      return stream.uniform();
    },
  };
}
