import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BilledInterval, billOf } from '../../../agent/strategy/daily-bill.ts';

const test = suite('daily bill');

const KWH_WS = 3_600_000;
// Common prices: ask 0.12, bid 0.23 (market/common-sizes.ts); a trade at 0.175.
const PRICES = { useMicroPerKwh: 300_000, feedInMicroPerKwh: 80_000 };
const BATTERY = {
  ...{ capacityWs: 5 * KWH_WS, chargeW: 2_000, dischargeW: 2_000 },
  ...{ lowShare: 0, highShare: 1, efficiency: 0.81 },
};

function quarter(netWs: number, tradedWs = 0, batteryWs = 0): BilledInterval {
  const importedWs = Math.max(0, netWs);
  const exportedWs = Math.max(0, -netWs);
  return { interval: 0, importedWs, exportedWs, tradedWs, batteryWs, prices: PRICES };
}

test('without trades and battery all three are the same', () => {
  const bill = billOf([quarter(KWH_WS), quarter(-KWH_WS)], 900, null, 0);
  assert.equal([bill.paidMicro, bill.supplierMicro, bill.aloneMicro], [220_000, 220_000, 220_000]);
  assert.is(bill.aloneStoredWs, null);
});

test('a kWh bought of two that were drawn costs the trade, the rest the supplier', () => {
  const bill = billOf([quarter(2 * KWH_WS, KWH_WS)], 900, null, 0);
  assert.is(bill.supplierMicro, 600_000);
  assert.is(bill.boughtWs, KWH_WS);
  assert.is(bill.paidMicro, 475_000);
});

test('who sold and did not feed in pays the supplier for what was missing', () => {
  const bill = billOf([quarter(0, -KWH_WS)], 900, null, 0);
  assert.is(bill.soldWs, KWH_WS);
  assert.is(bill.paidMicro, 300_000 - 175_000);
});

test('alone the battery stores surplus and covers need, with its losses and limits', () => {
  // The market's battery sold everything: nothing of that is in the bill without a market.
  const day = [quarter(-KWH_WS, -KWH_WS, -500_000), quarter(KWH_WS, 0, 0)];
  const bill = billOf(day, 3_600, BATTERY, 0);
  const surplusWs = KWH_WS - 500_000;
  const coveredWs = surplusWs * 0.81;
  assert.ok(Math.abs(bill.aloneMicro - ((KWH_WS - coveredWs) * 300_000) / KWH_WS) < 1);
  assert.ok(Math.abs(bill.aloneStoredWs ?? 1) < 1);
  // At most 2 kW: of 1 kWh in a quarter of an hour half.
  const short = billOf([quarter(-KWH_WS)], 900, BATTERY, 0);
  assert.is(short.aloneMicro, -40_000);
  assert.ok(Math.abs((short.aloneStoredWs ?? 0) - 0.45 * KWH_WS) < 1);
});

test('alone the battery takes no more than it has room for, with its losses', () => {
  // 0.45 kWh more fit into the cells: half a kWh at the terminals, of which nine tenths arrive.
  const bill = billOf([quarter(-KWH_WS)], 3_600, BATTERY, 4.55 * KWH_WS);
  assert.ok(Math.abs(bill.aloneMicro + 40_000) < 1, `${bill.aloneMicro}`);
  assert.ok(Math.abs((bill.aloneStoredWs ?? 0) - 5 * KWH_WS) < 1);
});

test('trades that were kept never cost more than the supplier', () => {
  const energy = fc.integer({ min: -5_000_000, max: 5_000_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(energy, fc.double({ min: 0, max: 1, noNaN: true }))), (given) => {
      const day = given.map(([netWs, share]) => quarter(netWs, netWs * share));
      const bill = billOf(day, 900, null, 0);
      assert.ok(bill.paidMicro <= bill.supplierMicro + 1);
      assert.ok(Math.abs(bill.supplierMicro - bill.aloneMicro) < 1e-3);
    }),
  );
});

test.run();
