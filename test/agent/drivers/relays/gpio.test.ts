import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpioRelay } from '../../../../agent/drivers/relays/gpio.ts';
import { RelayError } from '../../../../agent/drivers/relays/relay-error.ts';
import { type Gpio, GpioError } from '../../../../host/ports.ts';

const test = suite('gpio relay');

const LINE = { chip: 'pinctrl-bcm2711', line: 'GPIO17', activeLow: true };

/** A line that says what was done to it. */
class OneLine implements Gpio {
  readonly done: string[] = [];
  isOn = false;
  isBroken = false;
  isStuck = false;
  isBusy = false;

  async openOutput(_line: unknown, on: boolean) {
    if (this.isBusy) throw new GpioError('busy', 'is held by "other"');
    this.done.push(`open ${on}`);
    this.isOn = on;
    return {
      set: (value: boolean) => {
        if (this.isBroken) throw new GpioError('io', 'fails');
        this.done.push(`set ${value}`);
        if (!this.isStuck) this.isOn = value;
      },
      read: () => this.isOn,
      close: () => void this.done.push('close'),
    };
  }

  openInput(): never {
    throw new Error('a relay has no input');
  }

  look(): never {
    throw new Error('a relay holds its line');
  }

  async chips() {
    return [];
  }
}

async function failure(work: () => Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it should have failed');
}

test('nothing is touched before it is used, and reading begins with the safe state', async () => {
  for (const safeOn of [false, true]) {
    const line = new OneLine();
    const relay = openGpioRelay(line, LINE, safeOn);
    assert.equal(line.done, []);
    assert.is(await relay.read(), safeOn);
    assert.equal(line.done, [`open ${safeOn}`]);
  }
});

test('the line is taken with the value that is asked for, once', async () => {
  const line = new OneLine();
  const relay = openGpioRelay(line, LINE, false);
  await relay.set(true);
  await relay.set(false);
  assert.is(await relay.read(), false);
  assert.equal(line.done, ['open true', 'set true', 'set false']);
});

test('a line that is busy is tried anew at each call', async () => {
  const line = new OneLine();
  line.isBusy = true;
  const relay = openGpioRelay(line, LINE, false);
  assert.is((await failure(() => relay.read())).code, 'busy');
  assert.is((await failure(() => relay.set(false))).code, 'busy');
  line.isBusy = false;
  await relay.set(false);
  assert.equal(line.done, ['open false', 'set false']);
});

test('a line that fails is let go and taken anew', async () => {
  const line = new OneLine();
  const relay = openGpioRelay(line, LINE, false);
  await relay.set(true);
  line.isBroken = true;
  assert.is((await failure(() => relay.set(false))).code, 'io');
  line.isBroken = false;
  assert.is(await relay.read(), false);
  assert.equal(line.done, ['open true', 'set true', 'close', 'open false']);
});

test('a line that does not do as told is a mismatch', async () => {
  const line = new OneLine();
  const relay = openGpioRelay(line, LINE, false);
  await relay.read();
  line.isStuck = true;
  const error = await failure(() => relay.set(true));
  assert.instance(error, RelayError);
  assert.is(error.code, 'mismatch');
});

test('closing lets go of the line, and may be repeated', async () => {
  const line = new OneLine();
  const relay = openGpioRelay(line, LINE, false);
  await relay.close();
  await relay.read();
  await relay.close();
  await relay.close();
  assert.equal(line.done, ['open false', 'close']);
});

test.run();
