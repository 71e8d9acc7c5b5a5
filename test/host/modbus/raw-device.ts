/**
 * A Modbus device of raw sockets, written from the standard and sharing no code with the bus: TCP
 * or RTU frames, and any fault for the next requests. Register `a` holds `a * 3 + 1` (function 4);
 * holding registers and coils keep what is written.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { BusTime } from '../../../host/modbus/bus-time.ts';
import { openBus } from '../../../host/modbus/open-bus.ts';
import { type Bus, BusError, type Log } from '../../../host/ports.ts';

/** An answer of a loaded machine must not look late. */
export const TIMEOUT_MS = 250;

export type Framing = 'tcp' | 'rtu-tcp';

/** One request, and what may be done with it. */
export interface Asked {
  socket: Socket;
  /** Unit and everything behind it, without header or checksum. */
  request: Buffer;
  /** The right answer, likewise. */
  body: Buffer;
  /** The request as it came. */
  raw: Buffer;
  /** The right answer as it goes out. */
  good: Buffer;
  /** A body as it goes out: with the request's header, or a checksum. */
  seal(body: Buffer): Buffer;
}

export type Fault = (asked: Asked) => void;

export interface Device {
  bus: Bus;
  /** Without header or checksum. */
  requests: Buffer[];
  /** Faults of the next requests, in order; then `always`, or all is well. */
  faults: Fault[];
  always: Fault | null;
  connections: number;
  coils: Map<number, boolean>;
  holding: Map<number, number>;
  server: Server;
  port: number;
  sockets: Set<Socket>;
  /** Units that never answer. */
  dead: Set<number>;
}

export interface DeviceOptions {
  timeoutMs?: number;
  gapMs?: number;
  time?: BusTime;
  log?: Log;
}

export async function withDevice(
  kind: Framing,
  work: (device: Device) => Promise<void>,
  options: DeviceOptions = {},
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    device.connections += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      for (;;) {
        const length = requestBytes(kind, pending);
        if (length === null || pending.length < length) return;
        const raw = Buffer.from(pending.subarray(0, length));
        pending = pending.subarray(length);
        meet(kind, device, socket, raw);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { timeoutMs = TIMEOUT_MS, gapMs = 0, time = hurriedTime, log } = options;
  const bus = openBus({
    name: 'test',
    connection: { kind, host: '127.0.0.1', port },
    ...{ timeoutMs, minGapMs: gapMs, time },
    ...(log === undefined ? {} : { log }),
  });
  const device: Device = {
    ...{ bus, requests: [], faults: [], always: null, connections: 0 },
    ...{ coils: new Map(), holding: new Map(), server, port, sockets, dead: new Set() },
  };
  try {
    await work(device);
  } finally {
    bus.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Silences, rests and back-offs pass five times as fast; time-outs do not. */
const HURRY = 5;
export const hurriedTime: BusTime = {
  nowMs: () => performance.now() * HURRY,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      setTimeout(() => (signal.aborted ? reject(signal.reason) : resolve()), ms / HURRY);
    }),
  uniform: () => 0.5,
};

function meet(kind: Framing, device: Device, socket: Socket, raw: Buffer): void {
  const request = kind === 'tcp' ? raw.subarray(6) : raw.subarray(0, raw.length - 2);
  device.requests.push(request);
  if (device.dead.has(request.readUInt8(0))) return;
  const body = answerTo(device, request);
  const seal = (each: Buffer): Buffer =>
    kind === 'tcp' ? withHeader(raw.readUInt16BE(0), each) : withChecksum(each);
  const fault = device.faults.shift() ?? device.always ?? sendGood;
  fault({ socket, request, body, raw, good: seal(body), seal });
}

export const sendGood: Fault = ({ socket, good }) => void socket.write(good);

/** Length of the request that begins here; null when that is not known yet. */
function requestBytes(kind: Framing, bytes: Buffer): number | null {
  if (kind === 'tcp') return bytes.length < 6 ? null : 6 + bytes.readUInt16BE(4);
  if (bytes.length < 8) return null;
  return bytes.readUInt8(1) >= 15 ? 9 + bytes.readUInt8(6) : 8;
}

function answerTo(device: Device, request: Buffer): Buffer {
  const code = request.readUInt8(1);
  const address = request.readUInt16BE(2);
  const value = request.readUInt16BE(4);
  const head = request.subarray(0, 2);
  if (code === 3 || code === 4) {
    const data = Buffer.alloc(2 * value);
    for (let i = 0; i < value; i++) {
      const word = code === 4 ? wordAt(address + i) : (device.holding.get(address + i) ?? 0);
      data.writeUInt16BE(word, 2 * i);
    }
    return Buffer.concat([head, Buffer.from([data.length]), data]);
  }
  if (code === 1 || code === 2) {
    const data = Buffer.alloc(Math.ceil(value / 8));
    for (let i = 0; i < value; i++) {
      const byte = Math.floor(i / 8);
      const isOn = device.coils.get(address + i) === true;
      data.writeUInt8(data.readUInt8(byte) + (isOn ? 2 ** (i % 8) : 0), byte);
    }
    return Buffer.concat([head, Buffer.from([data.length]), data]);
  }
  if (code === 5) device.coils.set(address, value === 0xff00);
  if (code === 6) device.holding.set(address, value);
  if (code === 16) {
    for (let i = 0; i < value; i++) {
      device.holding.set(address + i, request.readUInt16BE(7 + 2 * i));
    }
  }
  return request.subarray(0, 6);
}

export function wordAt(address: number): number {
  return (address * 3 + 1) & 0xffff;
}

export function wordsAt(address: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => wordAt(address + i));
}

export function withHeader(transaction: number, body: Buffer): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt16BE(transaction, 0);
  header.writeUInt16BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** Bit by bit, as the standard describes it. */
export function withChecksum(body: Buffer): Buffer {
  let crc = 0xffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc % 2 === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]);
}

export function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

export async function failure(work: Promise<unknown>): Promise<BusError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

export function refusal(code: number): Fault {
  return ({ socket, body, seal }) => {
    socket.write(seal(Buffer.from([body.readUInt8(0), body.readUInt8(1) | 0x80, code])));
  };
}
