/**
 * The private Tor network of a run: the chain as two onion services, the DSO as one, a client for
 * the homes, and what went over it.
 */
import type { ChainHost } from '../chain-host.ts';
import type { Outside } from '../neighbourhood.ts';
import { CircuitLog } from './circuit-log.ts';
import { type OnionService, requireTor, TorNetwork } from './tor-network.ts';

/** Of the chain: agents take nothing for final that only one endpoint says. */
const CHAIN_SERVICES = ['chain1', 'chain2'];
const DSO_SERVICE = 'dso';

/** Where an onion service of the chain leads to. */
export interface OnionTarget {
  port: number;
  /** See `OnionService`. */
  tellsCircuits: boolean;
}

interface Surroundings {
  support: {
    say: (line: string) => void;
    signal: AbortSignal;
    onionTarget?: (anvilUrl: string, service: string) => Promise<OnionTarget>;
  };
  chain: ChainHost;
}

export interface TorFigures {
  readySeconds: number;
  /** SOCKS identities that reached something. */
  identities: number;
  circuits: number;
  /** Circuits that carried more than one identity. Must be 0. */
  sharedCircuits: number;
  /** Between the homes' client and its guards. */
  readBytes: number;
  writtenBytes: number;
  /** Of all members of the network. */
  cpuSeconds: number;
  residentMiB: number;
}

export class RunTor {
  readonly #directory: string;
  readonly #surroundings: Surroundings;
  readonly #services: readonly OnionService[];
  #opened: Promise<TorNetwork> | null = null;
  #network: TorNetwork | null = null;
  #log: CircuitLog | null = null;

  private constructor(
    directory: string,
    surroundings: Surroundings,
    services: readonly OnionService[],
  ) {
    this.#directory = directory;
    this.#surroundings = surroundings;
    this.#services = services;
  }

  /** @throws TorError when this machine has no tor */
  static async at(directory: string, surroundings: Surroundings): Promise<RunTor> {
    requireTor();
    const { support, chain } = surroundings;
    const services: OnionService[] = [];
    for (const name of CHAIN_SERVICES) {
      const asked = await support.onionTarget?.(chain.anvil.url, name);
      services.push({ name, ...(asked ?? { port: chain.anvil.port }) });
    }
    return new RunTor(directory, surroundings, services);
  }

  /** Once `open` is done. */
  get network(): TorNetwork {
    if (this.#network === null) throw new Error('the Tor network is not there yet');
    return this.#network;
  }

  /** What went over the homes' client since `open`. */
  get log(): CircuitLog {
    if (this.#log === null) throw new Error('the Tor network is not there yet');
    return this.#log;
  }

  /** Starts the network. @throws TorError; the signal's reason */
  async open(dsoPort: number): Promise<Outside> {
    const { say, signal } = this.#surroundings.support;
    say('tor: starts a private network, which takes about 20 s');
    this.#opened = TorNetwork.start({
      directory: this.#directory,
      onionServices: [...this.#services, { name: DSO_SERVICE, port: dsoPort }],
      signal,
    });
    const network = await this.#opened;
    this.#network = network;
    this.#log = CircuitLog.of(network.client());
    await this.#log.listens;
    const seconds = (network.readyMs / 1000).toFixed(0);
    say(`tor: ready in ${seconds} s: ${network.all().length} processes, none leaves this machine`);
    return {
      rpc: CHAIN_SERVICES.map((name) => network.onionUrl(name)),
      dsoUrl: network.onionUrl(DSO_SERVICE),
      socksOf: () => network.socks(),
    };
  }

  async figures(): Promise<TorFigures> {
    const { network, log } = this;
    const control = await network.client().control();
    try {
      const traffic = await control.traffic();
      return {
        readySeconds: Math.round(network.readyMs / 100) / 10,
        identities: log.identities().size,
        circuits: log.circuits().size,
        sharedCircuits: log.shared().length,
        ...traffic,
        cpuSeconds: Math.round(network.cpuSeconds() * 10) / 10,
        residentMiB: Math.round(network.residentMiB()),
      };
    } finally {
      control.close();
    }
  }

  async close(): Promise<void> {
    this.#log?.close();
    await this.#opened?.then(
      (network) => network.close(),
      () => {},
    );
  }
}
