/** One tor: started, stopped, killed and started again; it ends with us. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endsWithUs } from '../ends-with-us.ts';
import { Control } from './control.ts';
import { TorError } from './tor-error.ts';

const LOOK_MS = 50;
/** From the start of a process until others of the network let it do its work. */
const BOOTSTRAP_MS = 60_000;
const END_MS = 2_000;
/** Clock ticks per second, which Linux has in /proc whatever its timer does. */
const TICKS = 100;

const running = new Set<ChildProcess>();

// Before anybody removes the files that they write.
process.prependOnceListener('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class TorProcess {
  readonly name: string;
  readonly directory: string;
  #child: ChildProcess | null = null;
  #mayEnd = false;
  /** Of the processes that are gone. */
  #spentCpuSeconds = 0;

  constructor(name: string, directory: string) {
    this.name = name;
    this.directory = directory;
    // Tor wants a folder that nobody else can read.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  configure(torrc: string): void {
    writeFileSync(join(this.directory, 'torrc'), torrc);
  }

  start(): void {
    if (this.#child !== null) throw new TorError('start', `${this.name} runs already`);
    const torrc = join(this.directory, 'torrc');
    // In a process group of its own: Ctrl-C must not end it before those who use it.
    const said = openSync(this.#saidFile, 'a');
    const child = spawn(...endsWithUs('tor', ['--hush', '-f', torrc]), {
      stdio: ['ignore', said, said],
      detached: true,
    });
    closeSync(said);
    running.add(child);
    this.#mayEnd = false;
    this.#child = child;
    const gone = () => {
      running.delete(child);
      if (this.#child === child) this.#child = null;
    };
    child.once('error', gone).once('exit', gone);
  }

  /** @throws TorError when it has ended although nobody asked it to */
  check(): void {
    if (this.#child !== null || this.#mayEnd) return;
    throw new TorError('start', `tor of ${this.name} has ended: ${this.tail()}`);
  }

  /** SIGKILL: everything that it knew by heart is lost. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGSTOP: its sockets stay open and nothing moves. */
  stop(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** After `stop`. */
  cont(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Kills it, starts it anew with the same files and waits until it can be used. */
  async restart(signal?: AbortSignal): Promise<void> {
    await this.kill();
    this.start();
    await this.bootstrapped(performance.now() + BOOTSTRAP_MS, signal);
  }

  /** For good: SIGTERM, then SIGKILL. */
  async end(): Promise<void> {
    this.cont();
    const force = setTimeout(() => this.#child?.kill('SIGKILL'), END_MS);
    await this.#end('SIGTERM');
    clearTimeout(force);
  }

  /** A new connection to its control port, as soon as it answers. @throws TorError */
  control(endsAt = performance.now() + BOOTSTRAP_MS, signal?: AbortSignal): Promise<Control> {
    return this.until('its control port', endsAt, signal, () =>
      existsSync(join(this.directory, 'control')) ? Control.open(this.directory) : null,
    );
  }

  /** Waits until it can build circuits. @throws TorError */
  async bootstrapped(endsAt: number, signal?: AbortSignal): Promise<void> {
    const control = await this.control(endsAt, signal);
    try {
      await this.until('100 % of its start', endsAt, signal, async () =>
        (await control.bootstrapPercent()) === 100 ? true : null,
      );
    } finally {
      control.close();
    }
  }

  /** Looks until there is something; errors of `look` count as nothing. @throws TorError */
  async until<T>(
    what: string,
    endsAt: number,
    signal: AbortSignal | undefined,
    look: () => Promise<T | null> | T | null,
  ): Promise<T> {
    for (;;) {
      signal?.throwIfAborted();
      this.check();
      let why: unknown = null;
      try {
        const found = await look();
        if (found !== null) return found;
      } catch (cause) {
        why = cause;
      }
      if (performance.now() > endsAt) {
        throw new TorError('late', `${this.name} has not shown ${what}: ${this.tail()}`, why);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** CPU time of this tor so far, of earlier processes too. */
  cpuSeconds(): number {
    return this.#spentCpuSeconds + this.#cpuSecondsNow();
  }

  residentKiB(): number {
    const status = this.#proc('status');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }

  /** The last lines of its log; before it has one, of what it said. */
  tail(): string {
    const log = join(this.directory, 'notice.log');
    const from = existsSync(log) ? log : this.#saidFile;
    const text = existsSync(from) ? readFileSync(from, 'utf8').trim() : '';
    return text === '' ? 'it said nothing' : text.split('\n').slice(-3).join(' | ');
  }

  get #saidFile(): string {
    return join(this.directory, 'said.log');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#mayEnd = true;
    this.#spentCpuSeconds += this.#cpuSecondsNow();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  #cpuSecondsNow(): number {
    // The name of the program, in brackets, may hold anything.
    const fields = this.#proc('stat')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
  }

  #proc(file: string): string {
    if (this.pid === null) return '';
    try {
      return readFileSync(`/proc/${this.pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  }
}
