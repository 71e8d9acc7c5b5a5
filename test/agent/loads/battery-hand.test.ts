import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BatteryHand, USUAL_CARE } from '../../../agent/loads/battery-hand.ts';
import type { Log } from '../../../host/ports.ts';

const test = suite('battery-hand');

const quiet: Log = { info() {}, warn() {}, error() {} };
const LIMITS = {
  ...{ capacityWs: 36e6, chargeW: 5000, dischargeW: 4000 },
  ...{ lowShare: 0.1, highShare: 0.9, efficiency: 0.81 },
};

function made(care = USUAL_CARE) {
  const told: string[] = [];
  const battery = {
    read: async () => ({ powerW: 0, stateOfCharge: 0.5 }),
    setPoint: async (powerW: number, deadManS: number) => void told.push(`${powerW} ${deadManS}`),
    automatic: async () => void told.push('automatic'),
  };
  const hand = new BatteryHand(battery, LIMITS, 1000, quiet, care);
  const hold = (powerW: number, second: number) => hand.hold(powerW, { steadyMs: second * 1000 });
  return { hand, told, hold };
}

test('a set-point is written on change, and again at a third of the dead-man time', async () => {
  const { told, hold } = made();
  for (let s = 0; s <= 60; s += 1) await hold(s < 50 ? 700 : 800, s);
  assert.equal(told, ['700 60', '700 60', '700 60', '800 60']);
});

test('a memory that wears out is written so often a day, and not at a start', async () => {
  const { told, hold } = made({ ...USUAL_CARE, isVolatile: false });
  for (let s = 0; s < 86_400; s += 60) await hold(s % 7000, s);
  assert.ok(told.length > 40 && told.length <= 48, String(told.length));
  const other = made({ ...USUAL_CARE, isVolatile: false });
  for (let second = 0; second < 1790; second += 10) await other.hold(second, second);
  assert.equal(other.told, []);
});

test('automatic is told once, and what follows is told anew', async () => {
  const { hand, told, hold } = made();
  await hand.automatic();
  await hand.automatic();
  await hold(100, 0);
  await hand.automatic();
  await hold(100, 1);
  assert.equal(told, ['automatic', '100 60', 'automatic', '100 60']);
});

test.run();
