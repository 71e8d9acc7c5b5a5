import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RELAY, type RelaySettings, relayKey } from '../../../agent/config/relay.ts';
import { readSettings, SettingsError, table } from '../../../market/settings/toml.ts';

const test = suite('config: relays');

const read = (relay: string): RelaySettings =>
  readSettings(`relay = ${relay}`, table({ relay: RELAY }), 'agent.toml').relay;

function fault(relay: string): string {
  try {
    read(relay);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return 'none';
}

test('every driver reads its table', () => {
  assert.equal(read('{ driver = "modbus-coil", bus = "cabinet", coil = 3 }'), {
    ...{ driver: 'modbus-coil', bus: 'cabinet', unit: 1, coil: 3 },
  });
  const byName =
    '{ driver = "gpio", chip = "pinctrl-bcm2711", line = "GPIO17", active_low = true }';
  assert.equal(read(byName), {
    ...{ driver: 'gpio', chip: 'pinctrl-bcm2711', line: 'GPIO17', activeLow: true },
  });
  assert.equal(read('{ driver = "gpio-sysfs", chip = "9030000.pl061", line = 2 }'), {
    ...{ driver: 'gpio-sysfs', chip: '9030000.pl061', line: 2, activeLow: false },
  });
  assert.equal(read('{ driver = "http", address = "http://192.168.1.30" }'), {
    driver: 'http',
    api: 'shelly-gen2',
    address: { host: '192.168.1.30', port: 80 },
    output: 0,
    deadManMs: 300_000,
  });
  const gen1 =
    '{ driver = "http", api = "shelly-gen1", address = "http://[fe80::1]:8080/", output = 1 }';
  assert.equal(read(gen1), {
    driver: 'http',
    api: 'shelly-gen1',
    address: { host: 'fe80::1', port: 8080 },
    output: 1,
    deadManMs: 300_000,
  });
});

for (const [relay, what] of [
  ['"boiler"', /relay must be a table with a driver/],
  ['{ coil = 1 }', /relay.driver must be one of "modbus-coil", "gpio", "gpio-sysfs", "http"/],
  ['{ driver = "gpoi" }', /relay.driver must be one of/],
  ['{ driver = "gpio", chip = "gpiochip0", line = 1 }', /must be the label of the chip/],
  ['{ driver = "gpio", chip = "x", line = -1 }', /line must be from 0 to 1023/],
  ['{ driver = "gpio", chip = "x", line = true }', /must be the name of a line, .*GPIO17/],
  ['{ driver = "gpio-sysfs", chip = "x", line = "GPIO1" }', /must be a number from 0 to 1023/],
  ['{ driver = "gpio", chip = "x", line = 1, activelow = true }', /did you mean active_low/],
  ['{ driver = "http", address = "http://relay.local" }', /reached by IP address only/],
  ['{ driver = "http", address = "https://192.168.1.30" }', /is not an address like/],
  ['{ driver = "http", address = "http://192.168.1.300" }', /is not an address like/],
  ['{ driver = "http", address = "http://192.168.1.30:0" }', /is not an address like/],
  ['{ driver = "http", address = "http://192.168.1.30/x" }', /is not an address like/],
  ['{ driver = "http", address = "http://192.168.1.3", dead_man = "5 s" }', /at least 15 s/],
] as const) {
  test(`${relay} is refused with its cause`, () => assert.match(fault(relay), what));
}

test('the same output by another driver or spelling has the same key', () => {
  const gpio = read('{ driver = "gpio", chip = "a", line = 1, active_low = true }');
  const sysfs = read('{ driver = "gpio-sysfs", chip = "a", line = 1 }');
  assert.is(relayKey(gpio), relayKey(sysfs));
  const plain = read('{ driver = "http", address = "http://10.0.0.1" }');
  const withPort = read(
    '{ driver = "http", api = "shelly-gen1", address = "http://10.0.0.1:80/" }',
  );
  assert.is(relayKey(plain), relayKey(withPort));
  const keys = [
    gpio,
    plain,
    read('{ driver = "gpio", chip = "a", line = 2 }'),
    read('{ driver = "gpio", chip = "b", line = 1 }'),
    read('{ driver = "http", address = "http://10.0.0.1", output = 1 }'),
    read('{ driver = "modbus-coil", bus = "a", coil = 1 }'),
    read('{ driver = "modbus-coil", bus = "b", coil = 1 }'),
    read('{ driver = "modbus-coil", bus = "a", unit = 2, coil = 1 }'),
  ].map(relayKey);
  assert.is(new Set(keys).size, keys.length);
});

test.run();
