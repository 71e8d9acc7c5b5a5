/**
 * Finding addresses again that this wallet does not know: after a restore from the words, or from
 * an older copy of the file. Their keys are derived anew, slot by slot, and compared with the
 * owners in the market's log, which is read as a whole anyway: nobody is asked for one of them.
 */
import { computeAddress, type SigningKey } from 'ethers';
import type { AddressClock } from './address-clock.ts';
import { firstIndexOf, SLOT_CAPACITY, slotOfIndex } from './address-clock.ts';
import { ChainKey } from './chain-key.ts';
import { bytesOf } from './keys.ts';

export interface Search {
  /** Of the day of the first slot, or an earlier one. */
  readonly chain: ChainKey;
  readonly fromSlot: number;
  /** The last slot that may hold unknown addresses. */
  readonly toSlot: number;
  /** Where the log is read from; null: from the deployment on. */
  readonly fromBlock: number | null;
}

/** What a restore leaves to be searched: so many days before the first moment agreed on. */
export interface WantedSearch {
  readonly chain: ChainKey;
  readonly days: number;
}

export interface Candidate {
  readonly index: number;
  readonly key: SigningKey;
  /** Lower case. */
  readonly address: string;
}

/** Requests that the DSO refused leave gaps: so many addresses are looked for in a row. */
const EMPTY_GAP = 4;
const USED_GAP = 32;
/** An unknown stretch shorter than this is a restart and no older copy: two intervals. */
export const LEAST_SLOTS = 30;
/** 40 days of intervals of a quarter of an hour, and some hours of work for a small computer. */
export const MOST_SLOTS = 60_000;
export const USUAL_DAYS = 40;

/**
 * All that is looked at, in order; a candidate that is `isUsed` leads to more of its slot.
 * @param grid its name in the wallet
 */
export function* candidatesOf(
  search: Pick<Search, 'chain' | 'fromSlot' | 'toSlot'>,
  clock: AddressClock,
  grid: string,
  isUsed: (address: string) => boolean,
): Generator<Candidate> {
  let { chain } = search;
  let keyOf = chain.addressesOf(grid);
  for (let slot = search.fromSlot; slot <= search.toSlot; slot += 1) {
    const day = clock.dayOf(slot);
    if (day !== chain.day) {
      chain = chain.at(day);
      keyOf = chain.addressesOf(grid);
    }
    let gap = EMPTY_GAP;
    for (let at = 0; at < SLOT_CAPACITY && gap > 0; at += 1) {
      const index = firstIndexOf(slot) + at;
      const key = keyOf(index);
      const address = computeAddress(key.publicKey).toLowerCase();
      gap = isUsed(address) ? USED_GAP : gap - 1;
      yield { index, key, address };
    }
  }
}

export function packSearch(search: Search | WantedSearch): Uint8Array {
  const chain = Buffer.from(search.chain.bytes()).toString('hex');
  return new TextEncoder().encode(JSON.stringify({ ...search, chain }));
}

export function unpackSearch(bytes: Uint8Array): Search | WantedSearch {
  const text = new TextDecoder().decode(bytes);
  const { chain, ...rest } = JSON.parse(text) as Omit<Search, 'chain'> & { chain: string };
  return { ...rest, chain: ChainKey.parse(bytesOf(chain)) };
}

/** What the wallet knows when it opens. */
interface Known {
  /** A search that a restore wants, or that was not ended. */
  kept: Search | WantedSearch | null;
  /** -1: none. */
  lastIndex: number;
  chain: ChainKey;
  /** How far the log was read. */
  fromBlock: number | null;
}

/**
 * What is to be searched when a wallet opens: what a restore or an unfinished search asks for, else
 * the stretch since its last address, when that is longer than a restart takes: the file may be an
 * older copy. @returns null: nothing
 */
export function searchTo(toSlot: number, clock: AddressClock, known: Known): Search | null {
  const { kept, lastIndex, chain, fromBlock } = known;
  const least = Math.max(0, toSlot - MOST_SLOTS);
  if (kept !== null && 'days' in kept) {
    const firstDay = Math.max(clock.dayOf(toSlot) - kept.days, kept.chain.day);
    const fromSlot = Math.max(clock.firstSlotOf(firstDay), least);
    return { chain: kept.chain.at(clock.dayOf(fromSlot)), fromSlot, toSlot, fromBlock: null };
  }
  if (kept !== null) {
    const fromSlot = Math.max(kept.fromSlot, least);
    return { ...kept, chain: kept.chain.at(clock.dayOf(fromSlot)), fromSlot, toSlot };
  }
  const fromSlot = Math.max(slotOfIndex(lastIndex), clock.firstSlotOf(chain.day), least);
  if (lastIndex < 0 || toSlot - fromSlot < LEAST_SLOTS) return null;
  return { chain: chain.at(clock.dayOf(fromSlot)), fromSlot, toSlot, fromBlock };
}
