/**
 * Runs inside the child process of one test file: `node build/test-harness.ts FILE`. It loads the
 * file with a counting `uvu` (build/counted-uvu.ts) in place of the plain one, runs its suites and
 * writes what it saw as JSON to file descriptor 3.
 */

import { writeSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** One suite as the runner gets to know it. */
export interface SuiteReport {
  name: string;
  /** Tests registered before `.run()`, and after it (those never run). */
  registered: number;
  registeredLate: number;
  isRun: boolean;
  passed: number;
  /** uvu's own text on the failures. */
  failures: string;
  failureCount: number;
}

type QueuedRun = () => Promise<[string | true, number, number, number]>;
interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_QUEUE?: (string | null | QueuedRun)[][];
  transaxSuites?: SuiteReport[];
}

/** Newer than the types of Node that the project is checked against. */
interface ModuleHooks {
  registerHooks(hooks: {
    resolve(
      name: string,
      context: { parentURL?: string },
      next: (name: string, context: object) => object,
    ): object;
  }): void;
}

const REPORT_FD = 3;
const COUNTED = new URL('./counted-uvu.ts', import.meta.url).href;
const globals = globalThis as UvuGlobals;

async function main(file: string): Promise<void> {
  // With UVU_DEFER set, `.run()` only queues; this harness then runs the queue and keeps results.
  globals.UVU_DEFER = 1;
  globals.UVU_QUEUE = [[]];
  globals.transaxSuites = [];
  (nodeModule as unknown as ModuleHooks).registerHooks({
    resolve: (name, context, next) =>
      name === 'uvu' && context.parentURL !== COUNTED
        ? { url: COUNTED, shortCircuit: true }
        : next(name, context),
  });
  await import(pathToFileURL(resolve(file)).href);
  const suites = globals.transaxSuites;
  const ran = suites.filter(({ isRun }) => isRun);
  for (const [index, run] of (globals.UVU_QUEUE[0] ?? []).entries()) {
    if (typeof run !== 'function') continue;
    const [errors, passed] = await run();
    const suite = ran[index];
    if (suite === undefined) throw new Error('more suites were run than were made');
    suite.passed = passed;
    suite.failures = errors === true ? '' : errors;
    suite.failureCount = errors === true ? 0 : (errors.match(/^ {2} FAIL /gm) ?? []).length;
  }
  writeSync(REPORT_FD, JSON.stringify(suites));
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('which test file?');
await main(file);
