import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gridMeter, readAgentSettings } from '../../agent/config.ts';
import { SettingsError } from '../../market/settings/toml.ts';

const test = suite('agent: config');

const GOOD = `[buses.cabinet]
connection = "tcp://127.0.0.1:5020"
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "cabinet"
[battery]
profile = "transax-lab-battery"
bus = "cabinet"
unit = 2
capacity = "10 kWh"
charge = "5 kW"
discharge = "5 kW"
[loads.boiler]
power = "2 kW"
relay = { driver = "modbus-coil", bus = "cabinet", unit = 3, coil = 0 }
energy_per_day = "4 kWh"
[home]
zone = "Europe/Berlin"
max_power = "11 kW"
[lab]
clear_net = true
`;

function faultsOf(text: string): string[] {
  try {
    readAgentSettings(text, 'agent.toml', '/x');
  } catch (error) {
    assert.instance(error, SettingsError);
    return (error as SettingsError).faults.map(
      (fault) => `${fault.line} ${fault.key}: ${fault.message}`,
    );
  }
  return [];
}

test('a good file gives settings in inner units, with defaults', () => {
  const settings = readAgentSettings(GOOD, 'agent.toml', '/x');
  assert.equal(settings.buses[0]?.connection, { kind: 'tcp', host: '127.0.0.1', port: 5020 });
  assert.is(gridMeter(settings).pollMs, 1000);
  assert.is(settings.battery?.capacityWs, 36_000_000);
  assert.is(settings.battery?.lowShare, 0.1);
  assert.is(settings.loads[0]?.name, 'boiler');
  assert.is(settings.loads[0]?.safe, 'off');
  assert.is(settings.state.wallet, '/x/wallet.db');
  assert.is(settings.following.enabled, true);
});

test('three faults of different kinds are named together', () => {
  const text = GOOD.replace('capacity = "10 kWh"', 'capacity = "10 kW"')
    .replace('zone = "Europe/Berlin"', 'zone = "Europe/Atlantis"')
    .replace('[lab]', 'max_pwr = 1\n[lab]');
  const faults = faultsOf(text);
  assert.is(faults.length, 3);
  assert.match(faults[0] ?? '', /^11 battery.capacity: .*10 kWh/);
  assert.match(faults[1] ?? '', /^19 home.zone: .*IANA/);
  assert.match(faults[2] ?? '', /^21 home.max_pwr: .*max_power/);
});

test('chain and DSO are reached through Tor, at a socket of this machine', () => {
  const withTor = (socks: string) => `${GOOD.slice(0, GOOD.indexOf('[lab]'))}[tor]\n${socks}\n`;
  const settings = (text: string) => readAgentSettings(text, 'agent.toml', '/x');
  assert.is(settings(GOOD).lab.clearNet, true);
  assert.is(settings(GOOD.replace('clear_net = true', '')).lab.clearNet, false);
  assert.is(settings(withTor('')).tor.socks, '/run/transax-tor/socks');
  for (const socks of ['/run/tor/socks', '127.0.0.1:9050', '[::1]:9050']) {
    assert.is(settings(withTor(`socks = "${socks}"`)).tor.socks, socks);
  }
  for (const socks of [
    'run/socks',
    '192.168.1.5:9050',
    'localhost:9050',
    '127.0.0.1',
    '127.0.0.1:0',
  ]) {
    const faults = faultsOf(withTor(`socks = "${socks}"`));
    assert.match(faults[0] ?? `${socks} passes`, /tor.socks: must be .* a socket of this machine/);
  }
});

test('devices are reached by IP address only', () => {
  assert.match(
    faultsOf(GOOD.replace('tcp://127.0.0.1:5020', 'tcp://meter.local:502'))[0] ?? '',
    /looked up/,
  );
  assert.match(
    faultsOf(GOOD.replace('tcp://127.0.0.1:5020', 'tcp://1.2.3.4'))[0] ?? '',
    /not a connection/,
  );
  assert.equal(faultsOf(GOOD.replace('tcp://127.0.0.1:5020', 'tcp://[fe80::1]:502')), []);
});

test('a bus that is named must be there, and a wire is named once', () => {
  assert.match(
    faultsOf(GOOD.replace('bus = "cabinet"\n[battery]', 'bus = "cellar"\n[battery]'))[0] ?? '',
    /^6 meters.house.bus: names the bus "cellar"; there is cabinet/,
  );
  const relay = faultsOf(GOOD.replace('bus = "cabinet", unit = 3', 'bus = "roof", unit = 3'));
  assert.match(relay[0] ?? '', /loads.boiler.relay.bus: names the bus "roof"/);
  const twice = `${GOOD}[buses.other]\nconnection = "rtu-tcp://127.0.0.1:5020"\n`;
  assert.match(faultsOf(twice)[0] ?? '', /buses: name the same wire twice \(cabinet and other\)/);
});

test('exactly one meter counts the whole home', () => {
  const none = faultsOf(GOOD.replace('role = "grid"', 'role = "pv"'));
  assert.match(none[0] ?? '', /meters: must have exactly one with role = "grid"/);
  const second = '[meters.roof]\nrole = "grid"\nprofile = "x"\nbus = "cabinet"\nunit = 7\n';
  assert.match(faultsOf(GOOD + second)[0] ?? '', /exactly one/);
});

test('a serial line has its settings, a gateway has them in itself', () => {
  const serial = GOOD.replace(
    'connection = "tcp://127.0.0.1:5020"',
    'connection = "serial:/dev/ttyUSB0"\nbaud = 19200\nparity = "even"',
  );
  const { buses } = readAgentSettings(serial, 'agent.toml', '/x');
  const line = { kind: 'serial', path: '/dev/ttyUSB0', baud: 19_200, parity: 'even', stopBits: 1 };
  assert.equal(buses[0]?.connection, line);
  const gateway = faultsOf(GOOD.replace('[meters', 'baud = 9600\n[meters'));
  assert.match(gateway[0] ?? '', /buses.cabinet: is no serial line/);
});

test('an agent is a solver where [solver] stands, and not otherwise', () => {
  assert.is(readAgentSettings(GOOD, 'agent.toml', '/x').solver, null);
  const { solver, state } = readAgentSettings(`${GOOD}[solver]\n`, 'agent.toml', '/x');
  assert.equal(solver, { pollMs: 5_000, secondTieRule: 'welfare', mostOffers: 1_000 });
  assert.is(state.solver, '/x/solver.db');
  const faults = faultsOf(`${GOOD}[solver]\ntie_rule = "luck"\nmost_offers = 0\n`);
  assert.match(faults[0] ?? '', /solver.tie_rule: must be "welfare" or "equal-shares"/);
  assert.match(faults[1] ?? '', /solver.most_offers: must be from 1 to 100000/);
});

test('a load that wants more than it can take, and two loads on one relay, are refused', () => {
  assert.match(
    faultsOf(GOOD.replace('"4 kWh"', '"49 kWh"'))[0] ?? '',
    /loads.boiler.energy_per_day/,
  );
  const second = GOOD.slice(GOOD.indexOf('[loads'), GOOD.indexOf('[home]')).replace(
    'boiler',
    'heater',
  );
  assert.match(faultsOf(GOOD + second)[0] ?? '', /same relay/);
});

test.run();
