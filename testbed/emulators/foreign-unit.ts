/** Modbus units of others' code, as processes: raw frames with faults, Debian's pymodbus, PTYs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../../build/project-root.ts';
import { freePort } from '../free-port.ts';

/** Debian's own: a Python from elsewhere has none of Debian's packages. */
export const PYTHON = '/usr/bin/python3';
const FOLDER = join(ROOT, 'testbed', 'emulators');
const START_MS = 20_000;

/** A child that answers each line with a line. */
export class ForeignUnit {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];
  #rest = '';
  #err = '';

  private constructor(file: string, args: readonly string[]) {
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (piece) => this.#hear(String(piece)));
    this.#child.stderr?.on('data', (piece) => {
      this.#err += piece;
    });
  }

  /**
   * `testbed/emulators/faulty_unit.py`, which says what its arguments are.
   * @returns it, and what it listens at.
   */
  static async faulty(...args: string[]): Promise<{ unit: ForeignUnit; port: number }> {
    const unit = new ForeignUnit(PYTHON, [join(FOLDER, 'faulty_unit.py'), ...args]);
    const { port = 0 } = JSON.parse(await unit.#nextLine()) as { port?: number };
    return { unit, port };
  }

  /** pymodbus on a TCP port, or at one end of a pair of serial ports. */
  static async pymodbus(kind: 'tcp' | 'rtu-tcp'): Promise<{ unit: ForeignUnit; port: number }> {
    const port = await freePort();
    const unit = new ForeignUnit(PYTHON, [join(FOLDER, 'pymodbus_unit.py'), kind, String(port)]);
    await unit.#nextLine();
    return { unit, port };
  }

  static async pymodbusSerial(path: string): Promise<ForeignUnit> {
    const unit = new ForeignUnit(PYTHON, [join(FOLDER, 'pymodbus_unit.py'), 'serial', path]);
    await unit.#nextLine();
    return unit;
  }

  /** Two serial ports that lead to each other, by socat. */
  static async serialPair(a: string, b: string): Promise<ForeignUnit> {
    const pair = new ForeignUnit('socat', [`pty,raw,echo=0,link=${a}`, `pty,raw,echo=0,link=${b}`]);
    const endMs = performance.now() + START_MS;
    while (!existsSync(a) || !existsSync(b)) {
      if (performance.now() > endMs) throw new Error('socat makes no serial ports');
      await pause(10);
    }
    return pair;
  }

  /** Of the faulty unit; settles when it holds. */
  async command(line: string): Promise<void> {
    const answer = this.#nextLine();
    this.#child.stdin?.write(`${line}\n`);
    await answer;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const isOver = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await isOver;
  }

  #hear(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#waiting.shift()?.(line);
  }

  #nextLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (why: string) => reject(new Error(`the unit ${why}: ${this.#err}`));
      const timer = setTimeout(() => end('says nothing'), START_MS);
      const onEnd = () => end('ended');
      this.#child.once('error', onEnd).once('exit', onEnd);
      this.#waiting.push((line) => {
        clearTimeout(timer);
        this.#child.off('error', onEnd).off('exit', onEnd);
        resolve(line);
      });
    });
  }
}
