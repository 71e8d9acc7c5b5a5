/** Structs against the kernel's header; the kernel itself: test/system/gpio.test.ts. */
import { closeSync, openSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newLineRequest, REQUESTS } from '../../host/gpio-abi.ts';
import { characterGpio } from '../../host/gpio-character.ts';
import { systemIoctl } from '../../host/gpio-ioctl.ts';
import { GpioError } from '../../host/ports.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('gpio by character device');

test('requests have the numbers that a C program prints with linux/gpio.h', () => {
  assert.equal(REQUESTS, {
    chipInfo: 0x8044b401,
    lineInfo: 0xc100b405,
    line: 0xc250b407,
    getValues: 0xc010b40e,
    setValues: 0xc010b40f,
  });
});

test('a request for an output carries its value', () => {
  for (const output of [true, false]) {
    const request = { offset: 17, consumer: 'transax', activeLow: true, as: { output } };
    const bytes = newLineRequest(request);
    const fields = new DataView(bytes.buffer);
    assert.is(bytes.length, 592);
    assert.is(fields.getUint32(0, true), 17);
    assert.is(new TextDecoder().decode(bytes.subarray(256, 263)), 'transax');
    assert.is(fields.getBigUint64(288, true), 0b1010n, 'output, active low');
    assert.is(fields.getUint32(296, true), 1, 'one attribute');
    assert.is(fields.getUint32(320, true), 2, 'output values');
    assert.is(fields.getBigUint64(328, true), output ? 1n : 0n);
    assert.is(fields.getBigUint64(336, true), 1n, 'of the first line');
    assert.is(fields.getUint32(560, true), 1, 'one line');
  }
});

test('a name that is too long for the kernel is cut, and ends', () => {
  const request = { offset: 0, consumer: 'x'.repeat(99), activeLow: false, as: 'input' as const };
  assert.equal([...newLineRequest(request).subarray(286, 289)], [0x78, 0, 0b100]);
});

test('the system call works: it reads, and says why it does not', async () => {
  const ioctl = await systemIoctl();
  const file = openSync('/dev/random', 'r');
  try {
    const bits = new Uint8Array(4);
    const entropyCount = 0x80045200;
    assert.is(ioctl(file, entropyCount, bits), 0);
    assert.ok(bits.some((byte) => byte !== 0));
    const [invalid, badFile] = [22, 9];
    assert.is(ioctl(file, REQUESTS.chipInfo, new Uint8Array(68)), invalid);
    assert.is(ioctl(-1, entropyCount, bits), badFile);
  } finally {
    closeSync(file);
  }
});

test('a machine without chips is told', async () => {
  const folder = temporaryFolder();
  try {
    const gpio = characterGpio(folder.path);
    assert.equal(await gpio.chips(), []);
    await gpio.openInput({ chip: 'x', line: 0, activeLow: false });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, GpioError);
    assert.is((error as GpioError).code, 'unsupported');
  } finally {
    folder.dispose();
  }
});

test.run();
