import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planningSpec } from '../../../agent/strategy/battery.ts';
import { BatteryPlan } from '../../../agent/strategy/battery-plan/battery-plan.ts';
import { levelsOf } from '../../../agent/strategy/battery-plan/response.ts';
import {
  answerAt,
  bestTradeW,
  criticalShare,
  guardedTradeW,
  netAtQuantile,
  type QuantityInput,
} from '../../../agent/strategy/trade-quantity.ts';

const test = suite('strategy: trade quantity');
const SECONDS = 900;
const MODEL = {
  ...{ capacityWs: 23_040_000, chargeW: 5000, dischargeW: 5000 },
  ...{ lowShare: 0, highShare: 1, efficiency: 0.9 },
};

interface Drawn {
  netW: number;
  belowW: number;
  aboveW: number;
  useMicro: number;
  gapMicro: number;
  priceShare: number;
  storedShare: number;
  hasBattery: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  netW: fc.integer({ min: -6000, max: 6000 }),
  belowW: fc.integer({ min: 0, max: 3000 }),
  aboveW: fc.integer({ min: 0, max: 3000 }),
  useMicro: fc.integer({ min: 100_000, max: 600_000 }),
  gapMicro: fc.integer({ min: 1, max: 90_000 }),
  priceShare: fc.double({ min: 0, max: 1, noNaN: true }),
  storedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  hasBattery: fc.boolean(),
});

function inputOf(given: Drawn): QuantityInput {
  const { netW, belowW, aboveW, useMicro, gapMicro } = given;
  const prices = { buyMicroPerKwh: useMicro, sellMicroPerKwh: useMicro - gapMicro };
  const plan = new BatteryPlan({
    spec: planningSpec(given.hasBattery ? MODEL : null),
    ...{ seconds: SECONDS, limitW: 11_000, endMicroPerKwh: useMicro * 0.7 },
    stages: [{ middleW: netW, likely: [{ netW, share: 1 }], prices }],
  });
  const situation = plan.situation(0);
  return {
    ...{ situation, levels: levelsOf(situation), loadsW: 0 },
    storedWs: given.hasBattery ? given.storedShare * MODEL.capacityWs : 0,
    forecast: {
      ...{ interval: 1, p10W: netW - belowW, p50W: netW, p90W: netW + aboveW },
      method: 'drawn',
    },
    priceMicroPerKwh: Math.round(useMicro - gapMicro + given.priceShare * gapMicro),
    ...{ stepW: 250, mostBoughtW: 5000, mostSoldW: 4000 },
  };
}

test('no offer beyond what meter and fuse leave, and only whole steps', () => {
  fc.assert(
    fc.property(drawn, (given) => {
      for (const tradedW of [bestTradeW(inputOf(given)), guardedTradeW(inputOf(given))]) {
        assert.is(Math.abs(tradedW % 250), 0);
        assert.ok(tradedW <= 5000 && tradedW >= -4000);
      }
    }),
    { numRuns: 300 },
  );
});

test('at the quantile it goes by, a trade never costs more than the supplier would', () => {
  fc.assert(
    fc.property(drawn, (given) => {
      const input = inputOf(given);
      const tradedW = guardedTradeW(input);
      const share = criticalShare(input);
      const netWs = netAtQuantile(input.forecast, share) * SECONDS;
      const meterWs = netWs + answerAt(input, share, tradedW).batteryWs;
      const { buyMicroPerKwh: use, sellMicroPerKwh: feedIn } = input.situation.prices;
      const bill = (energyWs: number) => energyWs * (energyWs > 0 ? use : feedIn);
      // The same metered energy, with the trade at its price and all of it at the supplier's.
      const tradedWs = tradedW * SECONDS;
      const traded = tradedWs * input.priceMicroPerKwh + bill(meterWs - tradedWs);
      assert.ok(traded <= bill(meterWs) + use * SECONDS, `${traded} and ${bill(meterWs)}`);
    }),
    { numRuns: 500 },
  );
});

test('at that quantile nothing bought is fed in again, and nothing sold has to be drawn', () => {
  fc.assert(
    fc.property(drawn, (given) => {
      const input = inputOf(given);
      const tradedW = guardedTradeW(input);
      const share = criticalShare(input);
      const restWs = (netAtQuantile(input.forecast, share) - tradedW) * SECONDS;
      const meterWs = restWs + answerAt(input, share, tradedW).batteryWs;
      assert.ok(meterWs * Math.sign(tradedW) >= -SECONDS, `${meterWs} after ${tradedW}`);
    }),
    { numRuns: 1000 },
  );
});

test('without a battery it is the quantile that the prices say', () => {
  const given = {
    ...{ netW: 3000, belowW: 1000, aboveW: 1000, useMicro: 300_000, gapMicro: 80_000 },
    ...{ storedShare: 0, hasBattery: false },
  };
  assert.is(bestTradeW(inputOf({ ...given, priceShare: 0.5 })), 3000);
  assert.ok(bestTradeW(inputOf({ ...given, priceShare: 0.2 })) > 3000, 'cheap: rather too much');
  assert.ok(bestTradeW(inputOf({ ...given, priceShare: 0.8 })) < 3000, 'dear: rather too little');
  assert.is(bestTradeW(inputOf({ ...given, netW: -3000, priceShare: 0.5 })), -3000);
});

test('a wider forecast never makes a home buy more at the dear end', () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 2000 }), (given, widerW) => {
      const sure = { ...given, hasBattery: false, priceShare: 0.9, netW: Math.abs(given.netW) };
      const wider = { ...sure, belowW: sure.belowW + widerW };
      assert.ok(bestTradeW(inputOf(wider)) <= bestTradeW(inputOf(sure)));
    }),
    { numRuns: 200 },
  );
});

test.run();
