/** Buses by how they are reached: one connection is one bus, whoever names it. */
import { isIP } from 'node:net';
import type { Bus, BusConnection, Log } from '../ports.ts';
import { GuardedBus } from './bus.ts';
import { type BusTime, realTime } from './bus-time.ts';

export interface OpenBusOptions {
  /** For the log. */
  name: string;
  connection: BusConnection;
  /** How long an answer, or a connection, may take. Well above the slowest unit. Real ms. */
  timeoutMs: number;
  /** Silence between an answer and the next request. Real ms; 20 for RTU, 0 for TCP. */
  minGapMs?: number;
  /** Silence after connecting, for devices that need it. Real ms. */
  connectDelayMs?: number;
  log?: Log;
  time?: BusTime;
}

/** 3.5 characters at 2,400 baud; slower meters say so in their profile. */
const RTU_GAP_MS = 20;

/** @throws RangeError when the host is no IP literal. */
export function openBus(options: OpenBusOptions): Bus {
  const { name, connection, timeoutMs } = options;
  if (connection.kind !== 'serial' && isIP(connection.host) === 0) {
    throw new RangeError(`"${connection.host}" is a name; give the device's IP address instead`);
  }
  return new GuardedBus({
    ...{ name, connection, timeoutMs },
    gapMs: options.minGapMs ?? (connection.kind === 'tcp' ? 0 : RTU_GAP_MS),
    connectDelayMs: options.connectDelayMs ?? 0,
    time: options.time ?? realTime,
    log: options.log ?? null,
  });
}

/** A Modbus TCP bus by host and port. @throws RangeError when the host is no IP literal. */
export function tcpBus(
  options: Omit<OpenBusOptions, 'name' | 'connection'> & { host: string; port: number },
): Bus {
  const { host, port, ...rest } = options;
  return openBus({ ...rest, name: `${host}:${port}`, connection: { kind: 'tcp', host, port } });
}

/** All buses of a process. */
export class Buses {
  readonly #buses = new Map<string, { bus: Bus; connection: BusConnection; name: string }>();

  /**
   * The bus of this connection: the same one whenever the connection is named again.
   * @throws RangeError when the host is no IP literal, and when the same socket or serial port was
   * named with another protocol or other line settings: only one of the two can be right.
   */
  open(options: OpenBusOptions): Bus {
    const { connection, name } = options;
    const place = placeOf(connection);
    const known = this.#buses.get(place);
    if (known === undefined) {
      const bus = openBus(options);
      this.#buses.set(place, { bus, connection, name });
      return bus;
    }
    if (settingsOf(known.connection) === settingsOf(connection)) return known.bus;
    throw new RangeError(
      `buses "${known.name}" and "${name}" reach ${place} in two ways: ` +
        `${settingsOf(known.connection)} and ${settingsOf(connection)}; only one can be right`,
    );
  }

  close(): void {
    for (const { bus } of this.#buses.values()) bus.close();
  }
}

function placeOf(connection: BusConnection): string {
  return connection.kind === 'serial' ? connection.path : `${connection.host}:${connection.port}`;
}

function settingsOf(connection: BusConnection): string {
  if (connection.kind !== 'serial') return connection.kind;
  const { baud, parity, stopBits } = connection;
  return `${baud} baud, parity ${parity}, ${stopBits} stop bits`;
}
