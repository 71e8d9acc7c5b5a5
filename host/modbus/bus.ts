/**
 * The guarded `Bus` over TCP, RTU over TCP or a serial line: the only user of modbus-serial, behind
 * guards against its measured faults. Requests queue; each has a deadline; an answer must fit its
 * request to the last byte; after trouble a line is given time to fall silent, a TCP connection is
 * made anew. A wrong value is never returned.
 */
import type { BusCounters, BusFrame } from '../bus-traffic.ts';
import { type Bus, type BusConnection, BusError, type Log } from '../ports.ts';
import type { BusTime } from './bus-time.ts';
import type { ModbusClient } from './client-port.ts';
import { type Adapter, ModbusConnection } from './connection.ts';
import { Quiet } from './quiet.ts';
import { type Choice, type Read, Shapes } from './shapes.ts';
import { Traffic } from './traffic.ts';
import { UnitRest } from './unit-rest.ts';

export interface BusOptions {
  name: string;
  connection: BusConnection;
  timeoutMs: number;
  gapMs: number;
  connectDelayMs: number;
  time: BusTime;
  log: Log | null;
}

/** Limits of one request, by the standard. */
const MAX_READ = 125;
const MAX_WRITE = 123;
const MAX_BITS = 2_000;
/** Exceptions `illegal data address` and `illegal data value` (too many registers). */
const BEYOND_DEVICE: readonly (number | null)[] = [2, 3];
/** `acknowledge` and `busy`: to be asked again. */
const BUSY: readonly (number | null)[] = [5, 6];
/** A gateway cannot reach the unit: as good as its silence. */
const UNREACHED: readonly (number | null)[] = [10, 11];
const BUSY_RETRY_MS = 1_000;
/**
 * Waits before the second, third... attempt to connect in a row, ms; the last one repeats. Nothing
 * is tried unless somebody reads, so a device that is back is found within one poll.
 */
const BACKOFF_MS = [0, 100, 200, 500, 1_000] as const;
const MAX_BACKOFF_MS = 1_000;
/** A serial port whose units all stay silent is opened anew after so many requests. */
const REOPEN_AFTER = 10;

export class GuardedBus implements Bus {
  readonly #options: BusOptions;
  readonly #traffic = new Traffic();
  readonly #quiet: Quiet;
  readonly #shapes: Shapes;
  readonly #units = new UnitRest();
  readonly #adapter: Adapter = { echoes: null, transaction: 0 };
  readonly #closing = new AbortController();
  #tail: Promise<unknown> = Promise.resolve();
  #connection: ModbusConnection | null = null;
  /** Settles when the wire before may be opened again. */
  #isFree: Promise<void> = Promise.resolve();
  #failuresInRow = 0;
  #wasUnreachable = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#quiet = new Quiet(options.time, options.gapMs);
    this.#shapes = new Shapes(options.connection.kind === 'tcp');
  }

  readInput(unit: number, address: number, count: number): Promise<Uint16Array> {
    return this.#readWords({ unit, code: 4, address, count });
  }

  readHolding(unit: number, address: number, count: number): Promise<Uint16Array> {
    return this.#readWords({ unit, code: 3, address, count });
  }

  readCoils(unit: number, address: number, count: number): Promise<boolean[]> {
    return this.#readBits({ unit, code: 1, address, count });
  }

  readDiscrete(unit: number, address: number, count: number): Promise<boolean[]> {
    return this.#readBits({ unit, code: 2, address, count });
  }

  async readCoil(unit: number, address: number): Promise<boolean> {
    return (await this.readCoils(unit, address, 1))[0] === true;
  }

  writeHolding(unit: number, address: number, words: Uint16Array): Promise<void> {
    checkCount(words.length, MAX_WRITE);
    return this.#write(unit, address, (client) => client.writeRegisters(address, [...words]));
  }

  writeRegister(unit: number, address: number, word: number): Promise<void> {
    return this.#write(unit, address, (client) => client.writeRegister(address, word), 3);
  }

  writeCoil(unit: number, address: number, on: boolean): Promise<void> {
    return this.#write(unit, address, (client) => client.writeCoil(address, on), 1);
  }

  counters(): BusCounters {
    return this.#traffic.counters();
  }

  frames(): BusFrame[] {
    return this.#traffic.frames();
  }

  close(): void {
    this.#closing.abort(new BusError('closed', 'the bus was closed'));
    void this.#connection?.destroy();
  }

  async #readWords(read: Read): Promise<Uint16Array> {
    checkCount(read.count, MAX_READ);
    const bytes = await this.#read(read);
    const words = new Uint16Array(read.count);
    for (let i = 0; i < read.count; i++) words[i] = bytes.readUInt16BE(2 * i);
    return words;
  }

  async #readBits(read: Read): Promise<boolean[]> {
    checkCount(read.count, MAX_BITS);
    const bytes = await this.#read(read);
    const bitAt = (i: number): boolean => (bytes.readUInt8(i >> 3) & (1 << (i & 7))) !== 0;
    return Array.from({ length: read.count }, (_, i) => bitAt(i));
  }

  /** @returns the data of the answer: at least what was asked for. */
  #read(read: Read): Promise<Buffer> {
    return this.#patiently(() =>
      this.#queued(read.unit, true, async () => {
        const choice = this.#shapes.choose(read, this.#options.time.nowMs());
        try {
          return await this.#readOnce(read, choice);
        } catch (error) {
          const isBeyond = isException(error) && BEYOND_DEVICE.includes(error.exceptionCode);
          if (!isBeyond || choice.extra === 0) throw error;
          // Nothing lies behind the registers asked for; the line is now known to be clean.
          this.#shapes.refused(read);
          return await this.#readOnce(read, this.#shapes.choose(read, this.#options.time.nowMs()));
        }
      }),
    );
  }

  async #readOnce(read: Read, choice: Choice): Promise<Buffer> {
    const { unit, code, address } = read;
    const count = read.count + choice.extra;
    this.#quiet.demand(choice.quietMs);
    try {
      const { buffer } = await this.#requestRead<{ buffer: Buffer }>(unit, (client) => {
        if (code === 4) return client.readInputRegisters(address, count);
        if (code === 3) return client.readHoldingRegisters(address, count);
        return code === 2
          ? client.readDiscreteInputs(address, count)
          : client.readCoils(address, count);
      });
      this.#shapes.answered(read, choice, this.#options.time.nowMs());
      this.#expect(buffer.length === (code <= 2 ? (count + 7) >> 3 : 2 * count));
      return buffer;
    } catch (error) {
      if (isException(error)) this.#shapes.answered(read, choice, this.#options.time.nowMs());
      else if (!isClosed(error)) {
        this.#shapes.unanswered(read, choice, this.#options.time.nowMs());
      }
      throw error;
    }
  }

  /** @param probe function of a read that tells whether the adapter echoes, where that matters. */
  #write(
    unit: number,
    address: number,
    send: (client: ModbusClient) => Promise<unknown>,
    probe: 1 | 3 | null = null,
  ): Promise<void> {
    return this.#patiently(() =>
      // Never skipped: a relay that must go off is told so, whatever its unit did before.
      this.#queued(unit, false, async () => {
        if (probe !== null) await this.#probeEcho({ unit, code: probe, address, count: 1 });
        await this.#request(unit, send);
      }),
    );
  }

  async #probeEcho(read: Read): Promise<void> {
    const { mayEcho } = await this.#connected();
    if (!mayEcho) return;
    const choice = this.#shapes.choose(read, this.#options.time.nowMs());
    // Whether it is answered does not matter: the echo comes anyway.
    await this.#readOnce(read, choice).catch(() => undefined);
  }

  /** A busy device is asked once more, and the others are served meanwhile. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isException(error) || !BUSY.includes(error.exceptionCode)) throw error;
      await this.#options.time.sleep(BUSY_RETRY_MS, this.#closing.signal);
      return work();
    }
  }

  #queued<T>(unit: number, maySkip: boolean, work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(async () => {
      if (maySkip) this.#skipResting(unit);
      try {
        const result = await work();
        this.#noteAnswer(unit, null);
        return result;
      } catch (cause) {
        const error = this.#placed(cause);
        if (error instanceof BusError) this.#noteFailure(unit, error);
        throw error;
      }
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  #skipResting(unit: number): void {
    const restMs = this.#units.leftMs(unit, this.#options.time.nowMs());
    if (restMs === 0) return;
    this.#traffic.skipped();
    const seconds = Math.ceil(restMs / 1_000);
    const text = `unit ${unit} does not answer and is asked again in ${seconds} s`;
    throw this.#placed(new BusError('timeout', text));
  }

  #noteAnswer(unit: number, refusal: BusError | null): void {
    if (refusal === null) this.#traffic.answered();
    else this.#traffic.failed('exception');
    const wasAway = this.#failuresInRow > 0;
    this.#failuresInRow = 0;
    const isBack = this.#units.answered(unit, this.#options.time.nowMs());
    if (isBack || wasAway) this.#options.log?.info('unit answers again', this.#logFields(unit));
  }

  #noteFailure(unit: number, error: BusError): void {
    // A device that refuses is alive and well, unless it is a gateway that misses the unit.
    const isUnreached = UNREACHED.includes(error.exceptionCode);
    if (error.code === 'exception' && !isUnreached) {
      this.#noteAnswer(unit, error);
      return;
    }
    this.#traffic.failed(error.code);
    if (!isUnreached) this.#failuresInRow += 1;
    // Without a connection it is no fault of the unit's.
    const failuresInRow = isClosed(error)
      ? this.#failuresInRow
      : this.#units.failed(unit, this.#options.time.nowMs());
    if (failuresInRow > 1 || this.#closing.signal.aborted) return;
    const text = `unit does not answer well: ${error.message}`;
    this.#options.log?.warn(text, this.#logFields(unit));
  }

  #logFields(unit: number): { bus: string; unit: number } {
    return { bus: this.#options.name, unit };
  }

  /** The error with the place in front: whoever tells of it need not know that. */
  #placed(error: unknown): unknown {
    if (!(error instanceof BusError)) return error;
    const { connection } = this.#options;
    const at = 'path' in connection ? connection.path : `${connection.host}:${connection.port}`;
    return new BusError(error.code, `${at}: ${error.message}`, error.exceptionCode);
  }

  async #request<T>(unit: number, send: (client: ModbusClient) => Promise<T>): Promise<T> {
    let connection = await this.#connected();
    if (!this.#quiet.isOver) await this.#quiet.wait(this.#closing.signal);
    // The device may have hung up meanwhile.
    if (!connection.isUsable) connection = await this.#connected();
    return connection.request(unit, send);
  }

  /** As `#request`, and once more when the request crossed the end of an idle connection. */
  async #requestRead<T>(unit: number, send: (client: ModbusClient) => Promise<T>): Promise<T> {
    try {
      return await this.#request(unit, send);
    } catch (error) {
      if (!isClosed(error) || this.#connection?.wasLeft !== true) throw error;
      return this.#request(unit, send);
    }
  }

  async #connected(): Promise<ModbusConnection> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const { time, connectDelayMs, connection } = this.#options;
    const known = this.#connection;
    const isStuck = connection.kind === 'serial' && this.#failuresInRow >= REOPEN_AFTER;
    if (known?.isUsable === true && !isStuck) return known;
    const backoffMs = BACKOFF_MS[Math.max(0, this.#failuresInRow - 1)] ?? MAX_BACKOFF_MS;
    if (backoffMs > 0) await time.sleep(backoffMs * (0.75 + 0.25 * time.uniform()), signal);
    if (known !== null) {
      this.#isFree = known.destroy();
      this.#traffic.reconnected();
    }
    await this.#isFree;
    this.#connection = await this.#open();
    if (isStuck) this.#failuresInRow = 0;
    if (signal.aborted) void this.#connection.destroy();
    if (connectDelayMs > 0) await time.sleep(connectDelayMs, signal);
    return this.#connection;
  }

  async #open(): Promise<ModbusConnection> {
    const { time, connection, timeoutMs } = this.#options;
    const own = { quiet: this.#quiet, traffic: this.#traffic, adapter: this.#adapter };
    this.#connection = null;
    try {
      const opened = await ModbusConnection.open({ connection, timeoutMs, time, ...own });
      if (this.#wasUnreachable) this.#units.wake();
      this.#wasUnreachable = false;
      return opened;
    } catch (error) {
      this.#wasUnreachable = true;
      throw error;
    }
  }

  /** A second look: the frame was checked before the library saw it. */
  #expect(fits: boolean): void {
    if (fits) return;
    void this.#connection?.destroy();
    throw new BusError('framing', 'the answer does not fit the request');
  }
}

function checkCount(count: number, most: number): void {
  if (count < 1 || count > most) throw new RangeError(`cannot take ${count} at once`);
}

function isException(error: unknown): error is BusError {
  return error instanceof BusError && error.code === 'exception';
}

function isClosed(error: unknown): boolean {
  return error instanceof BusError && error.code === 'closed';
}
