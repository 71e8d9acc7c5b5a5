/**
 * The mnemonic: 24 English words (BIP-39) that a home keeps on paper. All of its keys come from
 * them. 24 rather than 12: eight bits of checksum find a slip of the pen that gives other words of
 * the list 255 times in 256.
 */
import { LangEn, Mnemonic } from 'ethers';
import type { Random } from '../../host/ports.ts';

export const WORD_COUNT = 24;
const ENTROPY_BYTES = 32;
/** So many letters tell every word of the list. */
const TELLING_LETTERS = 4;
const LIST_LENGTH = 2048;

export class WordsError extends Error {
  /** `count`: not 24. `unknown`: not of the list. `checksum`: they do not fit together. */
  readonly code: 'count' | 'unknown' | 'checksum';
  constructor(code: WordsError['code'], message: string) {
    super(message);
    this.name = 'WordsError';
    this.code = code;
  }
}

export function newPhrase(random: Random): string {
  return Mnemonic.fromEntropy(random.bytes(ENTROPY_BYTES)).phrase;
}

/**
 * What somebody typed: any case, numbers before the words and line ends do not matter, and four
 * letters of a word suffice. Never tells a word back.
 * @throws WordsError
 */
export function parsePhrase(text: string): string {
  const typed = text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  if (typed.length !== WORD_COUNT) {
    throw new WordsError('count', `these are ${typed.length} words, it must be ${WORD_COUNT}`);
  }
  const words = typed.map((word, at) => {
    const found = wordOf(word);
    if (found !== null) return found;
    throw new WordsError('unknown', `word ${at + 1} is not in the list: look at the paper again`);
  });
  const phrase = words.join(' ');
  if (!Mnemonic.isValidMnemonic(phrase)) {
    throw new WordsError(
      'checksum',
      'the words do not fit together: one of them is another one, or their order is',
    );
  }
  return phrase;
}

/** The word of the list that is meant; null for none. */
export function wordOf(typed: string): string | null {
  const list = LangEn.wordlist();
  if (list.getWordIndex(typed) >= 0) return typed;
  if (typed.length < TELLING_LETTERS) return null;
  const start = typed.slice(0, TELLING_LETTERS);
  for (let index = 0; index < LIST_LENGTH; index += 1) {
    const word = list.getWord(index);
    if (word.startsWith(start) && word.startsWith(typed)) return word;
  }
  return null;
}
