import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planBlocks, spanOf } from '../../../agent/drivers/blocks.ts';
import { openMeter } from '../../../agent/drivers/meter.ts';
import { parseProfile } from '../../../agent/drivers/parse-profile.ts';
import { loadProfile } from '../../../agent/drivers/profile.ts';
import type { Point } from '../../../agent/drivers/profile-types.ts';
import { readAll } from '../../../agent/drivers/read-all.ts';
import { PointReader } from '../../../agent/drivers/read-points.ts';
import { POINT_NAMES, type PointName } from '../../../agent/drivers/vocabulary.ts';
import { BusError } from '../../../host/ports.ts';
import { projectResources } from '../../../host/resources.ts';
import { registerBus } from '../../registers/register-bus.ts';
import { readRegisterTable } from '../../registers/register-table.ts';

const test = suite('reading');
const RESOURCES = projectResources();

function device(name: string, which = 'day') {
  const table = readRegisterTable(`test/registers/${name}.csv`);
  const found = table.find((each) => each.name === which);
  if (found === undefined) throw new Error(`no case ${which} of ${name}`);
  const words = new Map(found.words);
  return { bus: registerBus({ words }), words, profile: loadProfile(RESOURCES, name) };
}

function point(change: Partial<Point>): Point {
  return {
    ...{ name: 'power', function: 4, address: 0, model: null, type: 'f32', order: 'ABCD' },
    ...{ nan: 'auto', factor: 1, scaleAddress: null, isMagnitude: false, group: 'slow' },
    ...{ isOptional: false, rawMax: null, resolution: 0 },
    ...change,
  };
}

test('points join across small gaps, and no value is split', () => {
  const at = (address: number, code: 3 | 4 = 4) => point({ address, function: code });
  const plan = (points: Point[], maxRegisters: number, maxGap: number) =>
    planBlocks(points, { maxRegisters, maxGap }).map(
      (b) => `${b.function}@${b.address}x${b.count}`,
    );
  assert.equal(plan([at(10), at(0), at(2)], 80, 6), ['4@0x12']);
  assert.equal(plan([at(10), at(0), at(2)], 80, 5), ['4@0x4', '4@10x2']);
  assert.equal(plan([at(0), at(2), at(4)], 5, 5), ['4@0x4', '4@4x2']);
  assert.equal(plan([at(0), at(2, 3)], 80, 5), ['3@2x2', '4@0x2']);
  const scaled = point({ address: 3, type: 'i16', scaleAddress: 20 });
  assert.equal(plan([scaled, at(8)], 80, 0), ['4@3x18']);
});

test('whatever the points: each is in one block, whole, and the limits hold', () => {
  const points = fc.array(
    fc.record({
      address: fc.integer({ min: 0, max: 300 }),
      function: fc.constantFrom(3 as const, 4 as const),
      type: fc.constantFrom('u16' as const, 'f32' as const, 'u64' as const),
      scale: fc.option(fc.integer({ min: -6, max: 6 })),
    }),
    { maxLength: 30 },
  );
  const law = fc.property(
    points,
    fc.integer({ min: 12, max: 125 }),
    fc.integer({ min: 0, max: 60 }),
    (raw, maxRegisters, maxGap) => {
      const all = raw.map(({ scale, ...each }) =>
        point({ ...each, scaleAddress: scale === null ? null : Math.max(0, each.address + scale) }),
      );
      const blocks = planBlocks(all, { maxRegisters, maxGap });
      assert.is(blocks.flatMap((block) => block.points).length, all.length);
      for (const block of blocks) {
        assert.ok(block.count <= maxRegisters);
        for (const each of block.points) {
          const { first, end } = spanOf(each);
          assert.ok(first >= block.address && end <= block.address + block.count);
          assert.is(each.function, block.function);
        }
      }
    },
  );
  fc.assert(law);
});

test('no more requests than were measured before', async () => {
  const set: PointName[] = POINT_NAMES.filter((name) =>
    /^(power|voltage|current)|^frequency$|^energy_(im|ex)port$/.test(name),
  );
  const expected = {
    'eastron-sdm630': 1,
    'sunspec-meter-203': 1,
    'sunspec-meter-213': 1,
    'abb-b23': 2,
    'schneider-iem3155': 2,
    'carlo-gavazzi-em24': 7,
    'orno-we-516': 2,
    'chint-dtsu666': 2,
    'janitza-umg': 1,
  };
  for (const [name, most] of Object.entries(expected)) {
    const { bus, profile } = device(name);
    const reader = new PointReader(bus, 1, profile);
    const names = reader.names().filter((each) => set.includes(each) && each !== 'power_factor');
    await reader.read(names);
    bus.requests.length = 0;
    await reader.read(names);
    assert.is(bus.requests.length, most, `${name}: ${bus.requests.join(', ')}`);
  }
});

test('a SunSpec device is asked where its models are once', async () => {
  const { bus, profile } = device('sunspec-meter-203');
  const meter = openMeter(bus, profile, 1);
  await meter.readFast();
  assert.is(bus.requests.length, 4, bus.requests.join(', '));
  await meter.readCounters();
  assert.is(bus.requests.length, 5);
});

test('a device that is exchanged for another is discovered anew', async () => {
  const { bus, words, profile } = device('sunspec-meter-203');
  const meter = openMeter(bus, profile, 1);
  const before = await meter.readFast();
  const moved = [...words].map(([place, word]) => {
    const [code, address] = place.split(' ');
    return [`${code} ${Number(address) + 10_000}`, word] as const;
  });
  words.clear();
  for (const [place, word] of moved) words.set(place, word);
  assert.is(await meter.readFast().catch((error: BusError) => error.exceptionCode), 2);
  assert.equal(await meter.readFast(), before);
});

test('what a variant lacks is remembered, and the rest is read all the same', async () => {
  const { bus, profile } = device('carlo-gavazzi-em340', 'old');
  const reader = new PointReader(bus, 1, profile);
  const first = await reader.readAll();
  assert.is(first.get('energy_export_l1')?.value, null);
  assert.is(first.get('energy_export')?.value, 9876 * 360_000);
  const before = bus.requests.length;
  const second = await reader.readAll();
  assert.equal([...second], [...first]);
  assert.is(bus.requests.length - before, 2, bus.requests.slice(before).join(', '));
});

test('a register that must be there is asked for again', async () => {
  const { bus, words, profile } = device('eastron-sdm630');
  const meter = openMeter(bus, profile, 1);
  const power = [words.get('4 52') ?? 0, words.get('4 53') ?? 0] as const;
  words.delete('4 52');
  // The total is missing, the phases are not: it is their sum.
  assert.is((await meter.readFast()).powerW, 345.125 + 1661.75 - 802.375);
  words.set('4 52', power[0]).set('4 53', power[1]);
  assert.is((await meter.readFast()).powerW, 1204.5);
});

test('a meter without an export register has no counters, and one of them', async () => {
  const { bus, profile } = device('carlo-gavazzi-em24', 'old');
  const values = await openMeter(bus, profile, 1).readCounters();
  assert.is(values.powerW, 1204.5);
  assert.is(values.counters, null);
  assert.is(values.exported, null);
  assert.equal(values.imported, {
    energyWs: 123_456 * 360_000,
    stepWs: 360_000,
    maxWs: 100_000_000 * 3_600_000,
  });
});

test('counters say how coarse they are and when they begin anew', async () => {
  const em24 = device('carlo-gavazzi-em24');
  const { counters } = await openMeter(em24.bus, em24.profile, 1).readCounters();
  assert.is(counters?.stepWs, 360_000);
  assert.is(counters?.maxWs, 100_000_000 * 3_600_000);
  const sunspec = device('sunspec-meter-203');
  const scaled = await openMeter(sunspec.bus, sunspec.profile, 1).readCounters();
  assert.is(scaled.counters?.maxWs, 2 ** 32 * 10 * 3600);
  // Floating point is finer than what the device counts.
  const chint = device('chint-dtsu666');
  const coarse = await openMeter(chint.bus, chint.profile, 1).readCounters();
  assert.is(coarse.counters?.stepWs, 36_000);
});

test('a meter built in the wrong way round: power, current and both counters change', async () => {
  const { bus, profile } = device('eastron-sdm630');
  const right = await openMeter(bus, profile, 1).readCounters();
  const wrong = openMeter(bus, profile, 1, { invert: true });
  const turned = await wrong.readCounters();
  assert.is(turned.powerW, -(right.powerW ?? 0));
  assert.is(turned.counters?.importedWs, right.counters?.exportedWs);
  assert.is(turned.counters?.exportedWs, right.counters?.importedWs);
  const all = await wrong.readAll();
  assert.is(all.get('current_l1')?.value, -1.53125);
  assert.is(all.get('voltage_l1')?.value, 230.125);
  assert.is(all.get('frequency')?.value, 50.015625);
});

test('what does not fit together is said', async () => {
  const { bus, words, profile } = device('eastron-sdm630');
  assert.equal((await readAll(bus, 1, profile)).odd, []);
  // The total of another meter, and a voltage between phases.
  words.set('4 52', 0x4600).set('4 53', 0).set('4 0', 0x43c8);
  const { odd } = await readAll(bus, 1, profile);
  assert.match(odd.join('\n'), /the phases make 1205 W, the total says 8192 W/);
  assert.match(odd.join('\n'), /voltage L1 is 40\d\.\d V/);
});

test('bits are points too', async () => {
  const text = `
profile = "acme-contact"
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
power = { address = 1, unit = "W" }
state = { address = 7, function = 1, type = "bit", unit = "1" }
[[probe]]
address = 1
range = [0, 1]
`;
  const { bus } = device('eastron-sdm630');
  bus.readHolding = async () => Uint16Array.of(5);
  bus.coils.set(7, true);
  const { values } = await readAll(bus, 1, parseProfile(text, 'x.toml'));
  assert.is(values.get('state')?.value, 1);
});

test('a bus that fails is told, not hidden', async () => {
  const { bus, profile } = device('eastron-sdm630');
  bus.readInput = async () => {
    throw new BusError('timeout', 'no answer');
  };
  assert.is(
    await openMeter(bus, profile, 1)
      .readFast()
      .catch((e: BusError) => e.code),
    'timeout',
  );
});

test.run();
