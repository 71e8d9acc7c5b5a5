/** What counts as harm. */
import type { Met } from './client.ts';

export const LIMITS = { heldMs: 100, grownMiB: 32 };

/** In words; empty when there is none. */
export function harmOf(met: Met): string[] {
  const { faults, heldMs, grownMiB, rssGrownMiB, advanced } = met;
  const harm = [...faults];
  if (heldMs > LIMITS.heldMs) harm.push(`the loop was held for ${heldMs} ms`);
  if (grownMiB > LIMITS.grownMiB) harm.push(`heap and buffers grew by ${grownMiB} MiB`);
  if (rssGrownMiB > LIMITS.grownMiB) harm.push(`the process grew by ${rssGrownMiB} MiB`);
  if (advanced === 0) harm.push('the log never advanced beside two honest endpoints');
  return harm;
}
