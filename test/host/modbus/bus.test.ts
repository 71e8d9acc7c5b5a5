/** The bus when all is well, when a device refuses, and when one unit of several is dead. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Buses } from '../../../host/modbus/open-bus.ts';
import type { BusConnection } from '../../../host/ports.ts';
import {
  changed,
  type Fault,
  type Framing,
  failure,
  refusal,
  withDevice,
  wordsAt,
} from './raw-device.ts';

const test = suite('bus');
const BOTH: readonly Framing[] = ['tcp', 'rtu-tcp'];

/** Every answer behind an echo of its request. */
const echoing: Fault = ({ socket, raw, good }) => {
  socket.write(raw);
  socket.write(good);
};

for (const framing of BOTH) {
  test(`${framing}: each function does what it says`, () =>
    withDevice(framing, async ({ bus, coils, holding }) => {
      assert.equal([...(await bus.readInput(1, 10, 125))], wordsAt(10, 125));
      await bus.writeHolding(2, 0, Uint16Array.of(0xffff, 0xfe0c, 60));
      assert.equal([...(await bus.readHolding(2, 0, 3))], [0xffff, 0xfe0c, 60]);
      await bus.writeRegister(2, 1, 0x1234);
      assert.is(holding.get(1), 0x1234);
      await bus.writeCoil(3, 4, true);
      assert.is(await bus.readCoil(3, 4), true);
      coils.set(13, true);
      const isOn = (i: number) => i === 4 || i === 13;
      assert.equal(await bus.readCoils(3, 0, 17), [...Array(17).keys()].map(isOn));
      assert.equal(
        await bus.readDiscrete(3, 4, 10),
        [...Array(10).keys()].map((i) => isOn(i + 4)),
      );
      await bus.writeCoil(3, 4, false);
      assert.is(await bus.readCoil(3, 4), false);
      assert.is(bus.counters().failed, 0);
    }));

  test(`${framing}: more than one request can hold is refused before it is sent`, () =>
    withDevice(framing, async ({ bus, requests }) => {
      for (const act of [
        () => bus.readInput(1, 0, 126),
        () => bus.readHolding(1, 0, 0),
        () => bus.readCoils(1, 0, 2_001),
        async () => bus.writeHolding(1, 0, new Uint16Array(124)),
      ]) {
        const isRefused = await act().then(
          () => false,
          (error: unknown) => error instanceof RangeError,
        );
        assert.ok(isRefused);
      }
      assert.is(requests.length, 0);
    }));

  test(`${framing}: a refusal keeps its code and the connection`, () =>
    withDevice(framing, async (device) => {
      for (const code of [1, 2, 3, 4, 10, 11]) {
        device.faults.push(refusal(code));
        const error = await failure(device.bus.readInput(1, 10, 2));
        assert.is(error.code, 'exception');
        assert.is(error.exceptionCode, code);
        assert.is(error.isPermanent, code <= 3);
      }
      assert.equal([...(await device.bus.readInput(1, 10, 1))], wordsAt(10, 1));
      assert.is(device.connections, 1);
      assert.is(device.bus.counters().exceptions, 6);
    }));

  test(`${framing}: a busy device is asked once more, and others are served meanwhile`, () =>
    withDevice(framing, async ({ bus, faults, requests }) => {
      for (const code of [5, 6]) {
        faults.push(refusal(code));
        const order: number[] = [];
        const [busy] = await Promise.all([
          bus.readInput(1, 10, 2).finally(() => order.push(1)),
          bus.readInput(2, 20, 3).finally(() => order.push(2)),
        ]);
        assert.equal([...busy], wordsAt(10, 2));
        assert.equal(order, [2, 1]);
      }
      faults.push(refusal(6), refusal(6));
      assert.is((await failure(bus.readInput(1, 10, 2))).exceptionCode, 6);
      assert.is(requests.length, 8);
    }));

  test(`${framing}: an answer to a write that does not fit is an error`, () =>
    withDevice(framing, async ({ bus, faults }) => {
      await bus.readInput(1, 1, 1);
      const off: Fault = ({ socket, body, seal }) =>
        void socket.write(seal(changed(body, (b) => b.writeUInt16BE(7, 2))));
      faults.push(off, off, off);
      assert.is((await failure(bus.writeCoil(3, 4, true))).code, 'framing');
      assert.is((await failure(bus.writeHolding(2, 0, Uint16Array.of(1)))).code, 'framing');
      assert.is((await failure(bus.writeRegister(2, 0, 1))).code, 'framing');
      await bus.writeCoil(3, 4, true);
      assert.is(await bus.readCoil(3, 4), true);
    }));

  test(`${framing}: after a failure the same read asks for another length`, () =>
    withDevice(framing, async ({ bus, faults, requests }) => {
      faults.push(
        () => undefined,
        () => undefined,
      );
      await failure(bus.readInput(1, 10, 2));
      await failure(bus.readInput(1, 10, 2));
      assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
      assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
      assert.equal(
        requests.map((each) => each.readUInt16BE(4)),
        [2, 3, 4, 2],
      );
    }));

  test(`${framing}: a device without a register more is read with the plain length`, () =>
    withDevice(framing, async ({ bus, faults, requests }) => {
      faults.push(() => undefined, refusal(2));
      await failure(bus.readInput(1, 10, 2));
      assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
      faults.push(() => undefined);
      await failure(bus.readInput(1, 10, 2));
      assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
      assert.equal(
        requests.map((each) => each.readUInt16BE(4)),
        [2, 3, 2, 2, 2],
      );
    }));

  test(`${framing}: a dead unit is left alone for longer and longer while others answer`, () =>
    withDevice(
      framing,
      async ({ bus, requests, dead }) => {
        dead.add(7);
        const polls = 60;
        for (let poll = 0; poll < polls; poll++) {
          assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
          await failure(bus.readInput(7, 10, 2));
        }
        const asked = requests.filter((each) => each.readUInt8(0) === 7).length;
        assert.ok(asked >= 2 && asked < 15, `${asked} of ${polls}`);
        assert.is(bus.counters().skipped, polls - asked);
        assert.is(bus.counters().failed, asked);
        // A relay is told to go off all the same.
        const before = requests.length;
        await failure(bus.writeCoil(7, 0, false));
        assert.ok(requests.length > before);
      },
      { timeoutMs: 40 },
    ));

  test(`${framing}: a unit alone on its bus is asked at every poll`, () =>
    withDevice(
      framing,
      async ({ bus, dead, requests }) => {
        dead.add(7);
        for (let poll = 0; poll < 8; poll++) await failure(bus.readInput(7, 10, 2));
        assert.is(requests.length, 8);
        dead.delete(7);
        assert.equal([...(await bus.readInput(7, 10, 2))], wordsAt(10, 2));
      },
      { timeoutMs: 40 },
    ));
}

test('rtu-tcp: an adapter that echoes is understood, and an echo is no answer to a write', () =>
  withDevice('rtu-tcp', async (device) => {
    const { bus } = device;
    device.always = echoing;
    await bus.writeCoil(3, 4, true);
    assert.is(await bus.readCoil(3, 4), true);
    await bus.writeRegister(2, 0, 5);
    await bus.writeHolding(2, 1, Uint16Array.of(6, 7));
    assert.equal([...(await bus.readHolding(2, 0, 3))], [5, 6, 7]);
    assert.equal([...(await bus.readInput(1, 1, 40))], wordsAt(1, 40));
    assert.is(bus.counters().failed, 0);
    // The echo comes, and the unit is dead.
    device.always = ({ socket, raw }) => void socket.write(raw);
    assert.is((await failure(bus.writeCoil(3, 4, false))).code, 'framing');
    assert.is((await failure(bus.writeCoil(3, 4, false))).code, 'framing');
    assert.is((await failure(bus.writeRegister(2, 0, 1))).code, 'framing');
  }));

test('rtu-tcp: the first request may be a write to a dead unit behind an adapter that echoes', () =>
  withDevice('rtu-tcp', async (device) => {
    device.always = ({ socket, raw }) => void socket.write(raw);
    assert.is((await failure(device.bus.writeCoil(3, 4, true))).code, 'framing');
  }));

test('raw frames are kept, and what they came to is counted', () =>
  withDevice('rtu-tcp', async ({ bus, faults }) => {
    await bus.readInput(1, 10, 2);
    faults.push(({ socket, good }) => void socket.write(changed(good, (b) => b.writeUInt8(9, 4))));
    await failure(bus.readInput(1, 30, 2));
    const [out, back, ...rest] = bus.frames();
    assert.equal([...(out?.bytes ?? [])], [1, 4, 0, 10, 0, 2, 0x51, 0xc9]);
    assert.is(out?.direction, 'out');
    assert.equal([...(back?.bytes ?? [])].slice(0, 7), [1, 4, 4, 0, 31, 0, 34]);
    assert.ok((back?.atMs ?? 0) >= (out?.atMs ?? 0));
    assert.is(rest.length, 2);
    const { good, failed, crcErrors } = bus.counters();
    assert.equal({ good, failed, crcErrors }, { good: 1, failed: 1, crcErrors: 1 });
  }));

test('the last 2,000 frames are kept', () =>
  withDevice('tcp', async ({ bus }) => {
    for (let i = 0; i < 1_010; i++) await bus.readInput(1, i, 1);
    const frames = bus.frames();
    assert.is(frames.length, 2_000);
    const address = ({ bytes }: { bytes: Uint8Array }) => (bytes[8] ?? 0) * 256 + (bytes[9] ?? 0);
    const asked = frames.filter(({ direction }) => direction === 'out').map(address);
    assert.equal(
      asked,
      [...Array(1_000).keys()].map((i) => i + 10),
    );
  }));

test('a bus waits after connecting when it is told to', async () => {
  await withDevice('tcp', async ({ port }) => {
    const waits: number[] = [];
    const buses = new Buses();
    const bus = buses.open({
      ...{ name: 'slow', connection: { kind: 'tcp', host: '127.0.0.1', port }, timeoutMs: 250 },
      connectDelayMs: 1_000,
      time: { nowMs: () => 0, sleep: async (ms) => void waits.push(ms), uniform: () => 0 },
    });
    await bus.readInput(1, 1, 1);
    await bus.readInput(1, 1, 1);
    assert.equal(waits, [1_000]);
    buses.close();
  });
});

test('one connection is one bus, and cannot be reached in two ways', () => {
  const buses = new Buses();
  const open = (connection: BusConnection, name = 'a') =>
    buses.open({ name, connection, timeoutMs: 100 });
  const refused = (connection: BusConnection, pattern: RegExp) =>
    assert.throws(
      () => open(connection, 'b'),
      (error: unknown) => error instanceof RangeError && pattern.test(error.message),
    );
  const socket = { host: '127.0.0.1', port: 5020 };
  const line = { kind: 'serial', path: '/dev/ttyUSB0', baud: 9600, stopBits: 1 } as const;
  refused({ kind: 'tcp', host: 'meter.local', port: 502 }, /IP address/);
  const bus = open({ kind: 'tcp', ...socket });
  assert.is(open({ kind: 'tcp', ...socket }, 'other'), bus);
  assert.is.not(open({ kind: 'tcp', ...socket, port: 5021 }), bus);
  assert.is.not(open({ kind: 'tcp', host: '::1', port: 5020 }), bus);
  refused(
    { kind: 'rtu-tcp', ...socket },
    /"a" and "b".*127\.0\.0\.1:5020 in two ways: tcp and rtu/,
  );
  open({ ...line, parity: 'none' });
  refused({ ...line, parity: 'even' }, /ttyUSB0 in two ways: 9600 baud, parity none/);
  buses.close();
});

test.run();
