/**
 * An emulated home network: a namespace for agents, with one cable to a second one, where the
 * devices of the home are, and beyond them a host and a DNS server that nobody in the home has any
 * business with. Packets from the agents are counted at the far end of the cable. Needs root.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ROOT } from '../../build/project-root.ts';
import { endsWithUs } from '../../testbed/ends-with-us.ts';
import type { Program } from './processes.ts';

/** Where the home's devices are: a private address. */
export const DEVICES = '10.77.0.1';
const AGENTS = '10.77.0.2';
/** Addresses of documentation (RFC 5737), in no allow-list. */
export const CANARY = '203.0.113.80';
const DNS = '203.0.113.53';

/** Packets from the agents, by whom they were for. */
export interface Packets {
  devices: number;
  canary: number;
  dns: number;
  /** By protocol and destination. */
  others: Readonly<Record<string, number>>;
}

type Piped = ChildProcessByStdio<Writable, Readable, null>;

export class HomeNetwork {
  readonly #holders: Piped[] = [];
  readonly #doors: Server[] = [];
  readonly #within: readonly string[];
  #world: { child: Piped; told: AsyncIterator<string> } | null = null;

  private constructor(holders: Piped[], within: readonly string[]) {
    this.#holders = holders;
    this.#within = within;
  }

  /** @param folder for the file that names the DNS server */
  static async start(folder: string): Promise<HomeNetwork> {
    const home = await hold(['unshare', '--net', '--mount']);
    const world = await hold(['unshare', '--net']);
    const network = new HomeNetwork(
      [home, world],
      ['nsenter', `--net=/proc/${home.pid}/ns/net`, `--mount=/proc/${home.pid}/ns/mnt`, '--'],
    );
    const inHome = (...words: string[]) => run([...network.#within, ...words]);
    const inWorld = (...words: string[]) => run([...inNet(world), ...words]);
    try {
      inWorld('ip', 'link', 'add', 'world', 'type', 'veth', 'peer', 'name', 'home');
      // Else the kernel itself speaks: router solicitations.
      inWorld('ip', 'link', 'set', 'world', 'addrgenmode', 'none');
      inWorld('ip', 'link', 'set', 'home', 'addrgenmode', 'none', 'netns', `${home.pid}`);
      for (const address of [`${DEVICES}/24`, `${CANARY}/32`, `${DNS}/32`]) {
        inWorld('ip', 'address', 'add', address, 'dev', 'world');
      }
      inHome('ip', 'address', 'add', `${AGENTS}/24`, 'dev', 'home');
      for (const link of ['lo', 'world']) inWorld('ip', 'link', 'set', link, 'up');
      for (const link of ['lo', 'home']) inHome('ip', 'link', 'set', link, 'up');
      inHome('ip', 'route', 'add', 'default', 'via', DEVICES);
      const resolver = join(folder, 'resolv.conf');
      writeFileSync(resolver, `nameserver ${DNS}\noptions timeout:1 attempts:1\n`);
      inHome('mount', '--bind', resolver, '/etc/resolv.conf');
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** The same program, in the home. */
  inside({ command: [file, ...rest], ...program }: Program): Program {
    const [first = 'nsenter', ...words] = this.#within;
    return { ...program, command: [first, ...words, file, ...rest] };
  }

  /** Lets devices at these ports of this machine answer in the home; counts from now on. */
  async open(ports: readonly number[], folder: string): Promise<void> {
    const doors: string[] = [];
    for (const port of new Set(ports)) {
      const path = join(folder, `device-${port}`);
      const door = createServer((inside) => {
        const device = connect(port, '127.0.0.1');
        inside.pipe(device).pipe(inside);
        inside.on('error', () => device.destroy());
        device.on('error', () => inside.destroy());
      });
      door.listen(path);
      await once(door, 'listening');
      this.#doors.push(door);
      doors.push(`${port}=${path}`);
    }
    const [, holder] = this.#holders;
    if (holder === undefined) throw new Error('no namespace for the world');
    const script = join(ROOT, 'test/system/home_network.py');
    const words = ['world', DEVICES, CANARY, DNS, ...doors];
    const child = piped([...inNet(holder), '/usr/bin/python3', script, ...words]);
    const told = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#world = { child, told };
    if ((await told.next()).value !== 'ready') throw new Error('the home network did not start');
  }

  async packets(): Promise<Packets> {
    if (this.#world === null) throw new Error('nobody counts yet');
    this.#world.child.stdin.write('\n');
    return JSON.parse((await this.#world.told.next()).value) as Packets;
  }

  async close(): Promise<void> {
    for (const door of this.#doors) door.close();
    for (const child of [this.#world?.child, ...this.#holders]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
}

/** A process that keeps a namespace, until it is killed. */
async function hold(how: readonly string[]): Promise<Piped> {
  const child = piped([...how, 'sh', '-c', 'echo ready; exec cat']);
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (value !== 'ready') throw new Error('there can be no network namespace here (are you root?)');
  return child;
}

function inNet(holder: Piped): string[] {
  return ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'];
}

function run([program = '', ...words]: readonly string[]): void {
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function piped([program = '', ...words]: readonly string[]): Piped {
  return spawn(...endsWithUs(program, words), { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
}
