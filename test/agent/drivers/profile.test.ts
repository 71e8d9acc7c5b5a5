import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBattery } from '../../../agent/drivers/battery.ts';
import { planBlocks } from '../../../agent/drivers/blocks.ts';
import { openMeter } from '../../../agent/drivers/meter.ts';
import {
  BATTERY_PROFILES,
  loadProfile,
  METER_PROFILES,
  type Point,
  parseProfile,
} from '../../../agent/drivers/profile.ts';
import { projectResources } from '../../../host/resources.ts';
import { SettingsError } from '../../../market/settings/toml.ts';
import { scriptedBus } from './scripted-bus.ts';

const test = suite('profile');
const RESOURCES = projectResources();

const GOOD = `
profile = "x"
version = 1
title = "X"
source = "manual"
[limits]
max_registers = 10
max_gap = 4
[defaults]
function = 3
type = "u16"
[points]
power = { address = 1, unit = "W", scale = 10 }
`;

test('every profile that ships opens as a meter or a battery', () => {
  const names = readdirSync('agent/drivers/profiles').map((file) => file.replace(/\.toml$/, ''));
  assert.ok(names.length >= 2);
  for (const name of names) {
    const profile = loadProfile(RESOURCES, name);
    assert.is(profile.name, name);
    const open = profile.controls === null ? openMeter : openBattery;
    open(scriptedBus(), profile, 1);
    // Settings name a profile that is known here, else the installer is told which there are.
    const known: readonly string[] = profile.controls === null ? METER_PROFILES : BATTERY_PROFILES;
    assert.ok(known.includes(name), `${name} is listed`);
  }
  assert.is(METER_PROFILES.length + BATTERY_PROFILES.length, names.length);
});

test('a profile takes its defaults, its scale and its unit together', () => {
  assert.equal(parseProfile(GOOD, 'x.toml').points, [
    { name: 'power', function: 3, address: 1, type: 'u16', factor: 10 },
  ]);
});

test('all faults of a profile are told, with their lines', () => {
  const bad = GOOD.replace('max_gap = 4', 'max_gap = -1\nmax_gaps = 2').replace('"W"', '"hp"');
  let faults: string[] = [];
  try {
    parseProfile(bad, 'x.toml');
  } catch (error) {
    assert.instance(error, SettingsError);
    faults = error instanceof SettingsError ? error.faults.map((f) => `${f.line} ${f.key}`) : [];
  }
  assert.equal(faults, ['8 limits.max_gap', '9 limits.max_gaps', '14 points.power.unit']);
});

test('a profile of the other kind is refused in words', () => {
  const meter = loadProfile(RESOURCES, 'eastron-sdm630');
  const battery = loadProfile(RESOURCES, 'transax-lab-battery');
  assert.throws(() => openBattery(scriptedBus(), meter, 1), /none of a battery/);
  assert.throws(
    () => openMeter(scriptedBus(), battery, 1),
    /none of a meter: it lacks energy_import/,
  );
});

test('points join across small gaps, and no value is split', () => {
  const at = (address: number, code: 3 | 4 = 4): Point => ({
    name: 'power',
    function: code,
    address,
    type: 'f32',
    factor: 1,
  });
  const plan = (points: Point[], maxRegisters: number, maxGap: number) =>
    planBlocks(points, { maxRegisters, maxGap }).map(
      (b) => `${b.function}@${b.address}x${b.count}`,
    );
  assert.equal(plan([at(10), at(0), at(2)], 80, 6), ['4@0x12']);
  assert.equal(plan([at(10), at(0), at(2)], 80, 5), ['4@0x4', '4@10x2']);
  assert.equal(plan([at(0), at(2), at(4)], 5, 5), ['4@0x4', '4@4x2']);
  assert.equal(plan([at(0), at(2, 3)], 80, 5), ['3@2x2', '4@0x2']);
});

test.run();
