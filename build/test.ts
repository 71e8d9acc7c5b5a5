/**
 * `npm test`: everything, group by group. `npm test -- units contracts` runs these groups,
 * `npm test -- test/host/sqlite.test.ts` these files. Ends with one line: N passed, N failed.
 */

import { ensurePackages } from './debian-packages.ts';
import { killCommands } from './run-command.ts';
import {
  GROUPS,
  type GroupName,
  type GroupResult,
  groupOf,
  runGroup,
  say,
  testFiles,
} from './test-groups.ts';
import { killRunning } from './test-runner.ts';

interface Selection {
  groups: GroupName[];
  files: string[] | null;
}

/** Exit code of a wrong command line. */
const USAGE = 2;

function select(args: string[]): Selection {
  const all = GROUPS.map(({ name }) => name);
  if (args.length === 0) return { groups: all, files: null };
  const files = args
    .map((arg) => arg.replace(/^\.\//, ''))
    .filter((arg) => testFiles('test').includes(arg) || testFiles('contracts').includes(arg));
  const named = all.filter((name) => args.includes(name));
  if (files.length + named.length !== args.length) {
    say(`usage: npm test -- [GROUP | FILE]...\ngroups: ${all.join(' ')}`);
    process.exit(USAGE);
  }
  if (files.length === 0) return { groups: named, files: null };
  return { groups: all.filter((name) => files.some((file) => groupOf(file) === name)), files };
}

function table(results: GroupResult[]): void {
  const totalMs = results.reduce((sum, { wallMs }) => sum + wallMs, 0);
  say('');
  for (const { name, passed, failed, wallMs } of results) {
    const seconds = (wallMs / 1000).toFixed(1).padStart(7);
    const share = ((100 * wallMs) / totalMs).toFixed(0).padStart(3);
    const state = failed > 0 ? `${passed} passed, ${failed} failed` : passed || 'ok';
    say(`${name.padEnd(10)} ${seconds} s  ${share} %  ${state}`);
  }
}

async function main(): Promise<number> {
  const { groups, files } = select(process.argv.slice(2));
  const results: GroupResult[] = [];
  const hasPackages = await ensurePackages(groups);
  for (const group of GROUPS) {
    if (groups.includes(group.name)) results.push(await runGroup(group, files));
  }
  table(results);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, hasPackages ? 0 : 1);
  say(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killRunning();
    killCommands();
    process.exit(1);
  });
}
process.exitCode = await main();
