/** Files and folders as they are: copied, brought to the disk, renamed, taken away. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fileError } from './files.ts';

const FOLDER_MODE = 0o700;
const CHUNK_BYTES = 1024 * 1024;

export const nodeFolders = {
  make(path: string): void {
    guarded(path, 'make', () => void mkdirSync(path, { recursive: true, mode: FOLDER_MODE }));
  },

  copy(from: string, to: string, mode: number): void {
    guarded(from, 'copy', () => {
      copyFileSync(from, to);
      chmodSync(to, mode);
      syncPath(to);
    });
  },

  sync(path: string): void {
    guarded(path, 'write', () => syncPath(path));
  },

  rename(from: string, to: string): void {
    guarded(to, 'write', () => {
      renameSync(from, to);
      syncPath(dirname(to));
    });
  },

  remove(path: string): void {
    guarded(path, 'remove', () => rmSync(path, { recursive: true, force: true }));
  },

  measure(path: string): { bytes: number; sha256: string } {
    return guarded(path, 'read', () => {
      const hash = createHash('sha256');
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const file = openSync(path, 'r');
      let bytes = 0;
      try {
        for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
          hash.update(chunk.subarray(0, read));
          bytes += read;
        }
      } finally {
        closeSync(file);
      }
      return { bytes, sha256: hash.digest('hex') };
    });
  },
};

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function guarded<T>(path: string, verb: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fileError(path, verb, cause);
  }
}
