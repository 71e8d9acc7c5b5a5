/**
 * uvu as test files see it under our runner: the same functions, which also count what was
 * registered, so that a suite whose `.run()` was forgotten cannot pass unseen.
 */

import { suite as uvuSuite } from 'uvu';
import type { SuiteReport } from './test-harness.ts';

type Handler = () => void | Promise<void>;
interface CountedSuite {
  (name: string, handler: Handler): void;
  run(): void;
}

const { transaxSuites: reports } = globalThis as { transaxSuites?: SuiteReport[] };

export function suite(name: string): CountedSuite {
  const plain = uvuSuite(name);
  const report: SuiteReport = {
    name,
    registered: 0,
    registeredLate: 0,
    isRun: false,
    passed: 0,
    failures: '',
    failureCount: 0,
  };
  reports?.push(report);
  const counted = (testName: string, handler: Handler): void => {
    if (report.isRun) report.registeredLate += 1;
    else report.registered += 1;
    plain(testName, handler);
  };
  const { before, after, only, skip } = plain;
  return Object.assign(counted, {
    before,
    after,
    only,
    skip,
    run: () => {
      report.isRun = true;
      plain.run();
    },
  });
}

export const test = suite('');
