/** What runs showed, kept in files, so that a bench that was broken off goes on where it was. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivacyRun } from './run.ts';

export class RunStore {
  readonly #folder: string | null;

  /** @param folder null: nothing is kept */
  constructor(folder: string | null) {
    this.#folder = folder;
    if (folder !== null) mkdirSync(folder, { recursive: true });
  }

  find(name: string): PrivacyRun | null {
    const path = this.#path(name);
    if (path === null || !existsSync(path)) return null;
    return JSON.parse(readFileSync(path, 'utf8'), revive) as PrivacyRun;
  }

  put(name: string, run: PrivacyRun): void {
    const path = this.#path(name);
    if (path === null) return;
    writeFileSync(`${path}.part`, JSON.stringify(run, plain));
    renameSync(`${path}.part`, path);
  }

  #path(name: string): string | null {
    return this.#folder === null ? null : join(this.#folder, `${name}.json`);
  }
}

function plain(_: string, value: unknown): unknown {
  if (value instanceof Set) return { set: [...value] };
  if (value instanceof Map) return { map: [...value] };
  return typeof value === 'number' && Number.isNaN(value) ? { nan: true } : value;
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if ('set' in value) return new Set(value.set as unknown[]);
  if ('map' in value) return new Map(value.map as [unknown, unknown][]);
  return 'nan' in value ? Number.NaN : value;
}
