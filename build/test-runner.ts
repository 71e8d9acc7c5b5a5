/**
 * Our own runner for uvu files, because uvu reports success on broken suites. Each file runs in
 * a child process. A file fails when a test fails, and also when it has no tests, when a suite was
 * not run or did not finish, when it takes too long, does not end, or ends with an error.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SuiteReport } from './test-harness.ts';

export interface FileResult {
  file: string;
  passed: number;
  /** Failed tests; a file that is broken otherwise counts at least one. */
  failed: number;
  /** Why it is broken, in words for people. */
  problems: string[];
  /** uvu's text on failed tests. */
  failures: string;
  /** The end of what the child wrote. */
  output: string;
  wallMs: number;
}

export interface RunOptions {
  /** How many files at a time. */
  parallel: number;
  /** For a whole file, from the start of its process. */
  timeoutMs: number;
  /** How long after its last test a file may take to end; 5 s by default. */
  endMs?: number;
  onResult?: (result: FileResult) => void;
}

const HARNESS = fileURLToPath(new URL('./test-harness.ts', import.meta.url));
const DEFAULT_END_MS = 5_000;
const MAX_OUTPUT = 20_000;

const running = new Set<ChildProcess>();

/** Runs the files and resolves with their results, in the order of `files`. */
export async function runFiles(files: string[], options: RunOptions): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const waiting = [...files.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, file] = next;
      const result = await runFile(file, options);
      results[index] = result;
      options.onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, worker));
  return results;
}

/** Ends everything that is under way, with the processes it started. */
export function killRunning(): void {
  for (const child of running) killGroup(child);
}

interface Outcome {
  report: string;
  output: string;
  problem: string | null;
}

async function runFile(file: string, options: RunOptions): Promise<FileResult> {
  const startedAt = performance.now();
  const { report, output, problem } = await runChild(file, options);
  const suites = parseReport(report);
  const problems = [...(problem === null ? [] : [problem]), ...problemsOf(suites)];
  const passed = sum(suites ?? [], (suite) => suite.passed);
  const missing = sum(suites ?? [], (suite) => suite.registered - suite.passed);
  return {
    file,
    passed,
    failed: problems.length > 0 ? Math.max(1, missing) : missing,
    problems,
    failures: (suites ?? []).map((suite) => suite.failures).join(''),
    output: output.slice(-MAX_OUTPUT),
    wallMs: performance.now() - startedAt,
  };
}

function runChild(file: string, options: RunOptions): Promise<Outcome> {
  const { timeoutMs, endMs = DEFAULT_END_MS } = options;
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', HARNESS, file],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        // A group of its own, so that what a test started can be ended with it.
        detached: true,
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
      },
    );
    running.add(child);
    let report = '';
    let output = '';
    let problem: string | null = null;
    let endTimer: NodeJS.Timeout | undefined;
    const giveUp = (why: string): void => {
      problem = why;
      killGroup(child);
    };
    const timer = setTimeout(
      () => giveUp(`took longer than ${timeoutMs / 1000} s and was ended`),
      timeoutMs,
    );
    child.stdio[3]?.on('data', (piece: Buffer) => {
      report += piece;
      clearTimeout(endTimer);
      endTimer = setTimeout(
        () => giveUp(`did not end within ${endMs / 1000} s of its last test: what is left open?`),
        endMs,
      );
    });
    child.stdout?.on('data', (piece: Buffer) => {
      output = (output + piece).slice(-2 * MAX_OUTPUT);
    });
    child.stderr?.on('data', (piece: Buffer) => {
      output = (output + piece).slice(-2 * MAX_OUTPUT);
    });
    child.on('error', (error) => giveUp(`could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(endTimer);
      if (problem === null && (code !== 0 || signal !== null)) {
        problem = `ended with ${signal === null ? `code ${code}` : signal}`;
      }
      // What it left behind would hold the pipes open.
      killGroup(child);
    });
    child.on('close', () => {
      running.delete(child);
      resolve({ report, output, problem });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

function parseReport(report: string): SuiteReport[] | null {
  try {
    return JSON.parse(report) as SuiteReport[];
  } catch {
    return null;
  }
}

function problemsOf(suites: SuiteReport[] | null): string[] {
  if (suites === null) return ['ended before its tests were through'];
  // The nameless suite belongs to those who import `test` from uvu; most do not.
  const used = suites.filter((suite) => suite.name !== '' || suite.registered > 0 || suite.isRun);
  const problems: string[] = [];
  if (sum(used, (suite) => suite.registered) === 0) problems.push('has no tests');
  for (const suite of used) {
    const { name, registered, registeredLate, isRun, passed, failureCount } = suite;
    if (!isRun) problems.push(`suite "${name}" was never run: .run() is missing`);
    else if (registered === 0) problems.push(`suite "${name}" has no tests`);
    else if (passed + failureCount !== registered) {
      problems.push(
        `suite "${name}" did not finish: ${registered} tests, ` +
          `${passed} passed, ${failureCount} failed (does a hook throw?)`,
      );
    }
    if (registeredLate > 0) {
      problems.push(`suite "${name}": ${registeredLate} tests were registered after .run()`);
    }
  }
  return problems;
}

function sum<T>(items: T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
