import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BatteryPlan } from '../../../agent/strategy/battery-plan/battery-plan.ts';
import { respond } from '../../../agent/strategy/battery-plan/response.ts';
import { sharedAnswerWs } from '../../../agent/strategy/even-share.ts';

const test = suite('agent/strategy/even-share');
const SECONDS = 3600;
const KWH = 3_600_000;
const SPEC = {
  ...{ lowWs: 0, highWs: 6 * KWH, chargeW: 3000, dischargeW: 3000 },
  ...{ oneWay: 0.95, wearMicroPerKwh: 20_000 },
};
const PRICES = { buyMicroPerKwh: 500_000, sellMicroPerKwh: 80_000 };
const MISSED_W = [-100, -50, 0, 50, 100];

/** The evening: a kWh in the cells is worth 0.30 later. */
function evening() {
  const stages = [{ likely: [{ netW: 0, share: 1 }], middleW: 0, prices: PRICES }];
  const input = { spec: SPEC, stages, seconds: SECONDS, limitW: 20_000, endMicroPerKwh: 300_000 };
  return new BatteryPlan(input).situation(0);
}

test('without a surprise it answers the share as if it were the home', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2000, max: 2000 }), (shareW) => {
      fc.pre(Math.abs(shareW) > 100);
      const shared = { situation: evening(), storedWs: 3 * KWH, shareW, surpriseW: 0 };
      const alone = respond(evening(), 3 * KWH, shareW * SECONDS).batteryWs;
      assert.ok(Math.abs(sharedAnswerWs({ ...shared, missedW: MISSED_W }) - alone) < 1);
    }),
  );
});

test('an own surprise is answered in part, and against it', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2000, max: 2000 }), (surpriseW) => {
      const shared = { situation: evening(), storedWs: 3 * KWH, shareW: 1000, missedW: MISSED_W };
      const usual = sharedAnswerWs({ ...shared, surpriseW: 0 });
      const moreWs = sharedAnswerWs({ ...shared, surpriseW }) - usual;
      const share = surpriseW === 0 ? 0 : moreWs / (surpriseW * SECONDS);
      assert.ok(share <= 0 && share >= -1, String(share));
      if (surpriseW !== 0) assert.ok(Math.abs(share + 0.7) < 1e-6);
    }),
  );
});

test('where the battery rests for the community, it rests for a surprise of its own', () => {
  const stages = [{ likely: [{ netW: 0, share: 1 }], middleW: 0, prices: PRICES }];
  const input = { spec: SPEC, stages, seconds: SECONDS, limitW: 20_000, endMicroPerKwh: 300_000 };
  const prices = { buyMicroPerKwh: 290_000, sellMicroPerKwh: 80_000 };
  const situation = new BatteryPlan(input).situation(0, prices);
  const shared = { situation, storedWs: 3 * KWH, shareW: 1000, missedW: MISSED_W };
  assert.is(sharedAnswerWs({ ...shared, surpriseW: -1500 }), 0);
  assert.is(sharedAnswerWs({ ...shared, surpriseW: 1500 }), 0);
});

test('one that has never missed says nothing of surprises', () => {
  const shared = { situation: evening(), storedWs: 3 * KWH, shareW: 1000, surpriseW: 500 };
  const answerWs = sharedAnswerWs({ ...shared, missedW: [0, 0, 0] });
  assert.ok(Math.abs(answerWs + 1000 * SECONDS) < 1);
});

test.run();
