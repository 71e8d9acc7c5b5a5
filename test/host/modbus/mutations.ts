/** Malformed replies: what may happen to a good one on its way. */

/** Repeatable chance (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `sides` - 1. */
  below(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * sides);
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  pick<T>(among: readonly T[]): T {
    return among[this.below(among.length)] as T;
  }
}

/** A reply that goes out, and the body it is made of: unit, function, byte count, data. */
export interface Reply {
  good: Buffer;
  body: Buffer;
  seal(body: Buffer): Buffer;
  /** First byte of the values in `good`: nothing guards these on TCP. */
  valuesAt: number;
  isTcp: boolean;
}

type Mutation = (reply: Reply, dice: Dice) => Buffer;

/** Where a byte may be changed so that it can be noticed at all. */
function somewhere({ good, valuesAt, isTcp }: Reply, dice: Dice): number {
  return dice.below(isTcp ? valuesAt : good.length);
}

function changedByte(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  bitFlips(reply, dice) {
    let bytes = reply.good;
    for (let left = 1 + dice.below(3); left > 0; left--) {
      const at = somewhere(reply, dice);
      bytes = changedByte(bytes, at, (bytes[at] ?? 0) ^ (1 << dice.below(8)));
    }
    return bytes;
  },
  burst(reply, dice) {
    let bytes = reply.good;
    const from = somewhere(reply, dice);
    const most = reply.isTcp ? reply.valuesAt : bytes.length;
    for (let at = from; at < Math.min(most, from + 1 + dice.below(8)); at++) {
      bytes = changedByte(bytes, at, dice.below(256));
    }
    return bytes;
  },
  truncation: ({ good }, dice) => good.subarray(0, dice.below(good.length)),
  lostByte({ good, valuesAt, isTcp }, dice) {
    const at = dice.below(isTcp ? valuesAt : good.length);
    return Buffer.concat([good.subarray(0, at), good.subarray(at + 1)]);
  },
  strayByte(reply, dice) {
    const at = somewhere(reply, dice);
    return Buffer.concat([reply.good.subarray(0, at), dice.bytes(1), reply.good.subarray(at)]);
  },
  extension: ({ good }, dice) => Buffer.concat([good, dice.bytes(1 + dice.below(20))]),
  noiseBefore: ({ good }, dice) => Buffer.concat([dice.bytes(1 + dice.below(20)), good]),
  duplication: ({ good }) => Buffer.concat([good, good]),
  noise: (_, dice) => dice.bytes(1 + dice.below(60)),
  /** With a good checksum or header again. */
  otherUnit: ({ body, seal }, dice) => seal(changedByte(body, 0, dice.below(256))),
  otherFunction: ({ body, seal }, dice) => seal(changedByte(body, 1, dice.below(256))),
  otherByteCount: ({ body, seal }, dice) => seal(changedByte(body, 2, dice.below(256))),
  /** The answer to a request for more. */
  otherLength({ body, seal }, dice) {
    // Of the length asked for, it would be a good answer with other values.
    const count = (body[2] ?? 0) / 2 + 1 + dice.below(60);
    const data = dice.bytes(2 * count);
    return seal(Buffer.concat([body.subarray(0, 2), Buffer.from([2 * count]), data]));
  },
  cutBody: ({ body, seal }, dice) => seal(body.subarray(0, 2 + dice.below(body.length - 2))),
  longBody: ({ body, seal }, dice) => seal(Buffer.concat([body, dice.bytes(1 + dice.below(9))])),
  refusal: ({ body, seal }, dice) =>
    seal(Buffer.from([body[0] ?? 0, (body[1] ?? 0) | 0x80, dice.below(256)])),
};

export const MUTATION_NAMES = Object.keys(MUTATIONS);
