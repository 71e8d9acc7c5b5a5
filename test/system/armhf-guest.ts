/**
 * An emulated armhf machine with Debian's own kernel, and a shell in a small initrd. Its GPIO chip
 * is the PL061 of QEMU's `virt`: what the kernel drives is read by the monitor, what it sees is
 * driven by the qtest socket, and every write to the chip is in a trace.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { nodeBinary } from '../../build/node-package.ts';
import { runCommand } from '../../build/run-command.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { armhfPackages } from './armhf-packages.ts';
import { until } from './processes.ts';

/** Registers of the chip: data behind a mask of lines, then the directions. */
const PL061 = 0x09030000;
const DIRECTIONS = PL061 + 0x400;
const LIBRARIES = /^lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+|atomic)\.so\.\d+$/;
const ANSWER_MS = 300_000;

const INIT = `#!/bin/sh
export PATH=/bin HOME=/
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
stty -echo
echo '@"up"'
exec 2>&1
while read -r line; do eval "$line"; done
`;

/** By their path in the machine: text, or the file that it is a copy of. */
export type Files = Record<string, string | { copy: string }>;

export class ArmhfGuest {
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #machine: ChildProcess;
  readonly #monitor: Lines;
  readonly #test: Lines;
  readonly #chip: string;
  readonly #console: Console;

  private constructor(parts: {
    folder: ReturnType<typeof temporaryFolder>;
    machine: ChildProcess;
    monitor: Lines;
    test: Lines;
    chip: string;
    console: Console;
  }) {
    this.#folder = parts.folder;
    this.#machine = parts.machine;
    this.#monitor = parts.monitor;
    this.#test = parts.test;
    this.#chip = parts.chip;
    this.#console = parts.console;
  }

  static async start(files: Files): Promise<ArmhfGuest> {
    const folder = temporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    const kernel = await makeInitrd(at('root'), at('initrd'), files);
    const machine = spawn('qemu-system-arm', machineArguments(kernel, at), {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = new Console(machine);
    const monitor = await Lines.to(at('monitor'));
    const test = await Lines.to(at('qtest'));
    await monitor.next();
    await ask(monitor, { execute: 'qmp_capabilities' });
    const tree = await human(monitor, 'info qom-tree');
    const chip = /(device\[\d+\]) \(pl061\)/.exec(tree)?.[1] ?? '';
    await output.answer();
    return new ArmhfGuest({
      ...{ folder, machine, monitor, test, console: output },
      chip: `/machine/unattached/${chip}`,
    });
  }

  /** The level that a line has, as the world outside the chip sees it. */
  async level(line: number): Promise<boolean> {
    return (await this.#word(PL061 + ((1 << line) << 2))) !== 0;
  }

  async isOutput(line: number): Promise<boolean> {
    return ((await this.#word(DIRECTIONS)) & (1 << line)) !== 0;
  }

  /** Drives an input from outside. */
  async drive(line: number, level: boolean): Promise<void> {
    const command = `set_irq_in ${this.#chip} unnamed-gpio-in ${line} ${level ? 1 : 0}`;
    this.#test.send(command);
    const answer = await this.#test.next();
    if (answer !== 'OK') throw new Error(`${command}: ${answer}`);
  }

  /** All levels that the kernel has told a line to have, from the start. */
  writes(line: number): boolean[] {
    const trace = readFileSync(join(this.#folder.path, 'trace'), 'utf8');
    const found = trace.matchAll(/pl061_write .*offset (0x[0-9a-f]+) value (0x[0-9a-f]+)/g);
    return [...found].flatMap(([, offset, value]) => {
      const mask = Number(offset) >> 2;
      const isData = Number(offset) < 0x400 && (mask & (1 << line)) !== 0;
      return isData ? [(Number(value) & (1 << line)) !== 0] : [];
    });
  }

  /** Runs a command of the shell to its end. */
  async shell(command: string): Promise<{ code: number; output: string }> {
    this.#console.output = '';
    this.#console.send(`${command}; echo "@$?"`);
    const code = Number(await this.#console.answer());
    return { code, output: this.#console.output.trim() };
  }

  /** Starts a program that answers; `tell` speaks to it then. @returns its first answer */
  async begin(command: string): Promise<unknown> {
    this.#console.send(command);
    return JSON.parse(await this.#console.answer());
  }

  async tell(step: object): Promise<unknown> {
    this.#console.send(JSON.stringify(step));
    return JSON.parse(await this.#console.answer());
  }

  /** Tells the program what ends it; the shell is back then. */
  async tellLast(step: object): Promise<void> {
    this.#console.send(JSON.stringify(step));
    await this.shell('true');
  }

  dispose(): void {
    this.#machine.kill('SIGKILL');
    this.#monitor.close();
    this.#test.close();
    this.#folder.dispose();
  }

  async #word(address: number): Promise<number> {
    const text = await human(this.#monitor, `xp /1wx 0x${address.toString(16)}`);
    return Number(/: (0x[0-9a-f]+)/.exec(text)?.[1]);
  }
}

function machineArguments(kernel: string, at: (name: string) => string): string[] {
  return [
    ...['-M', 'virt,highmem=off', '-cpu', 'cortex-a15', '-smp', '2', '-m', '512'],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-qmp', `unix:${at('monitor')},server=on,wait=off`],
    ...['-qtest', `unix:${at('qtest')},server=on,wait=off`, '-qtest-log', 'none'],
    ...['-trace', 'pl061_write', '-D', at('trace')],
    ...['-kernel', kernel, '-initrd', at('initrd')],
    ...['-append', 'console=ttyAMA0 quiet panic=-1'],
  ];
}

/** @returns the kernel that fits. */
async function makeInitrd(root: string, file: string, files: Files): Promise<string> {
  const packages = await armhfPackages();
  const put = (path: string, from: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(from, join(root, path));
  };
  for (const folder of ['proc', 'sys', 'dev', 'tmp']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  put('bin/busybox', join(packages, 'bin', 'busybox'));
  symlinkSync('busybox', join(root, 'bin', 'sh'));
  put('bin/node', await nodeBinary('linux-armv7l'));
  put('lib/ld-linux-armhf.so.3', join(packages, 'lib', 'ld-linux-armhf.so.3'));
  for (const folder of ['lib/arm-linux-gnueabihf', 'usr/lib/arm-linux-gnueabihf']) {
    for (const name of readdirSync(join(packages, folder)).filter((one) => LIBRARIES.test(one))) {
      put(`lib/arm-linux-gnueabihf/${name}`, join(packages, folder, name));
    }
  }
  const all: Files = { '/init': INIT, ...files };
  for (const [path, content] of Object.entries(all)) {
    if (typeof content !== 'string') put(path, content.copy);
    else {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content, { mode: 0o755 });
    }
  }
  const pack = `find . | cpio --quiet -o -H newc -R 0:0 > ${JSON.stringify(file)}`;
  const { code, output } = await runCommand('sh', ['-c', pack], root);
  if (code !== 0) throw new Error(`cpio: ${output}`);
  const kernel = readdirSync(join(packages, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  return join(packages, 'boot', kernel ?? '');
}

async function ask(monitor: Lines, request: object): Promise<unknown> {
  monitor.send(JSON.stringify(request));
  for (;;) {
    const answer = JSON.parse(await monitor.next());
    if (answer.event !== undefined) continue;
    if (answer.error !== undefined) throw new Error(`the monitor: ${answer.error.desc}`);
    return answer.return;
  }
}

async function human(monitor: Lines, command: string): Promise<string> {
  const request = { execute: 'human-monitor-command', arguments: { 'command-line': command } };
  return String(await ask(monitor, request));
}

/** The serial console: answers are the lines that begin with `@`. */
class Console {
  output = '';
  readonly #machine: ChildProcess;
  readonly #answers: string[] = [];
  #rest = '';
  #end: string | null = null;

  constructor(machine: ChildProcess) {
    this.#machine = machine;
    machine.stdout?.on('data', (piece) => this.#take(String(piece)));
    machine.stderr?.on('data', (piece) => {
      this.output += piece;
    });
    machine.on('error', (error) => {
      this.#end = error.message;
    });
    machine.on('close', () => {
      this.#end ??= 'it ended';
    });
  }

  send(line: string): void {
    this.#machine.stdin?.write(`${line}\n`);
  }

  async answer(): Promise<string> {
    const seen = (): string | undefined => {
      if (this.#end !== null) throw new Error(`the machine: ${this.#end}; ${this.output}`);
      return this.#answers.shift();
    };
    return until(`an answer of the machine; it said: ${this.output}`, seen, ANSWER_MS);
  }

  #take(piece: string): void {
    const lines = `${this.#rest}${piece}`.split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('@')) this.#answers.push(line.slice(1));
      else this.output += `${line}\n`;
    }
  }
}

/** A socket of lines. */
class Lines {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (piece) => {
      const lines = `${this.#rest}${piece}`.split(/\r?\n/);
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
    });
  }

  static to(path: string): Promise<Lines> {
    return until(`a socket at ${path}`, () => Lines.#tried(path), ANSWER_MS);
  }

  static #tried(path: string): Promise<Lines | null> {
    return new Promise((resolve) => {
      const socket = createConnection(path);
      socket.once('error', () => resolve(null));
      socket.once('connect', () => resolve(new Lines(socket)));
    });
  }

  send(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  next(): Promise<string> {
    return until('a line of the machine', () => this.#lines.shift(), ANSWER_MS);
  }

  close(): void {
    this.#socket.destroy();
  }
}
