import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBattery } from '../../../agent/drivers/battery.ts';
import { openMeter } from '../../../agent/drivers/meter.ts';
import { loadProfile } from '../../../agent/drivers/profile.ts';
import { openCoilRelay } from '../../../agent/drivers/relays/coil.ts';
import { RelayError } from '../../../agent/drivers/relays/relay-error.ts';
import { projectResources } from '../../../host/resources.ts';
import { putFloat, scriptedBus } from './scripted-bus.ts';

const test = suite('devices');
const RESOURCES = projectResources();
const SDM630 = loadProfile(RESOURCES, 'eastron-sdm630');
const LAB_BATTERY = loadProfile(RESOURCES, 'transax-lab-battery');

test('an SDM630 gives power and counters in one request', async () => {
  const bus = scriptedBus();
  putFloat(bus.input, 0x34, -1204.5);
  putFloat(bus.input, 0x48, 12_345.5);
  putFloat(bus.input, 0x4a, 0.25);
  const meter = openMeter(bus, SDM630, 1);
  // float32 tells 12,345 kWh to about a watt-hour, and what is less more finely.
  const stepWs = 2 ** -10 * 3_600_000;
  const importedWs = 12_345.5 * 3_600_000;
  const exportedWs = 0.25 * 3_600_000;
  const expected = {
    powerW: -1204.5,
    counters: { importedWs, exportedWs, stepWs, maxWs: null },
    imported: { energyWs: importedWs, stepWs, maxWs: null },
    exported: { energyWs: exportedWs, stepWs: 2 ** -25 * 3_600_000, maxWs: null },
  };
  assert.equal(await meter.readFast(), expected);
  assert.equal(await meter.readCounters(), expected);
  assert.equal(bus.requests, ['4 @52 x24', '4 @52 x24']);
});

test('all values of an SDM630 come in one request', async () => {
  const bus = scriptedBus();
  putFloat(bus.input, 0x46, 50.01);
  putFloat(bus.input, 0x02, 230.5);
  const values = await openMeter(bus, SDM630, 1).readAll();
  assert.equal(bus.requests, ['4 @0 x76']);
  assert.is(values.get('voltage_l2')?.value, 230.5);
  assert.is(values.size, SDM630.points.length);
});

test('what a meter does not know is null, never 0', async () => {
  for (const none of [Number.NaN, Number.POSITIVE_INFINITY, -3.4028234663852886e38]) {
    const bus = scriptedBus();
    putFloat(bus.input, 0x34, none);
    putFloat(bus.input, 0x0e, none);
    putFloat(bus.input, 0x48, 1);
    putFloat(bus.input, 0x4a, none);
    const { powerW, counters, imported, exported } = await openMeter(bus, SDM630, 1).readFast();
    assert.equal([powerW, counters, exported], [null, null, null]);
    assert.is(imported?.energyWs, 3_600_000);
  }
});

test('a battery says what it does and takes a set-point with its dead-man time', async () => {
  const bus = scriptedBus();
  const battery = openBattery(bus, LAB_BATTERY, 2);
  bus.input.set(0, 0xffff).set(1, 0xff38).set(2, 555);
  assert.equal(await battery.read(), { powerW: -200, stateOfCharge: 0.555 });
  await battery.setPoint(-1500.4, 224.2);
  assert.equal(
    [...bus.holding],
    [
      [0, 0xffff],
      [1, 0xfa24],
      [2, 225],
    ],
  );
  await battery.automatic();
  assert.is(bus.holding.get(3), 0);
  assert.equal(bus.requests, ['4 @0 x3', '16 @0 x3', '16 @3 x1']);
});

test('a battery that does not know its charge says null', async () => {
  const bus = scriptedBus();
  bus.input.set(0, 0x8000).set(1, 0).set(2, 0xffff);
  assert.equal(await openBattery(bus, LAB_BATTERY, 2).read(), {
    powerW: null,
    stateOfCharge: null,
  });
});

test('a relay that does not do as told is an error', async () => {
  const bus = scriptedBus();
  const relay = openCoilRelay(bus, 3, 0);
  await relay.set(true);
  assert.is(await relay.read(), true);
  bus.isStuck = true;
  let error: unknown = null;
  await relay.set(false).catch((reason: unknown) => {
    error = reason;
  });
  assert.instance(error, RelayError);
});

test.run();
