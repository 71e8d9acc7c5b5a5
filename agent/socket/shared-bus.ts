/**
 * A bus of the running agent that can be lent to a command (`meter scan`): reads of the agent's own
 * services are refused meanwhile, so that the line is free; writes go through at all times, because
 * a relay or a battery may have to go safe. It keeps what went over it last, for `support bundle`.
 */
import { type Bus, BusError, type Clock } from '../../host/ports.ts';

/** Of a lending; the meter counts as silent only after longer. Real ms. */
export const LEND_MOST_MS = 25_000;
/** Between two lendings the services get their turn for so long. Real ms. */
export const LEND_REST_MS = 4_000;
const KEPT = 2_000;

/** One request and what came of it. */
export interface BusRequest {
  /** Market time, ms. */
  atMs: number;
  tookMs: number;
  unit: number;
  function: number;
  address: number;
  count: number;
  /** Words in hexadecimal, or the error. */
  answer: string;
}

/** What a command may do on a bus: read. */
export type LentBus = Pick<Bus, 'readInput' | 'readHolding' | 'readCoil'>;

export class SharedBus implements Bus {
  readonly name: string;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #requests: BusRequest[] = [];
  #lentUntilMs: number | null = null;
  #lentEndedMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, bus: Bus, clock: Clock) {
    this.name = name;
    this.#bus = bus;
    this.#clock = clock;
  }

  /** For commands: not held up by a lending. */
  readonly forCommands: LentBus = {
    readInput: (unit, address, count) => this.#read(4, unit, address, count),
    readHolding: (unit, address, count) => this.#read(3, unit, address, count),
    readCoil: (unit, address) => this.#readCoil(unit, address),
  };

  /** The newest last. */
  get requests(): readonly BusRequest[] {
    return this.#requests;
  }

  /** How long the bus is still lent, real ms; null when it is not. */
  get lentForMs(): number | null {
    if (this.#lentUntilMs === null) return null;
    return Math.max(0, this.#lentUntilMs - this.#clock.monotonicMs());
  }

  /**
   * Lends the bus until the time is over or the signal aborts, whichever is first.
   * @returns what resolves at the end; or how long to wait before asking again, ms
   */
  lend(forMs: number, signal: AbortSignal): { ended: Promise<void> } | { waitMs: number } {
    const now = this.#clock.monotonicMs();
    const left = this.lentForMs;
    if (left !== null) return { waitMs: left + LEND_REST_MS };
    const restMs = this.#lentEndedMs + LEND_REST_MS - now;
    if (restMs > 0) return { waitMs: restMs };
    const ms = Math.min(forMs, LEND_MOST_MS);
    this.#lentUntilMs = now + ms;
    const ended = this.#clock.delay(ms, signal).then(
      () => this.#takeBack(),
      () => this.#takeBack(),
    );
    return { ended };
  }

  #takeBack(): void {
    this.#lentUntilMs = null;
    this.#lentEndedMs = this.#clock.monotonicMs();
  }

  async readInput(unit: number, address: number, count: number): Promise<Uint16Array> {
    this.#refuseWhileLent();
    return this.#read(4, unit, address, count);
  }

  async readHolding(unit: number, address: number, count: number): Promise<Uint16Array> {
    this.#refuseWhileLent();
    return this.#read(3, unit, address, count);
  }

  async readCoil(unit: number, address: number): Promise<boolean> {
    this.#refuseWhileLent();
    return this.#readCoil(unit, address);
  }

  writeHolding(unit: number, address: number, words: Uint16Array): Promise<void> {
    const asked = { unit, function: 16, address, count: words.length };
    return this.#kept(asked, () => this.#bus.writeHolding(unit, address, words), okay);
  }

  writeCoil(unit: number, address: number, on: boolean): Promise<void> {
    const asked = { unit, function: 5, address, count: 1 };
    return this.#kept(asked, () => this.#bus.writeCoil(unit, address, on), okay);
  }

  writeRegister(unit: number, address: number, word: number): Promise<void> {
    const asked = { unit, function: 6, address, count: 1 };
    return this.#kept(asked, () => this.#bus.writeRegister(unit, address, word), okay);
  }

  async readCoils(unit: number, address: number, count: number): Promise<boolean[]> {
    this.#refuseWhileLent();
    const asked = { unit, function: 1, address, count };
    return this.#kept(asked, () => this.#bus.readCoils(unit, address, count), bitsOf);
  }

  async readDiscrete(unit: number, address: number, count: number): Promise<boolean[]> {
    this.#refuseWhileLent();
    const asked = { unit, function: 2, address, count };
    return this.#kept(asked, () => this.#bus.readDiscrete(unit, address, count), bitsOf);
  }

  frames(): ReturnType<Bus['frames']> {
    return this.#bus.frames();
  }

  counters(): ReturnType<Bus['counters']> {
    return this.#bus.counters();
  }

  close(): void {
    this.#bus.close();
  }

  #refuseWhileLent(): void {
    const left = this.lentForMs;
    if (left === null) return;
    const seconds = Math.ceil(left / 1000);
    throw new BusError('closed', `bus ${this.name} is lent to a command for ${seconds} s more`);
  }

  #read(code: 3 | 4, unit: number, address: number, count: number): Promise<Uint16Array> {
    const read = () =>
      code === 3
        ? this.#bus.readHolding(unit, address, count)
        : this.#bus.readInput(unit, address, count);
    return this.#kept({ unit, function: code, address, count }, read, hexOf);
  }

  #readCoil(unit: number, address: number): Promise<boolean> {
    const asked = { unit, function: 1, address, count: 1 };
    return this.#kept(asked, () => this.#bus.readCoil(unit, address), String);
  }

  async #kept<T>(
    asked: Pick<BusRequest, 'unit' | 'function' | 'address' | 'count'>,
    work: () => Promise<T>,
    say: (answer: T) => string,
  ): Promise<T> {
    const atMs = this.#clock.now();
    const startedMs = this.#clock.monotonicMs();
    const keep = (answer: string): void => {
      const tookMs = Math.round(this.#clock.monotonicMs() - startedMs);
      this.#requests.push({ atMs, tookMs, ...asked, answer });
      if (this.#requests.length > KEPT) this.#requests.shift();
    };
    try {
      const answer = await work();
      keep(say(answer));
      return answer;
    } catch (error) {
      keep(error instanceof BusError ? `${error.code}: ${error.message}` : String(error));
      throw error;
    }
  }
}

function hexOf(words: Uint16Array): string {
  return [...words].map((word) => word.toString(16).padStart(4, '0')).join(' ');
}

function bitsOf(bits: readonly boolean[]): string {
  return bits.map((bit) => (bit ? '1' : '0')).join('');
}

const okay = () => 'ok';
