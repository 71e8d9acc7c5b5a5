/**
 * Modbus TCP as a `Bus`: the only user of modbus-serial, behind guards against its measured faults
 * (design: field). Requests queue; each has a deadline; an answer must fit its request to the last
 * byte; after anything odd the connection is made anew. A wrong value is never returned.
 */
import { isIP } from 'node:net';
import { type ModbusClient, ModbusConnection } from './modbus-connection.ts';
import { type Bus, type BusConnection, BusError, type Log } from './ports.ts';
import { sleep } from './wall-clock.ts';

export interface TcpBusOptions {
  /** IP literal: devices in the house are never looked up by name. */
  host: string;
  port: number;
  /** How long an answer, or a connection, may take. Well above the slowest unit. Real ms. */
  timeoutMs: number;
  /** Silence between an answer and the next request, for gateways that need it. Real ms. */
  minGapMs?: number;
  log?: Log;
}

/** Protocol limit of one read (function 3 and 4), registers. */
const MAX_READ = 125;
/** Exceptions `illegal data address` and `illegal data value` (too many registers). */
const BEYOND_DEVICE: readonly (number | null)[] = [2, 3];
/** Waits before the second, third... attempt to connect in a row, ms; the last one repeats. */
const BACKOFF_MS = [0, 100, 200, 500, 1_000] as const;
const MAX_BACKOFF_MS = 1_000;

/** @throws RangeError when the host is no IP literal. */
export function tcpBus(options: TcpBusOptions): Bus {
  return new TcpBus(options);
}

/** @throws RangeError when it is none over TCP. */
export function tcpOf(connection: BusConnection): { host: string; port: number } {
  if (connection.kind !== 'tcp') throw new RangeError(`${connection.kind} is not there yet`);
  return connection;
}

/** Buses by connection: whoever names the same host and port gets the same one. */
export class TcpBuses {
  readonly #options: Omit<TcpBusOptions, 'host' | 'port'>;
  readonly #buses = new Map<string, Bus>();

  constructor(options: Omit<TcpBusOptions, 'host' | 'port'>) {
    this.#options = options;
  }

  /** @throws RangeError when the host is no IP literal. */
  open({ host, port }: { host: string; port: number }): Bus {
    const key = `${host} ${port}`;
    const bus = this.#buses.get(key) ?? tcpBus({ ...this.#options, host, port });
    this.#buses.set(key, bus);
    return bus;
  }

  close(): void {
    for (const bus of this.#buses.values()) bus.close();
  }
}

class TcpBus implements Bus {
  readonly #options: TcpBusOptions;
  readonly #counters = { good: 0, failed: 0, reconnects: 0 };
  readonly #closing = new AbortController();
  #tail: Promise<unknown> = Promise.resolve();
  #connection: ModbusConnection | null = null;
  #failuresInRow = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;
  /** The read that failed last, as `unit function count`. */
  #failedRead: string | null = null;

  constructor(options: TcpBusOptions) {
    if (isIP(options.host) === 0) {
      throw new RangeError(`"${options.host}" is a name; give the device's IP address instead`);
    }
    this.#options = options;
  }

  readInput(unit: number, address: number, count: number): Promise<Uint16Array> {
    return this.#read(4, unit, address, count);
  }

  readHolding(unit: number, address: number, count: number): Promise<Uint16Array> {
    return this.#read(3, unit, address, count);
  }

  writeHolding(unit: number, address: number, words: Uint16Array): Promise<void> {
    return this.#queued(async () => {
      const echo = await this.#request(unit, (client) =>
        client.writeRegisters(address, [...words]),
      );
      this.#expect(echo.address === address && echo.length === words.length);
    });
  }

  readCoil(unit: number, address: number): Promise<boolean> {
    return this.#queued(async () => {
      const { data } = await this.#request(unit, (client) => client.readCoils(address, 1));
      const [isOn] = data;
      // One coil comes as one byte; the library trusts the byte count it was sent.
      this.#expect(data.length === 8);
      return isOn === true;
    });
  }

  writeCoil(unit: number, address: number, on: boolean): Promise<void> {
    return this.#queued(async () => {
      const echo = await this.#request(unit, (client) => client.writeCoil(address, on));
      this.#expect(echo.address === address && echo.state === on);
    });
  }

  counters(): { good: number; failed: number; reconnects: number } {
    return { ...this.#counters };
  }

  close(): void {
    this.#closing.abort(new BusError('closed', 'the bus was closed'));
    this.#connection?.destroy();
  }

  #read(code: 3 | 4, unit: number, address: number, count: number): Promise<Uint16Array> {
    if (count < 1 || count > MAX_READ)
      throw new RangeError(`cannot read ${count} registers at once`);
    return this.#queued(async () => {
      // A gateway may hand out the late answer of a serial meter as that of the next request: after
      // a failure the same read asks for one register more, so that a late answer does not fit.
      const hasRoom = count < MAX_READ && address + count <= 0xffff;
      const asked = hasRoom && this.#failedRead === `${unit} ${code} ${count}` ? count + 1 : count;
      this.#failedRead = `${unit} ${code} ${asked}`;
      try {
        const words = await this.#readExactly(code, unit, address, asked);
        this.#failedRead = null;
        return words.subarray(0, count);
      } catch (error) {
        if (!isException(error)) throw error;
        this.#failedRead = null;
        // Nothing may lie behind the registers asked for; the line is now known to be clean.
        if (asked === count || !BEYOND_DEVICE.includes(error.exceptionCode)) throw error;
        return await this.#readExactly(code, unit, address, count);
      }
    });
  }

  async #readExactly(code: 3 | 4, unit: number, address: number, count: number) {
    const { data, buffer } = await this.#request(unit, (client) =>
      code === 3
        ? client.readHoldingRegisters(address, count)
        : client.readInputRegisters(address, count),
    );
    this.#expect(data.length === count && buffer.length === 2 * count);
    return Uint16Array.from(data);
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(async () => {
      try {
        const result = await work();
        this.#counters.good += 1;
        if (this.#failuresInRow > 0) {
          const { host, port } = this.#options;
          this.#options.log?.info('device answers again', { host, port });
        }
        this.#failuresInRow = 0;
        return result;
      } catch (cause) {
        const error = this.#placed(cause);
        this.#noteFailure(error);
        throw error;
      } finally {
        this.#lastEndMs = performance.now();
      }
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  #noteFailure(error: unknown): void {
    this.#counters.failed += 1;
    // A device that refuses is alive and well.
    if (isException(error)) return;
    this.#failuresInRow += 1;
    if (this.#failuresInRow > 1 || this.#closing.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log?.warn(`device does not answer well: ${reason}`);
  }

  /** The error with the device's address in front: whoever tells of it need not know that. */
  #placed(error: unknown): unknown {
    if (!(error instanceof BusError)) return error;
    const { host, port } = this.#options;
    return new BusError(error.code, `${host}:${port}: ${error.message}`, error.exceptionCode);
  }

  async #request<T>(unit: number, send: (client: ModbusClient) => Promise<T>): Promise<T> {
    const connection = await this.#connected();
    const quietMs = (this.#options.minGapMs ?? 0) - (performance.now() - this.#lastEndMs);
    if (quietMs > 0) await sleep(quietMs, this.#closing.signal);
    return connection.request(unit, send);
  }

  async #connected(): Promise<ModbusConnection> {
    this.#closing.signal.throwIfAborted();
    if (this.#connection?.isUsable === true) return this.#connection;
    const backoffMs = BACKOFF_MS[Math.max(0, this.#failuresInRow - 1)] ?? MAX_BACKOFF_MS;
    const { host, port, timeoutMs } = this.#options;
    if (backoffMs > 0) await sleep(backoffMs, this.#closing.signal);
    if (this.#connection !== null) this.#counters.reconnects += 1;
    const connection = await ModbusConnection.open(host, port, timeoutMs);
    this.#connection = connection;
    if (this.#closing.signal.aborted) connection.destroy();
    return connection;
  }

  /** What follows the answer on this connection cannot be trusted either. */
  #expect(fits: boolean): void {
    if (fits) return;
    this.#connection?.destroy();
    throw new BusError('framing', 'the answer does not fit the request');
  }
}

function isException(error: unknown): error is BusError {
  return error instanceof BusError && error.code === 'exception';
}
