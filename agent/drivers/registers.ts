/**
 * Values in Modbus registers: 16-bit words, high word first. What a device writes for "not
 * available" is null, never 0 (the sentinels are those of SunSpec and of measured devices).
 */

export const REGISTER_TYPES = ['u16', 'i32', 'f32'] as const;
export type RegisterType = (typeof REGISTER_TYPES)[number];

/** No quantity of a house comes near; SolarEdge writes -FLT_MAX, low word first, for "none". */
const F32_BEYOND_SENSE = 1e30;
/** Bits of the mantissa behind the point. */
const F32_FRACTION_BITS = 23;

interface Codec {
  words: number;
  /** @param words as many as the type has */
  decode(words: DataView): number | null;
  encode(value: number, words: DataView): void;
  /** The next larger number that the type can hold, less this one. */
  stepAt(value: number): number;
}

const CODECS: Readonly<Record<RegisterType, Codec>> = {
  u16: {
    words: 1,
    decode: (words) => noneOf(words.getUint16(0), 0xffff),
    encode: (value, words) => words.setUint16(0, value),
    stepAt: () => 1,
  },
  i32: {
    words: 2,
    decode: (words) => noneOf(words.getInt32(0), -0x8000_0000, 0x7fff_ffff),
    encode: (value, words) => words.setInt32(0, value),
    stepAt: () => 1,
  },
  f32: {
    words: 2,
    decode(words) {
      const value = words.getFloat32(0);
      return Number.isFinite(value) && Math.abs(value) < F32_BEYOND_SENSE ? value : null;
    },
    encode: (value, words) => words.setFloat32(0, value),
    stepAt: (value) =>
      value === 0 ? 0 : 2 ** (Math.floor(Math.log2(Math.abs(value))) - F32_FRACTION_BITS),
  },
};

const LARGEST: Readonly<Record<RegisterType, [number, number]>> = {
  u16: [0, 0xfffe],
  i32: [-0x7fff_ffff, 0x7fff_fffe],
  f32: [-F32_BEYOND_SENSE, F32_BEYOND_SENSE],
};

export function wordsOf(type: RegisterType): number {
  return CODECS[type].words;
}

/** The raw number in `words` from index `at`; null for a sentinel. */
export function decodeRegister(type: RegisterType, words: Uint16Array, at: number): number | null {
  const codec = CODECS[type];
  const view = new DataView(new ArrayBuffer(2 * codec.words));
  for (let i = 0; i < codec.words; i++) {
    const word = words[at + i];
    if (word === undefined) throw new RangeError(`no word ${at + i} in ${words.length}`);
    view.setUint16(2 * i, word);
  }
  return codec.decode(view);
}

/** @throws RangeError when the value does not fit the type, or is its sentinel. */
export function encodeRegister(type: RegisterType, value: number): Uint16Array {
  const [least, largest] = LARGEST[type];
  const isWhole = type === 'f32' || Number.isInteger(value);
  if (!(value >= least && value <= largest) || !isWhole) {
    throw new RangeError(`${value} does not fit a register of type ${type}`);
  }
  const codec = CODECS[type];
  const view = new DataView(new ArrayBuffer(2 * codec.words));
  codec.encode(value, view);
  return Uint16Array.from({ length: codec.words }, (_, i) => view.getUint16(2 * i));
}

/** How finely a raw value is told: the step to the next one. */
export function stepOf(type: RegisterType, value: number): number {
  return CODECS[type].stepAt(value);
}

function noneOf(value: number, ...sentinels: number[]): number | null {
  return sentinels.includes(value) ? null : value;
}
