/** `[forecast]`: files and brokers in the house are taken, what lies outside is refused. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAgentSettings } from '../../../agent/config.ts';
import { SettingsError } from '../../../market/settings/toml.ts';

const test = suite('config: forecast');
const BASE = `[buses.cabinet]
connection = "tcp://192.168.1.20:502"
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "cabinet"
[home]
zone = "Europe/Berlin"
max_power = "11 kW"
`;
const read = (lines: string) =>
  readAgentSettings(`${BASE}[forecast]\n${lines}\n`, 'agent.toml', '/etc/transax').forecast;

test('a model is trained and no weather is known if nothing is said', () => {
  assert.equal(read(''), { method: 'auto', weather: null });
  assert.equal(read('method = "simple"').method, 'simple');
});

test('a file is found from the folder of the settings', () => {
  assert.is(read('weather = "weather.csv"').weather, '/etc/transax/weather.csv');
  assert.is(read('weather = "/tmp/w.json"').weather, '/tmp/w.json');
});

test('brokers of the house are taken', () => {
  const broker = (mqtt: string) => read(`weather = { mqtt = "${mqtt}", topic = "a/b" }`).weather;
  const at = (host: string, port: number) => ({ at: { host, port }, topic: 'a/b' });
  assert.equal(broker('mqtt://192.168.1.5:1884'), at('192.168.1.5', 1884));
  assert.equal(broker('mqtt://10.0.0.1'), at('10.0.0.1', 1883));
  assert.equal(broker('mqtt://172.31.0.1'), at('172.31.0.1', 1883));
  assert.equal(broker('mqtt://[fd00::1]:1883'), at('fd00::1', 1883));
});

test('what lies outside, or is a name, is refused', () => {
  const wrong = [
    '{ mqtt = "mqtt://8.8.8.8", topic = "a" }',
    '{ mqtt = "mqtt://172.32.0.1", topic = "a" }',
    '{ mqtt = "mqtt://1920.168.1.1", topic = "a" }',
    '{ mqtt = "mqtt://192.168.1.999", topic = "a" }',
    '{ mqtt = "mqtt://[2001:db8::1]", topic = "a" }',
    '{ mqtt = "mqtt://broker.local", topic = "a" }',
    '{ mqtt = "mqtts://192.168.1.5", topic = "a" }',
    '{ mqtt = "mqtt://192.168.1.5", topic = "a/#" }',
    '{ mqtt = "mqtt://192.168.1.5" }',
    '7',
    '""',
  ];
  for (const weather of wrong) {
    assert.throws(
      () => read(`weather = ${weather}`),
      (error: unknown) => error instanceof SettingsError && /weather/.test(error.message),
      weather,
    );
  }
});

test.run();
