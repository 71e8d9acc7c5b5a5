/**
 * What a run leaves behind: `manifest.json` (what was run, on what, at which commit) and tidy
 * tables as CSV, one row for each observation, units in the headers. Nothing in them depends on
 * when or how fast it ran: the same manifest gives the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../market/grid.ts';

export interface Manifest {
  study: string;
  /** Of the code; with `+` when the working tree differed from it. */
  commit: string;
  parameters: Record<string, unknown>;
  /** Null where nothing was random. */
  seed: number | null;
  inputs: { name: string; sha256: string }[];
}

export type Cell = string | number;

export interface Table {
  /** File name without its ending. */
  name: string;
  columns: string[];
  rows: Cell[][];
}

/** Creates the folder and writes all files. */
export function writeRun(folder: string, manifest: Manifest, tables: Table[]): void {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(JSON.parse(canonicalJson(manifest)), null, 2);
  writeFileSync(join(folder, 'manifest.json'), `${text}\n`);
  for (const table of tables) writeFileSync(join(folder, `${table.name}.csv`), csvOf(table));
}

export function csvOf({ columns, rows }: Table): string {
  return `${[columns, ...rows].map((row) => row.map(cellText).join(',')).join('\n')}\n`;
}

/** Every CSV of a folder and of the folders in it, by name. */
export function inputsOf(folder: string): Manifest['inputs'] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .sort()
    .map((name) => ({ ...inputOf(join(folder, name)), name }));
}

export function inputOf(path: string): Manifest['inputs'][number] {
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { name: basename(path), sha256 };
}

/** Commit of the checkout this file is in; `unknown` outside of one. */
export function currentCommit(): string {
  const cwd = dirname(fileURLToPath(import.meta.url));
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', 'HEAD') + (isChanged ? '+' : '');
  } catch {
    return 'unknown';
  }
}

function cellText(cell: Cell): string {
  const text = String(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
