import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planningLimits } from '../../../agent/strategy/battery.ts';
import { HomeTime } from '../../../agent/strategy/home-time.ts';
import type { NetLoadForecast, Plan } from '../../../agent/strategy/plan.ts';
import { wantsOf } from '../../../agent/strategy/wants.ts';
import type { WantsInput } from '../../../agent/strategy/wants-input.ts';

const test = suite('strategy: wants');
const TIME = new HomeTime('Europe/Berlin');
const NOW = 2_000_000;
const MODEL = {
  capacityWs: 36_000_000,
  chargeW: 5000,
  dischargeW: 5000,
  lowShare: 0.1,
  highShare: 0.95,
  efficiency: 0.9,
};

function forecastsOf(powersW: number[]): NetLoadForecast[] {
  return powersW.map((p50W, index) => ({
    interval: NOW + 1 + index,
    p10W: p50W - 100,
    p50W,
    p90W: p50W + 100,
    method: 'test',
  }));
}

function inputOf(powersW: number[], change: Partial<WantsInput> = {}): WantsInput {
  return {
    madeIn: NOW,
    intervalSeconds: 900,
    lastInterval: NOW + 12,
    ahead: 1,
    forecasts: forecastsOf(powersW),
    battery: null,
    loads: [],
    openOffers: [],
    flexibleSoldW: new Map(),
    tariff: { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] },
    maxPowerW: 11_000,
    leastOfferWs: 3600,
    time: TIME,
    ownMargin: 0.05,
    ...change,
  };
}

test('a surplus becomes an ask and a need a bid, at prices that meet', () => {
  const ask = wantsOf(inputOf([-1500, -1500])).blocks;
  const bid = wantsOf(inputOf([800, 800])).blocks;
  assert.is(ask.length, 1);
  assert.is(ask[0]?.side, 'sell');
  assert.is(ask[0]?.energyWs, 1500 * 900);
  assert.is(bid[0]?.side, 'buy');
  assert.is(bid[0]?.maxPowerW, 800);
  assert.ok((ask[0]?.valueMicroPerKwh ?? 1e9) <= (bid[0]?.valueMicroPerKwh ?? 0));
  assert.ok((ask[0]?.valueMicroPerKwh ?? 0) > 80_000);
  assert.ok((bid[0]?.valueMicroPerKwh ?? 1e9) < 300_000);
});

test('the reason names energy, price, time and what is expected', () => {
  const [slot] = wantsOf(inputOf([-1500, 0])).slots;
  assert.is(slot?.reason?.code, 'surplus-expected');
  assert.match(
    slot?.reason?.sentence ?? '',
    /^offered 0\.38 kWh at 0\.09 for [\d:]+ to [\d:]+: surplus expected 0\.38 \(0\.35 to 0\.40\)$/,
  );
});

test('a battery stores the surplus and offers what own need leaves over a range', () => {
  const plan = wantsOf(
    inputOf([...Array<number>(20).fill(-2000), ...Array<number>(76).fill(100)], {
      battery: { model: MODEL, storedWs: 20_000_000 },
    }),
  );
  const ranged = plan.blocks.find((block) => block.isFlexible);
  assert.is(plan.slots[0]?.plannedW, 0);
  assert.is(ranged?.side, 'sell');
  assert.ok((ranged?.lastInterval ?? 0) > (ranged?.firstInterval ?? 0));
  assert.match(ranged?.reason.sentence ?? '', /battery can spare/);
});

test('a battery that own need will empty sells nothing, and bids for the room it has', () => {
  const plan = wantsOf(
    inputOf(Array<number>(96).fill(900), { battery: { model: MODEL, storedWs: 20_000_000 } }),
  );
  const [bid, ...others] = plan.blocks.filter((block) => block.isFlexible);
  assert.equal(others, []);
  assert.is(bid?.side, 'buy');
  assert.ok((bid?.lastInterval ?? 0) > (bid?.firstInterval ?? 0), 'over a range');
  assert.ok((bid?.valueMicroPerKwh ?? 1e9) < 300_000 * MODEL.efficiency);
  assert.match(bid?.reason.sentence ?? '', /has room for/);
});

test('a battery that own surplus will fill buys no more than own need takes until then', () => {
  const powers = [...Array<number>(8).fill(500), ...Array<number>(88).fill(-3000)];
  const plan = wantsOf(inputOf(powers, { battery: { model: MODEL, storedWs: 4_000_000 } }));
  const bought = plan.blocks.filter((block) => block.isFlexible && block.side === 'buy');
  const boughtWs = bought.reduce((sum, block) => sum + block.energyWs, 0);
  assert.ok(boughtWs <= (8 * 500 * 900) / MODEL.efficiency, String(boughtWs));
});

test('storing is not worth it where losses and wear eat the difference', () => {
  const plan = wantsOf(
    inputOf(Array<number>(96).fill(900), {
      battery: { model: MODEL, storedWs: 20_000_000 },
      tariff: { useMicroPerKwh: [100_000], feedInMicroPerKwh: [80_000] },
    }),
  );
  assert.equal(
    plan.blocks.filter((block) => block.isFlexible),
    [],
  );
});

test('nothing is bought where the battery is offered', () => {
  const open = {
    side: 'sell' as const,
    firstInterval: NOW - 3,
    lastInterval: NOW + 5,
    remainingWs: 900_000,
    maxPowerW: 1000,
    isFlexible: true,
  };
  const plan = wantsOf(
    inputOf(Array<number>(96).fill(900), {
      battery: { model: MODEL, storedWs: 4_000_000 },
      openOffers: [open],
    }),
  );
  assert.equal(plan.blocks, []);
  assert.match(plan.slots[0]?.reason?.sentence ?? '', /nothing is bought/);
});

test('a boiler is planned into the surplus of the day', () => {
  const powers = Array<number>(96).fill(300);
  powers[40] = -2500;
  powers[41] = -2500;
  const plan = wantsOf(
    inputOf(powers, {
      loads: [
        {
          ...{ name: 'boiler', powerW: 2000, neededWs: 2 * 2000 * 900, minimumOnSeconds: 600 },
          ...{ mustSeconds: 0, beforeInterval: NOW + 97, isProgram: false, conflicts: [] },
        },
      ],
    }),
  );
  const first = plan.slots.filter((slot) => slot.loadsW > 0).map((slot) => slot.interval - NOW - 1);
  assert.equal(first, [40, 41]);
});

const arbitraryInput = fc.record({
  powers: fc.array(fc.integer({ min: -8000, max: 8000 }), { minLength: 96, maxLength: 96 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  hasBattery: fc.boolean(),
  open: fc.array(
    fc.record({
      first: fc.integer({ min: -6, max: 3 }),
      length: fc.integer({ min: 0, max: 12 }),
      power: fc.integer({ min: 1, max: 4000 }),
      side: fc.constantFrom('sell' as const, 'buy' as const),
    }),
    { maxLength: 3 },
  ),
});

function planOf(given: {
  powers: number[];
  share: number;
  hasBattery: boolean;
  open: { first: number; length: number; power: number; side: 'sell' | 'buy' }[];
}): { plan: Plan; input: WantsInput } {
  const input = inputOf(given.powers, {
    battery: given.hasBattery ? { model: MODEL, storedWs: given.share * MODEL.capacityWs } : null,
    openOffers: given.open.map((each) => ({
      side: each.side,
      firstInterval: NOW + each.first,
      lastInterval: NOW + each.first + each.length,
      remainingWs: each.power * 900,
      maxPowerW: each.power,
      isFlexible: each.length > 0,
    })),
  });
  return { plan: wantsOf(input), input };
}

test('blocks are whole, positive, within range and limits, and never on both sides', () => {
  fc.assert(
    fc.property(arbitraryInput, (given) => {
      const { plan, input } = planOf(given);
      const all = [...input.openOffers, ...plan.blocks];
      for (const block of plan.blocks) {
        assert.ok(Number.isInteger(block.energyWs) && block.energyWs >= input.leastOfferWs);
        assert.ok(Number.isInteger(block.maxPowerW) && block.maxPowerW >= 1);
        assert.ok(block.firstInterval > NOW && block.lastInterval >= block.firstInterval);
        assert.ok(block.lastInterval <= input.lastInterval);
        const most = block.maxPowerW * 900 * (block.lastInterval - block.firstInterval + 1);
        assert.ok(block.energyWs <= most);
        for (let at = block.firstInterval; at <= block.lastInterval; at += 1) {
          const here = all.filter((each) => each.firstInterval <= at && at <= each.lastInterval);
          assert.ok(here.every((each) => each.side === block.side));
          const power = here.reduce((sum, each) => sum + each.maxPowerW, 0);
          assert.ok(power <= input.maxPowerW);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('the planned course of the battery keeps the band, its power and the reserved energy', () => {
  const limits = planningLimits(MODEL);
  fc.assert(
    fc.property(arbitraryInput, (given) => {
      const { plan } = planOf({ ...given, hasBattery: true, open: [] });
      let stored = given.share * MODEL.capacityWs;
      for (const slot of plan.slots) {
        assert.ok(slot.batteryW <= limits.chargeW && slot.batteryW >= -limits.dischargeW);
        const energy = slot.batteryW * 900;
        const before = stored;
        stored += energy > 0 ? energy * limits.oneWay : energy / limits.oneWay;
        // Outside the band it only ever comes nearer.
        assert.ok(stored >= Math.min(limits.lowWs, before) - 2000);
        assert.ok(stored <= Math.max(limits.highWs, before) + 2000);
      }
    }),
    { numRuns: 200 },
  );
});

test('in the common form all offers look alike, whatever the energy comes from', () => {
  const common = { ownMargin: null };
  const surplus = wantsOf(inputOf([-1620, 0], common)).blocks[0];
  const stored = wantsOf(
    inputOf([...Array<number>(20).fill(-2000), ...Array<number>(76).fill(100)], {
      ...common,
      battery: { model: MODEL, storedWs: 20_000_000 },
    }),
  ).blocks.find((block) => block.isFlexible);
  const need = wantsOf(inputOf([830, 800], common)).blocks[0];
  const room = wantsOf(
    inputOf(Array<number>(96).fill(900), {
      ...common,
      battery: { model: MODEL, storedWs: 20_000_000 },
    }),
  ).blocks.find((block) => block.isFlexible);
  assert.is(surplus?.maxPowerW, 1500);
  assert.is(need?.maxPowerW, 750);
  assert.is(stored?.side, 'sell');
  assert.is(room?.side, 'buy');
  for (const block of [surplus, stored, need, room]) {
    assert.is((block?.maxPowerW ?? 1) % 250, 0);
    assert.is(block?.energyWs, (block?.maxPowerW ?? 0) * 900);
    assert.is(block?.lastInterval, block?.firstInterval);
  }
  assert.is(surplus?.valueMicroPerKwh, stored?.valueMicroPerKwh);
  assert.is(need?.valueMicroPerKwh, room?.valueMicroPerKwh);
  assert.ok((surplus?.valueMicroPerKwh ?? 1e9) < (need?.valueMicroPerKwh ?? 0));
});

test('what is less than the smallest common size is not offered, and that is said', () => {
  const plan = wantsOf(inputOf([-240, 0], { ownMargin: null }));
  assert.equal(plan.blocks, []);
  assert.is(plan.slots[0]?.reason?.code, 'nothing-offered');
});

test('a battery with great losses does not buy at the common price', () => {
  const plan = wantsOf(
    inputOf(Array<number>(96).fill(900), {
      ownMargin: null,
      battery: { model: { ...MODEL, efficiency: 0.7 }, storedWs: 20_000_000 },
    }),
  );
  assert.equal(
    plan.blocks.filter((block) => block.isFlexible),
    [],
  );
});

test.run();
