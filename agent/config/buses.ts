/**
 * The buses in the house, `[buses.NAME]`: what meters, batteries and relays are wired to. One table
 * is one wire: devices that share it name the same bus.
 */
import * as v from 'valibot';
import type { BusConnection } from '../../host/ports.ts';
import { table } from '../../market/settings/toml.ts';
import { between, NAME } from './words.ts';

export interface BusSettings {
  name: string;
  connection: BusConnection;
  /** How long an answer may take. */
  timeoutMs: number;
  /** Silence between an answer and the next request. */
  gapMs: number;
  /** Silence between connecting and the first request. */
  connectDelayMs: number;
  /** Times that nobody wrote: the profiles of the devices may want longer ones. */
  byDefault: readonly BusTime[];
}

export type BusTime = 'timeoutMs' | 'gapMs' | 'connectDelayMs';

/** Of a bus about which nothing is said. */
export const BUS_TIMES: Readonly<Record<BusTime, number>> = {
  timeoutMs: 1_500,
  gapMs: 20,
  connectDelayMs: 0,
};

const EXAMPLES =
  '"tcp://192.168.1.20:502", "rtu-tcp://192.168.1.20:4196" or "serial:/dev/serial/by-id/usb-..."';

type Place = Exclude<BusConnection, { kind: 'serial' }> | { kind: 'serial'; path: string };

/** Devices are reached by IP literal only, so that no name is ever looked up. */
const CONNECTION = v.pipe(
  v.string(`must be text, for example ${EXAMPLES}`),
  v.rawTransform<string, Place>(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value;
    const place = serialPlace(text) ?? netPlace(text);
    if (typeof place !== 'string') return place;
    addIssue({ message: place });
    return NEVER;
  }),
);

function serialPlace(text: string): Place | null {
  const [, path = ''] = /^serial:(?:\/\/)?(\/\S+)$/.exec(text) ?? [];
  return path === '' ? null : { kind: 'serial', path };
}

/** What is wrong, as text, when it is none. */
function netPlace(text: string): Exclude<BusConnection, { kind: 'serial' }> | string {
  const match = /^(tcp|rtu-tcp):\/\/(\[[0-9a-fA-F:.]+\]|[^:/]+):(\d{1,5})$/.exec(text);
  const [, kind = '', host = '', port = ''] = match ?? [];
  if (!match || Number(port) < 1 || Number(port) > 65535) {
    return `"${text}" is not a connection like ${EXAMPLES}`;
  }
  if (!isIpLiteral(host)) {
    return (
      `"${text}" names a host; devices are reached by IP address only, ` +
      'so that no name is looked up'
    );
  }
  return {
    kind: kind === 'tcp' ? 'tcp' : 'rtu-tcp',
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
  };
}

const BAUDS = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200] as const;

const BUS = v.pipe(
  table({
    connection: CONNECTION,
    baud: v.optional(v.picklist(BAUDS, `must be one of ${BAUDS.join(', ')}`)),
    parity: v.optional(v.picklist(['none', 'even', 'odd'], 'must be "none", "even" or "odd"')),
    stop_bits: v.optional(v.picklist([1, 2], 'must be 1 or 2')),
    timeout: v.optional(between([50, '50 ms'], [30_000, '30 s'])),
    gap: v.optional(between([0, '0 s'], [5_000, '5 s'])),
    connect_delay: v.optional(between([0, '0 s'], [30_000, '30 s'])),
  }),
  v.check(
    ({ connection, baud, parity, stop_bits: stopBits }) =>
      connection.kind === 'serial' || (baud ?? parity ?? stopBits) === undefined,
    'is no serial line: baud, parity and stop_bits are set in the gateway, not here',
  ),
);

export const BUSES = v.pipe(
  v.record(NAME, BUS, 'must be tables like [buses.cabinet]'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const seen = new Map<string, string>();
    for (const [name, { connection }] of Object.entries(dataset.value)) {
      const place =
        connection.kind === 'serial' ? connection.path : `${connection.host} ${connection.port}`;
      const other = seen.get(place);
      seen.set(place, name);
      if (other === undefined) continue;
      addIssue({
        message: `name the same wire twice (${other} and ${name}): devices on it share one bus`,
      });
    }
  }),
);

export function busesOf(raw: v.InferOutput<typeof BUSES>): BusSettings[] {
  return Object.entries(raw).map(([name, bus]) => ({
    name,
    connection:
      bus.connection.kind === 'serial'
        ? {
            ...bus.connection,
            baud: bus.baud ?? 9600,
            parity: bus.parity ?? 'none',
            stopBits: bus.stop_bits ?? 1,
          }
        : bus.connection,
    ...timesOf({ timeoutMs: bus.timeout, gapMs: bus.gap, connectDelayMs: bus.connect_delay }),
  }));
}

function timesOf(written: { [K in BusTime]: number | undefined }) {
  const names = Object.keys(BUS_TIMES) as BusTime[];
  const { timeoutMs, gapMs, connectDelayMs } = BUS_TIMES;
  return {
    timeoutMs: written.timeoutMs ?? timeoutMs,
    gapMs: written.gapMs ?? gapMs,
    connectDelayMs: written.connectDelayMs ?? connectDelayMs,
    byDefault: names.filter((name) => written[name] === undefined),
  };
}

/** A connection as in the settings, a serial one with the usual line; else what is wrong. */
export function readConnection(text: string): BusConnection | string {
  const place = serialPlace(text) ?? netPlace(text);
  if (typeof place === 'string' || place.kind !== 'serial') return place;
  return { ...place, baud: 9600, parity: 'none', stopBits: 1 };
}

/** How people write it: `tcp://192.168.1.20:502`, `/dev/ttyUSB0 9600 8N1`. */
export function connectionText(connection: BusConnection): string {
  if (connection.kind !== 'serial') {
    const { kind, host, port } = connection;
    return `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
  const { path, baud, parity, stopBits } = connection;
  return `${path} ${baud} 8${parity.charAt(0).toUpperCase()}${stopBits}`;
}

function isIpLiteral(host: string): boolean {
  if (host.startsWith('[')) return /:.*:/.test(host);
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}
