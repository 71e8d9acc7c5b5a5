/** Random numbers of a seed: the same again in every run (mulberry32). */

/** @returns a whole number from 0 on, below its argument. */
export type Draw = (below: number) => number;

export function seeded(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
