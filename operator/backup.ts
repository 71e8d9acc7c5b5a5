/**
 * A backup of the utility: a folder with the databases as they were at one moment, what was given
 * out, and the keystores of DSO and solver, each with its checksum. The owner's key is not in it:
 * that one is kept elsewhere, offline.
 */
import * as v from 'valibot';
import { readJson } from '../market/json-forms.ts';

export interface BackupFile {
  /** In the folder. */
  name: string;
  bytes: number;
  sha256: string;
}

export interface Manifest {
  format: 'transax-backup-1';
  /** ISO 8601, by the clock of the machine. */
  madeAt: string;
  chainId: number;
  matching: string;
  /** The last block that the books know; null before the DSO ran. */
  block: number | null;
  files: BackupFile[];
}

export class BackupError extends Error {
  /**
   * `exists`: there is something at the place. `malformed`: no backup. `damaged`: a file is not as
   * it was. `newer`: what is here knows more than the backup. `other-market`: of another one.
   * `in-use`: the DSO or the solver runs. `cut-off`: a restore was begun and not ended.
   */
  readonly code:
    | 'exists'
    | 'malformed'
    | 'damaged'
    | 'newer'
    | 'other-market'
    | 'in-use'
    | 'cut-off';
  constructor(code: BackupError['code'], message: string) {
    super(message);
    this.name = 'BackupError';
    this.code = code;
  }
}

export const MANIFEST = 'manifest.json';
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A name, not a path that leads elsewhere. */
const name = v.pipe(v.string(), v.regex(/^[a-z][a-z-]*\.[a-z]+$/));
const SCHEMA = v.strictObject({
  format: v.literal('transax-backup-1'),
  madeAt: v.pipe(v.string(), v.maxLength(40)),
  chainId: whole,
  matching: v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/)),
  block: v.nullable(whole),
  files: v.array(
    v.strictObject({ name, bytes: whole, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
  ),
});

/** @throws BackupError 'malformed' */
export function parseManifest(text: string, path: string): Manifest {
  const malformed = (message: string) => new BackupError('malformed', message);
  return readJson(SCHEMA, text, `the backup's ${path}`, malformed);
}
