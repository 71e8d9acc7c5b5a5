import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBattery } from '../../../agent/drivers/battery.ts';
import { ReadBackError } from '../../../agent/drivers/battery-control.ts';
import { loadProfile } from '../../../agent/drivers/profile.ts';
import { BusError } from '../../../host/ports.ts';
import { projectResources } from '../../../host/resources.ts';
import { registerBus } from '../../registers/register-bus.ts';
import { readRegisterTable } from '../../registers/register-table.ts';

const test = suite('SunSpec storage');
const PROFILE = loadProfile(projectResources(), 'sunspec-storage-124');

/** Model 124 of the table: after the mark, model 1 (66) and model 103 (50). */
const MODEL = 40_000 + 2 + 2 + 66 + 2 + 50;
const AT = { full: 2, mode: 5, out: 12, in: 13, revert: 15, grid: 17, percentScale: 25 } as const;

/** An inverter of 5120 W that counts percents in hundredths. */
function storage() {
  const [day] = readRegisterTable('test/registers/sunspec-storage-124.csv');
  if (day === undefined) throw new Error('no table');
  const { words } = day;
  const bus = registerBus(day);
  const set = (register: keyof typeof AT, word: number) =>
    words.set(`3 ${MODEL + AT[register]}`, word);
  set('percentScale', 0xfffe);
  const signed = (register: keyof typeof AT) => {
    const word = words.get(`3 ${MODEL + AT[register]}`) ?? 0;
    return word >= 0x8000 ? word - 0x1_0000 : word;
  };
  return { bus, words, set, signed, battery: openBattery(bus, PROFILE, 1) };
}

test('charge and power come from the battery model where there is one', async () => {
  const { battery, words } = storage();
  assert.equal(await battery.read(), { powerW: -12_340, stateOfCharge: 0.6543 });
  // Its own charge is not available: that of the battery model will do.
  words.set(`3 ${MODEL + 8}`, 0xffff);
  assert.ok(Math.abs(((await battery.read()).stateOfCharge ?? 0) - 0.655) < 1e-12);
});

test('without a battery model the power is that of the inverter', async () => {
  const { bus, words } = storage();
  // The chain ends after the storage.
  words.set(`3 ${MODEL + 26}`, 0xffff);
  const battery = openBattery(bus, PROFILE, 1);
  assert.equal(await battery.read(), { powerW: -6_120, stateOfCharge: 0.6543 });
});

test('a set-point closes both limits to it, with its dead-man time first', async () => {
  const { battery, bus, signed } = storage();
  await battery.setPoint(1536, 60);
  // 30 % of 5120 W.
  assert.equal([signed('in'), signed('out')], [3000, -3000]);
  assert.equal([signed('mode'), signed('revert'), signed('grid')], [3, 60, 1]);
  const writes = bus.requests.filter((each) => each.startsWith('16'));
  assert.equal(
    writes.map((each) => each.replace('16 @', '')),
    [`${MODEL + 15} x1`, `${MODEL + 12} x2`, `${MODEL + 17} x1`, `${MODEL + 5} x1`],
  );
  await battery.setPoint(-2560, 60.2);
  assert.equal([signed('in'), signed('out'), signed('revert')], [-5000, 5000, 61]);
});

test('whatever is asked for, the window is closed and within the rating', async () => {
  const { battery, signed } = storage();
  const law = fc.asyncProperty(fc.integer({ min: -20_000, max: 20_000 }), async (powerW) => {
    await battery.setPoint(powerW, 60);
    const wanted = Math.min(Math.max(powerW, -5120), 5120);
    assert.is(signed('in') + signed('out'), 0);
    // A hundredth of a percent of 5120 W.
    assert.ok(Math.abs((signed('in') / 10_000) * 5120 - wanted) <= 0.5121 / 2);
  });
  // Half counts are rounded the same way on both sides.
  await fc.assert(law, { numRuns: 200, examples: [[-4640], [4640]] });
});

test('its own automatic mode: no limit counts, and both stand open', async () => {
  const { battery, signed } = storage();
  await battery.setPoint(1536, 60);
  await battery.automatic();
  assert.equal([signed('mode'), signed('in'), signed('out')], [0, 10_000, 10_000]);
});

test('a battery that takes a command and does not keep it is told', async () => {
  const { battery, bus, words } = storage();
  const write = bus.writeHolding;
  bus.writeHolding = async (unit, address, written) => {
    await write(unit, address, written);
    words.set(`3 ${MODEL + AT.mode}`, 0);
  };
  const error = await battery.setPoint(1536, 60).catch((reason: unknown) => reason);
  assert.instance(error, ReadBackError);
  // The follower treats it like any other failure of the bus.
  assert.instance(error, BusError);
  assert.match(String(error), /took 3 in register 5 of its model and holds 0/);
});

test('a battery that does not say what 100 % is gets no command', async () => {
  for (const [register, word] of [
    ['full', 0xffff],
    ['full', 0],
    ['percentScale', 0x8000],
  ] as const) {
    const { battery, bus, set } = storage();
    set(register, word);
    const error = await battery.setPoint(1536, 60).catch((reason: unknown) => reason);
    assert.instance(error, ReadBackError);
    assert.not.ok(bus.requests.some((each) => each.startsWith('16')));
  }
});

test('an inverter without storage is told apart', async () => {
  const { bus, words } = storage();
  words.set(`3 ${MODEL}`, 123);
  const battery = openBattery(bus, PROFILE, 1);
  const error = await battery.setPoint(0, 60).catch((reason: unknown) => reason);
  assert.match(String(error), /the battery has no SunSpec model 124/);
  assert.instance(error, BusError);
});

test('a battery that moved in the chain is found again', async () => {
  const { battery, words } = storage();
  await battery.setPoint(1536, 60);
  const moved = [...words].map(([place, word]) => {
    const [code, address] = place.split(' ');
    return [`${code} ${Number(address) + 10_000}`, word] as const;
  });
  words.clear();
  for (const [place, word] of moved) words.set(place, word);
  const error = await battery.setPoint(-512, 60).catch((reason: unknown) => reason);
  assert.instance(error, BusError);
  await battery.setPoint(-512, 60);
  assert.is(words.get(`3 ${MODEL + 10_000 + AT.out}`), 1000);
});

test('set-points that wear out the memory are not written', () => {
  const { setpoints } = PROFILE;
  if (setpoints === null) return assert.unreachable();
  const worn = { ...PROFILE, setpoints: { ...setpoints, volatile: false } };
  assert.throws(() => openBattery(storage().bus, worn, 1), /wear out its memory/);
});

test.run();
