/** ABI data by hand: 32-byte words of a hex string. */

const WORD_DIGITS = 64;

/** A word as an integer that fits a double. @throws RangeError when it does not */
export function numberAt(data: string, word: number): number {
  const value = Number(bigintAt(data, word));
  if (!Number.isSafeInteger(value)) throw new RangeError(`word ${word} does not fit a number`);
  return value;
}

export function bigintAt(data: string, word: number): bigint {
  return BigInt(`0x${wordAt(data, word)}`);
}

/** Of a topic or a word, lower case. */
export function addressOf(word: string): string {
  return `0x${word.slice(-40).toLowerCase()}`;
}

/** The hex digits of the bytes that the offset in a word points to. */
export function bytesAt(data: string, word: number): string {
  const at = numberAt(data, word) / 32;
  const length = numberAt(data, at) * 2;
  const begin = 2 + (at + 1) * WORD_DIGITS;
  const digits = data.slice(begin, begin + length);
  if (digits.length !== length) throw new RangeError('bytes are cut short');
  return digits;
}

/** The integers of the array that the offset in a word points to. */
export function numbersAt(data: string, word: number): number[] {
  const at = numberAt(data, word) / 32;
  return Array.from({ length: numberAt(data, at) }, (_, i) => numberAt(data, at + 1 + i));
}

/** An argument for `eth_call`. */
export function argument(value: number | bigint | string): string {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : value.toString(16);
  return digits.toLowerCase().padStart(WORD_DIGITS, '0');
}

function wordAt(data: string, word: number): string {
  const begin = 2 + word * WORD_DIGITS;
  const digits = data.slice(begin, begin + WORD_DIGITS);
  if (digits.length !== WORD_DIGITS) throw new RangeError(`there is no word ${word}`);
  return digits;
}
