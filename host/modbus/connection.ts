/**
 * One connection to a bus, with modbus-serial 8.0.25 speaking the protocol and this file holding
 * the wire, because the library: leaves promises unsettled when a socket is destroyed, believes a
 * wrong byte count, takes a late answer for the next one, and stays desynchronised for ever after a
 * stray byte on TCP. So each request has a deadline of ours, every byte that comes in is accounted
 * for, and a TCP connection that showed anything odd is never used again.
 */
import { type BusConnection, BusError } from '../ports.ts';
import type { BusTime } from './bus-time.ts';
import { ClientPort, type ModbusClient, openClient } from './client-port.ts';
import {
  HEADER_BYTES,
  isEcho,
  isOwnAnswer,
  judgeRtu,
  judgeTcp,
  type Question,
  questionOf,
  tcpRequest,
  type Verdict,
} from './frames.ts';
import type { Quiet } from './quiet.ts';
import type { Traffic } from './traffic.ts';
import { openWire, type Wire } from './wire.ts';

export interface ConnectionOptions {
  connection: BusConnection;
  /** How long an answer, or a connection, may take; the time of serial bytes comes on top. */
  timeoutMs: number;
  time: BusTime;
  quiet: Quiet;
  traffic: Traffic;
  adapter: Adapter;
}

/** What is known of the adapter of a line, from one connection to the next. */
export interface Adapter {
  /** It repeats what it sends; null while that is not known. */
  echoes: boolean | null;
  /**
   * Number of the last request by Modbus TCP. It goes on from one connection to the next: what a
   * slow gateway still owes of the one before may come on this one.
   */
  transaction: number;
}

/** An answer with a wrong checksum is over when nothing has come for so long. */
const BROKEN_QUIET_MS = 50;
/** Beyond the longest echo and answer: a device that talks on and on. */
const MAX_RECEIVED_BYTES = 1_024;
/** Silence after an error, and after bytes that nobody asked for. */
const ERROR_QUIET_MS = 700;
const STRAY_QUIET_MS = 100;
/** Start, eight bits, parity, stop. */
const BITS_PER_BYTE = 11;
const NOTHING = Buffer.alloc(0);

interface Exchange {
  question: Question | null;
  received: Buffer;
  fail(error: BusError): void;
}

export class ModbusConnection {
  readonly #options: ConnectionOptions;
  readonly #port = new ClientPort((request) => this.#send(request));
  readonly #client: ModbusClient;
  readonly #isTcp: boolean;
  #wire: Wire | null = null;
  #isUsable = true;
  #hasAnswered = false;
  #wasLeft = false;
  #exchange: Exchange | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #broken: NodeJS.Timeout | undefined;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#isTcp = options.connection.kind === 'tcp';
    this.#client = openClient(this.#port);
  }

  /** @throws BusError `timeout` or `closed`. */
  static async open(options: ConnectionOptions): Promise<ModbusConnection> {
    const opened = new ModbusConnection(options);
    opened.#wire = await openWire(options.connection, options.timeoutMs, {
      onBytes: (bytes) => opened.#hear(bytes),
      onLost: (reason) => opened.#lose(reason),
    });
    return opened;
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /**
   * The device hung up on a request without a word, after it had answered others: most likely it
   * had ended an idle connection, and the request crossed that on its way.
   */
  get wasLeft(): boolean {
    return this.#wasLeft;
  }

  /** A single write looks like its own echo: a read must tell first whether there are echoes. */
  get mayEcho(): boolean {
    return !this.#isTcp && this.#options.adapter.echoes === null;
  }

  /**
   * Runs one request of the library. Requests may not overlap.
   * @throws BusError
   */
  async request<T>(unit: number, send: (client: ModbusClient) => Promise<T>): Promise<T> {
    if (!this.#isUsable) throw new BusError('closed', 'the connection is closed');
    this.#client.setID(unit);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#exchange = { question: null, received: NOTHING, fail: reject };
        // Whatever becomes of the library's promise, ours is settled by then.
        this.#deadline = setTimeout(() => this.#giveUp(), this.#options.timeoutMs);
        send(this.#client).then(resolve, (error: unknown) => reject(asBusError(error)));
      });
    } catch (error) {
      const isRefusal = error instanceof BusError && error.code === 'exception';
      if (!isRefusal) this.#distrust();
      throw error;
    } finally {
      this.#end();
      this.#options.quiet.active();
    }
  }

  /** Ends the wire at once: the library's close waits for the peer, its destroy loses promises. */
  destroy(): Promise<void> {
    this.#drop('the connection was closed');
    this.#client.destroy(() => undefined);
    return this.#wire?.destroy() ?? Promise.resolve();
  }

  #send(request: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === null || this.#wire === null) return;
    const question = questionOf(request);
    exchange.question = question;
    const { adapter } = this.#options;
    adapter.transaction = (adapter.transaction + 1) & 0xffff;
    const bytes = this.#isTcp ? tcpRequest(question, adapter.transaction) : request;
    this.#options.traffic.frame('out', this.#options.time.nowMs(), bytes);
    this.#wire.write(bytes);
    this.#allowForBytes(request.length + question.answerBytes);
  }

  /** On a serial line the bytes of a request and its answer take their time too. */
  #allowForBytes(bytes: number): void {
    const { connection, timeoutMs } = this.#options;
    if (connection.kind !== 'serial') return;
    const bytesMs = Math.ceil((bytes * BITS_PER_BYTE * 1_000) / connection.baud);
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#giveUp(), timeoutMs + bytesMs);
  }

  #hear(bytes: Buffer): void {
    const { traffic, time, quiet } = this.#options;
    quiet.active();
    traffic.frame('in', time.nowMs(), bytes);
    const exchange = this.#exchange;
    if (exchange === null || exchange.question === null) {
      traffic.stale(bytes.length);
      this.#stray();
      return;
    }
    const { received } = exchange;
    exchange.received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    this.#heed(exchange, this.#judge(exchange.question, exchange.received));
  }

  #judge(question: Question, received: Buffer): Verdict {
    const { adapter } = this.#options;
    if (this.#isTcp) return judgeTcp(question, adapter.transaction, received);
    return judgeRtu(question, received, adapter.echoes);
  }

  #heed(exchange: Exchange, verdict: Verdict): void {
    clearTimeout(this.#broken);
    if (verdict.kind === 'answer') {
      this.#accept(exchange, verdict);
    } else if (verdict.kind === 'fault') {
      exchange.fail(new BusError('framing', `the answer does not fit: ${verdict.reason}`));
    } else if (verdict.kind === 'corrupt') {
      const error = new BusError('crc', 'the answer has a wrong checksum');
      this.#broken = setTimeout(() => exchange.fail(error), BROKEN_QUIET_MS);
    } else if (exchange.received.length > MAX_RECEIVED_BYTES) {
      exchange.fail(new BusError('framing', 'noise in place of an answer'));
    }
  }

  #accept(exchange: Exchange, verdict: Extract<Verdict, { kind: 'answer' }>): void {
    const { received } = exchange;
    this.#learnEcho(exchange, true);
    const header = this.#isTcp ? HEADER_BYTES : 0;
    this.#options.traffic.stale(received.length - (verdict.end - verdict.start) - header);
    const isStrayed = received.length > verdict.end;
    this.#hasAnswered = true;
    this.#end();
    this.#port.deliver(verdict.frame);
    // Bytes beyond the answer would be taken for the start of the next one.
    if (isStrayed) this.#stray();
  }

  /** Answers tell, and so does silence at first; noise does not. */
  #learnEcho({ question, received }: Exchange, isAnswered: boolean): void {
    if (this.#isTcp || question === null || isOwnAnswer(question)) return;
    const { adapter } = this.#options;
    if (isEcho(question, received)) adapter.echoes = true;
    else if (isAnswered || (adapter.echoes === null && received.length === 0)) {
      adapter.echoes = false;
    }
  }

  #giveUp(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#learnEcho(exchange, false);
    const { length } = exchange.received;
    this.#options.traffic.stale(length);
    const error =
      length === 0
        ? new BusError('timeout', 'no answer in time')
        : new BusError('framing', `${length} bytes came in time, and no answer among them`);
    exchange.fail(error);
  }

  #end(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#broken);
    this.#exchange = null;
  }

  /** After an error: what comes next may belong to what was asked before. */
  #distrust(): void {
    const { connection, quiet } = this.#options;
    if (connection.kind !== 'serial') void this.destroy();
    if (connection.kind !== 'tcp') quiet.demand(ERROR_QUIET_MS);
  }

  #stray(): void {
    if (this.#isTcp) void this.destroy();
    else this.#options.quiet.demand(STRAY_QUIET_MS);
  }

  #lose(reason: string): void {
    this.#wasLeft = this.#hasAnswered && this.#exchange?.received.length === 0;
    this.#drop(reason);
  }

  #drop(reason: string): void {
    this.#isUsable = false;
    this.#exchange?.fail(new BusError('closed', reason));
  }
}

/** Errors of the library by class and code, never by text. */
function asBusError(error: unknown): BusError {
  if (error instanceof BusError) return error;
  const { modbusCode } = error as { modbusCode?: unknown };
  const text = error instanceof Error ? error.message : String(error);
  if (typeof modbusCode === 'number') return new BusError('exception', text, modbusCode);
  return new BusError('framing', `the answer does not fit the request (${text})`);
}
