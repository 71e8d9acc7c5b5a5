import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpBus } from '../../../host/modbus/open-bus.ts';
import { BusError } from '../../../host/ports.ts';
import { EmulatedHome } from '../../../testbed/emulators/emulated-home.ts';
import type { HomeSpec } from '../../../testbed/homes/community.ts';

const test = suite('emulated home');

const START_MS = Date.UTC(2026, 5, 12, 7);
const FIRST = START_MS / 900_000;
const BATTERY = {
  capacityWs: 3_600_000,
  chargeW: 2000,
  dischargeW: 3000,
  efficiency: 0.81,
  initialShare: 0.5,
};

function spec(changes: Partial<HomeSpec>): HomeSpec {
  return {
    name: 'home-1',
    feeder: 1,
    startsAtMs: START_MS,
    loadW: Float64Array.from([500, 700, 900, 300]),
    pvW: new Float64Array(4),
    battery: null,
    switchedLoad: null,
    maxPowerW: 11_000,
    ...changes,
  };
}

/** A home with its clock in hand and a client on its wire. */
async function lab(home: HomeSpec, seed = 1) {
  const clock = { nowMs: START_MS };
  const emulated = new EmulatedHome(home, () => clock.nowMs, seed);
  const port = await emulated.listen('127.0.0.1');
  const bus = tcpBus({ host: '127.0.0.1', port, timeoutMs: 1000 });
  return {
    clock,
    emulated,
    bus,
    async meter(): Promise<{ powerW: number; importedKwh: number; exportedKwh: number }> {
      const words = await bus.readInput(1, 0, 80);
      const bytes = Buffer.alloc(160);
      for (const [at, word] of words.entries()) bytes.writeUInt16BE(word, 2 * at);
      return {
        powerW: bytes.readFloatBE(0x34 * 2),
        importedKwh: bytes.readFloatBE(0x48 * 2),
        exportedKwh: bytes.readFloatBE(0x4a * 2),
      };
    },
    setBattery: (watts: number, deadManSeconds: number) =>
      bus.writeHolding(2, 0, Uint16Array.of(watts >>> 16, watts & 0xffff, deadManSeconds)),
    readBattery: async (address: number, count: number) => [
      ...(await bus.readInput(2, address, count)),
    ],
    readControl: async () => [...(await bus.readHolding(2, 0, 4))],
    async close() {
      bus.close();
      await emulated.close();
    },
  };
}

test('the meter shows the power of now and counts the energy of the trace', async () => {
  const home = await lab(spec({}));
  try {
    const before = await home.meter();
    home.clock.nowMs = START_MS + 900_000;
    const after = await home.meter();
    assert.ok(Math.abs(after.importedKwh - before.importedKwh - 0.125) < 0.0005);
    assert.is(after.exportedKwh, before.exportedKwh);
    assert.is(Math.round(after.powerW), home.emulated.state().loadW);
    assert.ok(Math.abs(home.emulated.interval(FIRST).importedWs - 450_000) < 20);
    assert.is(home.emulated.reads, 2);
  } finally {
    await home.close();
  }
});

test('the power wanders inside an interval around the mean of the trace', () => {
  const home = new EmulatedHome(spec({}), () => START_MS, 1);
  const seen = new Set<number>();
  for (let s = 0; s < 900; s += 15) {
    home.advance(START_MS + s * 1000 + 1);
    seen.add(home.state().loadW);
  }
  assert.ok(seen.size > 20);
  assert.ok(Math.max(...seen) > 550 && Math.min(...seen) < 450);
});

test('the books do not depend on when anybody looked', () => {
  const busy = spec({
    pvW: Float64Array.from([2500, 100, 3000, 0]),
    battery: BATTERY,
    switchedLoad: {
      powerW: 2000,
      energyPerDayWs: 14_400_000,
      tankWs: 1_000_000,
      drawW: Float64Array.from([400, 900, 0, 100]),
    },
  });
  const live = (moments: number[]) => {
    const home = new EmulatedHome(busy, () => START_MS, 5);
    home.boiler?.switchTo(true);
    for (const moment of moments) home.advance(moment);
    home.advance(START_MS + 4 * 900_000);
    return [home.intervals(), home.state()];
  };
  const reference = live([]);
  const moment = fc.integer({ min: 0, max: 4 * 900_000 }).map((ms) => START_MS + ms);
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 40 }), (moments) => {
      assert.equal(live(moments), reference);
    }),
    { numRuns: 30 },
  );
});

test('no energy is made: import and generation cover export, load, boiler and battery', () => {
  const home = new EmulatedHome(
    spec({ pvW: Float64Array.from([2500, 100, 3000, 0]), battery: BATTERY }),
    () => START_MS,
    9,
  );
  const stored = () => home.battery?.storedWs ?? 0;
  const before = stored();
  home.advance(START_MS + 8 * 900_000);
  const sum = (of: (book: ReturnType<EmulatedHome['interval']>) => number) =>
    home.intervals().reduce((total, book) => total + of(book), 0);
  const into = sum((b) => b.importedWs + b.generationWs + b.dischargedWs);
  const outOf = sum((b) => b.exportedWs + b.loadWs + b.switchedLoadWs + b.chargedWs);
  assert.ok(Math.abs(into - outOf) < 1e-6);
  const change = sum((b) => b.chargedWs * 0.9 - b.dischargedWs / 0.9);
  assert.ok(sum((b) => b.chargedWs) > 100_000);
  assert.ok(Math.abs(stored() - before - change) < 5);
});

test('a battery left alone uses up the home’s own surplus and covers its need', () => {
  const home = new EmulatedHome(
    spec({ pvW: Float64Array.from([1500, 0, 0, 0]), battery: BATTERY }),
    () => START_MS,
    1,
  );
  home.advance(START_MS + 300_000);
  assert.ok(home.state().batteryW > 0);
  assert.is(home.state().netW, 0);
  home.advance(START_MS + 1_000_000);
  assert.ok(home.state().batteryW < 0);
  assert.is(home.state().netW, 0);
});

test('a set-point holds within the power limits, until the battery is full', async () => {
  const home = await lab(spec({ battery: BATTERY }));
  try {
    await home.setBattery(9000, 0);
    assert.equal(await home.readBattery(0, 8), [0, 2000, 500, 0, 1000, 2000, 3000, 1]);
    // 500 Wh are missing; 0.9 of 2000 W arrive: full after 1000 s.
    home.clock.nowMs = START_MS + 999_000;
    assert.equal(await home.readBattery(1, 1), [2000]);
    home.clock.nowMs = START_MS + 1_000_001;
    assert.equal(await home.readBattery(1, 2), [0, 1000]);
    await home.setBattery(-1000, 0);
    assert.equal(await home.readBattery(0, 2), [0xffff, 0xfc18]);
  } finally {
    await home.close();
  }
});

test('when nobody writes, the dead-man timer gives the battery back to its own mode', async () => {
  const home = await lab(spec({ battery: BATTERY }));
  try {
    await home.setBattery(-100, 60);
    home.clock.nowMs += 59_000;
    assert.equal(await home.readControl(), [0xffff, 0xff9c, 60, 1]);
    await home.setBattery(-200, 60);
    home.clock.nowMs += 60_000;
    assert.equal(await home.readControl(), [0, 0, 60, 0]);
    assert.is(home.emulated.state().netW, 0);
  } finally {
    await home.close();
  }
});

test('the boiler draws only while the relay is on and its thermostat calls', async () => {
  const switchedLoad = {
    powerW: 2000,
    energyPerDayWs: 14_400_000,
    tankWs: 1_000_000,
    drawW: new Float64Array(4),
  };
  const home = await lab(spec({ switchedLoad }));
  try {
    assert.is(home.emulated.state().switchedLoadW, 0);
    await home.bus.writeCoil(3, 0, true);
    assert.is(await home.bus.readCoil(3, 0), true);
    assert.is(home.emulated.state().switchedLoadW, 2000);
    // 0.4 of the tank is cold: 200 s.
    home.clock.nowMs += 900_000;
    await home.meter();
    assert.is(home.emulated.interval(FIRST).switchedLoadWs, 400_000);
    assert.is(home.emulated.state().switchedLoadW, 0);
    await home.bus.writeCoil(3, 0, false);
    await home.bus.writeCoil(3, 0, false);
    assert.is(home.emulated.relaySwitches, 2);
  } finally {
    await home.close();
  }
});

test('refuses half a set-point and registers that are not there', async () => {
  const home = await lab(spec({ battery: BATTERY }));
  const refused = async (work: Promise<unknown>, code: number) => {
    try {
      await work;
    } catch (cause) {
      assert.instance(cause, BusError);
      assert.is((cause as BusError).exceptionCode, code);
      return;
    }
    assert.unreachable();
  };
  try {
    await refused(home.bus.writeHolding(2, 1, Uint16Array.of(5)), 2);
    await refused(home.bus.writeHolding(2, 3, Uint16Array.of(2)), 3);
    await refused(home.bus.readInput(1, 79, 2), 2);
    await refused(home.bus.readCoil(3, 0), 11);
    assert.is(home.emulated.battery?.mode, 'automatic');
  } finally {
    await home.close();
  }
});

test.run();
