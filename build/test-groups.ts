/**
 * The groups of `npm test`, in their order: what each runs, and how much of the machine it may use.
 * docs/development.md says what belongs where.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readForgeTests, runForge } from './forge.ts';
import { ROOT } from './project-root.ts';
import { runCommand } from './run-command.ts';
import { type FileResult, runFiles } from './test-runner.ts';

export type GroupName =
  | 'types'
  | 'lint'
  | 'compile'
  | 'units'
  | 'contracts'
  | 'forge'
  | 'system'
  | 'binary';

export interface GroupResult {
  name: GroupName;
  passed: number;
  failed: number;
  wallMs: number;
}

/** Files of tests, one command, or tests by forge. */
type Group =
  | { name: GroupName; command: string[] }
  | { name: GroupName; forge: string[] }
  | {
      name: GroupName;
      folder: string;
      parallel: number;
      timeoutMs: number;
      /** A file that fails is run anew up to so many times in all; each failure is shown. */
      tries: number;
    };

const MINUTE_MS = 60_000;
const BINARY_TEST = /^test\/system\/binary/;
const BIN = join(ROOT, 'node_modules', '.bin');

export const GROUPS: readonly Group[] = [
  {
    name: 'types',
    command: [
      process.execPath,
      join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
      ...['-p', '.', '--pretty', 'false', '--incremental'],
      ...['--tsBuildInfoFile', join('.cache', 'types.tsbuildinfo')],
    ],
  },
  { name: 'lint', command: [join(BIN, 'biome'), 'ci', '--colors=off', '.'] },
  { name: 'compile', command: [process.execPath, 'build/contracts.ts'] },
  { name: 'units', folder: 'test', parallel: 2, timeoutMs: 3 * MINUTE_MS, tries: 1 },
  { name: 'contracts', folder: 'contracts/test', parallel: 1, timeoutMs: 10 * MINUTE_MS, tries: 1 },
  // The same seed every time: a build fails for what was changed. Other seeds, and more of each:
  // fuzz:contracts.
  { name: 'forge', forge: ['test', '--json', '--fuzz-seed', '1'] },
  // Real processes against real deadlines: a machine that stalls for seconds fails a right program.
  { name: 'system', folder: 'test/system', parallel: 1, timeoutMs: 20 * MINUTE_MS, tries: 2 },
  { name: 'binary', folder: 'test/system', parallel: 1, timeoutMs: 15 * MINUTE_MS, tries: 2 },
];

/** The group that a test file belongs to. */
export function groupOf(file: string): GroupName {
  if (BINARY_TEST.test(file)) return 'binary';
  if (file.startsWith('test/system/')) return 'system';
  return file.startsWith('contracts/') ? 'contracts' : 'units';
}

/** @param only of the group's files; all when null. */
export async function runGroup(group: Group, only: string[] | null): Promise<GroupResult> {
  const startedAt = performance.now();
  say(`\n${group.name}`);
  const { passed, failed } =
    'command' in group
      ? await runOneCommand(group.command)
      : 'forge' in group
        ? await runForgeTests(group.forge)
        : await runTests(group, only);
  return { name: group.name, passed, failed, wallMs: performance.now() - startedAt };
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Every test file below a folder, from the project's root, sorted. */
export function testFiles(folder: string): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) walk(child);
      else if (entry.name.endsWith('.test.ts')) found.push(relative(ROOT, child));
    }
  };
  if (existsSync(join(ROOT, folder))) walk(join(ROOT, folder));
  return found.sort();
}

async function runOneCommand(command: string[]): Promise<{ passed: number; failed: number }> {
  const [program = '', ...args] = command;
  const { code, output } = await runCommand(program, args, ROOT);
  if (code === 0) return { passed: 0, failed: 0 };
  say(output.trim());
  say(`  FAILED  ${relative(ROOT, program)} ${args.join(' ')} ended with code ${code}`);
  return { passed: 0, failed: 1 };
}

async function runForgeTests(args: string[]): Promise<{ passed: number; failed: number }> {
  const { passed, failed, lines } = readForgeTests(await runForge(args));
  say(lines.join('\n'));
  return { passed, failed };
}

async function runTests(
  group: Extract<Group, { folder: string }>,
  only: string[] | null,
): Promise<{ passed: number; failed: number }> {
  const files = testFiles(group.folder)
    .filter((file) => groupOf(file) === group.name)
    .filter((file) => only === null || only.includes(file));
  if (files.length === 0) {
    say('  FAILED  there are no test files');
    return { passed: 0, failed: 1 };
  }
  const { parallel, timeoutMs, tries } = group;
  const options = { parallel, timeoutMs, onResult: report };
  let results = await runFiles(files, options);
  for (let left = tries - 1; left > 0; left--) {
    const failed = results.filter((result) => result.failed > 0).map(({ file }) => file);
    if (failed.length === 0) break;
    say(`  again, because a machine that stalls fails them too: ${failed.join(', ')}`);
    const again = new Map((await runFiles(failed, options)).map((one) => [one.file, one]));
    results = results.map((result) => again.get(result.file) ?? result);
  }
  return {
    passed: results.reduce((sum, result) => sum + result.passed, 0),
    failed: results.reduce((sum, result) => sum + result.failed, 0),
  };
}

function report(result: FileResult): void {
  const { file, passed, failed, problems, failures, output, wallMs } = result;
  const seconds = (wallMs / 1000).toFixed(1).padStart(6);
  const counts = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} failed`;
  say(`  ${failed === 0 ? 'ok    ' : 'FAILED'} ${seconds} s  ${file}  ${counts}`);
  if (failed === 0) return;
  for (const problem of problems) say(`    ${problem}`);
  if (failures !== '') say(failures.trimEnd());
  // uvu repeats its failures in what it writes; the rest is what the test or its children said.
  const rest = failures === '' ? output.trim() : '';
  if (rest !== '') say(rest.replace(/^/gm, '    | '));
}
