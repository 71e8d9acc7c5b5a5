import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProfile, SHIPPED_PROFILES } from '../../../agent/drivers/profile.ts';
import type { Point, Profile } from '../../../agent/drivers/profile-types.ts';
import {
  isText,
  REGISTER_TYPES,
  type RegisterType,
  WORD_ORDERS,
  wordsOf,
} from '../../../agent/drivers/registers.ts';
import { dimensionOf } from '../../../agent/drivers/vocabulary.ts';
import { projectResources } from '../../../host/resources.ts';
import { compareWithTable } from '../../registers/compare.ts';
import { registerBus } from '../../registers/register-bus.ts';
import { type RegisterCase, readRegisterTable } from '../../registers/register-table.ts';

/**
 * The tables are worth as much as the mistakes they find: every point of every profile is spoilt in
 * every way that a tired person could, and some case of its table must then disagree.
 */
const test = suite('mutated profiles');
const RESOURCES = projectResources();

/** These differ in their names alone. */
const ALIKE: readonly (readonly RegisterType[])[] = [
  ['u16', 'enum16', 'bits16', 'bit'],
  ['u32', 'bits32'],
];

interface Mutant {
  what: string;
  point: Point;
}

function mutantsOf(point: Point): Mutant[] {
  const mutants: Mutant[] = [];
  const add = (what: string, change: Partial<Point>) =>
    mutants.push({ what: `${point.name} ${what}`, point: { ...point, ...change } });
  const { address, factor, scaleAddress } = point;
  for (const shift of [-2, -1, 1, 2]) {
    if (address + shift >= 0) add(`at ${address + shift}`, { address: address + shift });
  }
  add('by the other function', { function: point.function === 3 ? 4 : 3 });
  if (isText(point.type)) return mutants;
  for (const type of REGISTER_TYPES) {
    const isAlike = ALIKE.some((types) => types.includes(type) && types.includes(point.type));
    // The rollover of an accumulator comes with its type.
    const rawMax = type === 'acc32' ? 2 ** 32 : point.type === 'acc32' ? null : point.rawMax;
    if (type !== point.type && !isAlike) add(`as ${type}`, { type, rawMax });
  }
  if (wordsOf(point.type) > 1) {
    for (const order of WORD_ORDERS) if (order !== point.order) add(`in ${order}`, { order });
  }
  for (const by of [10, 0.1, 1000, 0.001, 3.6, 3600, 1 / 3600]) {
    add(`times ${by}`, { factor: factor * by });
  }
  if (!point.isMagnitude) add('with the other sign', { factor: -factor });
  if (point.isMagnitude || hasSign(point)) {
    add('as a magnitude, or not', { isMagnitude: !point.isMagnitude });
  }
  if (scaleAddress !== null) {
    add('without its scale factor', { scaleAddress: null });
    for (const shift of [-2, -1, 1, 2]) {
      add(`scaled by ${scaleAddress + shift}`, { scaleAddress: scaleAddress + shift });
    }
  }
  if (point.rawMax !== null) {
    add('without its rollover', { rawMax: null });
    add('with another rollover', { rawMax: point.rawMax * 10 });
  }
  // Those of 64 bits are beyond what a number holds exactly, and null in any case.
  const isLong = point.type === 'u64' || point.type === 'i64';
  if (point.nan === 'auto' && !isLong) add('without its sentinels', { nan: 'none' });
  if (point.nan !== 'auto') add('with the usual sentinels', { nan: 'auto' });
  return mutants;
}

/** What may be negative on the wire. */
function hasSign({ name, type }: Point): boolean {
  const canBe = ['power', 'current', 'reactive'].includes(dimensionOf(name));
  return canBe && /^[if]/.test(type);
}

async function isFound(profile: Profile, cases: readonly RegisterCase[]): Promise<boolean> {
  for (const each of cases) {
    try {
      const wrong = await compareWithTable(registerBus(each), profile, each);
      if (wrong.length > 0) return true;
    } catch {
      // A device that refuses, or a value that is not in the answer, is found as well.
      return true;
    }
  }
  return false;
}

for (const name of SHIPPED_PROFILES) {
  test(`no mistake in ${name} goes unseen`, async () => {
    const profile = loadProfile(RESOURCES, name);
    const cases = readRegisterTable(`test/registers/${name}.csv`);
    assert.not.ok(await isFound(profile, cases), 'the profile itself is right');
    const unseen: string[] = [];
    let tried = 0;
    for (const original of profile.points) {
      for (const { what, point } of mutantsOf(original)) {
        const points = profile.points.map((each) => (each === original ? point : each));
        if (!(await isFound({ ...profile, points }, cases))) unseen.push(what);
        tried += 1;
      }
    }
    assert.equal(unseen, []);
    assert.ok(tried >= 25 * Math.min(profile.points.length, 3));
  });
}

test.run();
