/**
 * A network namespace for agents in which only their meters can be reached. The testbed, the chain,
 * the DSO and Tor are outside; only Tor's Unix socket, which is a file, leads out. Needs root.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ROOT } from '../../build/project-root.ts';
import { endsWithUs } from '../../testbed/ends-with-us.ts';

/** Packets that were sent in the namespace. */
export interface Packets {
  meters: number;
  /** By protocol and destination: what tried to get out. */
  others: Readonly<Record<string, number>>;
}

type Piped = ChildProcessByStdio<Writable, Readable, null>;

export class HouseNamespace {
  /** Starts a program in it: these words, then the program's own. */
  readonly within: readonly string[];
  readonly #holder: Piped;
  readonly #told: AsyncIterator<string>;
  readonly #doors: Server[] = [];
  #sniffer: { child: Piped; told: AsyncIterator<string> } | null = null;

  private constructor(holder: Piped, told: Interface) {
    this.#holder = holder;
    this.#told = told[Symbol.asyncIterator]();
    this.within = ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'];
  }

  /** @throws Error where the system lets nobody make namespaces */
  static async start(): Promise<HouseNamespace> {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
    const holder = spawnPiped(['unshare', '--net', ...node, 'test/tor/house-holder.ts']);
    const house = new HouseNamespace(holder, createInterface({ input: holder.stdout }));
    await house.#hear('ready');
    return house;
  }

  /** Lets these meters answer in it, and counts packets from now on. */
  async open(ports: readonly number[], folder: string): Promise<void> {
    for (const port of ports) {
      const path = join(folder, `meter-${port}`);
      const door = createServer((inside) => {
        const meter = connect(port, '127.0.0.1');
        inside.pipe(meter).pipe(inside);
        inside.on('error', () => meter.destroy());
        meter.on('error', () => inside.destroy());
      });
      door.listen(path);
      await once(door, 'listening');
      this.#doors.push(door);
      this.#holder.stdin.write(`${port} ${path}\n`);
      await this.#hear(`meter ${port}`);
    }
    const script = join(ROOT, 'test/tor/sniffer.py');
    const child = spawnPiped([...this.within, '/usr/bin/python3', script, ...ports.map(String)]);
    const told = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#sniffer = { child, told };
    await told.next();
  }

  async packets(): Promise<Packets> {
    if (this.#sniffer === null) throw new Error('nobody listens yet');
    this.#sniffer.child.stdin.write('\n');
    const line = await this.#sniffer.told.next();
    return JSON.parse(line.value) as Packets;
  }

  async close(): Promise<void> {
    for (const door of this.#doors) door.close();
    for (const child of [this.#sniffer?.child, this.#holder]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }

  async #hear(word: string): Promise<void> {
    const { value, done } = await this.#told.next();
    if (done) throw new Error('there can be no network namespace here (are you root?)');
    if (value !== word) throw new Error(`the holder of the namespace said "${value}"`);
  }
}

function spawnPiped([program = '', ...args]: readonly string[]): Piped {
  return spawn(...endsWithUs(program, args), { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
}
