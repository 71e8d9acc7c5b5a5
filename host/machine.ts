/** What this machine says of itself: small files of the kernel, users, disks, other programs. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { fileError, writeWhole } from './files.ts';

/** More of a file than this is never wanted. */
const MAX_TEXT_BYTES = 256 * 1024;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const RUN_MS = 10_000;
const PRIVATE_MODE = 0o600;

export interface UserEntry {
  name: string;
  id: number;
  group: number;
}

export function nodeMachine() {
  return {
    text: readStart,
    names: (folder: string): string[] => orElse([], () => readdirSync(folder)),
    link: (path: string): string | null => orElse(null, () => realpathSync(path)),
    disk: (path: string) =>
      orElse(null, () => {
        const { bsize, bavail, blocks } = statfsSync(path);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),
    user: currentUser,
    pid: process.pid,
    kill,
    run: runProgram,
    hand: handOver,
    writeBytes,
    versions: (): Record<string, string> => ({
      node: process.versions.node,
      icu: process.versions.icu ?? '',
      tz: process.versions.tz ?? '',
      platform: `${process.platform} ${process.arch}`,
    }),
  };
}

/** This machine's clock, be it right or not; ms since the epoch. */
export function machineNowMs(): number {
  return Date.now();
}

/** Users of /etc/passwd; those of other sources are not seen. */
export function findUser(name: string): UserEntry | null {
  for (const line of linesOf('/etc/passwd')) {
    const [user = '', , id = '', group = ''] = line.split(':');
    if (user === name) return { name, id: Number(id), group: Number(group) };
  }
  return null;
}

export function findGroups(): { name: string; id: number; members: string[] }[] {
  return linesOf('/etc/group').map((line) => {
    const [name = '', , id = '', members = ''] = line.split(':');
    return { name, id: Number(id), members: members.split(',') };
  });
}

function currentUser() {
  const id = process.geteuid?.() ?? -1;
  const gids = new Set([process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])]);
  const name = linesOf('/etc/passwd')
    .map((line) => line.split(':'))
    .find((fields) => Number(fields[2]) === id)?.[0];
  const groups = findGroups().filter((group) => gids.has(group.id));
  return { id, name: name ?? String(id), groups: groups.map((group) => group.name) };
}

function linesOf(path: string): string[] {
  return orElse('', () => readFileSync(path, 'utf8'))
    .split('\n')
    .filter((line) => line !== '');
}

/** Files under /proc and /sys tell no size, and some do not end. */
function readStart(path: string): string | null {
  return orElse(null, () => {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(MAX_TEXT_BYTES);
      let length = 0;
      for (;;) {
        const count = readSync(file, bytes, length, bytes.length - length, null);
        length += count;
        if (count === 0 || length === bytes.length) break;
      }
      return bytes.toString('utf8', 0, length);
    } finally {
      closeSync(file);
    }
  });
}

function kill(pid: number, how: 'probe' | 'SIGKILL'): 'done' | 'denied' | 'gone' {
  try {
    process.kill(pid, how === 'probe' ? 0 : how);
    return 'done';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') return 'denied';
    if (code === 'ESRCH') return 'gone';
    throw error;
  }
}

async function runProgram(file: string, words: readonly string[], timeoutMs = RUN_MS) {
  const ended = spawnSync(file, [...words], {
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (ended.error !== undefined && isMissing(ended.error)) return null;
  return { code: ended.status, out: ended.stdout ?? '', err: ended.stderr ?? '' };
}

function handOver(file: string, words: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...words], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => (isMissing(error) ? resolve(null) : reject(error)));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function isMissing(error: Error): boolean {
  return 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');
}

function writeBytes(path: string, bytes: Uint8Array): void {
  try {
    if (path !== '-') writeWhole(path, bytes, PRIVATE_MODE);
    else for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
  } catch (cause) {
    throw fileError(path, 'write', cause);
  }
}

function orElse<T>(otherwise: T, work: () => T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
