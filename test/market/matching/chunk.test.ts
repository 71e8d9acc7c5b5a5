import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChunkError, decodeChunk, encodeChunk } from '../../../market/matching/chunk.ts';
import file from '../../vectors/chunks.json' with { type: 'json' };

const test = suite('market/matching/chunk');

for (const { name, trades, bytes } of file.vectors) {
  test(`encodes and decodes: ${name}`, () => {
    assert.is(encodeChunk(trades), bytes);
    assert.equal(decodeChunk(bytes), trades);
  });
}

const INVALID = {
  'half a trade': '0x000000010000',
  'an odd number of digits': '0x0',
  'no prefix': '0000000100000002000003e8',
  'what is not hex': '0x0000000100000002000003zz',
};

for (const [name, bytes] of Object.entries(INVALID)) {
  test(`refuses bytes: ${name}`, () => {
    assert.throws(
      () => decodeChunk(bytes),
      (error: unknown) => error instanceof ChunkError,
    );
  });
}

test('refuses numbers that do not fit', () => {
  for (const powerW of [-1, 0.5, 2 ** 32, Number.NaN]) {
    assert.throws(
      () => encodeChunk([{ askId: 1, bidId: 2, powerW }]),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test.run();
