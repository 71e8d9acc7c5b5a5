import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planningSpec } from '../../../../agent/strategy/battery.ts';
import { BatteryPlan } from '../../../../agent/strategy/battery-plan/battery-plan.ts';
import { costOf } from '../../../../agent/strategy/battery-plan/response.ts';
import { weighedEndWs } from '../../../../agent/strategy/battery-plan/weighed-end.ts';

const test = suite('weighed end');

const KWH_WS = 3_600_000;
const MODEL = {
  ...{ capacityWs: 6 * KWH_WS, chargeW: 3_000, dischargeW: 3_000 },
  ...{ lowShare: 0.1, highShare: 0.9, efficiency: 0.9 },
};
const prices = { buyMicroPerKwh: 300_000, sellMicroPerKwh: 80_000 };

/** Worths of a plan whose later intervals cost so much, with a need of 1 kW in each. */
function situationOf(laterMicroPerKwh: number, hasBattery = true) {
  const spec = planningSpec(hasBattery ? MODEL : null);
  const stage = {
    likely: [{ netW: 1_000, share: 1 }],
    middleW: 1_000,
    prices: { buyMicroPerKwh: laterMicroPerKwh, sellMicroPerKwh: 80_000 },
  };
  const plan = new BatteryPlan({
    ...{ spec, seconds: 900, limitW: 10_000, endMicroPerKwh: 0 },
    stages: Array.from({ length: 16 }, () => stage),
  });
  return { value: plan.valueBefore(0), spec, prices, seconds: 900, limitW: 10_000 };
}

test('need is covered where a stored kWh is worth less later, and else left', () => {
  const running = { storedWs: 2 * KWH_WS, comesWs: 900_000, tradedWs: 0 };
  assert.is(weighedEndWs(situationOf(200_000), running), 0);
  assert.is(weighedEndWs(situationOf(310_000), running), 900_000);
  // Dearer still: more is bought to be stored.
  assert.ok(weighedEndWs(situationOf(900_000), running) > 900_000);
});

test('where a kWh is worth the same later, the need that is there is covered', () => {
  // Four kWh of need to come at the price of now, and 1.5 in the cells.
  const running = { storedWs: 2.1 * KWH_WS, tradedWs: 0 };
  for (const [seconds, comesWs] of [
    [900, 900_000],
    [60, 1_000],
  ] as const) {
    const end = weighedEndWs({ ...situationOf(300_000), seconds }, { ...running, comesWs });
    assert.ok(Math.abs(end) < 1e-6, `${end} Ws`);
  }
});

test('a sale is kept even where the stored kWh is worth more later', () => {
  const running = { storedWs: 3 * KWH_WS, comesWs: -300_000, tradedWs: -900_000 };
  assert.is(weighedEndWs(situationOf(900_000), running), -900_000);
});

test('without a battery what comes is left, but for the trades', () => {
  const situation = situationOf(300_000, false);
  const end = (comesWs: number, tradedWs: number) =>
    weighedEndWs(situation, { storedWs: 0, comesWs, tradedWs });
  assert.is(end(700_000, 0), 700_000);
  assert.is(end(700_000, 450_000), 700_000);
  assert.is(end(300_000, 450_000), 450_000);
  assert.is(end(-700_000, -450_000), -700_000);
  assert.is(end(-300_000, -450_000), -450_000);
});

test('trades are kept, limits too, and beside them nothing is cheaper', () => {
  const energy = fc.integer({ min: -2_000_000, max: 2_000_000 });
  fc.assert(
    fc.property(
      fc.integer({ min: 50_000, max: 900_000 }),
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      energy,
      energy,
      energy,
      (later, share, comesWs, tradedWs, otherWs) => {
        const situation = situationOf(later);
        const storedWs = share * MODEL.capacityWs;
        const end = weighedEndWs(situation, { storedWs, comesWs, tradedWs });
        if (tradedWs < 0) assert.ok(end <= tradedWs);
        if (tradedWs > 0) assert.ok(end >= tradedWs);
        const batteryWs = end - comesWs;
        if (end === tradedWs) return;
        const { spec } = situation;
        const change = (ws: number) => (ws > 0 ? ws * spec.oneWay : ws / spec.oneWay);
        const within = (ws: number) =>
          ws <= 3_000 * 900 + 1 &&
          ws >= -3_000 * 900 - 1 &&
          storedWs + change(ws) >= spec.lowWs - 1 &&
          storedWs + change(ws) <= spec.highWs + 1;
        assert.ok(within(batteryWs), `${batteryWs} Ws from ${storedWs}`);
        if (!within(otherWs)) return;
        const cost = (ws: number) => costOf(situation, storedWs, comesWs - tradedWs, change(ws));
        // The plan's grid of stored energy leaves a little.
        assert.ok(cost(batteryWs) <= cost(otherWs) + 1_000, `${cost(batteryWs)} ${cost(otherWs)}`);
      },
    ),
    { numRuns: 300 },
  );
});

test.run();
