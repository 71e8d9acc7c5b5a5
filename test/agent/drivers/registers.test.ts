import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Coding,
  decodeRegister,
  decodeScale,
  decodeText,
  encodeRegister,
  type RegisterType,
  stepOf,
  WORD_ORDERS,
} from '../../../agent/drivers/registers.ts';

const test = suite('registers');

const RANGES: readonly (readonly [RegisterType, number, number])[] = [
  ['u16', 0, 0xfffe],
  ['i16', -0x7fff, 0x7fff],
  ['u32', 0, 0xffff_fffe],
  ['i32', -0x7fff_ffff, 0x7fff_fffe],
  ['acc32', 1, 0xffff_fffe],
  ['u64', 0, Number.MAX_SAFE_INTEGER],
  ['i64', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['acc64', 1, Number.MAX_SAFE_INTEGER],
  ['enum16', 0, 0xfffe],
  ['bits32', 0, 0xffff_fffe],
  ['f32', -0x7fff_ffff, 0x7fff_ffff],
  ['f64', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
];

const coded = (type: RegisterType, more: Partial<Coding> = {}): Coding => ({
  type,
  order: 'ABCD',
  nan: 'auto',
  ...more,
});
const words = (...list: number[]) => Uint16Array.from(list);

test('what is written into registers is read back, in any order', () => {
  for (const [type, least, most] of RANGES) {
    const law = fc.property(fc.maxSafeInteger(), fc.constantFrom(...WORD_ORDERS), (any, order) => {
      const value = least + (Math.abs(any) % (most - least + 1));
      const coding = coded(type, { order });
      const read = decodeRegister(coding, encodeRegister(coding, value), 0);
      assert.ok(read !== null && Math.abs(read - value) <= stepOf(type, value), `${type} ${value}`);
    });
    fc.assert(law);
    assert.throws(() => encodeRegister(coded(type), Number.NaN), /does not fit/);
  }
});

test('what does not fit a register, or is its sentinel, is not written', () => {
  for (const [type, value] of [
    ['u16', 0xffff],
    ['u16', -1],
    ['u16', 1.5],
    ['i16', 0x8000],
    ['i32', 0x7fff_ffff],
    ['u64', 2 ** 53],
    ['f32', Number.POSITIVE_INFINITY],
  ] as const) {
    assert.throws(() => encodeRegister(coded(type), value), /does not fit/);
  }
});

test('the four word orders are those of the standard table', () => {
  // 0x12345678, as each kind of device would write it.
  const written = {
    ABCD: [0x1234, 0x5678],
    CDAB: [0x5678, 0x1234],
    BADC: [0x3412, 0x7856],
    DCBA: [0x7856, 0x3412],
  };
  for (const order of WORD_ORDERS) {
    assert.is(decodeRegister(coded('u32', { order }), words(...written[order]), 0), 0x12345678);
  }
});

test('every type knows its own "not available", and only when it is asked to', () => {
  const none: readonly (readonly [RegisterType, readonly number[]])[] = [
    ['u16', [0xffff]],
    ['i16', [0x8000]],
    ['u32', [0xffff, 0xffff]],
    ['i32', [0x8000, 0]],
    ['i32', [0x7fff, 0xffff]],
    ['acc32', [0, 0]],
    ['f32', [0xff7f, 0xffff]],
    ['enum16', [0xffff]],
    ['bits32', [0xffff, 0xffff]],
  ];
  for (const [type, raw] of none) {
    assert.is(decodeRegister(coded(type), words(...raw), 0), null, type);
    assert.type(decodeRegister(coded(type, { nan: 'none' }), words(...raw), 0), 'number', type);
  }
  const own = coded('i16', { nan: [0x7fff] });
  assert.is(decodeRegister(own, words(0x7fff), 0), null);
  assert.is(decodeRegister(own, words(0x8000), 0), -0x8000);
  assert.is(decodeRegister(coded('f32', { nan: 'none' }), words(0x7fc0, 0), 0), null);
});

test('a number that would lose digits is none', () => {
  const big = (...raw: number[]) => decodeRegister(coded('u64'), words(...raw), 0);
  assert.is(big(0x001f, 0xffff, 0xffff, 0xffff), Number.MAX_SAFE_INTEGER);
  assert.is(big(0x0020, 0, 0, 0), null);
  assert.is(big(0x0020, 0, 0, 1), null);
  assert.is(decodeRegister(coded('i64'), words(0xffe0, 0, 0, 0), 0), null);
});

test('text ends where the padding begins', () => {
  const coding = coded('str(4)');
  assert.is(decodeText(coding, words(0x5344, 0x4d36, 0x3330, 0), 0), 'SDM630');
  assert.is(decodeText({ ...coding, order: 'BADC' }, words(0x4453, 0x364d, 0, 0), 0), 'SDM6');
  assert.is(decodeText(coding, words(0x2020, 0, 0xffff, 0), 0), null);
});

test('a scale register is a power of ten, or none', () => {
  assert.equal([0, 1, 0xffff, 0xfff6].map(decodeScale), [1, 10, 0.1, 1e-10]);
  assert.equal([0x8000, 11, 0xfff5, 2301].map(decodeScale), [null, null, null, null]);
});

test('words that are not there are no value', () => {
  assert.throws(() => decodeRegister(coded('u32'), words(1), 0), RangeError);
});

test.run();
