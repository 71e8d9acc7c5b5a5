import { SigningKey, Wallet } from 'ethers';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeRequestCode,
  encodeRequestCode,
  gridTagOf,
  RequestCodeError,
} from '../../market/enrolment.ts';
import { hashEnrolment, isSignedBy } from '../../market/messages.ts';

const test = suite('request code');

const KEY = `0x${'11'.repeat(32)}`;
const GRID_HASH = `0x${'ab'.repeat(32)}`;
const DOMAIN = { chainId: 31337, assetsContract: `0x${'22'.repeat(20)}` };

function sample(key = KEY, gridHash = GRID_HASH) {
  const meterId = new Wallet(key).address;
  const digest = hashEnrolment(DOMAIN, { meterId, gridHash });
  return { meterId, gridHash, signature: new SigningKey(key).sign(digest).serialized, digest };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RequestCodeError) return error.code;
    throw error;
  }
  return 'none';
}

test('six rows of five groups come back as meter, grid tag and a signature that verifies', () => {
  const { meterId, gridHash, signature, digest } = sample();
  const code = encodeRequestCode({ meterId, gridHash, signature });
  assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}(\n|$)/);
  assert.is(code.split('\n').length, 6);
  const read = decodeRequestCode(code);
  assert.equal(read, { meterId, gridTag: gridTagOf(gridHash), signature });
  assert.ok(isSignedBy(digest, read.signature, read.meterId));
});

test('a code is the same forever for the same request', () => {
  const code = encodeRequestCode(sample());
  assert.is(code.split('\n')[0], '06NTQ-AXB37-KY6XQ-7R89V-FSZ7X');
});

test('every meter and grid comes back, however it is typed', () => {
  const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(hex32, fc.integer({ min: 1, max: 2 ** 30 }), (hash, number) => {
      const gridHash = `0x${Buffer.from(hash).toString('hex')}`;
      const { meterId, signature } = sample(`0x${number.toString(16).padStart(64, '0')}`, gridHash);
      const code = encodeRequestCode({ meterId, gridHash, signature });
      const typed = ` ${code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l')}\n`;
      assert.equal(decodeRequestCode(typed.replaceAll('-', ' ')), decodeRequestCode(code));
      assert.is(decodeRequestCode(code).meterId, meterId);
    }),
    { numRuns: 20 },
  );
});

test('a wrong character, a swap and rows in the wrong order are found in their row', () => {
  const code = encodeRequestCode(sample()).replaceAll('-', '');
  const rows = code.split('\n');
  for (let at = 0; at < 25; at += 1) {
    const row = rows[2] ?? '';
    const other = row[at] === '7' ? '8' : '7';
    rows[2] = row.slice(0, at) + other + row.slice(at + 1);
    try {
      decodeRequestCode(rows.join('\n'));
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RequestCodeError);
      if (error instanceof RequestCodeError) assert.equal([error.code, error.row], ['row', 3]);
    }
    rows[2] = row;
    const [a = '', b = ''] = [row[at], row[at + 1] ?? row[0]];
    if (at < 24 && a !== b) {
      rows[2] = row.slice(0, at) + b + a + row.slice(at + 2);
      assert.is(
        codeOf(() => decodeRequestCode(rows.join('\n'))),
        'row',
      );
      rows[2] = row;
    }
  }
  const swapped = [rows[1], rows[0], ...rows.slice(2)].join('\n');
  assert.is(
    codeOf(() => decodeRequestCode(swapped)),
    'row',
  );
});

test('what is no code at all gets a typed error', () => {
  const code = encodeRequestCode(sample());
  for (const [text, expected] of [
    ['', 'length'],
    [code.slice(0, -1), 'length'],
    [`${code}0`, 'length'],
    [`u${code.slice(1)}`, 'character'],
    ['0x1234', 'length'],
    ['\u{1f600}', 'character'],
  ] as const) {
    assert.is(
      codeOf(() => decodeRequestCode(text)),
      expected,
    );
  }
});

test.run();
