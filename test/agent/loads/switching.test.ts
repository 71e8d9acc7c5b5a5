import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  isBetterKept,
  lastResort,
  mustRunMs,
  owedWs,
  plannedOnMs,
} from '../../../agent/loads/switching.ts';

const test = suite('switching');

const HOUR = 3_600_000;
const BOILER = {
  ...{ powerW: 2000, energyPerDayWs: 4 * 3_600_000 },
  ...{ minimumOnMs: 600_000, minimumOffMs: 300_000 },
};

test('the planned power is given to the loads in order', () => {
  const loads = [BOILER, { powerW: 1000 }];
  assert.equal(plannedOnMs(loads, 2500, 900_000), [900_000, 450_000]);
  assert.equal(plannedOnMs(loads, 500, 900_000), [225_000, 0]);
  assert.equal(plannedOnMs(loads, 0, 900_000), [0, 0]);
});

test('a day that was watched in part owes its part', () => {
  const day = { nowMs: 12 * HOUR, startMs: 0, endMs: 24 * HOUR, watchedSinceMs: -HOUR, onMs: HOUR };
  assert.is(owedWs(BOILER, day), 2 * 3_600_000);
  assert.is(owedWs(BOILER, { ...day, watchedSinceMs: 12 * HOUR, onMs: 0 }), 2 * 3_600_000);
  assert.is(owedWs(BOILER, { ...day, onMs: 5 * HOUR }), 0);
});

test('a load must run when a later start would not do, and not for crumbs', () => {
  const day = (hour: number, onMs: number) => ({
    ...{ nowMs: hour * HOUR, startMs: 0, endMs: 24 * HOUR, watchedSinceMs: 0, onMs },
  });
  assert.is(mustRunMs(BOILER, day(21.7, 0), 900_000), 0);
  assert.is(mustRunMs(BOILER, day(21.8, 0), 900_000), 2 * HOUR);
  assert.is(mustRunMs(BOILER, day(23.9, 1.9 * HOUR), 900_000), 0);
});

test('a load is turned only where that mends the interval', () => {
  const state = {
    ...{ unmetW: 1500, remainingMs: 700_000, isOn: false },
    ...{ owedWs: () => 1, toleranceWs: 36_000 },
  };
  const rows: [change: Partial<typeof state>, turnTo: boolean | null][] = [
    [{}, true],
    [{ unmetW: 900 }, null],
    [{ isOn: true }, null],
    [{ owedWs: () => 0 }, null],
    // It would have to stay on into the next interval.
    [{ remainingMs: 500_000 }, null],
    [{ isOn: true, unmetW: -1500 }, false],
    [{ isOn: true, unmetW: -1500, remainingMs: 200_000 }, null],
    [{ isOn: false, unmetW: -1500 }, null],
    [{ unmetW: 1500, toleranceWs: 2_000_000 }, null],
  ];
  for (const [change, turnTo] of rows) {
    assert.is(lastResort(BOILER, { ...state, ...change }), turnTo, JSON.stringify(change));
  }
});

test('a load is kept where turning it could not be made up for', () => {
  const state = { remainingMs: 900_000, isOn: true, owedWs: () => 1, toleranceWs: 36_000 };
  assert.is(isBetterKept(0, -1900, state), true);
  assert.is(isBetterKept(0, -1900, { ...state, owedWs: () => 0 }), false);
  assert.is(isBetterKept(2000, 500, state), false);
  assert.is(isBetterKept(0, 30, state), false);
});

test.run();
