/** What carries the bytes of a bus: a TCP socket or a serial port, opened anew after each loss. */
import { Socket } from 'node:net';
import { SerialPort } from 'serialport';
import { type BusConnection, BusError } from '../ports.ts';

export interface Wire {
  write(bytes: Uint8Array): void;
  /** Ends it at once, whatever the other side does; settles when it may be opened again. */
  destroy(): Promise<void>;
}

export interface WireEvents {
  onBytes(bytes: Buffer): void;
  /** The wire is gone, unless `destroy` was called. Comes at most once. */
  onLost(reason: string): void;
}

type TcpAddress = Extract<BusConnection, { host: string }>;
type SerialLine = Extract<BusConnection, { path: string }>;

const KEEP_ALIVE_MS = 30_000;

/** @throws BusError `closed`, or `timeout` when nobody answers within `timeoutMs`. */
export function openWire(
  connection: BusConnection,
  timeoutMs: number,
  events: WireEvents,
): Promise<Wire> {
  return connection.kind === 'serial'
    ? openSerial(connection, timeoutMs, events)
    : openSocket(connection, timeoutMs, events);
}

function openSocket(at: TcpAddress, timeoutMs: number, events: WireEvents): Promise<Wire> {
  const socket = new Socket();
  let isDestroyed = false;
  const destroy = async (): Promise<void> => {
    isDestroyed = true;
    socket.destroy();
  };
  return new Promise((resolve, reject) => {
    let isOpen = false;
    let lost = 'the device closed the connection';
    // A device that swallows the first packet would be waited for for two minutes.
    const timer = setTimeout(
      () => fail(new BusError('timeout', 'no connection in time')),
      timeoutMs,
    );
    const fail = (error: BusError): void => {
      clearTimeout(timer);
      void destroy();
      reject(error);
    };
    socket.on('error', (error) => {
      lost = `the connection broke (${error.message})`;
      if (!isOpen) fail(new BusError('closed', error.message));
    });
    socket.on('close', () => {
      if (isOpen && !isDestroyed) events.onLost(lost);
    });
    // Half a connection is of no use: nobody would answer.
    socket.on('end', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => events.onBytes(bytes));
    socket.connect({ host: at.host, port: at.port, noDelay: true }, () => {
      clearTimeout(timer);
      isOpen = true;
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve({ write: (bytes) => void socket.write(bytes), destroy });
    });
  });
}

function openSerial(line: SerialLine, timeoutMs: number, events: WireEvents): Promise<Wire> {
  const { path, baud, parity, stopBits } = line;
  const port = new SerialPort({
    ...{ path, baudRate: baud, parity, stopBits },
    dataBits: 8,
    autoOpen: false,
    // Two programs on one line would take each other's answers.
    lock: true,
  });
  let isDestroyed = false;
  const destroy = (): Promise<void> => {
    isDestroyed = true;
    // The lock lasts until the port is closed, which happens in a thread.
    return new Promise((resolve) => {
      if (port.closing) port.once('close', () => resolve());
      else if (!port.isOpen) resolve();
      else port.close(() => resolve());
    });
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      isDestroyed = true;
      reject(new BusError('timeout', 'the port does not open'));
    }, timeoutMs);
    port.on('error', () => undefined);
    port.on('data', (bytes: Buffer) => events.onBytes(bytes));
    // Comes twice when the stream is destroyed too, then without a reason.
    port.once('close', (error?: Error | null) => {
      if (isDestroyed) return;
      const why = error instanceof Error ? ` (${error.message})` : '';
      events.onLost(`the port is gone${why}`);
    });
    port.open((error) => {
      clearTimeout(timer);
      if (error !== null) return reject(new BusError('closed', error.message));
      if (isDestroyed) return void destroy();
      resolve({ write: (bytes) => void port.write(Buffer.from(bytes)), destroy });
    });
  });
}
