/** Facts of books that were put back from a backup. */
import type { Facts } from './meters.ts';

/** The last block that the backup knew. */
export const RESTORED = 'restored';
/** Set once nonces go on from where the chain is. */
export const NONCES_RAISED = 'nonces raised';

/** Whether nothing may be signed yet: money not before the end, anything else before the nonces. */
export function isRestored(facts: Facts, isMoney: boolean): boolean {
  return facts.get(RESTORED) !== null && (isMoney || facts.get(NONCES_RAISED) === null);
}
