import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  drawsFor,
  type RunningEnd,
  setPointW,
  unmetW,
} from '../../../agent/following/running-end.ts';
import { planningSpec } from '../../../agent/strategy/battery.ts';
import { BatteryPlan } from '../../../agent/strategy/battery-plan/battery-plan.ts';

const test = suite('running end');

const MODEL = {
  ...{ capacityWs: 36_000_000, chargeW: 3_000, dischargeW: 3_000 },
  ...{ lowShare: 0.1, highShare: 0.9, efficiency: 1 },
};

/** A stored kWh is worth 0.2 later: less than use costs now, more than feed-in brings. */
function weighedEnd(tradedWs: number, storedWs: number | null): RunningEnd {
  const spec = planningSpec(storedWs === null ? null : MODEL, 0);
  const plan = new BatteryPlan({
    ...{ spec, seconds: 900, limitW: 10_000, endMicroPerKwh: 200_000 },
    stages: [{ likely: [], middleW: 0, prices: { buyMicroPerKwh: 0, sellMicroPerKwh: 0 } }],
  });
  const prices = { buyMicroPerKwh: 300_000, sellMicroPerKwh: 80_000 };
  const worth = { value: plan.valueBefore(1), spec, prices, limitW: 10_000 };
  return { targetWs: 123, tradedWs, weighed: { worth, storedWs: storedWs ?? 0 } };
}

function lookOf(hasBattery: boolean, meteredWs = 0) {
  const room = { chargeableWs: 18_000_000, dischargeableWs: 18_000_000 };
  const battery = hasBattery ? { limits: MODEL, room } : null;
  return { meteredWs, remainingS: 900, stepS: 10, battery };
}

test('need and surplus beside trades go through the battery, whatever was planned', () => {
  const look = lookOf(true);
  assert.is(setPointW(weighedEnd(0, 18e6), look, 800, 800), -800);
  assert.is(setPointW(weighedEnd(0, 18e6), look, -800, -800), 800);
  assert.is(setPointW(weighedEnd(450_000, 18e6), look, 800, 800), -300);
  assert.is(setPointW(weighedEnd(-450_000, 18e6), look, 800, 800), -1300);
});

test('what was metered of the interval already counts against what comes', () => {
  const end = weighedEnd(0, 18e6);
  const look = { ...lookOf(true, 450_000), remainingS: 450 };
  // 1 kW was drawn in the first half, 1 kW is left over in the second: nothing is to be done.
  assert.is(setPointW(end, look, -1_000, -1_000), 0);
});

test('without a plan the target is held', () => {
  const end = { targetWs: 900_000, tradedWs: 0, weighed: null };
  assert.is(setPointW(end, lookOf(true), 300, 300), 700);
  assert.is(unmetW(end, lookOf(false), 300), 700);
  assert.is(drawsFor(end), 'commitment');
});

test('without a battery loads keep the trades, and take what would be fed in beside them', () => {
  const look = lookOf(false);
  const unmet = (tradedWs: number, meanW: number) =>
    unmetW(weighedEnd(tradedWs, null), look, meanW);
  assert.is(unmet(900_000, 300), 700);
  assert.is(unmet(900_000, 2_000), 0);
  assert.is(unmet(-900_000, -300), -700);
  assert.is(unmet(-900_000, -1_500), 500);
  assert.is(unmet(0, -600), 600);
  assert.is(unmet(0, 600), 0);
  assert.is(drawsFor(weighedEnd(900_000, null)), 'commitment');
  assert.is(drawsFor(weighedEnd(-900_000, null)), 'surplus');
});

test.run();
