/**
 * Which SOCKS identity used which circuits of a client, as its control port tells while it happens;
 * it goes on when the client was started anew.
 */
import type { Control } from './control.ts';
import { streamOf } from './control.ts';
import type { TorProcess } from './tor-process.ts';

/** One connection through Tor. */
export interface LoggedStream {
  user: string;
  /** No two circuits have the same, not those of two processes either. */
  circuit: string;
  /** Host and port. */
  target: string;
}

const RETRY_MS = 100;

export class CircuitLog {
  readonly #streams = new Map<string, LoggedStream>();
  readonly #client: TorProcess;
  #control: Control | null = null;
  #process = 0;
  #isClosed = false;
  /** Settles when it listens for the first time. */
  readonly listens: Promise<void>;

  private constructor(client: TorProcess) {
    this.#client = client;
    this.listens = new Promise((resolve) => void this.#follow(resolve));
  }

  static of(client: TorProcess): CircuitLog {
    return new CircuitLog(client);
  }

  /** All connections that came to be so far, in their order. */
  streams(): LoggedStream[] {
    return [...this.#streams.values()];
  }

  /** Connections of each identity. */
  identities(): Map<string, LoggedStream[]> {
    return grouped(this.streams(), ({ user }) => user);
  }

  /** Connections on each circuit. */
  circuits(): Map<string, LoggedStream[]> {
    return grouped(this.streams(), ({ circuit }) => circuit);
  }

  /** Circuits that carried more than one identity. */
  shared(): string[] {
    return [...this.circuits()]
      .filter(([, streams]) => new Set(streams.map(({ user }) => user)).size > 1)
      .map(([circuit]) => circuit);
  }

  close(): void {
    this.#isClosed = true;
    this.#control?.close();
  }

  async #follow(onListening: () => void): Promise<void> {
    while (!this.#isClosed) {
      try {
        const control = await this.#client.control();
        this.#control = control;
        this.#process += 1;
        control.onEvent = (event) => this.#take(event);
        await control.command('SETEVENTS STREAM');
        onListening();
        if (this.#isClosed) control.close();
        await control.closed;
      } catch {
        // The client is away: it may come back.
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #take(event: string): void {
    if (!event.startsWith('STREAM ')) return;
    const { id, status, circuit, target, user } = streamOf(event.slice('STREAM '.length));
    if (status !== 'SUCCEEDED' || user === null) return;
    const of = `${this.#process}:`;
    this.#streams.set(of + id, { user, circuit: of + circuit, target });
  }
}

function grouped<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
