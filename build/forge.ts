/**
 * Runs forge on `contracts/forge/*.t.sol`: the binary that npm brought, with the npm build of solc
 * behind it. Settings are in contracts/foundry.toml; what it writes is in `.cache/forge`.
 */

import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ROOT } from './project-root.ts';
import { type CommandResult, runCommand } from './run-command.ts';

/** How Foundry calls what Node calls x64. */
const PROCESSORS: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

export interface ForgeCounts {
  passed: number;
  failed: number;
  /** One line a test, failures with their reason and counterexample. */
  lines: string[];
}

interface TestResult {
  status: 'Success' | 'Failure' | 'Skipped';
  reason: string | null;
  counterexample: unknown;
  kind?: { Fuzz?: { runs: number }; Invariant?: { runs: number; calls: number } };
  duration?: string;
}

type Suites = Record<string, { test_results: Record<string, TestResult> }>;

/** Null when npm has brought no forge for this machine. */
function forgeBinary(): string | null {
  const name = `forge-${process.platform}-${PROCESSORS[process.arch] ?? process.arch}`;
  const path = join(ROOT, 'node_modules', '@foundry-rs', name, 'bin', 'forge');
  return existsSync(path) ? path : null;
}

/**
 * Without a binary it ends as what could not be started. It asks for no traces: those of thousands
 * of calls fill the memory of a machine.
 * @param env what replaces settings of foundry.toml
 */
export async function runForge(
  args: string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const forge = forgeBinary();
  if (forge === null) {
    return { code: -1, output: 'there is no forge for this machine in node_modules' };
  }
  const contracts = join(ROOT, 'contracts');
  // Started in its root: it keeps failures beside the folder it is started in.
  return runCommand(forge, args, contracts, {
    ...process.env,
    // The compiler runs on the same Node as this.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    NO_COLOR: '1',
    FOUNDRY_SOLC: join(contracts, 'forge', 'solc.cjs'),
    ...env,
  });
}

/** Counts what `forge test --json` said; a broken compile and no tests at all are failures. */
export function readForgeTests({ code, output }: CommandResult): ForgeCounts {
  const suites = parseSuites(output);
  if (suites === null)
    return {
      passed: 0,
      failed: 1,
      lines: [output.trim(), `  FAILED  forge ended with code ${code}`],
    };
  const counts: ForgeCounts = { passed: 0, failed: 0, lines: [] };
  for (const [suite, { test_results }] of Object.entries(suites)) {
    for (const [test, result] of Object.entries(test_results)) {
      const passed = result.status === 'Success';
      counts[passed ? 'passed' : 'failed']++;
      counts.lines.push(`  ${passed ? 'ok    ' : 'FAILED'}  ${suite} ${test}${told(result)}`);
    }
  }
  if (counts.passed + counts.failed === 0) {
    counts.lines.push('  FAILED  there are no tests');
    counts.failed++;
  } else if (code !== 0 && counts.failed === 0) {
    counts.lines.push(`  FAILED  forge ended with code ${code}`);
    counts.failed++;
  }
  return counts;
}

/** One line of many: others tell of the compiler, or of an event, in JSON as well. */
function parseSuites(output: string): Suites | null {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map(parseLine).find(isSuites) ?? null;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isSuites(found: unknown): found is Suites {
  if (typeof found !== 'object' || found === null) return false;
  return Object.values(found).every(
    (suite) => suite !== null && Object.hasOwn(suite, 'test_results'),
  );
}

function told({ status, reason, counterexample, kind, duration }: TestResult): string {
  const { Fuzz: fuzz, Invariant: invariant } = kind ?? {};
  const size = invariant ? `  ${invariant.calls} calls` : fuzz ? `  ${fuzz.runs} runs` : '';
  if (status === 'Success') return `${size}${duration ? `  ${duration}` : ''}`;
  return `${size}\n    ${reason ?? status}\n    ${JSON.stringify(counterexample)}`;
}
