/** A bus of the running agent, as commands see it: each request goes through its socket. */
import { type Bus, BusError } from '../../../host/ports.ts';
import type { AgentLink } from '../agent-link.ts';
import { CliError, EXIT } from '../command.ts';

/** What commands do on a bus: they read. The type is that of all drivers. */
export type ReadBus = Bus;

/** The agent may be at a request of its own first. Real ms. */
const DEADLINE_MS = 35_000;
const READ_ONLY = 'the agent lends its buses for reading alone';
const LEND_SECONDS = 25;
const MOST_TURNS = 40;

interface Words {
  words: number[];
}
interface Failure {
  code: BusError['code'];
  message: string;
  exceptionCode: number | null;
}
interface Refusal {
  error: string;
}

export class SocketBus implements ReadBus {
  readonly #agent: AgentLink;
  readonly #name: string;

  constructor(agent: AgentLink, name: string) {
    this.#agent = agent;
    this.#name = name;
  }

  readInput(unit: number, address: number, count: number): Promise<Uint16Array> {
    return this.#read(4, unit, address, count);
  }

  readHolding(unit: number, address: number, count: number): Promise<Uint16Array> {
    return this.#read(3, unit, address, count);
  }

  async readCoil(unit: number, address: number): Promise<boolean> {
    return (await this.#read(1, unit, address, 1))[0] === 1;
  }

  async writeHolding(): Promise<void> {
    throw new BusError('closed', READ_ONLY);
  }

  async writeRegister(): Promise<void> {
    throw new BusError('closed', READ_ONLY);
  }

  async readCoils(unit: number, address: number, count: number): Promise<boolean[]> {
    const bits: boolean[] = [];
    for (let i = 0; i < count; i += 1) bits.push(await this.readCoil(unit, address + i));
    return bits;
  }

  async readDiscrete(): Promise<boolean[]> {
    throw new BusError('closed', 'the agent lends no discrete inputs');
  }

  async writeCoil(): Promise<void> {
    throw new BusError('closed', READ_ONLY);
  }

  counters(): ReturnType<Bus['counters']> {
    return {
      ...{ good: 0, failed: 0, timeouts: 0, crcErrors: 0, framingErrors: 0, exceptions: 0 },
      ...{ closed: 0, reconnects: 0, staleBytes: 0, skipped: 0 },
    };
  }

  frames(): ReturnType<Bus['frames']> {
    return [];
  }

  close(): void {}

  async #read(code: number, unit: number, address: number, count: number) {
    const asked = { bus: this.#name, unit, function: code, address, count };
    const { status, data } = await this.#agent.post<Words | Failure | Refusal>(
      '/bus/read',
      asked,
      DEADLINE_MS,
    );
    if ('words' in data) return Uint16Array.from(data.words);
    if ('message' in data) throw new BusError(data.code, data.message, data.exceptionCode);
    throw new CliError(EXIT.unknown, `the agent refuses to read: ${data.error} (${status})`);
  }
}

/** A bus that the agent does not poll meanwhile; it takes it back by itself after a while. */
export class Lending {
  readonly #agent: AgentLink;
  readonly #name: string;
  readonly #wait: (ms: number) => Promise<void>;
  #isLent = false;
  #close: () => void = () => undefined;

  constructor(agent: AgentLink, name: string, wait: (ms: number) => Promise<void>) {
    this.#agent = agent;
    this.#name = name;
    this.#wait = wait;
  }

  /** Sees to it that the bus is lent now; waits for its turn where it must. */
  async borrow(): Promise<void> {
    for (let turn = 0; !this.#isLent; turn += 1) {
      const asked = { bus: this.#name, seconds: LEND_SECONDS };
      const held = await this.#agent.hold('/bus/lend', asked);
      if (held.status === 200) {
        this.#isLent = true;
        this.#close = held.close;
        void held.ended.then(() => {
          this.#isLent = false;
        });
        return;
      }
      held.close();
      const { waitMs } = JSON.parse(held.body) as { waitMs?: number };
      if (waitMs === undefined || turn === MOST_TURNS) {
        throw new CliError(EXIT.unknown, `the agent does not lend its bus ${this.#name}`);
      }
      await this.#wait(waitMs);
    }
  }

  giveBack(): void {
    this.#close();
  }
}
