/**
 * Native addons inside the one-file binary. The system can only load them from a file, so each is
 * written to a fresh folder of its own, loaded, and removed at once: nothing is left on disk, and
 * nobody else can put another file in its place. Run from a checkout, addons load as usual, and
 * this file is not used.
 */

import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectResources } from './resources.ts';

/** Documented, but absent from the types of Node. */
const loader = process as unknown as { dlopen(module: object, path: string): void };

const loaded = new Map<string, unknown>();

/**
 * @param resource such as `native/better-sqlite3.node`.
 * @returns what the addon exports.
 * @throws Error when no folder lets programs be run from it (mounted noexec).
 */
export function loadNativeAddon(resource: string): unknown {
  const known = loaded.get(resource);
  if (known !== undefined) return known;
  const bytes = projectResources().bytes(resource);
  const failures: string[] = [];
  for (const folder of new Set([tmpdir(), '/var/tmp', '/dev/shm', process.cwd()])) {
    try {
      const addon = loadThrough(folder, bytes);
      loaded.set(resource, addon);
      return addon;
    } catch (error) {
      failures.push(`${folder}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(
    `${resource} cannot be loaded; set TMPDIR to a folder that is writable and not mounted ` +
      `noexec (${failures.join('; ')})`,
  );
}

function loadThrough(parent: string, bytes: Uint8Array): unknown {
  const folder = mkdtempSync(join(parent, 'transax-native-'));
  try {
    const path = join(folder, 'addon.node');
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o500);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    } finally {
      closeSync(file);
    }
    const module: { exports: unknown } = { exports: {} };
    loader.dlopen(module, path);
    return module.exports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
