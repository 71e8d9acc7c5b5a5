/** Every fault seen in the field, once, on each framing: no wrong value, and on it goes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BusError } from '../../../host/ports.ts';
import {
  changed,
  type Fault,
  type Framing,
  failure,
  TIMEOUT_MS,
  withDevice,
  wordsAt,
} from './raw-device.ts';

const test = suite('bus-faults');

const BOTH: readonly Framing[] = ['tcp', 'rtu-tcp'];
const SOON_MS = 30;

type Ending = BusError['code'] | 'good';

interface Row {
  name: string;
  fault: Fault;
  /** What the request that meets it ends with; left out where there is no such fault. */
  tcp?: Ending;
  rtu?: Ending;
}

const later = (delayMs: number, act: () => void): void => void setTimeout(act, delayMs);
const rebuilt =
  (change: (body: Buffer) => Buffer): Fault =>
  ({ socket, body, seal }) =>
    void socket.write(seal(change(body)));

/** Reads of two registers meet these. */
const ROWS: readonly Row[] = [
  { name: 'no answer', fault: () => undefined, tcp: 'timeout', rtu: 'timeout' },
  {
    name: 'an answer that is late',
    fault: ({ socket, good }) => later(TIMEOUT_MS + SOON_MS, () => socket.write(good)),
    ...{ tcp: 'timeout', rtu: 'timeout' },
  },
  {
    name: 'a late answer of another length',
    fault: ({ socket, body, seal }) => {
      const longer = changed(Buffer.concat([body, Buffer.alloc(8)]), (b) =>
        b.writeUInt8(b.readUInt8(2) + 8, 2),
      );
      later(TIMEOUT_MS + SOON_MS, () => socket.write(seal(longer)));
    },
    ...{ tcp: 'timeout', rtu: 'timeout' },
  },
  {
    name: 'the wrong unit',
    fault: rebuilt((body) => changed(body, (b) => b.writeUInt8(9, 0))),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'the wrong function',
    fault: rebuilt((body) => changed(body, (b) => b.writeUInt8(3, 1))),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'the wrong transaction',
    fault: ({ socket, good }) => {
      socket.write(changed(good, (b) => b.writeUInt16BE(b.readUInt16BE(0) + 7, 0)));
    },
    tcp: 'framing',
  },
  {
    name: 'another protocol than Modbus',
    fault: ({ socket, good }) => void socket.write(changed(good, (b) => b.writeUInt16BE(5, 2))),
    tcp: 'framing',
  },
  {
    name: 'a byte count too high',
    fault: rebuilt((body) => changed(body, (b) => b.writeUInt8(b.readUInt8(2) + 2, 2))),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a register more',
    fault: rebuilt((body) => {
      const longer = Buffer.concat([body, Buffer.from([98, 99])]);
      return changed(longer, (b) => b.writeUInt8(b.readUInt8(2) + 2, 2));
    }),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a byte count too low',
    fault: rebuilt((body) => changed(body, (b) => b.writeUInt8(b.readUInt8(2) - 2, 2))),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a register less',
    fault: rebuilt((body) =>
      changed(body.subarray(0, body.length - 2), (b) => b.writeUInt8(b.readUInt8(2) - 2, 2)),
    ),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: '20 bytes of garbage',
    fault: ({ socket }) => void socket.write(Buffer.alloc(20, 0xa5)),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a line that babbles',
    fault: ({ socket }) => void socket.write(Buffer.alloc(3_000, 0x01)),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a missing byte',
    fault: ({ socket, good }) => void socket.write(good.subarray(0, good.length - 1)),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a missing first byte',
    fault: ({ socket, good }) => void socket.write(good.subarray(1)),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'a leading zero byte',
    fault: ({ socket, good }) => void socket.write(Buffer.concat([Buffer.alloc(1), good])),
    ...{ tcp: 'framing', rtu: 'good' },
  },
  {
    name: 'garbage before the answer',
    fault: ({ socket, good }) => void socket.write(Buffer.concat([Buffer.alloc(20, 0xa5), good])),
    ...{ tcp: 'framing', rtu: 'good' },
  },
  {
    name: 'garbage behind the answer',
    fault: ({ socket, good }) => void socket.write(Buffer.concat([good, Buffer.alloc(7, 0x01)])),
    ...{ tcp: 'framing', rtu: 'good' },
  },
  {
    name: 'a wrong checksum',
    fault: ({ socket, good }) => {
      socket.write(changed(good, (b) => b.writeUInt8(b.readUInt8(8) ^ 1, 8)));
    },
    rtu: 'crc',
  },
  {
    name: 'noise in a value',
    fault: ({ socket, good }) => {
      socket.write(changed(good, (b) => b.writeUInt8(b.readUInt8(4) ^ 64, 4)));
    },
    rtu: 'crc',
  },
  {
    name: 'an answer in pieces',
    fault: ({ socket, good }) => {
      socket.write(good.subarray(0, 2));
      later(10, () => socket.write(good.subarray(2, 7)));
      later(20, () => socket.write(good.subarray(7)));
    },
    ...{ tcp: 'good', rtu: 'good' },
  },
  {
    name: 'the answer twice',
    fault: ({ socket, good }) => void socket.write(Buffer.concat([good, good])),
    ...{ tcp: 'good', rtu: 'good' },
  },
  {
    name: 'the answer, and that of another transaction behind it',
    fault: ({ socket, good }) => {
      const other = changed(good, (b) => b.writeUInt16BE(b.readUInt16BE(0) + 7, 0));
      socket.write(Buffer.concat([good, other]));
    },
    tcp: 'good',
  },
  {
    name: 'the answer, and once more a little later',
    fault: ({ socket, good }) => {
      socket.write(good);
      later(SOON_MS, () => socket.write(good));
    },
    ...{ tcp: 'good', rtu: 'good' },
  },
  {
    name: 'an echo of the request alone',
    fault: ({ socket, raw }) => void socket.write(raw),
    ...{ tcp: 'framing', rtu: 'framing' },
  },
  {
    name: 'an echo of the request before the answer',
    fault: ({ socket, raw, good }) => void socket.write(Buffer.concat([raw, good])),
    ...{ tcp: 'framing', rtu: 'good' },
  },
  {
    name: 'half an answer and FIN',
    fault: ({ socket, good }) => void socket.end(good.subarray(0, 4)),
    ...{ tcp: 'closed', rtu: 'closed' },
  },
  {
    name: 'a reset in the middle of an answer',
    fault: ({ socket, good }) => {
      socket.write(good.subarray(0, 4));
      later(20, () => socket.resetAndDestroy());
    },
    ...{ tcp: 'closed', rtu: 'closed' },
  },
  {
    name: 'a reset without a word, asked once more',
    fault: ({ socket }) => void socket.resetAndDestroy(),
    ...{ tcp: 'good', rtu: 'good' },
  },
  {
    name: 'FIN without a word, asked once more',
    fault: ({ socket }) => void socket.end(),
    ...{ tcp: 'good', rtu: 'good' },
  },
];

for (const framing of BOTH) {
  for (const { name, fault, tcp, rtu } of ROWS) {
    const ending = framing === 'tcp' ? tcp : rtu;
    if (ending === undefined) continue;
    test(`${framing}: ${name} ends ${ending}, and the next reads are right`, () =>
      withDevice(framing, async ({ bus, faults }) => {
        assert.equal([...(await bus.readInput(1, 50, 2))], wordsAt(50, 2));
        faults.push(fault);
        if (ending === 'good') assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
        else assert.is((await failure(bus.readInput(1, 10, 2))).code, ending);
        assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
        assert.equal([...(await bus.readInput(1, 70, 2))], wordsAt(70, 2));
        assert.equal([...(await bus.readInput(1, 80, 4))], wordsAt(80, 4));
        assert.is(bus.counters().good, ending === 'good' ? 5 : 4);
        assert.is(bus.counters().failed, ending === 'good' ? 0 : 1);
      }));
  }

  test(`${framing}: a meter that is always slower than the time-out gives no value`, () =>
    withDevice(
      framing,
      async (device) => {
        const { bus } = device;
        await bus.readInput(1, 50, 2);
        device.always = ({ socket, good }) => later(160, () => socket.write(good));
        for (const address of [10, 30, 50, 70, 90, 110]) {
          const error = await failure(bus.readInput(1, address, 2));
          assert.ok(error.code === 'timeout' || error.code === 'framing', error.code);
        }
        device.always = null;
        assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
        assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
      },
      { timeoutMs: 100 },
    ));

  test(`${framing}: a gateway that answers seconds late, in order, gives no wrong value`, () =>
    withDevice(
      framing,
      async (device) => {
        const { bus } = device;
        // Longer than any silence that the bus waits for: only the shape of an answer tells.
        device.always = ({ good }) =>
          later(900, () => void [...device.sockets].at(-1)?.write(good));
        for (let i = 0; i < 12; i++) {
          const address = 10 + 20 * i;
          const words = await bus.readInput(1, address, 2).catch(() => null);
          if (words !== null) assert.equal([...words], wordsAt(address, 2));
        }
        device.always = null;
      },
      { timeoutMs: 60 },
    ));

  test(`${framing}: a device that says everything twice shifts nothing`, () =>
    withDevice(framing, async (device) => {
      const { bus } = device;
      for (const delayMs of [0, 3, 30]) {
        device.always = ({ socket, good }) => {
          socket.write(good);
          later(delayMs, () => socket.write(good));
        };
        for (const address of [10, 30, 50, 70, 90]) {
          const words = await bus.readInput(1, address, 2);
          assert.equal([...words], wordsAt(address, 2));
        }
      }
    }));

  test(`${framing}: requests of many callers go one at a time`, () =>
    withDevice(framing, async (device) => {
      let underWay = 0;
      let most = 0;
      device.always = ({ socket, good }) => {
        most = Math.max(most, ++underWay);
        later(5, () => {
          underWay -= 1;
          socket.write(good);
        });
      };
      const all = await Promise.all(
        [10, 20, 30, 40].map((each) => device.bus.readInput(1, each, 2)),
      );
      assert.equal(
        all.map((each) => [...each]),
        [10, 20, 30, 40].map((each) => wordsAt(each, 2)),
      );
      assert.is(most, 1);
    }));

  test(`${framing}: a device that was away is read as soon as it is back`, () =>
    withDevice(framing, async ({ bus, server, port, sockets }) => {
      await bus.readInput(1, 1, 1);
      server.close();
      for (const socket of sockets) socket.destroy();
      for (let i = 0; i < 3; i++) assert.is((await failure(bus.readInput(1, 1, 1))).code, 'closed');
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      assert.equal([...(await bus.readInput(1, 1, 1))], wordsAt(1, 1));
    }));

  test(`${framing}: a device that hangs up on every request is an error, a write at once`, () =>
    withDevice(framing, async (device) => {
      const { bus } = device;
      await bus.readInput(1, 1, 1);
      device.always = ({ socket }) => void socket.resetAndDestroy();
      assert.is((await failure(bus.writeCoil(1, 1, true))).code, 'closed');
      assert.is((await failure(bus.readInput(1, 1, 1))).code, 'closed');
      assert.is(device.requests.length, 3);
    }));

  test(`${framing}: a closed bus refuses at once, also what is under way and what waits`, () =>
    withDevice(framing, async ({ bus, faults }) => {
      await bus.readInput(1, 1, 1);
      faults.push(() => bus.close());
      const all = [1, 2, 3].map((address) => failure(bus.readInput(1, address, 1)));
      assert.equal(
        (await Promise.all(all)).map(({ code }) => code),
        ['closed', 'closed', 'closed'],
      );
      assert.is((await failure(bus.readInput(1, 4, 1))).code, 'closed');
    }));
}

test('tcp: bytes out of nowhere end the connection, and harm no later read', () =>
  withDevice('tcp', async ({ bus, sockets }) => {
    await bus.readInput(1, 20, 1);
    const [socket] = [...sockets];
    const isLeft = new Promise((resolve) => socket?.once('close', resolve));
    socket?.write(Buffer.alloc(3));
    await isLeft;
    assert.equal([...(await bus.readInput(1, 30, 1))], wordsAt(30, 1));
    assert.is(bus.counters().failed, 0);
    assert.is(bus.counters().staleBytes, 3);
  }));

test('tcp: what a gateway owes of the connection before is no answer on the next', () =>
  withDevice(
    'tcp',
    async (device) => {
      const { bus } = device;
      const owed: Buffer[] = [];
      device.always = ({ socket, good }) => {
        if (owed.push(good) > 1) socket.write(Buffer.concat([owed[0] ?? good, good]));
      };
      assert.is(await bus.readInput(1, 10, 2).catch(() => null), null);
      assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
      device.always = null;
    },
    { timeoutMs: 100 },
  ));

test.run();
