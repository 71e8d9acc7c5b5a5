import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { followTarget, roomOf } from '../../../agent/loads/battery-control.ts';
import { LoadEstimate } from '../../../agent/loads/load-estimate.ts';

const test = suite('battery-control');

const LIMITS = {
  ...{ capacityWs: 36e6, chargeW: 5000, dischargeW: 4000 },
  ...{ lowShare: 0.1, highShare: 0.9, efficiency: 0.81 },
};
const HALF_FULL = { limits: LIMITS, room: roomOf(LIMITS, 0.5) };
const AT_START = { targetWs: 0, meteredWs: 0, remainingS: 900, stepS: 75, loadW: 0 };

test('the battery makes up for load and for what went wrong before', () => {
  const follow = (change: Partial<Parameters<typeof followTarget>[0]>) =>
    followTarget({ ...AT_START, battery: HALF_FULL, ...change });
  assert.equal(follow({ targetWs: 900 * 700, loadW: 500 }), { setPointW: 200, unmetW: 0 });
  // 60 s before the end 6,000 Ws too much were drawn: 100 W less for the rest.
  const late = { targetWs: 630_000, meteredWs: 840 * 700 + 6000, remainingS: 60, loadW: 700 };
  assert.equal(follow(late), { setPointW: -100, unmetW: 0 });
});

test('the last seconds do not make the battery jump', () => {
  const input = { ...AT_START, targetWs: 3000, remainingS: 1, battery: HALF_FULL };
  assert.is(followTarget(input).setPointW, 300);
});

test('what the battery cannot do is told with its sign', () => {
  const unmetW = (targetW: number, loadW: number, share: number) =>
    followTarget({
      ...AT_START,
      targetWs: 900 * targetW,
      loadW,
      battery: { limits: LIMITS, room: roomOf(LIMITS, share) },
    }).unmetW;
  assert.is(unmetW(6000, 0, 0.5), 1000);
  assert.is(unmetW(-6000, 0, 0.5), -2000);
  assert.is(unmetW(0, 800, 0.1), -800);
  assert.is(unmetW(800, 0, 0.9), 800);
  assert.is(followTarget({ ...AT_START, loadW: 300, battery: null }).unmetW, -300);
});

test('a set-point never leaves the limits, nor the window of charge', () => {
  const watts = fc.integer({ min: -20_000, max: 20_000 });
  fc.assert(
    fc.property(
      watts,
      watts,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 900 }),
      fc.integer({ min: 1, max: 300 }),
      (targetW, loadW, share, remainingS, stepS) => {
        const battery = { limits: LIMITS, room: roomOf(LIMITS, share) };
        const input = { targetWs: targetW * 900, meteredWs: 0, remainingS, stepS, loadW, battery };
        const { setPointW } = followTarget(input);
        const seconds = Math.min(stepS, remainingS);
        const cells = setPointW > 0 ? setPointW * 0.9 : setPointW / 0.9;
        const after = share + (cells * seconds) / LIMITS.capacityWs;
        assert.ok(setPointW <= 5000 && setPointW >= -4000);
        const slack = 1e-3;
        if (setPointW > 0) assert.ok(after <= 0.9 + slack);
        if (setPointW < 0) assert.ok(after >= 0.1 - slack);
      },
    ),
  );
});

test('the load estimate leaves the battery out, and forgets in a minute or two', () => {
  const estimate = new LoadEstimate();
  const look = (s: number, powerW: number, batteryW: number, runningNetWs: number | null) => ({
    ...{ atMs: s * 1000, interval: 1, powerW, batteryW, runningNetWs },
  });
  assert.is(estimate.loadW, null);
  estimate.observe(look(0, 700, 200, 0), false);
  assert.is(estimate.loadW, 500);
  // Half of the truth is the moment, half the mean since the look before.
  estimate.observe(look(75, 300, -200, 75 * 100), true);
  const meanW = (500 + 300) / 2;
  assert.ok(
    Math.abs((estimate.loadW ?? 0) - (500 + (meanW - 500) * (1 - Math.exp(-75 / 60)))) < 1e-9,
  );
  estimate.shift(2000);
  assert.ok((estimate.loadW ?? 0) > 2400);
  for (let s = 80; s < 600; s += 5) estimate.observe(look(s, 900, 0, null), true);
  assert.ok(Math.abs((estimate.loadW ?? 0) - 900) < 1);
});

test.run();
