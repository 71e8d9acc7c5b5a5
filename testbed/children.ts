/**
 * Child processes of a run: started with the same Node, logged to files, ended together. Each leads
 * a process group of its own, so that Ctrl-C in a terminal reaches the testbed alone, which then
 * ends them in order; when it must end at once, it takes them along.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './ends-with-us.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

export class ChildError extends Error {
  readonly exitCode: number | null;
  constructor(name: string, exitCode: number | null, tail: string) {
    super(`${name} ended with ${exitCode ?? 'a signal'}${tail ? `: ${tail}` : ''}`);
    this.name = 'ChildError';
    this.exitCode = exitCode;
  }
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit code (null: by a signal) once the process is gone. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Set before a kill that is meant, so that its end is no failure of the run. */
  mayEnd: boolean;
  /** The last lines it wrote. */
  tail(): string;
}

export class Children {
  readonly #running = new Map<string, Child>();
  readonly #commands = new Set<ChildProcess>();
  readonly #killAll = () => {
    for (const child of this.#running.values()) child.kill('SIGKILL');
    for (const command of this.#commands) command.kill('SIGKILL');
  };
  readonly #environment: NodeJS.ProcessEnv;
  readonly #logDir: string;
  #started = 0;
  #isStopped = false;

  constructor(logDir: string, compileCacheDir: string) {
    this.#logDir = logDir;
    // Before anybody removes the files that they write.
    process.prependOnceListener('exit', this.#killAll);
    this.#environment = { ...process.env, NODE_COMPILE_CACHE: compileCacheDir, NO_COLOR: '1' };
  }

  /** Processes started so far, short-lived commands not counted. */
  get started(): number {
    return this.#started;
  }

  running(): Child[] {
    return [...this.#running.values()];
  }

  find(name: string): Child | undefined {
    return this.#running.get(name);
  }

  /**
   * Starts a long-running program of the project, e.g. `agent/main.ts run --config ...`.
   * @param within a program and arguments that it is started by, such as `nsenter`
   */
  start(name: string, args: string[], within: readonly string[] = []): Child {
    const logFile = `${this.#logDir}/${name}.log`;
    const log = createWriteStream(logFile, { flags: 'a' });
    const process_ = this.#spawn(args, within);
    process_.stdout.pipe(log, { end: false });
    process_.stderr.pipe(log, { end: false });
    const ended = exitOf(process_).finally(() => {
      log.end();
      if (this.#running.get(name) === child) this.#running.delete(name);
    });
    const child: Child = {
      name,
      pid: process_.pid ?? -1,
      ended,
      kill: (signal) => void process_.kill(signal),
      mayEnd: false,
      tail: () => lastLines(logFile),
    };
    this.#running.set(name, child);
    this.#started += 1;
    return child;
  }

  /**
   * Runs a command of the project to its end. @returns its stdout
   * @throws ChildError when it fails, also because `stopAll` ended it
   */
  async command(name: string, args: string[]): Promise<string> {
    if (this.#isStopped) throw new ChildError(name, null, 'the run ends');
    const child = this.#spawn(args);
    this.#commands.add(child);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk));
    const code = await exitOf(child).finally(() => this.#commands.delete(child));
    if (code !== 0) throw new ChildError(name, code, err.trim().split('\n').slice(-3).join(' | '));
    return out;
  }

  /** SIGTERM to all, SIGKILL to those that are still there after `graceMs`. Starts no more. */
  async stopAll(graceMs: number): Promise<void> {
    this.#isStopped = true;
    for (const command of this.#commands) command.kill('SIGKILL');
    const children = this.running();
    for (const child of children) child.kill('SIGTERM');
    const timer = setTimeout(this.#killAll, graceMs);
    const commands = [...this.#commands].map((command) => exitOf(command));
    await Promise.allSettled([...children.map((child) => child.ended), ...commands]);
    clearTimeout(timer);
    process.removeListener('exit', this.#killAll);
  }

  #spawn(
    args: string[],
    within: readonly string[] = [],
  ): ChildProcessByStdio<null, Readable, Readable> {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
    const [program = '', ...rest] = [...within, ...node, ...args];
    return spawn(...endsWithUs(program, rest), {
      cwd: PROJECT,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ');
  } catch {
    return '';
  }
}
