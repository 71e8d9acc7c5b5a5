/**
 * The borders between transax and the machine it runs on: interfaces only.
 *
 * Everything that touches time, chance, files, sockets, databases or wires goes through one of
 * these, so that services can be tested with a clock that is stepped, a meter that lies and a disk
 * that is full. The Node implementations stand beside this file; only `main.ts` files, the testbed
 * and tests may import those.
 */

import type { BusCounters, BusFrame } from './bus-traffic.ts';

/** Milliseconds since 1970-01-01 UTC, in market time (which a test may step or scale). */
export type UnixMs = number;

/**
 * Two clocks in one port. Market time says which interval it is; monotonic time never jumps and
 * serves deadlines, retries and minimum on and off times.
 */
export interface Clock {
  /** Market time, ms since the epoch. */
  now(): UnixMs;
  /** Real milliseconds since some fixed moment of this process; never goes back. */
  monotonicMs(): number;
  /** Whether market time is proven good (synchronised). Nothing is signed while it is not. */
  isProven(): boolean;
  /** A named waiting line for one loop. Create it before the first `until`, close it at the end. */
  pacer(name: string): Pacer;
  /** Waits in real time, for retries only. @throws the signal's reason when aborted. */
  delay(ms: number, signal: AbortSignal): Promise<void>;
  /** Who watches over market time. Absent in a lab, where time is what the conductor says. */
  readonly watch?: ClockWatch;
}

/** Decides whether this machine's clock is good, from all that can be known of it. */
export interface ClockWatch {
  /**
   * A final block of the chain: its time must agree with the clock.
   * @param askedAtMonotonicMs when it was asked for
   * @param lagSeconds how old a block may be when it is seen (finality, time between two looks)
   */
  observeBlock(timestampSeconds: number, askedAtMonotonicMs: number, lagSeconds: number): void;
  /** Something was written down at this moment: the clock cannot be before it. */
  saved(atMs: UnixMs): void;
  /** How often the clock was set since the start. */
  stepCount(): number;
  status(): ClockWatchStatus;
}

/** Which time service vouches for the clock. `lab`: none is asked. */
export type ClockSource = 'chrony' | 'timesyncd' | 'systemd' | 'none' | 'lab';

export interface ClockWatchStatus {
  source: ClockSource;
  isProven: boolean;
  /** Why it is not proven, and what to do; null when it is. */
  reason: string | null;
  /** What is good enough, but not well; null when nothing is. */
  warning: string | null;
  /** This clock less the time service's; null where that does not tell. */
  offsetMs: number | null;
  /** Steps since the start, and the last of them (positive: forward). */
  steps: { count: number; lastAtMs: UnixMs | null; lastByMs: number | null };
  /** This clock less the time of final blocks, median of the last ones; null: none seen yet. */
  blockDifferenceS: number | null;
  lastSavedAtMs: UnixMs | null;
  /** Whether the board has a clock of its own; null: not known. */
  hasRtc: boolean | null;
}

/**
 * The pace of one loop in market time. A loop is busy from the creation of its pacer, and from each
 * return of `until`, to the next call of `until`; stepped market time advances only when no loop is
 * busy. So a loop must do all its work of one step between two calls, and await it.
 */
export interface Pacer {
  /**
   * Waits until market time `at`; returns at once (a turn later) when that has passed, and before
   * `at` when market time was set back meanwhile: look at the clock again.
   * @throws the signal's reason when aborted.
   */
  until(at: UnixMs, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Housekeeping by calendar (UTC cron expression); no network action starts from here. */
export interface Schedule {
  /** Runs `job` at each match of `cron` until the signal aborts. */
  at(cron: string, job: () => void, signal: AbortSignal): void;
}

export interface Random {
  /** Cryptographically strong random bytes. */
  bytes(count: number): Uint8Array;
  /** In [0, 1), for jitter and spreading. @param what what for: a lab's chance repeats for each */
  uniform(what?: string): number;
}

export type LogFields = Readonly<Record<string, string | number | boolean | bigint | null>>;

/** One line per event: what happened, what it means, what to do. Never a key or an address pair. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Read-only material that ships with the program: profiles, WASM, worker code. */
export interface Resources {
  /** @throws Error when there is no such resource. */
  text(name: string): string;
  bytes(name: string): Uint8Array;
}

/** Text files named by the user. @throws FileError. */
export interface Files {
  readText(path: string): string;
  /** Writes to a temporary file beside it, fsyncs, renames. `mode` defaults to 0o644. */
  writeText(path: string, text: string, mode?: number): void;
  exists(path: string): boolean;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(folder: string): string[];
}

export class FileError extends Error {
  readonly path: string;
  readonly code: 'missing' | 'denied' | 'full' | 'other';
  constructor(path: string, code: FileError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'FileError';
    this.path = path;
    this.code = code;
  }
}

// ------------------------------------------------------------------------------------ databases

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/**
 * One SQLite file. Integers come back as numbers; columns that may exceed 2^53 are stored as TEXT.
 * Statements are prepared once per SQL text and kept.
 * @throws SqlError on every failure.
 */
export interface Sql {
  run(sql: string, ...params: SqlValue[]): { changes: number; lastId: number };
  get(sql: string, ...params: SqlValue[]): SqlRow | undefined;
  all(sql: string, ...params: SqlValue[]): SqlRow[];
  /** All or nothing; durable when it returns. May not be nested. */
  transaction<T>(work: () => T): T;
  /** Bytes of the database and its log on disk, for the wear figure. */
  bytesOnDisk(): number;
  close(): void;
}

export class SqlError extends Error {
  /**
   * `wrong-key`: the key does not fit the file. `damaged`: it does, and pages are corrupt.
   * `locked`: another process holds it. `full`, `io`: the disk. `constraint`: a rule of the schema.
   */
  readonly code: 'wrong-key' | 'damaged' | 'locked' | 'full' | 'io' | 'constraint' | 'other';
  readonly path: string;
  constructor(path: string, code: SqlError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SqlError';
    this.path = path;
    this.code = code;
  }
}

// ------------------------------------------------------------------------------------ the house

/**
 * How a bus is reached: Modbus TCP, RTU frames over TCP (a plain serial gateway), a serial port.
 * `host` is an IP literal.
 */
export type BusConnection =
  | { kind: 'tcp' | 'rtu-tcp'; host: string; port: number }
  | {
      kind: 'serial';
      path: string;
      baud: number;
      parity: 'none' | 'even' | 'odd';
      stopBits: 1 | 2;
    };

/**
 * One Modbus bus (a TCP connection or a serial line) with any number of units on it. Requests are
 * queued: one is under way at a time. Words are 16-bit, in the order of the wire; addresses are the
 * wire's, from 0.
 * @throws BusError
 */
export interface Bus {
  /** Function 4: `count` words from `address`, at most 125. */
  readInput(unit: number, address: number, count: number): Promise<Uint16Array>;
  /** Function 3, at most 125 words. */
  readHolding(unit: number, address: number, count: number): Promise<Uint16Array>;
  /** Function 16, at most 123 words. */
  writeHolding(unit: number, address: number, words: Uint16Array): Promise<void>;
  /** Function 6: one word, for devices that know no function 16. */
  writeRegister(unit: number, address: number, word: number): Promise<void>;
  /** Function 1: `count` coils, at most 2,000. */
  readCoils(unit: number, address: number, count: number): Promise<boolean[]>;
  /** Function 2: `count` discrete inputs, at most 2,000. */
  readDiscrete(unit: number, address: number, count: number): Promise<boolean[]>;
  /** Function 1, one coil. */
  readCoil(unit: number, address: number): Promise<boolean>;
  /** Function 5. */
  writeCoil(unit: number, address: number, on: boolean): Promise<void>;
  /** What came of the requests since the start: shows an installer a bad cable. */
  counters(): BusCounters;
  /** The last raw frames, oldest first, for the support bundle. */
  frames(): BusFrame[];
  close(): void;
}

export class BusError extends Error {
  /**
   * `timeout`: no answer in time. `closed`: no connection. `crc`: a wrong checksum. `framing`: an
   * answer that does not fit. `exception`: the device refused, with the standard's `exceptionCode`.
   */
  readonly code: 'timeout' | 'closed' | 'crc' | 'framing' | 'exception';
  readonly exceptionCode: number | null;
  constructor(code: BusError['code'], message: string, exceptionCode: number | null = null) {
    super(message);
    this.name = 'BusError';
    this.code = code;
    this.exceptionCode = exceptionCode;
  }

  /** The device knows the request and will never answer it: there is no use in asking again. */
  get isPermanent(): boolean {
    return this.exceptionCode !== null && [1, 2, 3].includes(this.exceptionCode);
  }
}

/** One switched output. @throws Error when the output cannot be reached. */
export interface Relay {
  set(on: boolean): Promise<void>;
  /** What the output is driven to now, read back from the device. */
  read(): Promise<boolean>;
}

/** A relay that this process holds. `close` lets go of it and leaves it as it stands. */
export interface HeldRelay extends Relay {
  close(): Promise<void>;
}

/** One line of a GPIO chip. */
export interface GpioLine {
  /** The label of its chip, such as `pinctrl-bcm2711`: numbers of chips change with the kernel. */
  chip: string;
  /** Its name, such as `GPIO17`, or its place in the chip, from 0. */
  line: string | number;
  /** Whether it is on at the low level. */
  activeLow: boolean;
}

/** A chip as the system shows it. `label` is null where this user may not look. */
export interface GpioChip {
  name: string;
  label: string | null;
  lines: number | null;
}

export interface GpioOutput {
  /** @throws GpioError */
  set(on: boolean): void;
  /** What the line is driven to. @throws GpioError */
  read(): boolean;
  close(): void;
}

export interface GpioInput {
  /** @throws GpioError */
  read(): boolean;
  close(): void;
}

/** The GPIO lines of this computer, by one of the kernel's interfaces. @throws GpioError */
export interface Gpio {
  /** Takes a line as an output that has `on` from its first moment: nothing clicks meanwhile. */
  openOutput(line: GpioLine, on: boolean): Promise<GpioOutput>;
  openInput(line: GpioLine): Promise<GpioInput>;
  /** Whether a line is on now, as it is: neither direction nor level change. */
  look(line: GpioLine): Promise<boolean>;
  /** All that there are, to be shown. */
  chips(): Promise<GpioChip[]>;
}

export class GpioError extends Error {
  /**
   * `no-chip`, `no-line`: there is none of that name, or more than one. `busy`: the kernel or
   * another program holds the line. `denied`: not for this user. `unsupported`: this kernel does
   * not have the interface. `io`: it had it, and something failed.
   */
  readonly code: 'no-chip' | 'no-line' | 'busy' | 'denied' | 'unsupported' | 'io';
  constructor(code: GpioError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'GpioError';
    this.code = code;
  }
}

/** Where a device in the house is. `host` is an IP literal: no name is ever looked up. */
export interface HouseAddress {
  host: string;
  port: number;
}

/**
 * HTTP to devices in the house. Each request is a connection of its own; compressed answers and
 * redirects are refused. @throws TransportError
 */
export interface HouseHttp {
  /** @param path with its query */
  get(
    at: HouseAddress,
    path: string,
    limits: { deadlineMs: number; maxBytes: number; signal?: AbortSignal },
  ): Promise<{ status: number; body: string }>;
}

/** What relays hang on besides buses. */
export interface RelayWires {
  /** The character device. */
  gpio: Gpio;
  gpioSysfs: Gpio;
  http: HouseHttp;
}

// ---------------------------------------------------------------------------------- the outside

export interface PostOptions {
  /**
   * Connections, and circuits through Tor, are never shared between identities (one per anonymous
   * address). The name itself never leaves this process.
   */
  identity: string;
  /** Absolute deadline of the whole exchange, real ms; the socket is ended when it passes. */
  deadlineMs: number;
  /** The answer's size limit; a longer answer is an error, never cut. */
  maxBytes: number;
  signal?: AbortSignal;
}

/**
 * JSON over HTTP POST to what lies outside the house (chain, DSO). Compressed answers, redirects
 * and other origins than those it was made for are refused.
 * @throws TransportError
 */
export interface Transport {
  post(url: string, body: string, options: PostOptions): Promise<{ status: number; body: string }>;
  /** `tor`, or `clear` for the lab: shown by `status` and said at each start. */
  readonly kind: 'tor' | 'clear';
  /**
   * Ends what this identity has open. What told it apart on the way (credentials of Tor's SOCKS)
   * is never used again: should the name come back, it is another one outside.
   */
  forget(identity: string): void;
  /** Why nothing goes out, with a remedy; null when the last exchange worked or none was tried. */
  problem(): string | null;
  close(): void;
}

export class TransportError extends Error {
  readonly code: 'unreachable' | 'deadline' | 'too-large' | 'refused' | 'protocol' | 'aborted';
  constructor(code: TransportError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.code = code;
  }
}

export interface HttpRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: string;
  signal: AbortSignal;
  connection?: object; // the same for all requests of one
}

/** Of a server that strangers reach. Times, of a request's head and of all of it, in real ms. */
export type HttpLimit = 'maxBodyBytes' | 'maxConnections' | 'headMs' | 'requestMs';

export interface HttpResponse {
  status: number;
  contentType?: string; // application/json when absent
  body: string | Uint8Array | AsyncIterable<string>;
}

/** A small HTTP server. @throws TransportError `refused`: the place cannot be listened at. */
export interface HttpListener {
  listen(
    at: { host: string; port: number } | { path: string; mode: number },
    handle: (request: HttpRequest) => Promise<HttpResponse>,
    limits?: Partial<Record<HttpLimit, number>>,
  ): Promise<{ port: number | null; close(): Promise<void> }>;
}
