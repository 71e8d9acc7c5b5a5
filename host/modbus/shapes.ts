/**
 * How many registers a read asks for. An RTU answer tells unit, function and byte count (its
 * shape), not the address it was read from: a late or duplicate answer passes for the next one of
 * the same shape. So a read asks for a few registers more than wanted whenever an answer of its
 * plain shape may still be under way. Behind a TCP gateway that holds for answers that never came.
 */

export interface Read {
  unit: number;
  code: 1 | 2 | 3 | 4;
  address: number;
  count: number;
}

export interface Choice {
  /** Registers or bits beyond those wanted. */
  extra: number;
  shape: number;
  /** Silence of the line that must come first, because there was no free shape. */
  quietMs: number;
  /** Answers of earlier requests are still out. */
  isDoubtful: boolean;
}

const EXTRAS = [0, 1, 2, 3] as const;
/** An answer that has not come for so long will not come. */
const FORGET_MS = 30_000;
/** A duplicate of a good answer comes at once, if it comes. */
const RECENT_MS = 1_000;
/** The first is for a duplicate of a good answer, the second for answers that are late. */
const RECENT_QUIET_MS = 100;
const OPEN_QUIET_MS = 2_500;
const MAX_FIXED = 1_000;

export class Shapes {
  readonly #isNumbered: boolean;
  /** Shapes of unanswered requests, and when they were sent. */
  readonly #open = new Map<number, number>();
  /** Reads whose device has nothing behind what is wanted. */
  readonly #fixed = new Set<number>();
  /** Shapes of answers that came lately: which read they were of, and when. */
  readonly #recent = new Map<number, { block: number; atMs: number }>();

  /** @param isNumbered answers carry the number of their request (Modbus TCP). */
  constructor(isNumbered: boolean) {
    this.#isNumbered = isNumbered;
  }

  choose(read: Read, nowMs: number): Choice {
    this.#forget(nowMs);
    const isDoubtful = this.#open.size > 0;
    const plain = shapeOf(read, 0);
    if (!isDoubtful && !this.#isOfOther(plain, read)) {
      return { extra: 0, shape: plain, isDoubtful, quietMs: 0 };
    }
    const choices = this.#extras(read, isDoubtful).map((extra) => {
      const shape = shapeOf(read, extra);
      const openMs = this.#open.get(shape) ?? Number.NEGATIVE_INFINITY;
      const isRecent = this.#isOfOther(shape, read);
      return { extra, shape, openMs, isRecent, isDoubtful, quietMs: 0 };
    });
    const isFree = choices.find(({ shape, isRecent }) => !this.#open.has(shape) && !isRecent);
    if (isFree !== undefined) return isFree;
    const oldest = choices.reduce((a, b) => (b.openMs < a.openMs ? b : a));
    if (this.#isNumbered) return oldest;
    return { ...oldest, quietMs: this.#open.has(oldest.shape) ? OPEN_QUIET_MS : RECENT_QUIET_MS };
  }

  /** An answer came to the last request, so none to an older one will: lines keep the order. */
  answered(read: Read, { shape }: Choice, nowMs: number): void {
    this.#open.clear();
    if (!this.#isNumbered) this.#recent.set(shape, { block: blockOf(read), atMs: nowMs });
  }

  unanswered(read: Read, { shape, extra, isDoubtful }: Choice, nowMs: number): void {
    // Asked for more though all was well, the device fell silent: perhaps because of that.
    if (extra > 0 && !isDoubtful) this.refused(read);
    this.#open.set(shape, nowMs);
  }

  /** The device does not give more than wanted of this block. */
  refused(read: Read): void {
    if (this.#fixed.size >= MAX_FIXED) this.#fixed.clear();
    this.#fixed.add(blockOf(read));
  }

  #forget(nowMs: number): void {
    for (const [shape, atMs] of this.#open) {
      if (nowMs - atMs > FORGET_MS) this.#open.delete(shape);
    }
    for (const [shape, { atMs }] of this.#recent) {
      if (nowMs - atMs > RECENT_MS) this.#recent.delete(shape);
    }
  }

  #extras(read: Read, isDoubtful: boolean): number[] {
    const isBits = read.code <= 2;
    // Relay boards often have no coil more: bits are varied after failures alone.
    if (this.#fixed.has(blockOf(read)) || (isBits && !isDoubtful)) return [0];
    const room = Math.min((isBits ? 2_000 : 125) - read.count, 0x10000 - read.address - read.count);
    const extras = EXTRAS.map((extra) => (isBits ? 8 * extra : extra));
    return extras.filter((extra) => extra === 0 || extra <= room);
  }

  /** The same registers once more are no wrong value; those of another read would be. */
  #isOfOther(shape: number, read: Read): boolean {
    const recent = this.#recent.get(shape);
    return recent !== undefined && recent.block !== blockOf(read);
  }
}

/** As one number: unit, function, and registers or bytes of bits. */
function shapeOf({ unit, code, count }: Read, extra: number): number {
  const units = code <= 2 ? (count + extra + 7) >> 3 : count + extra;
  return (unit * 8 + code) * 4_096 + units;
}

/** As one number: unit, function, address, count. */
function blockOf({ unit, code, address, count }: Read): number {
  return ((unit * 8 + code) * 0x10000 + address) * 4_096 + count;
}
