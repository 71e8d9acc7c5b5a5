/**
 * Which indexes addresses may have now, so that none is ever used twice: not by this wallet, and
 * not by a copy of it from earlier, or one made anew from the words, that know nothing of each
 * other.
 *
 * An index belongs to a slot of time, a fifteenth of an interval. The time is agreed: the earlier
 * one of the proven clock and the last final block, which may not be far apart. So nobody ever used
 * an index beyond clock or final block of that moment; and a process begins only in a slot after
 * all that clock and chain said when it started. Whoever used an index before was in an earlier
 * slot, as long as the clock or the chain is right. A clock that jumps away agrees with no block:
 * no address is made, and nothing moves until it is back.
 */
import type { UnixMs } from '../../host/ports.ts';
import { DAY_SECONDS } from './chain-key.ts';

/** Addresses in a slot at most. */
export const SLOT_CAPACITY = 4096;
const SLOTS_PER_INTERVAL = 15;
/** Clock and final block may be so far apart. Blocks count as final up to 20 min late. */
const TOLERANCE_SECONDS = 3_600;

export class AddressClock {
  readonly #slotSeconds: number;
  #agreed: number | null = null;
  /** The first moment agreed on since the process started, by whichever was later. */
  #startedAt: number | null = null;
  /** The farthest slot of an index that the wallet has used; -1: none. */
  #lastSlot: number;

  /** @param lastIndex -1: none */
  constructor(intervalSeconds: number, lastIndex: number) {
    this.#slotSeconds = Math.max(1, Math.floor(intervalSeconds / SLOTS_PER_INTERVAL));
    this.#lastSlot = slotOfIndex(lastIndex);
  }

  /** @param headAt time of the last final block, unix seconds */
  agree(nowMs: UnixMs, headAt: number): void {
    const now = nowMs / 1000;
    if (Math.abs(now - headAt) > TOLERANCE_SECONDS) {
      this.#agreed = null;
      return;
    }
    this.#agreed = Math.min(now, headAt);
    this.#startedAt ??= Math.max(now, headAt);
  }

  /** Unix seconds; null while clock and chain do not agree. */
  get agreed(): number | null {
    return this.#agreed;
  }

  /** The slot of now; null while clock and chain do not agree. */
  get slot(): number | null {
    return this.#agreed === null ? null : this.slotAt(this.#agreed);
  }

  /** The last slot in which another copy of this wallet can have been before; null: not known. */
  get startSlot(): number | null {
    return this.#startedAt === null ? null : this.slotAt(this.#startedAt);
  }

  /** Why no address can be made now, for people; null when one can. */
  get problem(): string | null {
    const { slot, startSlot } = this;
    if (slot === null || startSlot === null) {
      return 'no address is made while the clock and the last final block do not agree';
    }
    if (slot <= startSlot) return 'the first address is made a moment after the start';
    if (slot >= this.#lastSlot) return null;
    return (
      'the wallet has used addresses of a later time than clock and chain say it is: wait, or ' +
      'restore it from its words'
    );
  }

  used(index: number): void {
    this.#lastSlot = Math.max(this.#lastSlot, slotOfIndex(index));
  }

  slotAt(unixSeconds: number): number {
    return Math.floor(unixSeconds / this.#slotSeconds);
  }

  /** Days since 1970. */
  dayOf(slot: number): number {
    return Math.floor((slot * this.#slotSeconds) / DAY_SECONDS);
  }

  firstSlotOf(day: number): number {
    return Math.ceil((day * DAY_SECONDS) / this.#slotSeconds);
  }
}

export function slotOfIndex(index: number): number {
  return Math.floor(index / SLOT_CAPACITY);
}

export function firstIndexOf(slot: number): number {
  return slot * SLOT_CAPACITY;
}
