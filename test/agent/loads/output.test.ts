import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Level } from '../../../agent/loads/model.ts';
import { openOutput } from '../../../agent/loads/output.ts';
import type { Relay } from '../../../host/ports.ts';

const test = suite('output');

/** Two relays, and every pair of states that the heat pump saw. */
function pump(isForcedBoost: boolean) {
  const states = [false, false];
  const seen: string[] = [];
  const relay = (index: number): Relay => ({
    async set(on) {
      states[index] = on;
      const now = states.map(Number).join(':');
      if (seen.at(-1) !== now) seen.push(now);
    },
    read: async () => states[index] === true,
  });
  const load = { name: 'pump', kind: 'sg-ready' as const, isForcedBoost };
  return { output: openOutput(load, [relay(0), relay(1)]), seen };
}

test('a heat pump goes from state to state through normal alone', async () => {
  const { output, seen } = pump(false);
  const walk: [Level, string][] = [
    ['off', '0:0'],
    ['on', '0:1'],
    ['block', '0:0 1:0'],
    ['on', '0:0 0:1'],
    ['off', '0:0'],
  ];
  for (const [level, states] of walk) {
    const before = seen.length;
    await output.set(level);
    assert.is(seen.slice(before).join(' '), states, level);
    assert.is(await output.read(), level);
  }
});

test('a forced boost is 1:1, and is never entered through a block', async () => {
  const { output, seen } = pump(true);
  await output.set('block');
  await output.set('on');
  assert.equal(seen, ['0:0', '1:0', '0:0', '0:1', '1:1']);
  assert.is(await output.read(), 'on');
  await output.set('off');
  assert.equal(seen.slice(5), ['0:1', '0:0']);
});

test('a plain relay knows no block', async () => {
  const told: boolean[] = [];
  const relay: Relay = {
    set: async (on) => void told.push(on),
    read: async () => told.at(-1) ?? false,
  };
  const output = openOutput({ name: 'rod', kind: 'interruptible', isForcedBoost: false }, [relay]);
  for (const level of ['on', 'block', 'off'] as const) await output.set(level);
  assert.equal(told, [true, false, false]);
  assert.throws(
    () => openOutput({ name: 'pump', kind: 'sg-ready', isForcedBoost: false }, [relay]),
    /pump has 1 relays, not 2/,
  );
});

test.run();
