import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadModel } from '../../../agent/loads/model.ts';
import { aimOf, isBetterKept, lastResort, plannedOnMs } from '../../../agent/loads/switching.ts';

const test = suite('switching');

const BOILER = loadModel({
  ...{ name: 'boiler', powerW: 2000, minimumOnMs: 600_000, minimumOffMs: 300_000 },
});

test('the planned power is given to the loads in order', () => {
  const loads = [BOILER, { powerW: 1000 }];
  assert.equal(plannedOnMs(loads, 2500, 900_000), [900_000, 450_000]);
  assert.equal(plannedOnMs(loads, 500, 900_000), [225_000, 0]);
  assert.equal(plannedOnMs(loads, 0, 900_000), [0, 0]);
});

test('a load is turned only where that mends the interval', () => {
  const state = {
    ...{ unmetW: 1500, remainingMs: 700_000, isOn: false },
    ...{ hasUse: () => true, toleranceWs: 36_000 },
  };
  const rows: [change: Partial<typeof state>, turnTo: boolean | null][] = [
    [{}, true],
    [{ unmetW: 900 }, null],
    [{ isOn: true }, null],
    [{ hasUse: () => false }, null],
    // It would have to stay on into the next interval.
    [{ remainingMs: 500_000 }, null],
    [{ isOn: true, unmetW: -1500 }, false],
    [{ isOn: true, unmetW: -1500, remainingMs: 200_000 }, null],
    [{ isOn: false, unmetW: -1500 }, null],
    [{ unmetW: 1500, toleranceWs: 2_000_000 }, null],
  ];
  for (const [change, turnTo] of rows) {
    const row = { ...state, ...change };
    const turned = lastResort(BOILER, { ...row, unmetW: () => row.unmetW });
    assert.is(turned, turnTo, JSON.stringify(change));
  }
});

test('a load is kept where turning it could not be made up for', () => {
  const state = { remainingMs: 900_000, isOn: true, hasUse: () => true, toleranceWs: 36_000 };
  assert.is(isBetterKept(0, -1900, state), true);
  assert.is(isBetterKept(0, -1900, { ...state, hasUse: () => false }), false);
  assert.is(isBetterKept(2000, 500, state), false);
  assert.is(isBetterKept(0, 30, state), false);
});

test('a nimble load waits while either way is open, and turns when one closes', () => {
  const rod = loadModel({
    ...{ name: 'rod', kind: 'interruptible', powerW: 2000, takesSurplus: true },
    ...{ minimumOnMs: 60_000, minimumOffMs: 60_000 },
  });
  // It must still deliver so much of the most that it can in 600 s, give or take 200 kWs.
  const aim = (share: number, isOn: boolean, hasUse = true) =>
    aimOf(rod, {
      ...{ intervalMs: 900_000, remainingMs: 600_000, isOn, isPlanned: false, isTurned: true },
      ...{
        hasUse: () => hasUse,
        toleranceWs: 36_000,
        strayWs: 200_000,
        drawsFor: 'commitment' as const,
      },
      unmetW: (shiftW) => 2000 * share - (isOn ? 2000 : 0) - shiftW,
    })?.isOn ?? null;
  assert.equal(
    [0.1, 0.5, 0.9].map((share) => aim(share, false)),
    [null, null, null],
  );
  assert.is(aim(0.95, false), true);
  assert.is(aim(0.95, false, false), null);
  assert.equal(
    [0.9, 0.5, 0.1].map((share) => aim(share, true)),
    [null, null, null],
  );
  assert.is(aim(0.05, true), false);
});

test('programs and boosts are never turned to hold a commitment', () => {
  const state = {
    ...{ intervalMs: 900_000, remainingMs: 600_000, isOn: true, isPlanned: true },
    ...{
      isTurned: false,
      hasUse: () => true,
      toleranceWs: 36_000,
      strayWs: 0,
      drawsFor: 'commitment' as const,
    },
    unmetW: () => -2000,
  };
  for (const kind of ['deadline', 'sg-ready'] as const) {
    assert.is(aimOf({ ...BOILER, kind }, state)?.isOn, true);
  }
  assert.is(aimOf(BOILER, state)?.isOn, false);
});

test.run();
