/** Facts of books that were put back from a backup. */
import type { Facts } from './meters.ts';

/** The last block that the backup knew. */
export const RESTORED = 'restored';
/** Set once nonces go on from where the chain is. */
export const NONCES_RAISED = 'nonces raised';

/** Blocks between a backup and the restore from it: what this DSO granted there may be claimed. */
export interface LostBlocks {
  after: number;
  to: number;
}
const LOST = 'lost blocks';

export function lostBlocks(facts: Facts): LostBlocks[] {
  return JSON.parse(facts.get(LOST) ?? '[]') as LostBlocks[];
}

/** While books recover. @param isNew first seen after this restore */
export function noteLostBlocks(facts: Facts, blocks: LostBlocks, isNew: boolean): void {
  const before = lostBlocks(facts);
  facts.set(LOST, JSON.stringify([...(isNew ? before : before.slice(0, -1)), blocks]));
}

/** Whether nothing may be signed yet: money not before the end, anything else before the nonces. */
export function isRestored(facts: Facts, isMoney: boolean): boolean {
  return facts.get(RESTORED) !== null && (isMoney || facts.get(NONCES_RAISED) === null);
}
