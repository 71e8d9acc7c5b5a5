/**
 * A private Tor network on this machine: three authorities, two exits, clients and onion services,
 * each a real tor. It is ready in about twenty seconds, when onion services can be reached at the
 * first try; calls before that fail, and a client that failed waits long before it tries again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { type ReservedPort, reservePort } from '../reserved-port.ts';
import type { Control } from './control.ts';
import { giveKeys } from './relay-keys.ts';
import { TorError } from './tor-error.ts';
import { TorProcess } from './tor-process.ts';
import { clientTorrc, onionTorrc, type Relay, relayTorrc } from './torrc.ts';

const AUTHORITIES = ['auth0', 'auth1', 'auth2'];
const EXITS = ['exit0', 'exit1'];
/** Of the whole start. */
const READY_MS = 90_000;
const PROGRAMS = ['tor', 'tor-gencert'];
/** A service tells several relays of itself, each of which a client may ask. */
const UPLOADS = 2;
const QUIET_MS = 1_500;

export interface OnionService {
  /** Letters and digits, as Tor wants its nicknames. */
  name: string;
  /** Of loopback, to which it leads. */
  port: number;
  /** Each connection begins with a line of the PROXY protocol that names its circuit. */
  tellsCircuits?: boolean;
}

export interface TorNetworkOptions {
  /** Its path must leave room for sockets in it: 107 bytes in all. */
  directory: string;
  onionServices: readonly OnionService[];
  /** Names of the clients; `client` alone by default. */
  clients?: readonly string[];
  signal?: AbortSignal;
}

/** @throws TorError when this machine has no tor */
export function requireTor(): void {
  const missing = PROGRAMS.find((program) => !isOnPath(program));
  if (missing === undefined) return;
  throw new TorError('missing', `${missing} is missing: apt-get install tor`);
}

export class TorNetwork {
  /** From the start until everything can be reached. */
  readonly readyMs: number;
  readonly #relays: TorProcess[];
  readonly #clients: TorProcess[];
  readonly #services: TorProcess[];

  private constructor(readyMs: number, members: Members) {
    this.readyMs = readyMs;
    this.#relays = [...members.authorities, ...members.exits];
    this.#clients = members.clients;
    this.#services = members.services;
  }

  /** @throws TorError; the signal's reason when it aborts */
  static async start(options: TorNetworkOptions): Promise<TorNetwork> {
    requireTor();
    const startedAt = performance.now();
    const members = await prepare(options);
    try {
      await bringUp(members, { endsAt: startedAt + READY_MS, signal: options.signal });
      return new TorNetwork(performance.now() - startedAt, members);
    } catch (cause) {
      members.release();
      await endAll(members);
      throw cause;
    }
  }

  /** @param name the only client by default */
  client(name?: string): TorProcess {
    return this.#member(this.#clients, name ?? this.#clients[0]?.name ?? 'client');
  }

  /** SOCKS 5 on a Unix socket. */
  socks(client?: string): string {
    return join(this.client(client).directory, 'socks');
  }

  /** An authority or an exit: `auth0` to `auth2`, `exit0`, `exit1`. */
  relay(name: string): TorProcess {
    return this.#member(this.#relays, name);
  }

  /** The process behind an onion service. */
  service(name: string): TorProcess {
    return this.#member(this.#services, name);
  }

  /** `http://ADDRESS.onion` of a service. */
  onionUrl(name: string): string {
    return `http://${hostname(this.service(name))}`;
  }

  /** Starts an onion service anew, until its descriptor is out again. @throws TorError */
  async restartService(name: string): Promise<void> {
    const service = this.service(name);
    await service.kill();
    service.start();
    await published(service, { endsAt: performance.now() + READY_MS });
  }

  all(): TorProcess[] {
    return [...this.#relays, ...this.#services, ...this.#clients];
  }

  cpuSeconds(): number {
    return this.all().reduce((sum, one) => sum + one.cpuSeconds(), 0);
  }

  residentMiB(): number {
    return this.all().reduce((sum, one) => sum + one.residentKiB(), 0) / 1024;
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((one) => one.end()));
  }

  #member(list: TorProcess[], name: string): TorProcess {
    const found = list.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no ${name} in this Tor network`);
    return found;
  }
}

interface Members {
  authorities: TorProcess[];
  exits: TorProcess[];
  clients: TorProcess[];
  services: TorProcess[];
  dirPorts: number[];
  /** Lets go of the ports, for the relays. */
  release: () => void;
}

interface Patience {
  endsAt: number;
  signal?: AbortSignal | undefined;
}

/** Keys, ports and settings of everybody. */
async function prepare(options: TorNetworkOptions): Promise<Members> {
  const processOf = (name: string) => new TorProcess(name, join(options.directory, name));
  const held: ReservedPort[] = [];
  const hold = async () => {
    const port = await reservePort();
    held.push(port);
    return port.port;
  };
  const authorities = AUTHORITIES.map(processOf);
  const exits = EXITS.map(processOf);
  const relays: Relay[] = await Promise.all(
    [...authorities, ...exits].map(async ({ name, directory }) => ({
      name,
      ...(await giveKeys(name, AUTHORITIES.includes(name), directory)),
      orPort: await hold(),
      dirPort: await hold(),
    })),
  );
  for (const one of [...authorities, ...exits]) {
    const relay = relays.find(({ name }) => name === one.name);
    if (relay !== undefined) one.configure(relayTorrc(relay, one.directory, relays));
  }
  const clients = (options.clients ?? ['client']).map((name) => {
    const one = processOf(name);
    one.configure(clientTorrc(name, one.directory, relays));
    return one;
  });
  const services = options.onionServices.map((service) => {
    const one = processOf(service.name);
    one.configure(onionTorrc(service, one.directory, relays));
    return one;
  });
  return {
    ...{ authorities, exits, clients, services },
    dirPorts: relays.slice(0, authorities.length).map(({ dirPort }) => dirPort),
    release: () => {
      for (const port of held.splice(0)) port.release();
    },
  };
}

async function bringUp(members: Members, patience: Patience): Promise<void> {
  const { authorities, exits, clients, services, dirPorts, release } = members;
  const { endsAt, signal } = patience;
  release();
  for (const one of authorities) one.start();
  const relays = authorities.length + exits.length;
  await Promise.all(
    authorities.map((one, at) =>
      one.until('its directory', endsAt, signal, () => accepts(dirPorts[at] ?? 0)),
    ),
  );
  for (const one of exits) one.start();
  await Promise.all(
    authorities.map((one) =>
      one.until('a consensus with all relays', endsAt, signal, () => {
        for (const exit of exits) exit.check();
        return runningIn(one) === relays ? true : null;
      }),
    ),
  );
  for (const one of [...services, ...clients]) one.start();
  await Promise.all([
    ...clients.map((one) => one.bootstrapped(endsAt, signal)),
    ...services.map((one) => published(one, patience)),
  ]);
}

async function endAll({ authorities, exits, clients, services }: Members): Promise<void> {
  await Promise.all([...authorities, ...exits, ...clients, ...services].map((one) => one.end()));
}

/** Waits until a service can be used and has told the relays where clients look for it. */
async function published(service: TorProcess, { endsAt, signal }: Patience): Promise<void> {
  const control: Control = await service.control(endsAt, signal);
  let uploads = 0;
  let lastAt = 0;
  control.onEvent = (event) => {
    if (!event.startsWith('HS_DESC UPLOADED')) return;
    uploads += 1;
    lastAt = performance.now();
  };
  try {
    await control.command('SETEVENTS HS_DESC');
    await service.bootstrapped(endsAt, signal);
    await service.until('its descriptor at the relays', endsAt, signal, () =>
      uploads >= UPLOADS && performance.now() - lastAt >= QUIET_MS ? true : null,
    );
  } finally {
    control.close();
  }
}

function runningIn({ directory }: TorProcess): number {
  const file = join(directory, 'cached-microdesc-consensus');
  if (!existsSync(file)) return 0;
  return readFileSync(file, 'utf8').match(/^s .*\bRunning\b/gm)?.length ?? 0;
}

function hostname({ directory }: TorProcess): string {
  return readFileSync(join(directory, 'service', 'hostname'), 'utf8').trim();
}

function accepts(port: number): Promise<true | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (outcome: true | null) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => end(true)).once('error', () => end(null));
  });
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, program)));
}
