/** Where a run keeps its configs, databases, sockets and logs, and how that is cleared away. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunOptions } from './options.ts';

const MEMORY_PLACE = '/dev/shm';
/**
 * What the system takes as the path of a socket, and the longest that is made below a run's folder.
 */
const SOCKET_PATH_BYTES = 107;
const LONGEST_SOCKET = 'XXXXXX/home-000/agent.sock';
/** More than a hundred homes write in a day. */
const MEMORY_BYTES = 2 ** 31;

/** What ends a run and a person can do something about, in one sentence. */
export class RunError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RunError';
  }
}

/** The folder of a run, and what is to be closed before it goes. */
export class Place {
  readonly directory: string;
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #remove: () => void;

  /** @throws RunError when there can be no folder */
  constructor(options: RunOptions) {
    this.directory = runDirectory(options);
    this.#remove =
      options.keepDir === null
        ? () => rmSync(this.directory, { recursive: true, force: true })
        : () => {};
    process.once('exit', this.#remove);
    mkdirSync(join(this.directory, 'logs'));
  }

  /** What was opened last is closed first. */
  toClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.#remove();
    process.removeListener('exit', this.#remove);
  }
}

/**
 * As fast as it goes, a hundred homes wait mostly for the disk: then the files live in memory, if
 * the system has a place for that. They are synced all the same.
 */
function temporaryPlace(speed: RunOptions['speed']): string {
  if (speed !== 'max') return tmpdir();
  try {
    accessSync(MEMORY_PLACE, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(MEMORY_PLACE);
    return bavail * bsize >= MEMORY_BYTES ? MEMORY_PLACE : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** @throws RunError when the folder to keep is there already, or none can be made */
function runDirectory({ keepDir, speed }: RunOptions): string {
  const base = keepDir === null ? join(temporaryPlace(speed), 'transax-') : resolve(keepDir);
  if (keepDir !== null && existsSync(base)) {
    throw new RunError(`${base} is there already: name a new folder`);
  }
  if (Buffer.byteLength(join(base, LONGEST_SOCKET)) > SOCKET_PATH_BYTES) {
    throw new RunError(
      `${base} is too long a path for sockets in it: use another (--keep, TMPDIR)`,
    );
  }
  try {
    if (keepDir === null) return mkdtempSync(base);
    mkdirSync(base, { recursive: true });
    return base;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new RunError(`there can be no folder for this run (--keep, TMPDIR): ${why}`, cause);
  }
}
