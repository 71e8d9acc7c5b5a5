import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBattery } from '../../../agent/drivers/battery.ts';
import { openMeter } from '../../../agent/drivers/meter.ts';
import { parseProfile } from '../../../agent/drivers/parse-profile.ts';
import { tcpBus } from '../../../host/modbus/open-bus.ts';
import { EmulatedHome } from '../../../testbed/emulators/emulated-home.ts';
import { GENERATED_START_MS, generateCommunity } from '../../../testbed/homes/community.ts';

const test = suite('emulated home and the agent’s drivers');

const profile = (name: string) => {
  const file = new URL(`../../../agent/drivers/profiles/${name}.toml`, import.meta.url);
  return parseProfile(readFileSync(file, 'utf8'), name);
};

test('the meter and battery profiles say of an emulated home what its books say', async () => {
  const days = { homes: 4, feeders: 1, seed: 2, startsAtMs: GENERATED_START_MS, days: 1 };
  const [spec] = generateCommunity(days).homes;
  if (!spec?.battery) return assert.unreachable();
  let nowMs = GENERATED_START_MS;
  const home = new EmulatedHome(spec, () => nowMs, 1);
  const port = await home.listen('127.0.0.1');
  const bus = tcpBus({ host: '127.0.0.1', port, timeoutMs: 1000 });
  try {
    const meter = openMeter(bus, profile('eastron-sdm630'), 1);
    const battery = openBattery(bus, profile('transax-lab-battery'), 2);
    const before = await meter.readCounters();
    await battery.setPoint(-1234, 1800);
    nowMs += 900_000;
    const after = await meter.readCounters();
    const book = home.interval(GENERATED_START_MS / 900_000);
    const exportedWs = (after.counters?.exportedWs ?? 0) - (before.counters?.exportedWs ?? 0);
    assert.ok(book.exportedWs > 1_000_000);
    assert.ok(Math.abs(exportedWs - book.exportedWs) <= 2 * (after.counters?.stepWs ?? 0));
    assert.is(Math.round(after.powerW ?? 0), home.state().netW);
    assert.is((await battery.read()).powerW, -1234);
    assert.ok(
      Math.abs(((await battery.read()).stateOfCharge ?? 0) - spec.battery.initialShare) < 0.1,
    );
    await battery.automatic();
    assert.is(home.state().batteryMode, 'automatic');
  } finally {
    bus.close();
    await home.close();
  }
});

test.run();
