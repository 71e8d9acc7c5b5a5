/**
 * Secret keys in files that only their owner can read: 32 bytes, raw or as 64 hexadecimal digits.
 * An agent finds its key in `$CREDENTIALS_DIRECTORY` (systemd) or in such a file.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileError, writeWhole } from './files.ts';
import { FileError } from './ports.ts';

const KEY_BYTES = 32;
/** Raw, or in hexadecimal with `0x` and a line end; anything longer is no key. */
const MAX_FILE_BYTES = 2 + 2 * KEY_BYTES + 2;
const MAX_TEXT_BYTES = 16 * 1024;

/**
 * @throws FileError `missing`; `denied` when others may read it, or it is a link; `other` when it
 *   does not hold 32 bytes.
 */
export function readKeyFile(path: string): Uint8Array {
  return parseKey(path, readSecret(path, MAX_FILE_BYTES));
}

/**
 * A text that only its owner can read: a passphrase, a keystore.
 * @throws FileError `missing`, `denied`, as of a key; `other` when it is absurdly long
 */
export function readSecretText(path: string): string {
  const content = readSecret(path, MAX_TEXT_BYTES);
  if (content.length <= MAX_TEXT_BYTES) return content.toString('utf8');
  throw new FileError(path, 'other', `${path} is longer than ${MAX_TEXT_BYTES} bytes`);
}

/** @returns at most one byte more than `maxBytes`, which shows that there are too many */
function readSecret(path: string, maxBytes: number): Buffer {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { mode } = fstatSync(file);
      if ((mode & 0o077) !== 0) {
        throw new FileError(path, 'denied', `others may read ${path}: run chmod 0400 on it`);
      }
      const content = Buffer.alloc(maxBytes + 1);
      return content.subarray(0, readSync(file, content, 0, content.length, 0));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ELOOP') {
      throw new FileError(path, 'denied', `${path} is a symbolic link; a key file must not be`);
    }
    throw fileError(path, 'read', cause);
  }
}

/** Writes 64 hexadecimal digits, mode 0400. @throws FileError, also when there is one already. */
export function writeKeyFile(path: string, key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  writeSecretText(path, `${Buffer.from(key).toString('hex')}\n`);
}

/** A new file of mode 0400. @throws FileError, also when there is one already. */
export function writeSecretText(path: string, text: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o400));
    writeWhole(path, text, 0o400);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new FileError(path, 'other', `${path} exists already; a key is never replaced`, cause);
    }
    throw fileError(path, 'write', cause);
  }
}

/** Where systemd puts the credential `name` for this unit; null when not run by systemd. */
export function credentialPath(name: string): string | null {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  return folder === undefined ? null : join(folder, name);
}

function parseKey(path: string, content: Buffer): Uint8Array {
  if (content.length === KEY_BYTES) return new Uint8Array(content);
  const text = content.toString('latin1').trim();
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (digits === undefined) {
    throw new FileError(path, 'other', `${path} holds neither 32 bytes nor 64 hexadecimal digits`);
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}
