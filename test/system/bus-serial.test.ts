/** The bus on a serial port (a pseudo-terminal), against raw frames: every fault of a line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BusTime, realTime } from '../../host/modbus/bus-time.ts';
import { openBus } from '../../host/modbus/open-bus.ts';
import type { Bus, BusError } from '../../host/ports.ts';
import { ForeignUnit } from '../../testbed/emulators/foreign-unit.ts';
import { failure, hurriedTime, wordsAt } from '../host/modbus/raw-device.ts';

const test = suite('bus-serial');

const TIMEOUT_MS = 250;

interface Line {
  bus: Bus;
  unit: ForeignUnit;
  path: string;
}

async function withLine(
  work: (line: Line) => Promise<void>,
  time: BusTime = hurriedTime,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transax-line-'));
  const path = join(folder, 'tty');
  const { unit } = await ForeignUnit.faulty('--pty', path);
  const bus = openBus({
    name: 'line',
    connection: { kind: 'serial', path, baud: 115_200, parity: 'none', stopBits: 1 },
    ...{ timeoutMs: TIMEOUT_MS, minGapMs: 2, time },
  });
  try {
    await work({ bus, unit, path });
  } finally {
    bus.close();
    await unit.stop();
    rmSync(folder, { recursive: true });
  }
}

/** What a read of two registers ends with that meets the fault. */
const FAULTS: readonly [fault: string, ending: BusError['code'] | 'good', what: string][] = [
  ['silence', 'timeout', 'no answer'],
  ['late 280', 'timeout', 'an answer that is late'],
  ['late-other 280', 'timeout', 'a late answer of another length'],
  ['wrong-unit', 'framing', 'the wrong unit'],
  ['wrong-function', 'framing', 'the wrong function'],
  ['garbage', 'framing', '20 bytes of garbage'],
  ['garbage-before', 'good', 'garbage before the answer'],
  ['garbage-behind', 'good', 'garbage behind the answer'],
  ['babble', 'framing', 'a line that babbles'],
  ['missing-byte', 'framing', 'a missing byte'],
  ['missing-first', 'framing', 'a missing first byte'],
  ['leading-zero', 'good', 'a leading zero byte'],
  ['pieces', 'good', 'an answer byte by byte'],
  ['count-high', 'framing', 'a byte count too high'],
  ['count-low', 'framing', 'a byte count too low'],
  ['register-less', 'framing', 'a register less'],
  ['register-more', 'framing', 'a register more'],
  ['bad-crc', 'crc', 'a wrong checksum'],
  ['noise', 'crc', 'noise in a value'],
  ['twice', 'good', 'the answer twice'],
  ['twice 30', 'good', 'the answer, and once more a little later'],
  ['echo', 'good', 'an echo of the request before the answer'],
  ['echo-only', 'framing', 'an echo of the request alone'],
  ['refuse', 'exception', 'a refusal'],
  ['unreached', 'exception', 'a gateway that does not reach the unit'],
  ['busy', 'good', 'a busy device, asked once more'],
];

for (const [fault, ending, what] of FAULTS) {
  test(`serial: ${what} ends ${ending}, and the next reads are right`, () =>
    withLine(async ({ bus, unit }) => {
      assert.equal([...(await bus.readInput(1, 50, 2))], wordsAt(50, 2));
      await unit.command(`next ${fault}`);
      if (ending === 'good') assert.equal([...(await bus.readInput(1, 10, 4))], wordsAt(10, 4));
      else assert.is((await failure(bus.readInput(1, 10, 4))).code, ending);
      assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
      assert.equal([...(await bus.readInput(1, 70, 4))], wordsAt(70, 4));
      assert.equal([...(await bus.readInput(1, 80, 4))], wordsAt(80, 4));
      assert.is(bus.counters().reconnects, 0);
    }));
}

test('serial: a meter that is always slower than the time-out gives no value', () =>
  withLine(async ({ bus, unit }) => {
    await bus.readInput(1, 50, 2);
    await unit.command('always late 400');
    for (const address of [10, 30, 50, 70]) {
      const { code } = await failure(bus.readInput(1, address, 2));
      assert.ok(code === 'timeout' || code === 'framing', code);
    }
    await unit.command('always good');
    assert.equal([...(await bus.readInput(1, 10, 2))], wordsAt(10, 2));
    assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
  }));

test('serial: a device that says everything twice shifts nothing', () =>
  withLine(async ({ bus, unit }) => {
    for (const delayMs of [0, 3, 30]) {
      await unit.command(`always twice ${delayMs}`);
      for (const address of [10, 30, 50, 70, 90]) {
        assert.equal([...(await bus.readInput(1, address, 2))], wordsAt(address, 2));
      }
    }
  }, realTime));

test('serial: an adapter that echoes is understood, and an echo is no answer to a write', () =>
  withLine(async ({ bus, unit }) => {
    await unit.command('always echo');
    await bus.writeCoil(3, 4, true);
    assert.equal(await bus.readCoils(3, 4, 3), [false, true, false]);
    await bus.writeRegister(2, 0, 5);
    assert.equal([...(await bus.readInput(1, 1, 40))], wordsAt(1, 40));
    assert.is(bus.counters().failed, 0);
    await unit.command('always echo-only');
    assert.is((await failure(bus.writeCoil(3, 4, false))).code, 'framing');
    assert.is((await failure(bus.writeRegister(2, 0, 1))).code, 'framing');
  }));

test('serial: the port vanishes in the middle of an answer, and comes back', () =>
  withLine(async ({ bus, unit }) => {
    await bus.readInput(1, 50, 2);
    await unit.command('next half-then-hangup');
    assert.is((await failure(bus.readInput(1, 10, 2))).code, 'closed');
    for (let i = 0; i < 3; i++) assert.is((await failure(bus.readInput(1, 10, 2))).code, 'closed');
    await unit.command('return');
    assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
    assert.ok(bus.counters().reconnects >= 1);
  }));

test('serial: the port vanishes while nobody reads, and comes back', () =>
  withLine(async ({ bus, unit }) => {
    await bus.readInput(1, 50, 2);
    await unit.command('hangup');
    assert.is((await failure(bus.readInput(1, 10, 2))).code, 'closed');
    await unit.command('return');
    assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
  }));

test('serial: requests of many callers go one at a time', () =>
  withLine(async ({ bus }) => {
    const all = await Promise.all([10, 20, 30, 40].map((each) => bus.readInput(1, each, 2)));
    assert.equal(
      all.map((words) => [...words]),
      [10, 20, 30, 40].map((each) => wordsAt(each, 2)),
    );
  }));

test('serial: a closed bus refuses at once, also what is under way and what waits', () =>
  withLine(async ({ bus, unit }) => {
    await bus.readInput(1, 1, 1);
    await unit.command('next silence');
    const all = [1, 2].map((address) => failure(bus.readInput(1, address, 1)));
    bus.close();
    assert.equal(
      (await Promise.all(all)).map(({ code }) => code),
      ['closed', 'closed'],
    );
  }));

test('serial: a second program on the port is refused, and the first goes on', () =>
  withLine(async ({ bus, path }) => {
    await bus.readInput(1, 1, 1);
    const connection = { kind: 'serial', path, baud: 9600, parity: 'none', stopBits: 1 } as const;
    const second = openBus({ name: 'second', connection, timeoutMs: TIMEOUT_MS });
    const error = await failure(second.readInput(1, 1, 1));
    assert.is(error.code, 'closed');
    assert.match(error.message, /lock/i);
    second.close();
    assert.equal([...(await bus.readInput(1, 2, 1))], wordsAt(2, 1));
  }));

test('serial: with the poll at 1 s, the first poll after a fault is read within that second', () =>
  withLine(async ({ bus, unit }) => {
    await bus.readInput(1, 50, 2);
    for (const fault of ['silence', 'bad-crc', 'garbage']) {
      await unit.command(`next ${fault}`);
      await failure(bus.readInput(1, 10, 4));
      // Asked at once, the bus waits for silence; a poll a second later would not wait at all.
      const startedMs = performance.now();
      assert.equal([...(await bus.readInput(1, 30, 2))], wordsAt(30, 2));
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 1_000, `${fault}: ${tookMs} ms`);
    }
  }, realTime));

test.run();
