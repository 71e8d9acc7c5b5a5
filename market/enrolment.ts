/**
 * The request code of an enrolment: what an agent prints and an installer reads to the utility over
 * the phone (design: meter and DSO). It says who the meter is, for which grid file, and that it
 * holds its key.
 *
 * Ninety bytes in Crockford's base 32 (no I, L, O, U), six rows of five groups of five. The last
 * character of a row checks that row, its place included, so that a slip is found in the row where
 * it was made; the last byte checks the whole. Nothing in it is secret.
 *
 *     byte 0        version, 1
 *     bytes 1..4    first bytes of the grid file's hash
 *     bytes 5..24   meter id
 *     bytes 25..88  signature over `hashEnrolment`, compact (EIP-2098)
 *     byte 89       first byte of keccak256 of the bytes before
 */
import { getAddress, getBytes, hexlify, keccak256, Signature } from 'ethers';
import type { Address, Hex32 } from './messages.ts';

export interface RequestCode {
  meterId: Address;
  /** The first four bytes of the grid file's hash: which file the meter pinned. */
  gridTag: string;
  /** 65 bytes, over `hashEnrolment` of the meter's id and the whole grid hash. */
  signature: string;
}

export class RequestCodeError extends Error {
  /**
   * `character`: not of the alphabet. `length`: too short or too long. `row`: a row does not fit
   * its check character. `checksum`: the rows do not fit each other. `version`: of another release.
   */
  readonly code: 'character' | 'length' | 'row' | 'checksum' | 'version';
  /** The row at fault, counted from 1; null when it is none in particular. */
  readonly row: number | null;
  constructor(code: RequestCodeError['code'], message: string, row: number | null = null) {
    super(message);
    this.name = 'RequestCodeError';
    this.code = code;
    this.row = row;
  }
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const VERSION = 1;
const PAYLOAD_BYTES = 90;
const ROWS = 6;
const GROUPS = 5;
const GROUP = 5;
const ROW = GROUPS * GROUP;

/** The part of a grid file's hash that a request code carries. */
export function gridTagOf(gridHash: Hex32): string {
  return gridHash.slice(0, 10).toLowerCase();
}

/** @returns six rows, separated by newlines, without a final one. */
export function encodeRequestCode(request: {
  meterId: Address;
  gridHash: Hex32;
  signature: string;
}): string {
  const bytes = new Uint8Array(PAYLOAD_BYTES);
  bytes[0] = VERSION;
  bytes.set(getBytes(gridTagOf(request.gridHash)), 1);
  bytes.set(getBytes(request.meterId), 5);
  bytes.set(getBytes(Signature.from(request.signature).compactSerialized), 25);
  bytes[PAYLOAD_BYTES - 1] = checkByte(bytes);
  const symbols = toSymbols(bytes);
  const rows: string[] = [];
  for (let row = 0; row < ROWS; row += 1) {
    const data = symbols.slice(row * (ROW - 1), (row + 1) * (ROW - 1));
    const text = [...data, rowCheck(data, row)].map((symbol) => ALPHABET[symbol]).join('');
    rows.push((text.match(/.{5}/g) ?? []).join('-'));
  }
  return rows.join('\n');
}

/**
 * Reads a code as people type it: any case, any spaces and dashes, O for 0, I and L for 1.
 * The signature is not checked here: that takes the grid file.
 * @throws RequestCodeError
 */
export function decodeRequestCode(text: string): RequestCode {
  const symbols = readSymbols(text);
  if (symbols.length !== ROWS * ROW) {
    throw new RequestCodeError(
      'length',
      `a request code has ${ROWS * ROW} characters in ${ROWS} rows; this has ${symbols.length}`,
    );
  }
  const data: number[] = [];
  for (let row = 0; row < ROWS; row += 1) {
    const part = symbols.slice(row * ROW, (row + 1) * ROW);
    const payload = part.slice(0, ROW - 1);
    if (rowCheck(payload, row) !== part[ROW - 1]) {
      throw new RequestCodeError(
        'row',
        `row ${row + 1} of the request code has a slip; have it read again`,
        row + 1,
      );
    }
    data.push(...payload);
  }
  return parse(fromSymbols(data));
}

function parse(bytes: Uint8Array): RequestCode {
  if (bytes[PAYLOAD_BYTES - 1] !== checkByte(bytes)) {
    throw new RequestCodeError('checksum', 'the request code has a slip; have it read again');
  }
  if (bytes[0] !== VERSION) {
    throw new RequestCodeError(
      'version',
      `the request code is of version ${bytes[0]}, this program reads version ${VERSION}`,
    );
  }
  return {
    gridTag: hexlify(bytes.slice(1, 5)),
    meterId: getAddress(hexlify(bytes.slice(5, 25))),
    signature: Signature.from(hexlify(bytes.slice(25, 89))).serialized,
  };
}

function readSymbols(text: string): number[] {
  const symbols: number[] = [];
  for (const char of text.toUpperCase().replaceAll(/[\s-]/g, '')) {
    const plain = char === 'O' ? '0' : char === 'I' || char === 'L' ? '1' : char;
    const symbol = ALPHABET.indexOf(plain);
    if (symbol < 0) {
      const row = Math.floor(symbols.length / ROW) + 1;
      throw new RequestCodeError(
        'character',
        `"${char}" in row ${row} is not of a request code (digits and letters without U)`,
        row,
      );
    }
    symbols.push(symbol);
  }
  return symbols;
}

function checkByte(bytes: Uint8Array): number {
  return getBytes(keccak256(bytes.slice(0, PAYLOAD_BYTES - 1)))[0] ?? 0;
}

/** A check character over GF(32): finds every wrong character and every swap within a row. */
function rowCheck(symbols: readonly number[], row: number): number {
  let sum = row + 1;
  for (const symbol of symbols) sum = timesAlpha(sum) ^ symbol;
  return timesAlpha(sum);
}

/** Multiplication by x in GF(2)[x] / (x^5 + x^2 + 1), where x has order 31. */
function timesAlpha(value: number): number {
  const doubled = value << 1;
  return doubled & 0b100000 ? doubled ^ 0b100101 : doubled;
}

function toSymbols(bytes: Uint8Array): number[] {
  const symbols: number[] = [];
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      symbols.push((held >> bits) & 31);
    }
  }
  return symbols;
}

function fromSymbols(symbols: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((symbols.length * 5) >> 3);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const symbol of symbols) {
    held = ((held << 5) | symbol) & 0x1fff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 0xff;
      at += 1;
    }
  }
  return bytes;
}
