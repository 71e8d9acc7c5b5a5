import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpBus } from '../../../host/modbus/open-bus.ts';
import {
  ModbusRefusal,
  ModbusServer,
  type ModbusUnit,
} from '../../../testbed/emulators/modbus-server.ts';

const test = suite('modbus server');

/** 16 holding registers that are also its input registers, and 16 coils. */
function memoryUnit() {
  const words = new Uint16Array(16);
  const coils: boolean[] = Array.from({ length: 16 }, () => false);
  const read = (address: number, count: number) => {
    if (address + count > words.length) throw new ModbusRefusal(2, 'beyond');
    return words.slice(address, address + count);
  };
  const unit: ModbusUnit = {
    readInput: read,
    readHolding: read,
    writeHolding: (address, values) => words.set(values, address),
    readCoils: (address, count) => coils.slice(address, address + count),
    writeCoil: (address, on) => {
      coils[address] = on;
    },
  };
  return { unit, words, coils };
}

async function withServer(
  work: (
    server: ModbusServer,
    port: number,
    memory: ReturnType<typeof memoryUnit>,
  ) => Promise<void>,
): Promise<void> {
  const memory = memoryUnit();
  const server = new ModbusServer(new Map([[1, memory.unit]]));
  const port = await server.listen('127.0.0.1');
  try {
    await work(server, port, memory);
  } finally {
    await server.close();
  }
}

/** Sends raw bytes, in the given pieces, and collects `count` bytes of answer. */
async function exchange(port: number, pieces: Buffer[], count: number): Promise<Buffer> {
  const socket: Socket = connect(port, '127.0.0.1');
  try {
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.setNoDelay(true);
    const answer = new Promise<Buffer>((resolve, reject) => {
      let got = Buffer.alloc(0);
      socket.on('data', (data) => {
        got = Buffer.concat([got, data]);
        if (got.length >= count) resolve(got);
      });
      socket.once('close', () => resolve(got));
      socket.once('error', reject);
    });
    for (const piece of pieces) {
      await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    }
    return await answer;
  } finally {
    socket.destroy();
  }
}

function frame(transaction: number, unit: number, pdu: number[]): Buffer {
  const header = Buffer.alloc(7);
  header.writeUInt16BE(transaction, 0);
  header.writeUInt16BE(pdu.length + 1, 4);
  header[6] = unit;
  return Buffer.concat([header, Buffer.from(pdu)]);
}

async function exceptionFor(port: number, unit: number, pdu: number[]): Promise<number[]> {
  const answer = await exchange(port, [frame(7, unit, pdu)], 9);
  assert.is(answer.readUInt16BE(0), 7);
  assert.is(answer.length, 9);
  return [...answer.subarray(7)];
}

test('serves functions 1, 3, 4, 5 and 16 to the bus of the agent', () =>
  withServer(async (server, port, memory) => {
    const bus = tcpBus({ host: '127.0.0.1', port, timeoutMs: 1000 });
    try {
      await bus.writeHolding(1, 2, Uint16Array.of(0xfffe, 513));
      assert.equal([...(await bus.readHolding(1, 1, 4))], [0, 0xfffe, 513, 0]);
      assert.equal([...(await bus.readInput(1, 2, 2))], [0xfffe, 513]);
      await bus.writeCoil(1, 9, true);
      assert.equal(memory.coils.indexOf(true), 9);
      assert.is(await bus.readCoil(1, 9), true);
      assert.is(await bus.readCoil(1, 8), false);
      assert.is(server.reads, 6);
    } finally {
      bus.close();
    }
  }));

test('refuses by the standard: function 1, address 2, value 3, absent unit 11', () =>
  withServer(async (server, port) => {
    assert.equal(await exceptionFor(port, 1, [0x2b, 0x0e, 1, 0]), [0xab, 1]);
    assert.equal(await exceptionFor(port, 1, [4, 0, 15, 0, 2]), [0x84, 2]);
    assert.equal(await exceptionFor(port, 1, [3, 0xff, 0xff, 0, 2]), [0x83, 2]);
    assert.equal(await exceptionFor(port, 1, [4, 0, 0, 0, 0]), [0x84, 3]);
    assert.equal(await exceptionFor(port, 1, [4, 0, 0, 0, 126]), [0x84, 3]);
    assert.equal(await exceptionFor(port, 1, [5, 0, 0, 0x12, 0x34]), [0x85, 3]);
    assert.equal(await exceptionFor(port, 1, [16, 0, 0, 0, 2, 2, 0, 1]), [0x90, 3]);
    assert.equal(await exceptionFor(port, 9, [4, 0, 0, 0, 1]), [0x84, 11]);
    assert.is(server.reads, 0);
  }));

test('packs many coils into bytes, first coil lowest', () =>
  withServer(async (_server, port, memory) => {
    memory.coils[1] = true;
    memory.coils[10] = true;
    const answer = await exchange(port, [frame(3, 1, [1, 0, 1, 0, 10])], 11);
    assert.equal([...answer.subarray(7)], [1, 2, 0x01, 0x02]);
  }));

test('answers a request that arrives byte by byte, and two that arrive at once', () =>
  withServer(async (_server, port, memory) => {
    memory.words.set([0xabcd, 0x1234]);
    const first = frame(1, 1, [4, 0, 0, 0, 1]);
    const second = frame(2, 1, [3, 0, 1, 0, 1]);
    const pieces = [...first].map((byte) => Buffer.from([byte]));
    const slow = await exchange(port, pieces, 11);
    assert.equal(slow.subarray(7), Buffer.from([4, 2, 0xab, 0xcd]));
    const both = await exchange(port, [Buffer.concat([first, second])], 22);
    assert.equal(both.subarray(0, 11), slow);
    assert.equal(both.subarray(11), Buffer.from([0, 2, 0, 0, 0, 5, 1, 3, 2, 0x12, 0x34]));
  }));

test('hangs up on a stream that is not Modbus, and goes on serving others', () =>
  withServer(async (_server, port) => {
    assert.is((await exchange(port, [Buffer.from('GET / HTTP/1.1\r\n\r\n')], 1)).length, 0);
    assert.is((await exchange(port, [frame(1, 1, [4, 0, 0, 0, 1])], 11)).length, 11);
  }));

test('in rubbish mode never gives an answer that fits, and recovers', () =>
  withServer(async (server, port) => {
    server.mode = 'rubbish';
    const good = Buffer.from([0, 1, 0, 0, 0, 7, 1, 4, 4]);
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await exchange(port, [frame(1, 1, [4, 0, 0, 0, 2])], 9);
      const fits = answer.length === 13 && answer.subarray(0, 9).equals(good);
      assert.not.ok(fits, `turn ${turn}: ${answer.toString('hex')}`);
    }
    server.mode = 'ok';
    assert.is((await exchange(port, [frame(1, 1, [4, 0, 0, 0, 2])], 13)).length, 13);
  }));

test.run();
