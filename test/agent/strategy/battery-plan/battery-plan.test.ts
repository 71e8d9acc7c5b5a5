import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BatteryPlan,
  type PlanInput,
} from '../../../../agent/strategy/battery-plan/battery-plan.ts';
import { levelsOf } from '../../../../agent/strategy/battery-plan/response.ts';
import { LinearProgram, maximize } from '../../../../solver/clearing/linear-program.ts';

const test = suite('strategy: battery plan');
const HOUR_S = 3600;
const KWH_WS = 3_600_000;

interface Drawn {
  capacityKwh: number;
  powerW: number;
  oneWay: number;
  wear: number;
  storedShare: number;
  stages: { netW: number; spreadW: number; buy: number; gap: number }[];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  capacityKwh: fc.integer({ min: 0, max: 14 }),
  powerW: fc.integer({ min: 0, max: 6000 }),
  oneWay: fc.double({ min: 0.8, max: 1, noNaN: true }),
  wear: fc.integer({ min: 0, max: 50_000 }),
  storedShare: fc.double({ min: -0.2, max: 1.2, noNaN: true }),
  stages: fc.array(
    fc.record({
      netW: fc.integer({ min: -6000, max: 6000 }),
      spreadW: fc.integer({ min: 0, max: 2000 }),
      buy: fc.integer({ min: 50_000, max: 600_000 }),
      gap: fc.integer({ min: 0, max: 400_000 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});

function inputOf(given: Drawn, change: { isSure?: boolean; moreKwh?: number } = {}): PlanInput {
  return {
    spec: {
      lowWs: KWH_WS,
      highWs: KWH_WS * (1 + given.capacityKwh + (change.moreKwh ?? 0)),
      ...{ chargeW: given.powerW, dischargeW: given.powerW, oneWay: given.oneWay },
      wearMicroPerKwh: given.wear,
    },
    seconds: HOUR_S,
    limitW: 20_000,
    endMicroPerKwh: 40_000,
    stages: given.stages.map(({ netW, spreadW, buy, gap }) => ({
      middleW: netW,
      likely:
        change.isSure === true
          ? [{ netW, share: 1 }]
          : [
              { netW: netW - spreadW, share: 0.3 },
              { netW, share: 0.4 },
              { netW: netW + spreadW, share: 0.3 },
            ],
      prices: { buyMicroPerKwh: buy, sellMicroPerKwh: Math.max(0, buy - gap) },
    })),
  };
}

function startOf({ capacityKwh, storedShare }: Drawn): number {
  return Math.max(0, KWH_WS * (1 + capacityKwh * storedShare));
}

test('a plan keeps its power and its window, and comes back into it from outside', () => {
  fc.assert(
    fc.property(drawn, (given) => {
      const input = inputOf(given);
      const { lowWs, highWs } = input.spec;
      let before = startOf(given);
      for (const { batteryWs, storedWs } of new BatteryPlan(input).course(before)) {
        assert.ok(Math.abs(batteryWs) <= given.powerW * HOUR_S + 1e-3);
        assert.ok(storedWs >= Math.min(lowWs, before) - 1e-3);
        assert.ok(storedWs <= Math.max(highWs, before) + 1e-3);
        before = storedWs;
      }
    }),
    { numRuns: 300 },
  );
});

test('the battery never takes the meter beyond its limit', () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 8000 }), (given, limitW) => {
      const input = { ...inputOf(given), limitW };
      const responses = new BatteryPlan(input).course(startOf(given));
      for (const [stage, { batteryWs }] of responses.entries()) {
        const netWs = (input.stages[stage]?.middleW ?? 0) * HOUR_S;
        const most = Math.max(limitW * HOUR_S, Math.abs(netWs));
        assert.ok(Math.abs(netWs + batteryWs) <= most + 1e-3);
      }
    }),
    { numRuns: 300 },
  );
});

test('more battery never raises the planned cost', () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 10 }), (given, moreKwh) => {
      const storedWs = KWH_WS * (1 + given.capacityKwh * Math.min(1, Math.abs(given.storedShare)));
      const smaller = new BatteryPlan(inputOf(given)).costMicro(storedWs);
      const larger = new BatteryPlan(inputOf(given, { moreKwh })).costMicro(storedWs);
      assert.ok(larger <= smaller + 1e-6, `${larger} after ${smaller}`);
    }),
    { numRuns: 300 },
  );
});

test('the expected cost is convex in what is stored, and the levels are in order', () => {
  fc.assert(
    fc.property(drawn, (given) => {
      const plan = new BatteryPlan(inputOf(given));
      const { costs, steps } = plan.valueBefore(0);
      for (let step = 2; step <= steps.count; step += 1) {
        const [a = 0, b = 0, c = 0] = [costs[step - 2], costs[step - 1], costs[step]];
        assert.ok(a + c - 2 * b >= -1e-6 * Math.max(1, Math.abs(b)));
      }
      const { buyTo, storeTo, coverTo, sellTo } = levelsOf(plan.situation(0));
      assert.ok(buyTo <= storeTo && coverTo <= sellTo && buyTo <= coverTo);
    }),
    { numRuns: 200 },
  );
});

test('the same input gives the same plan, to the last bit', () => {
  fc.assert(
    fc.property(drawn, (given) => {
      const [one, other] = [new BatteryPlan(inputOf(given)), new BatteryPlan(inputOf(given))];
      assert.equal(one.course(startOf(given)), other.course(startOf(given)));
      assert.is(one.costMicro(startOf(given)), other.costMicro(startOf(given)));
    }),
    { numRuns: 50 },
  );
});

/** The same question as a linear programme, everything known, in kWh and millionths. */
async function leastCostMicro(input: PlanInput, storedWs: number): Promise<number> {
  const program = new LinearProgram();
  const { spec } = input;
  const windowKwh = (spec.highWs - spec.lowWs) / KWH_WS;
  const startKwh = (storedWs - spec.lowWs) / KWH_WS;
  const powerKwh = (spec.chargeW / 1000) * (input.seconds / HOUR_S);
  const wear = spec.wearMicroPerKwh / 2;
  let before: number | null = null;
  for (const { middleW, prices } of input.stages) {
    const netKwh = (middleW / 1000) * (input.seconds / HOUR_S);
    const balance = program.row(netKwh, netKwh);
    const stock = program.row(before === null ? -startKwh : 0, before === null ? -startKwh : 0);
    program.column(-prices.buyMicroPerKwh, Number.POSITIVE_INFINITY, [[balance, 1]]);
    program.column(prices.sellMicroPerKwh, Number.POSITIVE_INFINITY, [[balance, -1]]);
    program.column(-wear * spec.oneWay, powerKwh, [
      [balance, -1],
      [stock, spec.oneWay],
    ]);
    program.column(-wear / spec.oneWay, powerKwh, [
      [balance, 1],
      [stock, -1 / spec.oneWay],
    ]);
    if (before !== null) {
      program.column(0, windowKwh, [
        [before, -1],
        [stock, 1],
      ]);
    }
    before = stock;
  }
  program.column(input.endMicroPerKwh, windowKwh, [[before ?? -1, -1]]);
  const { values } = await maximize(program);
  return -(values[0] ?? 0);
}

/** Cost of a course as it is, micro. */
function costOfCourse(input: PlanInput, storedWs: number): number {
  let [costMicro, before] = [0, storedWs];
  for (const [stage, { batteryWs, storedWs: after }] of new BatteryPlan(input)
    .course(storedWs)
    .entries()) {
    const { middleW = 0, prices } = input.stages[stage] ?? {};
    const meterKwh = (middleW * input.seconds + batteryWs) / KWH_WS;
    const price = (meterKwh > 0 ? prices?.buyMicroPerKwh : prices?.sellMicroPerKwh) ?? 0;
    const moved = Math.abs(after - before) / KWH_WS;
    costMicro += price * meterKwh + (input.spec.wearMicroPerKwh * moved) / 2;
    before = after;
  }
  return costMicro - ((before - input.spec.lowWs) / KWH_WS) * input.endMicroPerKwh;
}

test('with everything known it is a linear optimum, but for a grid step', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (given) => {
      const input = inputOf(given, { isSure: true });
      const storedWs = KWH_WS * (1 + given.capacityKwh * Math.min(1, Math.abs(given.storedShare)));
      const least = await leastCostMicro(input, storedWs);
      const planned = costOfCourse(input, storedWs);
      // 50 Wh between the cheapest and the dearest kWh, for each interval.
      const grid = 0.05 * 650_000 * Math.sqrt(input.stages.length);
      assert.ok(planned >= least - 1, `${planned} is below the least, ${least}`);
      assert.ok(planned <= least + grid, `${planned} is far above the least, ${least}`);
      // The plan's own figure is never below what is possible either.
      assert.ok(new BatteryPlan(input).costMicro(storedWs) >= least - 1);
    }),
    { numRuns: 100 },
  );
});

test.run();
