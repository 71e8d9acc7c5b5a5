import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { GROUPS, groupFaults, groupsOf, LOADS, loadsOf } from '../../../agent/config/loads.ts';
import { readSettings, SettingsError, table } from '../../../market/settings/toml.ts';

const test = suite('agent: config of loads');

const SCHEMA = table({ loads: LOADS, groups: v.optional(GROUPS, {}) });
const RELAY = 'relay = { driver = "modbus-coil", bus = "b", coil = 1 }';
const BOILER = `[loads.boiler]\npower = "2 kW"\n${RELAY}\nenergy_per_day = "4 kWh"\n`;

function faultsOf(text: string): string[] {
  try {
    const raw = readSettings(text, SCHEMA, 'agent.toml');
    return groupFaults(groupsOf(raw.groups), loadsOf(raw.loads)).map(
      ({ group, message }) => `groups.${group} ${message}`,
    );
  } catch (error) {
    assert.instance(error, SettingsError);
    return (error as SettingsError).faults.map(
      ({ line, key, message }) => `${line} ${key} ${message}`,
    );
  }
}

const other = (text: string) => text.replace('boiler', 'other').replace('coil = 1', 'coil = 2');

test('each fault is named at its key', () => {
  const washer = `[loads.w]\nkind = "deadline"\npower = "1 kW"\n${RELAY}\nby = "17:00"\n`;
  const rows: [text: string, fault: RegExp][] = [
    [BOILER.replace('"2 kW"', '"0 W"'), /loads.boiler.power must be above 0/],
    [BOILER.replace('"4 kWh"', '"49 kWh"'), /4 loads.boiler.energy_per_day is more than/],
    [`${BOILER}kind = "toaster"\n`, /loads.boiler.kind must be of "thermostatic"/],
    [`${BOILER}by = ["7:00"]\n`, /must be a time of the day/],
    [`${BOILER}minimum_onn = "1 min"\n`, /did you mean minimum_on/],
    [`${BOILER}must_run = true\n`, /loads.boiler.must_run is not a known key/],
    [washer, /loads.w.energy or duration is needed/],
    [`${washer}energy = "1 kWh"\nduration = "1 h"\n`, /one of them alone/],
    [`${washer}duration = "25 h"\n`, /loads.w.duration must be at most a day/],
    [BOILER + BOILER.replace('boiler', 'other'), /the same relay twice/],
    [`[loads.p]\nkind = "sg-ready"\npower = "1 kW"\n${RELAY}\n`, /loads.p.relays? /],
    [`[loads.m]\nkind = "monitor"\npower = "1 kW"\n${RELAY}\n`, /loads.m.relay is not a known key/],
    [`${BOILER}[groups.g]\nmembers = ["boiler"]\n`, /groups.g needs max, or interlock/],
    [`${BOILER}[groups.g]\nmembers = ["car"]\nmax = "1 kW"\n`, /names no load "car"/],
    [
      `${BOILER}safe = "on"\n${other(BOILER)}safe = "on"\n` +
        '[groups.g]\nmembers = ["boiler", "other"]\ninterlock = true\n',
      /two loads whose safe state is "on"/,
    ],
    [`${BOILER}safe = "on"\n[groups.g]\nmembers = ["boiler"]\nmax = "1 kW"\n`, /is overloaded by/],
  ];
  for (const [text, fault] of rows) assert.match(faultsOf(text).join('\n'), fault, text);
  assert.equal(faultsOf(BOILER + other(BOILER)), []);
});

test.run();
