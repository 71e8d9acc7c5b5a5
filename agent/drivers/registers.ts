/**
 * Values in Modbus registers, which are 16-bit words. What a device writes for "not available" is
 * null, never 0, and is looked for before any scale is applied. What a double cannot hold exactly
 * is null too: no digit is lost in silence.
 */

export const REGISTER_TYPES = [
  'bit',
  'u16',
  'i16',
  'u32',
  'i32',
  'u64',
  'i64',
  'f32',
  'f64',
  'acc32',
  'acc64',
  'enum16',
  'bits16',
  'bits32',
] as const;
export type NumberType = (typeof REGISTER_TYPES)[number];
/** `str(8)` is text in 8 registers, two characters in each. */
export type RegisterType = NumberType | `str(${number})`;

/**
 * In which order the bytes of a value stand: ABCD is high word first, CDAB low word first; BADC and
 * DCBA are these with the two bytes of each word swapped.
 */
export const WORD_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type WordOrder = (typeof WORD_ORDERS)[number];

/** `auto`: what the type usually means by it. A list: the raw bits that mean it. */
export type Sentinels = 'auto' | 'none' | readonly number[];

export interface Coding {
  type: RegisterType;
  order: WordOrder;
  nan: Sentinels;
}

interface Kind {
  words: number;
  form: 'unsigned' | 'signed' | 'float';
  /** Raw bits that mean "not available" under `auto`. */
  none: readonly bigint[];
}

const KINDS: Readonly<Record<NumberType, Kind>> = {
  bit: { words: 1, form: 'unsigned', none: [] },
  u16: { words: 1, form: 'unsigned', none: [0xffffn] },
  i16: { words: 1, form: 'signed', none: [0x8000n] },
  u32: { words: 2, form: 'unsigned', none: [0xffff_ffffn] },
  i32: { words: 2, form: 'signed', none: [0x8000_0000n, 0x7fff_ffffn] },
  u64: { words: 4, form: 'unsigned', none: [0xffff_ffff_ffff_ffffn] },
  i64: { words: 4, form: 'signed', none: [0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn] },
  f32: { words: 2, form: 'float', none: [] },
  f64: { words: 4, form: 'float', none: [] },
  // An accumulator that is 0 has not counted yet, or does not exist.
  acc32: { words: 2, form: 'unsigned', none: [0n, 0xffff_ffffn] },
  acc64: { words: 4, form: 'unsigned', none: [0n, 0xffff_ffff_ffff_ffffn] },
  enum16: { words: 1, form: 'unsigned', none: [0xffffn] },
  bits16: { words: 1, form: 'unsigned', none: [0xffffn] },
  bits32: { words: 2, form: 'unsigned', none: [0xffff_ffffn] },
};

/** No quantity of a house comes near; SolarEdge writes -FLT_MAX for "none". */
const BEYOND_SENSE = 1e30;
/** Bits of the mantissa behind the point. */
const FRACTION_BITS = { f32: 23, f64: 52 } as const;
/** A power of ten in a register (SunSpec `sunssf`). */
const LEAST_SCALE = -10;
const LARGEST_SCALE = 10;

export function wordsOf(type: RegisterType): number {
  const text = /^str\((\d+)\)$/.exec(type);
  return text ? Number(text[1]) : KINDS[type as NumberType].words;
}

export function isText(type: RegisterType): boolean {
  return type.startsWith('str');
}

/**
 * The raw number in `words` from index `at`, before any scale.
 * @returns null for a sentinel, and for what a double cannot hold exactly
 * @throws RangeError when the words are not there
 */
export function decodeRegister(coding: Coding, words: Uint16Array, at: number): number | null {
  const type = coding.type as NumberType;
  const { form, none } = KINDS[type];
  const view = inOrder(coding, words, at);
  const bits = bitsOf(view);
  if (coding.nan === 'auto' && none.includes(bits)) return null;
  if (Array.isArray(coding.nan) && coding.nan.some((raw) => BigInt(raw) === bits)) return null;
  if (form === 'float') {
    const value = type === 'f32' ? view.getFloat32(0) : view.getFloat64(0);
    const isSense = coding.nan !== 'auto' || Math.abs(value) < BEYOND_SENSE;
    return Number.isFinite(value) && isSense ? value : null;
  }
  const width = 16 * KINDS[type].words;
  const value = Number(form === 'signed' ? BigInt.asIntN(width, bits) : bits);
  return Number.isSafeInteger(value) ? value : null;
}

/** Text of printable ASCII, without padding; null when there is none. */
export function decodeText(coding: Coding, words: Uint16Array, at: number): string | null {
  const view = inOrder({ ...coding, order: swapsBytes(coding.order) ? 'BADC' : 'ABCD' }, words, at);
  let text = '';
  for (let i = 0; i < view.byteLength; i++) {
    const code = view.getUint8(i);
    if (code >= 0x20 && code < 0x7f) text += String.fromCharCode(code);
  }
  return text.trim() || null;
}

/** The factor that a scale register stands for; null when it has none (`0x8000`, or nonsense). */
export function decodeScale(word: number): number | null {
  const power = word >= 0x8000 ? word - 0x1_0000 : word;
  return power < LEAST_SCALE || power > LARGEST_SCALE ? null : 10 ** power;
}

/** @throws RangeError when the value does not fit the type, or is its sentinel. */
export function encodeRegister(coding: Coding, value: number): Uint16Array {
  const type = coding.type as NumberType;
  const { words, form, none } = KINDS[type];
  const view = new DataView(new ArrayBuffer(2 * words));
  const refuse = () => new RangeError(`${value} does not fit a register of type ${coding.type}`);
  if (form === 'float') {
    if (!(Math.abs(value) < BEYOND_SENSE)) throw refuse();
    if (type === 'f32') view.setFloat32(0, value);
    else view.setFloat64(0, value);
  } else {
    if (!Number.isSafeInteger(value)) throw refuse();
    const bits = BigInt.asUintN(16 * words, BigInt(value));
    const back = form === 'signed' ? BigInt.asIntN(16 * words, bits) : bits;
    if (back !== BigInt(value) || (coding.nan === 'auto' && none.includes(bits))) throw refuse();
    for (let i = 0; i < words; i++) {
      view.setUint16(2 * i, Number((bits >> BigInt(16 * (words - 1 - i))) & 0xffffn));
    }
  }
  const plain = Uint16Array.from({ length: words }, (_, i) => view.getUint16(2 * i));
  const ordered = inOrder(coding, plain, 0);
  return Uint16Array.from({ length: words }, (_, i) => ordered.getUint16(2 * i));
}

/** How finely a raw value is told: the step to the next one. */
export function stepOf(type: RegisterType, value: number): number {
  if (type !== 'f32' && type !== 'f64') return 1;
  if (value === 0) return 0;
  return 2 ** (Math.floor(Math.log2(Math.abs(value))) - FRACTION_BITS[type]);
}

/** After which raw reading a counter of this type begins anew; null when the type does not say. */
export function rolloverOf(type: RegisterType): number | null {
  return type === 'acc32' ? 2 ** 32 : null;
}

function swapsBytes(order: WordOrder): boolean {
  return order === 'BADC' || order === 'DCBA';
}

/** The words of one value with the highest first; its own inverse. */
function inOrder(coding: Coding, words: Uint16Array, at: number): DataView {
  const count = wordsOf(coding.type);
  const isLowFirst = coding.order === 'CDAB' || coding.order === 'DCBA';
  const view = new DataView(new ArrayBuffer(2 * count));
  for (let i = 0; i < count; i++) {
    const word = words[at + (isLowFirst ? count - 1 - i : i)];
    if (word === undefined) throw new RangeError(`no word ${at + i} in ${words.length}`);
    view.setUint16(2 * i, word, swapsBytes(coding.order));
  }
  return view;
}

function bitsOf(view: DataView): bigint {
  let bits = 0n;
  for (let i = 0; i < view.byteLength; i += 2) bits = (bits << 16n) | BigInt(view.getUint16(i));
  return bits;
}
