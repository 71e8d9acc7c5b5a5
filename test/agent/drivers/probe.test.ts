import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRequired, probeProfile } from '../../../agent/drivers/probe.ts';
import { loadProfile, SHIPPED_PROFILES } from '../../../agent/drivers/profile.ts';
import { BusError } from '../../../host/ports.ts';
import { projectResources } from '../../../host/resources.ts';
import { registerBus } from '../../registers/register-bus.ts';
import { readRegisterTable } from '../../registers/register-table.ts';

const test = suite('probe');
const RESOURCES = projectResources();

function device(name: string, which = 'day') {
  const found = readRegisterTable(`test/registers/${name}.csv`).find((each) => each.name === which);
  if (found === undefined) throw new Error(`no case ${which} of ${name}`);
  return registerBus(found);
}

test('every device is known by its own profile', async () => {
  for (const name of SHIPPED_PROFILES) {
    const result = await probeProfile(device(name), 1, loadProfile(RESOURCES, name));
    assert.ok(result.isMatch, `${name}: ${JSON.stringify(result.answers)}`);
    assert.is(result.score, 1);
  }
});

test('the best profile for a device is its own, or one with the same registers', async () => {
  // The lab's battery has no identity, and stands for no device.
  const candidates = SHIPPED_PROFILES.filter((name) => name !== 'transax-lab-battery');
  const same: Readonly<Record<string, string>> = {
    'eastron-sdm230': 'eastron-sdm120',
    'sunspec-storage-124': 'sunspec-inverter-103',
    'sunspec-battery-802': 'sunspec-storage-124',
  };
  for (const name of candidates) {
    const matches: string[] = [];
    let most = 0;
    for (const other of candidates) {
      const result = await probeProfile(device(name), 1, loadProfile(RESOURCES, other));
      if (!result.isMatch || result.asked < most) continue;
      if (result.asked > most) matches.length = 0;
      most = result.asked;
      matches.push(other);
    }
    const strange = matches.filter(
      (each) => each !== name && same[name] !== each && same[each] !== name,
    );
    assert.ok(matches.includes(name), `${name}: ${matches.join(', ')}`);
    assert.equal(strange, [], name);
  }
});

test('a unit that is silent is asked once, and a bus that is gone is an error', async () => {
  const bus = device('eastron-sdm630');
  let asked = 0;
  bus.readInput = async () => {
    asked += 1;
    throw new BusError('timeout', 'no answer');
  };
  const result = await probeProfile(bus, 1, loadProfile(RESOURCES, 'eastron-sdm630'));
  assert.equal([result.isMatch, result.isPresent, asked], [false, false, 1]);
  bus.readInput = async () => {
    throw new BusError('closed', 'no connection');
  };
  const error = await probeProfile(bus, 1, loadProfile(RESOURCES, 'eastron-sdm630')).catch(
    (reason: unknown) => reason,
  );
  assert.instance(error, BusError);
});

test('a unit that refuses is present all the same', async () => {
  const bus = device('orno-we-516');
  const result = await probeProfile(bus, 1, loadProfile(RESOURCES, 'carlo-gavazzi-em24'));
  assert.equal([result.isMatch, result.isPresent, result.score], [false, true, 0]);
});

test('a meter that is set wrongly is told why and how to mend it', async () => {
  for (const name of SHIPPED_PROFILES.filter((each) => each.startsWith('carlo-gavazzi'))) {
    const profile = loadProfile(RESOURCES, name);
    const [right] = await checkRequired(device(name), 1, profile);
    assert.is(right?.isRight, true, name);
    const [wrong] = await checkRequired(device(name, 'edge'), 1, profile);
    assert.is(wrong?.isRight, false, name);
    assert.ok((wrong?.why.length ?? 0) > 10 && (wrong?.fix.length ?? 0) > 10);
  }
  const profile = loadProfile(RESOURCES, 'carlo-gavazzi-em24');
  const [unknown] = await checkRequired(device('orno-we-516'), 1, profile);
  assert.equal([unknown?.found, unknown?.isRight], [null, false]);
  assert.equal(await checkRequired(device('abb-b23'), 1, loadProfile(RESOURCES, 'abb-b23')), []);
});

test.run();
