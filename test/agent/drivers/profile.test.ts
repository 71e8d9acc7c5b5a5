import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBattery } from '../../../agent/drivers/battery.ts';
import { openMeter } from '../../../agent/drivers/meter.ts';
import { parseProfile } from '../../../agent/drivers/parse-profile.ts';
import {
  lintProfile,
  listProfiles,
  loadProfile,
  type OwnProfiles,
  profileFaults,
  SHIPPED_PROFILES,
} from '../../../agent/drivers/profile.ts';
import { projectResources } from '../../../host/resources.ts';
import { SettingsError } from '../../../market/settings/toml.ts';
import { scriptedBus } from './scripted-bus.ts';

const test = suite('profile');
const RESOURCES = projectResources();

const GOOD = `
profile = "acme-x"
version = 1
kind = "meter"
vendor = "Acme"
title = "X"
foundation = "one source"
sources = ["manual"]
[limits]
max_registers = 10
max_gap = 4
[points]
power = { address = 1, unit = "kW", scale = 10, sign = -1 }
[[probe]]
address = 1
range = [0, 1]
`;

function ownProfiles(texts: Record<string, string>): OwnProfiles {
  return {
    folder: '/own',
    files: {
      list: () => Object.keys(texts).sort(),
      readText: (path) => texts[path.replace('/own/', '')] ?? '',
    },
  };
}

function faultsOf(text: string): string[] {
  try {
    parseProfile(text, 'x.toml');
    return [];
  } catch (error) {
    assert.instance(error, SettingsError);
    return error instanceof SettingsError
      ? error.faults.map((each) => `${each.line} ${each.key}: ${each.message}`)
      : [];
  }
}

test('the profiles that ship are those in the folder, and each is named like its file', () => {
  const names = readdirSync('agent/drivers/profiles').map((file) => file.replace(/\.toml$/, ''));
  assert.equal([...names].sort(), [...SHIPPED_PROFILES].sort());
  for (const name of names) assert.is(loadProfile(RESOURCES, name).name, name);
});

test('every profile that ships has no fault and gives no cause to wonder', () => {
  for (const name of SHIPPED_PROFILES) {
    const file = `agent/drivers/profiles/${name}.toml`;
    const { profile, faults, warnings } = lintProfile(readFileSync(file, 'utf8'), file);
    assert.equal(faults, []);
    const odd = warnings.filter((each) => !/ships|no voltage|plausible/.test(each));
    assert.equal(odd, [], name);
    // Nobody claims of the lab's battery, or of a single source, that it was tried.
    const isTried = profile?.foundation === 'field-proven';
    assert.ok(!isTried || (profile?.sources.length ?? 0) >= 2, name);
  }
});

test('every profile that ships opens as what it is', () => {
  for (const name of SHIPPED_PROFILES) {
    const profile = loadProfile(RESOURCES, name);
    const role = { meter: 'grid', inverter: 'pv', battery: 'battery' } as const;
    openMeter(scriptedBus(), profile, 1, { role: role[profile.kind] });
    if (profile.setpoints !== null) openBattery(scriptedBus(), profile, 1);
  }
});

test('a profile takes its defaults, its scale, its sign and its unit together', () => {
  const [point] = parseProfile(GOOD, 'x.toml').points;
  assert.equal(
    [point?.name, point?.function, point?.address, point?.type, point?.order, point?.factor],
    ['power', 3, 1, 'u16', 'ABCD', -10_000],
  );
});

test('all faults of a profile are told, with their lines', () => {
  const bad = GOOD.replace('max_gap = 4', 'max_gap = -1\nmax_gaps = 2').replace('"kW"', '"hp"');
  const faults = faultsOf(bad);
  assert.is(faults.length, 3);
  assert.match(faults[0] ?? '', /^11 limits.max_gap: must be at least 0/);
  assert.match(faults[1] ?? '', /^12 limits.max_gaps: is not a known key; did you mean max_gap/);
  assert.match(faults[2] ?? '', /^14 points.power.unit: must be one of .*W, kW/);
});

test('what cannot be is refused, though each key is right', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['"kW"', '"V"', /^13 points.power.unit: must be one of W, kW/],
    ['address = 1, unit', 'address = 1, sf = 30, unit', /need 30 registers in one request/],
    ['address = 1, unit', 'address = 1, model = 7, unit', /model: needs a \[sunspec\] table/],
    ['range = [0, 1]', '', /probe.0: must have one of range, one_of, text/],
    ['[[probe]]\naddress = 1\nrange = [0, 1]', '', /needs a \[\[probe\]\]/],
    ['power = {', 'dc_power = {', /points: must have power/],
    ['address = 1, unit', 'address = 1, type = "str(4)", unit', /type: must be a number/],
    ['address = 1, unit', 'address = 1, type = "str(99)", unit', /type: must be one of u16|bit/],
    ['[[probe]]', '[derived]\npower = { sum = ["power_l1"] }\n[[probe]]', /names power_l1, which/],
    ['"one source"', '"two sources"', /sources: must name two sources/],
    ['"meter"', '"battery"', /of a battery must have state_of_charge/],
  ];
  for (const [good, bad, expected] of cases) {
    const faults = faultsOf(GOOD.replace(good, bad));
    assert.ok(
      faults.some((fault) => expected.test(fault)),
      `${bad}: ${faults.join('; ')}`,
    );
  }
});

test('a profile of the other kind is refused in words', () => {
  const meter = loadProfile(RESOURCES, 'eastron-sdm630');
  const battery = loadProfile(RESOURCES, 'transax-lab-battery');
  const inverter = loadProfile(RESOURCES, 'sunspec-inverter-103');
  const readsOnly = loadProfile(RESOURCES, 'sunspec-battery-802');
  assert.throws(() => openBattery(scriptedBus(), meter, 1), /none of a battery/);
  assert.throws(() => openBattery(scriptedBus(), readsOnly, 1), /none of a battery/);
  assert.throws(() => openMeter(scriptedBus(), battery, 1), /it lacks energy_import/);
  assert.throws(() => openMeter(scriptedBus(), inverter, 1), /cannot be the meter of the grid/);
  openMeter(scriptedBus(), inverter, 1, { role: 'pv' });
});

test('own profiles are found, and never stand in for one that ships', () => {
  const own = ownProfiles({
    'acme-x.toml': GOOD,
    'readme.txt': 'none of ours',
    'eastron-sdm630.toml': GOOD,
    'other-name.toml': GOOD,
    'broken.toml': 'x = [',
  });
  assert.is(loadProfile(RESOURCES, 'acme-x', own).name, 'acme-x');
  assert.throws(
    () => loadProfile(RESOURCES, 'eastron-sdm630', own),
    /\/own\/eastron-sdm630.toml has the name of a profile that ships: give it another/,
  );
  assert.throws(() => loadProfile(RESOURCES, 'other-name', own), /must be "other-name", like/);
  const listed = listProfiles(RESOURCES, own);
  assert.equal(
    listed.filter(({ isShipped }) => !isShipped).map(({ name }) => name),
    ['acme-x'],
  );
  assert.not.ok(listed.some(({ name }) => name === 'eastron-sdm630'));
  assert.is(profileFaults(RESOURCES, own).length, 3);
});

test('a name that is not known is told with the nearest, and with all', () => {
  assert.throws(
    () => loadProfile(RESOURCES, 'eastron-sdm63'),
    /no profile "eastron-sdm63"; did you mean eastron-sdm630\? \(known: abb-b23, /,
  );
});

test('lint says what is allowed and still odd', () => {
  const { profile, faults, warnings } = lintProfile(GOOD, 'other.toml');
  assert.is(profile?.name, 'acme-x');
  assert.equal(faults, []);
  assert.match(warnings.join('\n'), /must be named acme-x.toml/);
  assert.match(warnings.join('\n'), /no energy_export: it cannot be the meter of the grid/);
  assert.is(lintProfile('x = 1', 'x.toml').profile, null);
});

test.run();
