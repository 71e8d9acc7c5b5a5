/**
 * Takes out of a text whatever could be a key, an address, a hash, a signature, an enrolment code
 * or a mnemonic, wherever it stands. Rather too much than too little.
 */

export const REDACTED = '[redacted]';

const PATTERNS: readonly RegExp[] = [
  /** Keys, addresses, hashes: 20 bytes and more. */
  /(?:0x)?[0-9a-fA-F]{40,}/g,
  /** Codes in groups, as `enrol` prints. */
  /(?:[0-9A-Z]{5}[-\s]){3,}[0-9A-Z]{1,5}/g,
  /** Any long word without a sense: base58, base64. */
  /(?<![\w/.-])(?=[\w+/]*\d)(?=[\w+/]*[A-Za-z])[\w+/]{40,}={0,2}/g,
  /** Twelve and more small words in a row. */
  /\b[a-z]{3,8}(?: [a-z]{3,8}){11,}\b/g,
];

export function redact(text: string): string {
  return PATTERNS.reduce((rest, pattern) => rest.replace(pattern, REDACTED), text);
}
