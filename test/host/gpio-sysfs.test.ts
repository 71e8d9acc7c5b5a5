/** Files as the kernel has them, in a folder; the kernel itself: test/system/gpio.test.ts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sysfsGpio } from '../../host/gpio-sysfs.ts';
import { type Gpio, GpioError, type GpioLine } from '../../host/ports.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('gpio by sysfs');

const CHIPS = [
  { name: 'gpiochip512', label: 'pinctrl-bcm2711', base: 512, ngpio: 58 },
  { name: 'gpiochip570', label: 'twin', base: 570, ngpio: 8 },
  { name: 'gpiochip578', label: 'twin', base: 578, ngpio: 8 },
];

interface Place {
  gpio: Gpio;
  /** Content of a file. */
  look(path: string): string;
  put(path: string, text: string): void;
}

async function withFolder(work: (place: Place) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const put = (path: string, text: string): void => {
    const at = join(folder.path, path);
    mkdirSync(join(at, '..'), { recursive: true });
    writeFileSync(at, text);
  };
  put('export', '');
  for (const { name, label, base, ngpio } of CHIPS) {
    put(`${name}/label`, `${label}\n`);
    put(`${name}/base`, `${base}\n`);
    put(`${name}/ngpio`, `${ngpio}\n`);
  }
  const look = (path: string): string => readFileSync(join(folder.path, path), 'utf8');
  try {
    await work({ gpio: sysfsGpio(folder.path), look, put });
  } finally {
    folder.dispose();
  }
}

function exported({ put }: Place, number: number): void {
  put(`gpio${number}/active_low`, '1');
  put(`gpio${number}/direction`, 'in');
  put(`gpio${number}/value`, '0');
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof GpioError) return error.code;
    throw error;
  }
  return 'none';
}

const line = (change: Partial<GpioLine> = {}): GpioLine => ({
  ...{ chip: 'pinctrl-bcm2711', line: 17, activeLow: false },
  ...change,
});

for (const [activeLow, on, word] of [
  [false, false, 'low'],
  [false, true, 'high'],
  [true, false, 'high'],
  [true, true, 'low'],
] as const) {
  test(`active ${activeLow ? 'low' : 'high'}, ${on ? 'on' : 'off'} begins as ${word}`, () =>
    withFolder(async (place) => {
      exported(place, 529);
      await place.gpio.openOutput(line({ activeLow }), on);
      assert.is(place.look('gpio529/direction').slice(0, word.length), word);
      assert.is(place.look('gpio529/active_low'), '0', 'the kernel turns nothing round');
    }));
}

test('an output that somebody made an input is no output any more', () =>
  withFolder(async (place) => {
    exported(place, 529);
    const output = await place.gpio.openOutput(line({ activeLow: true }), false);
    place.put('gpio529/direction', 'out\n');
    output.set(true);
    assert.is(place.look('gpio529/value'), '0');
    assert.is(output.read(), true);
    place.put('gpio529/direction', 'in\n');
    assert.is(await codeOf(async () => output.read()), 'io');
  }));

test('chips are told by their label, and faults by their kind', () =>
  withFolder(async ({ gpio }) => {
    const code = (change: Partial<GpioLine>) => codeOf(() => gpio.openInput(line(change)));
    assert.is(await code({ chip: 'gpiochip512' }), 'no-chip');
    assert.is(await code({ chip: 'twin', line: 1 }), 'no-chip');
    assert.is(await code({ line: 58 }), 'no-line');
    assert.is(await code({ line: 'GPIO17' }), 'no-line');
    assert.equal(
      (await gpio.chips()).map(({ label }) => label),
      ['pinctrl-bcm2711', 'twin', 'twin'],
    );
  }));

test('a kernel without these files is told', async () => {
  const gpio = sysfsGpio('/nowhere');
  assert.equal(await gpio.chips(), []);
  assert.is(await codeOf(() => gpio.openInput(line())), 'unsupported');
});

test.run();
