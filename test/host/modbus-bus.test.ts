/** The bus against raw sockets that misbehave: no wrong value, and reading goes on afterwards. */
import { createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TcpBuses, tcpBus } from '../../host/modbus-bus.ts';
import { type Bus, BusError } from '../../host/ports.ts';

const test = suite('modbus-bus');

/** An answer of a loaded machine must not look late. */
const TIMEOUT_MS = 250;

/** What the device does with one request; `good` is the right answer. */
type Fault = (socket: Socket, good: Buffer, request: Buffer) => void;

interface Device {
  bus: Bus;
  requests: Buffer[];
  /** Faults of the next requests, in order; then all is well. */
  faults: Fault[];
  connections: number;
  coils: Map<number, boolean>;
  holding: Map<number, number>;
  server: Server;
  sockets: Set<Socket>;
}

/** Register `a` holds `a * 3 + 1`; coils and holding registers are kept. */
async function withDevice(work: (device: Device) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    device.connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= 6 && pending.length >= 6 + pending.readUInt16BE(4)) {
        const end = 6 + pending.readUInt16BE(4);
        const request = Buffer.from(pending.subarray(0, end));
        pending = pending.subarray(end);
        device.requests.push(request);
        const fault = device.faults.shift() ?? sendGood;
        fault(socket, answer(device, request), request);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const bus = tcpBus({ host: '127.0.0.1', port, timeoutMs: TIMEOUT_MS });
  const device: Device = {
    bus,
    requests: [],
    faults: [],
    connections: 0,
    coils: new Map(),
    holding: new Map(),
    server,
    sockets,
  };
  try {
    await work(device);
  } finally {
    bus.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const sendGood: Fault = (socket, good) => void socket.write(good);

function answer(device: Device, request: Buffer): Buffer {
  const code = request.readUInt8(7);
  const address = request.readUInt16BE(8);
  const value = request.readUInt16BE(10);
  if (code === 3 || code === 4) {
    const body = Buffer.alloc(1 + 2 * value);
    body.writeUInt8(2 * value, 0);
    for (let i = 0; i < value; i++) {
      const word = code === 4 ? wordAt(address + i) : (device.holding.get(address + i) ?? 0);
      body.writeUInt16BE(word, 1 + 2 * i);
    }
    return frame(request, code, body);
  }
  if (code === 1) {
    return frame(request, code, Buffer.from([1, device.coils.get(address) === true ? 1 : 0]));
  }
  if (code === 5) device.coils.set(address, value === 0xff00);
  if (code === 16) {
    for (let i = 0; i < value; i++) {
      device.holding.set(address + i, request.readUInt16BE(13 + 2 * i));
    }
  }
  return frame(request, code, request.subarray(8, 12));
}

function frame(request: Buffer, code: number, body: Buffer): Buffer {
  const header = Buffer.from(request.subarray(0, 8));
  header.writeUInt16BE(2 + body.length, 4);
  header.writeUInt8(code, 7);
  return Buffer.concat([header, body]);
}

function wordAt(address: number): number {
  return (address * 3 + 1) & 0xffff;
}

async function failure(work: Promise<unknown>): Promise<BusError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

function changed(good: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(good);
  change(copy);
  return copy;
}

const exception =
  (code: number): Fault =>
  (socket, good, request) =>
    socket.write(frame(request, good.readUInt8(7) | 0x80, Buffer.from([code])));

/** Faults, and what the request that meets them ends with. */
const FAULTS: [name: string, fault: Fault, ends: BusError['code'][]][] = [
  ['no answer', () => undefined, ['timeout']],
  [
    'a late answer',
    (socket, good) => void setTimeout(() => socket.write(good), TIMEOUT_MS + 20),
    ['timeout'],
  ],
  ['the wrong unit', (s, good) => s.write(changed(good, (b) => b.writeUInt8(9, 6))), ['framing']],
  [
    'the wrong transaction id',
    (s, good) => s.write(changed(good, (b) => b.writeUInt16BE(b.readUInt16BE(0) + 7, 0))),
    ['timeout'],
  ],
  [
    'the wrong protocol',
    (s, good) => s.write(changed(good, (b) => b.writeUInt16BE(5, 2))),
    ['framing'],
  ],
  [
    'the wrong function',
    (s, good) => s.write(changed(good, (b) => b.writeUInt8(1, 7))),
    ['framing'],
  ],
  ['garbage', (s) => s.write(Buffer.alloc(20, 0xa5)), ['framing']],
  [
    'a leading zero byte',
    (s, good) => s.write(Buffer.concat([Buffer.alloc(1), good])),
    ['framing', 'timeout'],
  ],
  ['a missing byte', (s, good) => s.write(good.subarray(0, good.length - 1)), ['timeout']],
  [
    'a byte count too high',
    (s, good) => s.write(changed(good, (b) => b.writeUInt8(6, 8))),
    ['framing'],
  ],
  [
    'a byte count too low',
    (s, good) => s.write(changed(good, (b) => b.writeUInt8(2, 8))),
    ['framing'],
  ],
  [
    'a register too few',
    (s, _, request) => s.write(frame(request, 4, Buffer.from([2, 0, 1]))),
    ['framing'],
  ],
  ['a reset', (s) => s.resetAndDestroy(), ['closed']],
  ['half an answer and FIN', (s, good) => s.end(good.subarray(0, 5)), ['closed']],
];

for (const [name, fault, ends] of FAULTS) {
  test(`${name} is an error, and the next read is right`, () =>
    withDevice(async ({ bus, faults }) => {
      assert.equal([...(await bus.readInput(1, 50, 2))], [wordAt(50), wordAt(51)]);
      faults.push(fault);
      const error = await failure(bus.readInput(1, 10, 2));
      assert.ok(ends.includes(error.code), error.code);
      assert.equal([...(await bus.readInput(1, 30, 2))], [wordAt(30), wordAt(31)]);
      assert.equal([...(await bus.readInput(1, 70, 4))], [70, 71, 72, 73].map(wordAt));
      assert.equal(bus.counters(), { good: 3, failed: 1, reconnects: 1 });
    }));
}

test('an answer in pieces is put together', () =>
  withDevice(async ({ bus, faults }) => {
    faults.push((socket, good) => {
      socket.write(good.subarray(0, 3));
      setTimeout(() => socket.write(good.subarray(3, 9)), 10);
      setTimeout(() => socket.write(good.subarray(9)), 20);
    });
    assert.equal([...(await bus.readInput(1, 10, 2))], [wordAt(10), wordAt(11)]);
  }));

test('a duplicate answer shifts nothing', () =>
  withDevice(async ({ bus, faults }) => {
    faults.push((socket, good) => socket.write(Buffer.concat([good, good])));
    for (const address of [10, 30, 50]) {
      assert.equal([...(await bus.readInput(1, address, 1))], [wordAt(address)]);
    }
  }));

test('stray bytes behind an answer, or out of nowhere, harm no later read', () =>
  withDevice(async ({ bus, faults, sockets }) => {
    faults.push((socket, good) => socket.write(Buffer.concat([good, Buffer.alloc(1)])));
    assert.equal([...(await bus.readInput(1, 10, 1))], [wordAt(10)]);
    assert.equal([...(await bus.readInput(1, 20, 1))], [wordAt(20)]);
    const socket = [...sockets].at(-1);
    assert.ok(socket);
    // The bus hangs up when it hears what it did not ask for.
    const isLeft = new Promise((resolve) => socket?.once('close', resolve));
    socket?.write(Buffer.alloc(3));
    await isLeft;
    assert.equal([...(await bus.readInput(1, 30, 1))], [wordAt(30)]);
    assert.is(bus.counters().failed, 0);
  }));

test('a refusal keeps its code and the connection', () =>
  withDevice(async (device) => {
    for (const code of [1, 2, 3, 6, 10, 11]) {
      device.faults.push(exception(code));
      const error = await failure(device.bus.readInput(1, 10, 2));
      assert.is(error.code, 'exception');
      assert.is(error.exceptionCode, code);
    }
    assert.equal([...(await device.bus.readInput(1, 10, 1))], [wordAt(10)]);
    assert.is(device.connections, 1);
  }));

test('after a failure the same read asks for another length, and gives what was asked', () =>
  withDevice(async ({ bus, faults, requests }) => {
    faults.push(
      () => undefined,
      () => undefined,
    );
    await failure(bus.readInput(1, 10, 2));
    await failure(bus.readInput(1, 10, 2));
    assert.equal([...(await bus.readInput(1, 10, 2))], [wordAt(10), wordAt(11)]);
    assert.equal([...(await bus.readInput(1, 10, 2))], [wordAt(10), wordAt(11)]);
    assert.equal(
      requests.map((each) => each.readUInt16BE(10)),
      [2, 3, 2, 2],
    );
  }));

test('a device without a register more is read with the plain length', () =>
  withDevice(async ({ bus, faults, requests }) => {
    faults.push(() => undefined, exception(2));
    await failure(bus.readInput(1, 10, 2));
    assert.equal([...(await bus.readInput(1, 10, 2))], [wordAt(10), wordAt(11)]);
    assert.equal(
      requests.map((each) => each.readUInt16BE(10)),
      [2, 3, 2],
    );
  }));

test('requests of many callers go one at a time', () =>
  withDevice(async ({ bus, faults }) => {
    let underWay = 0;
    let most = 0;
    const slow: Fault = (socket, good) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay -= 1;
        socket.write(good);
      }, 5);
    };
    faults.push(slow, slow, slow, slow);
    const all = await Promise.all([10, 20, 30, 40].map((each) => bus.readInput(1, each, 1)));
    assert.equal(
      all.map((each) => each[0]),
      [10, 20, 30, 40].map(wordAt),
    );
    assert.is(most, 1);
  }));

test('writes arrive, and an echo that does not fit is an error', () =>
  withDevice(async ({ bus, faults, coils }) => {
    await bus.writeHolding(2, 0, Uint16Array.of(0xffff, 0xfe0c, 60));
    assert.equal([...(await bus.readHolding(2, 0, 3))], [0xffff, 0xfe0c, 60]);
    await bus.writeCoil(3, 4, true);
    assert.is(coils.get(4), true);
    assert.is(await bus.readCoil(3, 4), true);
    await bus.writeCoil(3, 4, false);
    assert.is(await bus.readCoil(3, 4), false);
    faults.push((socket, good) => socket.write(changed(good, (b) => b.writeUInt16BE(7, 8))));
    assert.is((await failure(bus.writeCoil(3, 4, true))).code, 'framing');
    faults.push((socket, good) => socket.write(changed(good, (b) => b.writeUInt16BE(2, 10))));
    assert.is((await failure(bus.writeHolding(2, 0, Uint16Array.of(1)))).code, 'framing');
    faults.push((socket, good) => socket.write(changed(good, (b) => b.writeUInt8(2, 8))));
    assert.is((await failure(bus.readCoil(3, 4))).code, 'framing');
    assert.is(await bus.readCoil(3, 4), true);
  }));

test('a device that was away is read again as soon as it is back', () =>
  withDevice(async ({ bus, server, sockets }) => {
    const { port } = server.address() as { port: number };
    await bus.readInput(1, 1, 1);
    server.close();
    for (const socket of sockets) socket.destroy();
    for (let i = 0; i < 3; i++) assert.is((await failure(bus.readInput(1, 1, 1))).code, 'closed');
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    assert.equal([...(await bus.readInput(1, 1, 1))], [wordAt(1)]);
  }));

test('a closed bus refuses at once, also what waits', () =>
  withDevice(async ({ bus, faults }) => {
    faults.push(() => bus.close());
    const [first, second] = [bus.readInput(1, 1, 1), bus.readInput(1, 2, 1)];
    assert.is((await failure(first)).code, 'closed');
    assert.is((await failure(second)).code, 'closed');
  }));

test('no mutation of an answer gives a wrong value', () =>
  withDevice(async ({ bus, faults }) => {
    const mutation = fc.array(fc.tuple(fc.nat(12), fc.nat(255)), { minLength: 1, maxLength: 3 });
    const isData = (index: number) => index >= 9;
    await fc.assert(
      fc.asyncProperty(mutation, fc.nat(200), async (changes, address) => {
        // Bytes 9 to 12 are the values themselves, which nothing on the wire protects.
        const inHeader = changes.filter(([index]) => !isData(index));
        faults.push((socket, good) => {
          socket.write(
            changed(good, (bytes) => {
              for (const [index, value] of inHeader) bytes.writeUInt8(value, index);
            }),
          );
        });
        try {
          const words = await bus.readInput(1, address, 2);
          assert.equal([...words], [wordAt(address), wordAt(address + 1)]);
        } catch (error) {
          assert.instance(error, BusError);
        }
        faults.length = 0;
        assert.equal([...(await bus.readInput(1, address, 1))], [wordAt(address)]);
      }),
      { numRuns: 60 },
    );
  }));

test('devices are named by IP address, and a bus is shared', () => {
  const buses = new TcpBuses({ timeoutMs: 100 });
  const at = (host: string, port: number) => buses.open({ host, port });
  assert.throws(
    () => at('meter.local', 502),
    (error: unknown) => error instanceof RangeError,
  );
  assert.is(at('127.0.0.1', 5020), at('127.0.0.1', 5020));
  assert.is.not(at('127.0.0.1', 5020), at('127.0.0.1', 5021));
  assert.is.not(at('::1', 5020), at('127.0.0.1', 5020));
  buses.close();
});

test.run();
