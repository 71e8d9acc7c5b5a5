/**
 * Processes that do not outlive the testbed, not even when it is killed with SIGKILL: where Linux
 * has util-linux's setpriv, the kernel ends them with the process that started them. Elsewhere they
 * stay behind in that one case.
 */
import { spawnSync } from 'node:child_process';

const SETPRIV = ['setpriv', '--pdeathsig', 'KILL'] as const;

let isThere: boolean | null = null;

/** @returns program and arguments to start instead; the process is the same in the end */
export function endsWithUs(program: string, args: string[]): [program: string, args: string[]] {
  const [setpriv, ...options] = SETPRIV;
  isThere ??= spawnSync(setpriv, [...options, 'true'], { stdio: 'ignore' }).status === 0;
  return isThere ? [setpriv, [...options, program, ...args]] : [program, args];
}
