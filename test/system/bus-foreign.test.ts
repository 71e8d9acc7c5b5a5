/** The bus against Debian's pymodbus on each transport, and against hosts that swallow packets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBus } from '../../host/modbus/open-bus.ts';
import type { Bus, BusConnection } from '../../host/ports.ts';
import { ForeignUnit } from '../../testbed/emulators/foreign-unit.ts';
import { failure, wordsAt } from '../host/modbus/raw-device.ts';

const test = suite('bus-foreign');

const KINDS = ['tcp', 'rtu-tcp', 'serial'] as const;
const isOdd = (address: number): boolean => address % 2 === 1;

async function withPymodbus(
  kind: BusConnection['kind'],
  work: (bus: Bus) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transax-line-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const units: ForeignUnit[] = [];
  let connection: BusConnection;
  if (kind === 'serial') {
    units.push(await ForeignUnit.serialPair(ours, theirs));
    units.push(await ForeignUnit.pymodbusSerial(theirs));
    connection = { kind, path: ours, baud: 9600, parity: 'none', stopBits: 1 };
  } else {
    const { unit, port } = await ForeignUnit.pymodbus(kind);
    units.push(unit);
    connection = { kind, host: '127.0.0.1', port };
  }
  const bus = openBus({ name: kind, connection, timeoutMs: 1_500 });
  try {
    await work(bus);
  } finally {
    bus.close();
    for (const unit of units.reverse()) await unit.stop();
    rmSync(folder, { recursive: true });
  }
}

for (const kind of KINDS) {
  test(`${kind}: pymodbus is read and written by every function, and nothing fails`, () =>
    withPymodbus(kind, async (bus) => {
      assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
      assert.equal([...(await bus.readInput(2, 0, 125))], wordsAt(0, 125));
      await bus.writeHolding(1, 5, Uint16Array.of(1, 0xfffe, 3));
      await bus.writeRegister(1, 6, 7);
      assert.equal([...(await bus.readHolding(1, 5, 3))], [1, 7, 3]);
      const some = Array.from({ length: 19 }, (_, i) => isOdd(7 + i));
      assert.equal(await bus.readCoils(1, 7, 19), some);
      assert.equal(await bus.readDiscrete(2, 7, 19), some);
      await bus.writeCoil(1, 8, true);
      assert.is(await bus.readCoil(1, 8), true);
      assert.is(bus.counters().failed, 0);
    }));

  test(`${kind}: what pymodbus does not have is refused, and reading goes on`, () =>
    withPymodbus(kind, async (bus) => {
      for (const read of [
        () => bus.readInput(1, 990, 20),
        () => bus.readHolding(1, 2_000, 1),
        () => bus.readCoils(1, 1_500, 9),
      ]) {
        const { code, exceptionCode, isPermanent } = await failure(read());
        assert.equal({ code, exceptionCode }, { code: 'exception', exceptionCode: 2 });
        assert.ok(isPermanent);
      }
      assert.equal([...(await bus.readInput(1, 990, 10))], wordsAt(990, 10));
      assert.is(bus.counters().reconnects, 0);
    }));

  test(`${kind}: many reads of blocks of one size are all right`, () =>
    withPymodbus(kind, async (bus) => {
      const reads = Array.from({ length: 12 }, (_, i) => bus.readInput(1, 20 * i, 2));
      for (const [i, words] of (await Promise.all(reads)).entries()) {
        assert.equal([...words], wordsAt(20 * i, 2));
      }
      assert.is(bus.counters().failed, 0);
    }));
}

test('tcp: a host that swallows packets is given up in time, read when it is well', async () => {
  const { unit, port } = await ForeignUnit.faulty('--tcp', '--swallow');
  const timeoutMs = 300;
  const connection = { kind: 'tcp', host: '127.0.0.1', port } as const;
  const bus = openBus({ name: 'away', connection, timeoutMs });
  try {
    for (let i = 0; i < 3; i++) {
      const startedMs = performance.now();
      const error = await failure(bus.readInput(1, 10, 2));
      assert.is(error.code, 'timeout');
      assert.match(error.message, /no connection in time/);
      assert.ok(performance.now() - startedMs < timeoutMs + 1_000);
    }
    await unit.command('accept');
    assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
  } finally {
    bus.close();
    await unit.stop();
  }
});

test.run();
