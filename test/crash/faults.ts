/**
 * Faults below SQLite, in the real process: strace ends it with SIGKILL at the entry of its k-th
 * write, fsync or the like on a file of its state, or makes that call fail. strace's log tells
 * whether the fault happened.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const CALLS = ['pwrite64', 'write', 'fsync', 'fdatasync', 'ftruncate', 'rename', 'unlink'];

/** Whose calls are counted. */
export type Files = 'wallet' | 'journal' | 'both';

export interface Fault {
  files: Files;
  /** One of `CALLS`. */
  call: string;
  /** Which of these calls since the start of the process, from 1. */
  at: number;
  effect: 'SIGKILL' | 'EIO' | 'ENOSPC';
  /** So many calls in a row fail; 1 where the process is killed. */
  times: number;
}

const DATABASES: Record<Files, readonly string[]> = {
  wallet: ['wallet.db'],
  journal: ['journal.db'],
  both: ['wallet.db', 'journal.db'],
};
const PARTS = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal', '.meta.json'];

/**
 * What an agent is started by, so that the fault happens to it. The process that strace is told to
 * start is the child of who starts strace (`-D`): its signals and its end are the agent's own.
 * @param folder of the agent's state
 */
export function traced(fault: Fault, folder: string, logFile: string): string[] {
  const { files, call, at, effect, times } = fault;
  const paths = DATABASES[files].flatMap((name) =>
    PARTS.flatMap((part) => ['-P', join(folder, name + part)]),
  );
  const when = times === 1 ? `${at}` : `${at}..${at + times - 1}`;
  const what = effect === 'SIGKILL' ? 'signal=SIGKILL' : `error=${effect}`;
  return [
    ...['strace', '-D', '-f', '-qq', '-o', logFile, ...paths, '-e', `trace=${CALLS.join(',')}`],
    ...['-e', `inject=${call}:${what}:when=${when}`],
  ];
}

/** Counts calls on state files, and changes nothing; a log for each thread, named by its number. */
export function counted(logBase: string): string[] {
  return ['strace', '-D', '-ff', '-ttt', '-y', '-o', logBase, '-e', `trace=${CALLS.join(',')}`];
}

/** Whether the fault happened at the call it was meant for, by what strace wrote down. */
export function hasHappened({ call, at, effect }: Fault, logFile: string): boolean {
  if (!existsSync(logFile)) return false;
  const lines = readFileSync(logFile, 'utf8').split('\n');
  if (effect !== 'SIGKILL') {
    return lines.some((line) => line.includes(`${effect} (`) && line.endsWith('(INJECTED)'));
  }
  // Only calls on state files are in it, and those come from one thread.
  const entered = lines.filter((line) => new RegExp(`^\\d+ +${call}\\(`).test(line));
  const isKilled = lines.some((line) => line.includes('+++ killed by SIGKILL +++'));
  return entered.length === at && isKilled && !/\) += \d/.test(entered.at(-1) ?? '');
}

/** @returns how often each call was made on a state file in the first `seconds` of the process */
export function countsIn(logFile: string, seconds: number): Map<string, number> {
  const counts = new Map<string, number>();
  if (!existsSync(logFile)) return counts;
  let first: number | null = null;
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    const [, at, call] = /^(\d+\.\d+) (\w+)\(.*(?:wallet|journal)\.db/.exec(line) ?? [];
    if (at === undefined || call === undefined) continue;
    first ??= Number(at);
    if (Number(at) - first <= seconds) counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return counts;
}

export function inWords({ files, call, at, effect, times }: Fault): string {
  const where = files === 'both' ? 'wallet or journal' : files;
  const calls = times === 1 ? `${call} ${at}` : `${call} ${at} to ${at + times - 1}`;
  return `${effect} at ${calls} (${where})`;
}
