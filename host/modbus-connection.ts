/**
 * One TCP connection to a Modbus device, with modbus-serial 8.0.25 speaking the protocol and this
 * file holding the socket, because the library: leaves promises unsettled when a socket is
 * destroyed, believes a wrong byte count, and stays desynchronised for ever after a stray byte.
 * So each request has a deadline of ours, every byte that comes in is accounted for, and a
 * connection that showed anything odd is never used again.
 */
import { Socket } from 'node:net';
import modbusSerial from 'modbus-serial';
import { BusError } from './ports.ts';

/** The library is CommonJS with a `default` that is itself. */
const ModbusClient = modbusSerial.default;
export type ModbusClient = InstanceType<typeof ModbusClient>;

const KEEP_ALIVE_MS = 30_000;
/** The library's own timer comes first; ours catches promises that never settle. */
const DEADLINE_MARGIN_MS = 200;
/** Before the unit: transaction, protocol (always 0), and the length of what follows. */
const HEADER_BYTES = 6;
/** Unit, function and at least one byte; at most a PDU of 253 bytes behind the unit. */
const MIN_BODY_BYTES = 3;
const MAX_BODY_BYTES = 254;

export class ModbusConnection {
  readonly #socket: Socket;
  readonly #client: ModbusClient;
  readonly #timeoutMs: number;
  /** Bytes that came in since the request was sent; null when none is under way. */
  #received: Buffer | null = null;
  #fail: ((error: BusError) => void) | null = null;
  #isUsable = false;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#client = new ModbusClient();
  }

  /** @throws BusError `timeout` or `closed`. */
  static async open(host: string, port: number, timeoutMs: number): Promise<ModbusConnection> {
    const socket = new Socket();
    const connection = new ModbusConnection(socket, timeoutMs);
    try {
      await connection.#connect(host, port);
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /**
   * Runs one request of the library. Requests may not overlap.
   * @throws BusError
   */
  async request<T>(unit: number, send: (client: ModbusClient) => Promise<T>): Promise<T> {
    if (!this.#isUsable) throw new BusError('closed', 'the connection is closed');
    this.#received = Buffer.alloc(0);
    this.#client.setID(unit);
    try {
      const result = await this.#guarded(this.#timeoutMs + DEADLINE_MARGIN_MS, send(this.#client));
      // Bytes beyond the answer would be taken for the start of the next one.
      if (!this.#isWholeFrame()) this.destroy();
      return result;
    } catch (error) {
      const busError = asBusError(error);
      if (busError.code !== 'exception' || !this.#isWholeFrame()) this.destroy();
      throw busError;
    } finally {
      this.#received = null;
    }
  }

  /** The library's close waits for the peer and its destroy forgets promises: end the socket. */
  destroy(): void {
    this.#isUsable = false;
    this.#socket.destroy();
    this.#fail?.(new BusError('closed', 'the connection was closed'));
  }

  async #connect(host: string, port: number): Promise<void> {
    const socket = this.#socket;
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) => reject(new BusError('closed', error.message)));
    });
    socket.on('error', () => this.#drop('the connection broke'));
    socket.on('close', () => this.#drop('the device closed the connection'));
    socket.on('data', (bytes) => this.#account(bytes));
    socket.connect({ host, port });
    await this.#guarded(this.#timeoutMs, connected);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    await this.#client.linkTCP(socket, { port });
    this.#client.on('error', () => this.#drop('the connection broke'));
    this.#client.setTimeout(this.#timeoutMs);
    this.#isUsable = true;
  }

  /** Settles with `work`, with a failure of the connection, or when the time is over. */
  async #guarded<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
      timer = setTimeout(() => reject(new BusError('timeout', 'no answer in time')), deadlineMs);
    });
    try {
      return await Promise.race([work, failure]);
    } finally {
      clearTimeout(timer);
      this.#fail = null;
    }
  }

  #drop(reason: string): void {
    this.#isUsable = false;
    this.#fail?.(new BusError('closed', reason));
  }

  /** Sees every chunk before the library does. */
  #account(bytes: Buffer): void {
    if (this.#received === null) {
      this.destroy();
      return;
    }
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#received.length < HEADER_BYTES) return;
    const protocol = this.#received.readUInt16BE(2);
    const bodyBytes = this.#received.readUInt16BE(4);
    if (protocol === 0 && bodyBytes >= MIN_BODY_BYTES && bodyBytes <= MAX_BODY_BYTES) return;
    this.#fail?.(new BusError('framing', 'the answer does not begin with a Modbus header'));
    this.destroy();
  }

  #isWholeFrame(): boolean {
    const received = this.#received;
    if (received === null || received.length < HEADER_BYTES) return false;
    return received.length === HEADER_BYTES + received.readUInt16BE(4);
  }
}

/** Errors of the library by class and code, never by text; what is left did not fit the request. */
function asBusError(error: unknown): BusError {
  if (error instanceof BusError) return error;
  const { name, modbusCode, message } = error as {
    name?: unknown;
    modbusCode?: unknown;
    message?: unknown;
  };
  const text = typeof message === 'string' ? message : String(error);
  if (typeof modbusCode === 'number') return new BusError('exception', text, modbusCode);
  if (name === 'TransactionTimedOutError') return new BusError('timeout', 'no answer in time');
  if (name === 'PortNotOpenError') return new BusError('closed', 'the connection is closed');
  return new BusError('framing', `the answer does not fit the request (${text})`);
}
