/** The project's programs as people run them: real processes, their output, their end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../../build/project-root.ts';

/** How a program is called; arguments follow. */
export interface Program {
  command: readonly [string, ...string[]];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

const ENV = {
  ...process.env,
  NO_COLOR: '1',
  /** Tests that run as root stay root, whoever is installed here. */
  TRANSAX_USER: 'root',
  NODE_COMPILE_CACHE: join(ROOT, '.cache', 'compile'),
};

function fromSource(main: string): Program {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
  return { command: [...node, join(ROOT, main)], cwd: ROOT, env: ENV };
}

export const AGENT: Program = fromSource('agent/main.ts');
export const OPERATOR: Program = fromSource('operator/main.ts');

/** A program that runs until it ends or is killed. */
export class Started {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #out = '';
  #err = '';

  constructor(program: Program, ...args: string[]) {
    const [file, ...rest] = program.command;
    const { cwd, env } = program;
    this.#child = spawn(file, [...rest, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (piece) => {
      this.#out += piece;
    });
    this.#child.stderr?.on('data', (piece) => {
      this.#err += piece;
    });
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** All it has said on stderr, line by line. */
  get lines(): string[] {
    return this.#err.split('\n').filter((line) => line !== '');
  }

  /** Lines at these levels of the log, without those that tell of the lab's settings. */
  complaints(): string[] {
    return this.lines.filter((line) => / (warn|error) +\S/.test(line) && !/\(lab\)/.test(line));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, and what became of it. */
  async stop(): Promise<Ended> {
    this.kill('SIGTERM');
    const force = setTimeout(() => this.kill('SIGKILL'), 30_000);
    const ended = await this.ended;
    clearTimeout(force);
    return ended;
  }

  async #end(): Promise<Ended> {
    const [code] = await once(this.#child, 'close');
    return { code, out: this.#out, err: this.#err };
  }
}

export function run(program: Program, ...args: string[]): Promise<Ended> {
  return new Started(program, ...args).ended;
}

const LOOK_MS = 50;

/** Looks until something is there. @throws Error when it is not in time. */
export async function until<T>(
  what: string,
  look: () => T | null | false | undefined | Promise<T | null | false | undefined>,
  deadlineMs = 120_000,
): Promise<T> {
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false && found !== undefined) return found;
    if (performance.now() > endsAt) throw new Error(`in ${deadlineMs / 1000} s not seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
