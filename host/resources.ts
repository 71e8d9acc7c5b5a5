/**
 * What ships with the program, by its path in the project (`agent/drivers/profiles/x.toml`): files
 * of the checkout, or assets inside the one-file binary. So is the code of threads.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Resources } from './ports.ts';

/** What is used of `node:sea`, which only Node 20.12 and later have. */
interface Sea {
  isSea(): boolean;
  getRawAsset(name: string): ArrayBuffer;
}

export function projectResources(): Resources {
  const sea = seaModule();
  const read =
    sea?.isSea() === true
      ? (name: string): Uint8Array => new Uint8Array(sea.getRawAsset(name))
      : readFromCheckout;
  return {
    text: (name) => new TextDecoder('utf-8', { fatal: true }).decode(resource(name, read)),
    bytes: (name) => resource(name, read),
  };
}

/**
 * The code of a thread, by the path of its program without an ending: a file of the checkout, or
 * the text of a bundle inside the one-file binary.
 * @throws Error when there is none
 */
export function threadCode(program: string): { path: string } | { text: string } {
  return seaModule()?.isSea() === true
    ? { text: projectResources().text(`${program}.cjs`) }
    : { path: fromRoot(`${program}.ts`) };
}

function resource(name: string, read: (name: string) => Uint8Array): Uint8Array {
  if (!/^[\w.-]+(?:\/[\w.-]+)*$/.test(name) || name.split('/').includes('..')) {
    throw new Error(`"${name}" is not the name of a resource`);
  }
  try {
    return read(name);
  } catch (cause) {
    throw new Error(`there is no resource "${name}" in this program`, { cause });
  }
}

function readFromCheckout(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fromRoot(name)));
}

function fromRoot(name: string): string {
  return join(fileURLToPath(new URL('..', import.meta.url)), name);
}

function seaModule(): Sea | undefined {
  // Not an import: older Node has no such module, and must still start.
  const host = process as { getBuiltinModule?: (name: string) => Sea | undefined };
  return host.getBuiltinModule?.('node:sea');
}
