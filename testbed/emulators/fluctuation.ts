/**
 * What happens inside 15 minutes: the trace gives the mean, this gives the wandering around it.
 * Deterministic for a seed and an interval, whoever asks and when.
 */
import type { Seeded } from '../homes/seeded.ts';

/** Power is constant for so long; short enough for a follower, cheap for a hundred homes. */
export const SEGMENT_SECONDS = 15;

export interface Wandering {
  /** Deviation relative to the mean. */
  relative: number;
  /** How much of one segment's deviation is left in the next, 0 to 1. */
  memory: number;
}

export const HOUSEHOLD_WANDERING: Wandering = { relative: 0.25, memory: 0.85 };
/** Clouds pass slower than kettles boil. */
export const CLOUD_WANDERING: Wandering = { relative: 0.15, memory: 0.95 };

/**
 * Powers of the segments of one interval, whole W and never negative; their mean is `meanW` to
 * within a watt divided by their number.
 */
export function wander(
  meanW: number,
  segments: number,
  kind: Wandering,
  chance: Seeded,
): Float64Array {
  const powers = new Float64Array(segments);
  if (!(meanW > 0)) return powers;
  const fresh = Math.sqrt(1 - kind.memory ** 2);
  let deviation = chance.bell();
  let sum = 0;
  for (let i = 0; i < segments; i += 1) {
    const power = Math.max(0.05, 1 + kind.relative * deviation);
    powers[i] = power;
    sum += power;
    deviation = kind.memory * deviation + fresh * chance.bell();
  }
  const scale = (meanW * segments) / sum;
  let carry = 0;
  for (let i = 0; i < segments; i += 1) {
    const exact = (powers[i] ?? 0) * scale + carry;
    const whole = Math.round(exact);
    carry = exact - whole;
    powers[i] = Math.max(0, whole);
  }
  return powers;
}
