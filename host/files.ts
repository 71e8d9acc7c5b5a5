/** Text files named by the user; a file is written whole or not at all. */

import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileError, type Files } from './ports.ts';

export function nodeFiles(): Files {
  return {
    readText: (path) => guarded(path, 'read', () => readFileSync(path, 'utf8')),
    writeText: (path, text, mode = 0o644) =>
      guarded(path, 'write', () => writeWhole(path, text, mode)),
    exists: (path) => existsSync(path),
    list: (folder) =>
      guarded(folder, 'read', () => (existsSync(folder) ? readdirSync(folder).sort() : [])),
  };
}

/** Writes beside `path`, fsyncs, renames, fsyncs the folder: a crash leaves the old or the new. */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = openSync(temporary, 'w', mode);
    try {
      fchmodSync(file, mode);
      writeAll(file, typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

function guarded<T>(path: string, verb: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fileError(path, verb, cause);
  }
}

/** The typed error of a failed file operation, with a sentence for people. */
export function fileError(path: string, verb: string, cause: unknown): FileError {
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  switch (code) {
    case 'ENOENT':
      return new FileError(path, 'missing', `cannot ${verb} ${path}: it does not exist`, cause);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new FileError(path, 'denied', `cannot ${verb} ${path}: not permitted`, cause);
    case 'ENOSPC':
    case 'EDQUOT':
      return new FileError(path, 'full', `cannot ${verb} ${path}: the disk is full`, cause);
    default:
      return new FileError(path, 'other', `cannot ${verb} ${path}: ${code || cause}`, cause);
  }
}
