import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openHttpRelay } from '../../../../agent/drivers/relays/http.ts';
import { houseHttp } from '../../../../host/house-http.ts';
import type { HeldRelay } from '../../../../host/ports.ts';
import { EmulatedShelly, type ShellyFault } from '../../../../testbed/emulators/shelly.ts';
import { until } from '../../../system/processes.ts';

const test = suite('http relay');

/** Delays end when the test moves time. */
class HandClock {
  #nowMs = 0;
  #waiting: { atMs: number; wake: () => void }[] = [];

  monotonicMs = (): number => this.#nowMs;

  delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#waiting.push({ atMs: this.#nowMs + ms, wake: resolve });
    });

  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  move(ms: number): void {
    this.#nowMs += ms;
    const due = this.#waiting.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { wake } of due) wake();
  }
}

interface Place {
  shelly: EmulatedShelly;
  relay: HeldRelay;
  clock: HandClock;
}

async function withRelay(
  options: { api?: 'shelly-gen1' | 'shelly-gen2'; safeOn?: boolean },
  work: (place: Place) => Promise<void>,
): Promise<void> {
  const shelly = await EmulatedShelly.start();
  const clock = new HandClock();
  const address = { host: '127.0.0.1', port: shelly.port };
  const { api = 'shelly-gen2', safeOn = false } = options;
  const settings = { api, address, output: 0, deadManMs: 60_000 };
  const relay = openHttpRelay(settings, { http: houseHttp(), clock }, safeOn);
  try {
    await work({ shelly, relay, clock });
  } finally {
    await relay.close();
    await shelly.close();
  }
}

async function failsWith(work: () => Promise<unknown>, what: RegExp): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.match(error instanceof Error ? error.message : '', what);
    return;
  }
  assert.unreachable('it should have failed');
}

for (const api of ['shelly-gen1', 'shelly-gen2'] as const) {
  test(`${api}: on holds a timer, off holds none`, () =>
    withRelay({ api }, async ({ shelly, relay }) => {
      await relay.set(true);
      assert.is(shelly.isOn, true);
      assert.is(shelly.timerSeconds, 60);
      assert.is(await relay.read(), true);
      await relay.set(false);
      assert.is(shelly.isOn, false);
      assert.is(shelly.timerSeconds, null);
      assert.is(await relay.read(), false);
    }));
}

test('a load that is safe when on holds the timer while it is off', () =>
  withRelay({ safeOn: true }, async ({ shelly, relay }) => {
    await relay.set(false);
    assert.is(shelly.timerSeconds, 60);
    shelly.runOut();
    assert.is(await relay.read(), true);
    await relay.set(true);
    assert.is(shelly.timerSeconds, null);
  }));

test('the timer is renewed at a third of its time, and no more once the relay is safe', () =>
  withRelay({}, async ({ shelly, relay, clock }) => {
    await relay.set(true);
    for (const count of [2, 3, 4, 5]) {
      await until('it waits', () => clock.isWaitedFor);
      clock.move(20_000);
      await until('the next command', () => shelly.commands.length === count);
    }
    await relay.set(false);
    const { length } = shelly.commands;
    clock.move(600_000);
    await relay.read();
    assert.is(shelly.commands.length, length);
    assert.is(shelly.isOn, false);
  }));

test('a renewal that gets no answer is tried again, and only while it can still be in time', () =>
  withRelay({}, async ({ shelly, relay, clock }) => {
    await relay.set(true);
    shelly.fault = 'password';
    await until('it waits', () => clock.isWaitedFor);
    clock.move(20_000);
    await until('it waits again', () => clock.isWaitedFor);
    shelly.fault = null;
    clock.move(5_000);
    await until('a second command', () => shelly.commands.length === 2);

    shelly.fault = 'password';
    for (let step = 0; step < 20; step += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      clock.move(5_000);
    }
    shelly.fault = null;
    clock.move(60_000);
    await relay.read();
    assert.is(shelly.commands.length, 2, 'after the dead-man time it lets go');
    assert.is(clock.isWaitedFor, false);
  }));

test('renewing never switches on what the device itself made safe', () =>
  withRelay({}, async ({ shelly, relay, clock }) => {
    await relay.set(true);
    await until('it waits', () => clock.isWaitedFor);
    shelly.runOut();
    const { requests } = shelly;
    clock.move(20_000);
    await until('it looks first', () => shelly.requests > requests);
    for (let time = 0; time < 5; time += 1) assert.is(await relay.read(), false);
    assert.is(shelly.commands.length, 1);
  }));

test('what is closed is renewed no more', () =>
  withRelay({}, async ({ shelly, relay, clock }) => {
    await relay.set(true);
    await relay.close();
    clock.move(20_000);
    await relay.read();
    assert.is(shelly.commands.length, 1);
    assert.is(shelly.isOn, true);
  }));

const FAULTS: [ShellyFault, RegExp][] = [
  ['stuck', /reads off after on/],
  ['no-timer', /took no timer/],
  ['password', /asks for a password/],
  ['redirect', /redirects/],
  ['endless', /over 16384 bytes/],
  ['page', /does not answer as shelly-gen2/],
];

for (const [fault, what] of FAULTS) {
  test(`a device that is ${fault} is told as it is`, () =>
    withRelay({}, async ({ shelly, relay }) => {
      shelly.fault = fault;
      await failsWith(() => relay.set(true), what);
      shelly.fault = null;
      await relay.set(true);
      assert.is(await relay.read(), true, 'it works again');
    }));
}

test('a device without timers is not left switched on', () =>
  withRelay({}, async ({ shelly, relay }) => {
    shelly.fault = 'no-timer';
    await failsWith(() => relay.set(true), /took no timer/);
    assert.is(shelly.isOn, false);
  }));

test('a device that is silent is given up after the deadline', () =>
  withRelay({}, async ({ shelly, relay }) => {
    shelly.fault = 'silent';
    await failsWith(() => relay.read(), /did not answer within 3000 ms/);
  }));

test('an address that is a name is never looked up', async () => {
  const limits = { deadlineMs: 1_000, maxBytes: 1_000 };
  const at = { host: 'localhost', port: 80 };
  await failsWith(() => houseHttp().get(at, '/', limits), /no IP address/);
});

test.run();
