/** What is wrong with a profile though each of its keys is right. */
import { spanOf } from './blocks.ts';
import type { RawProfile } from './profile-schema.ts';
import type { Point, Profile } from './profile-types.ts';
import { isText } from './registers.ts';
import { dimensionOf, type PointName, UNITS } from './vocabulary.ts';

export interface ProfileFault {
  path: (string | number)[];
  message: string;
}

export function findProfileFaults(raw: RawProfile, profile: Profile): ProfileFault[] {
  return [
    ...profile.points.flatMap((point) => pointFaults(raw, profile, point)),
    ...derivedFaults(raw, profile),
    ...probeFaults(raw),
    ...kindFaults(raw, profile),
    ...foundationFaults(raw),
  ];
}

function pointFaults(raw: RawProfile, profile: Profile, point: Point): ProfileFault[] {
  const given = raw.points[point.name];
  if (given === undefined) return [];
  const faults: ProfileFault[] = [];
  const say = (key: string, message: string) =>
    faults.push({ path: ['points', point.name, key], message });
  const expected = dimensionOf(point.name);
  const units = Object.entries(UNITS).filter(([, unit]) => unit.dimension === expected);
  if (UNITS[given.unit].dimension !== expected) {
    say('unit', `must be one of ${units.map(([name]) => name).join(', ')}`);
  }
  if (isText(point.type) !== (expected === 'text')) {
    say('type', expected === 'text' ? 'must be text, like str(8)' : 'must be a number');
  }
  if (point.function <= 2 !== (point.type === 'bit')) {
    say('type', 'bit belongs to functions 1 and 2, and nothing else does');
  }
  const { count } = spanOf(point);
  if (count > profile.maxRegisters) {
    const what = point.scaleAddress === null ? 'the value' : 'the value and its scale factor';
    say('address', `${what} need ${count} registers in one request: more than max_registers`);
  }
  if (given.max !== undefined && expected !== 'energy') say('max', 'is for counters of energy');
  if (given.model !== undefined && raw.sunspec === undefined)
    say('model', 'needs a [sunspec] table');
  return faults;
}

function derivedFaults(raw: RawProfile, profile: Profile): ProfileFault[] {
  const known = new Set(profile.points.map(({ name }) => name));
  return Object.entries(raw.derived).flatMap(([name, rule]): ProfileFault[] => {
    if (rule === undefined) return [];
    const path = ['derived', name];
    if ((rule.sum === undefined) === (rule.first === undefined)) {
      return [{ path, message: 'must have either sum or first' }];
    }
    const of = rule.sum ?? rule.first ?? [];
    const missing = of.filter((each) => !known.has(each));
    const other = of.filter((each) => dimensionOf(each) !== dimensionOf(name as PointName));
    return [
      ...missing.map((each) => ({ path, message: `names ${each}, which is none of the points` })),
      ...other.map((each) => ({ path, message: `names ${each}, which is of another kind` })),
    ];
  });
}

function probeFaults(raw: RawProfile): ProfileFault[] {
  const faults = raw.probe.flatMap((probe, index): ProfileFault[] => {
    const tests = [probe.range, probe.one_of, probe.text].filter((test) => test !== undefined);
    if (tests.length === 1) return [];
    return [{ path: ['probe', index], message: 'must have one of range, one_of, text' }];
  });
  if (raw.probe.length === 0 && raw.sunspec === undefined) {
    faults.push({ path: ['profile'], message: 'needs a [[probe]], so that a scan can find it' });
  }
  return faults;
}

function kindFaults(raw: RawProfile, profile: Profile): ProfileFault[] {
  const has = (name: PointName) =>
    [...profile.points, ...profile.derived].some((each) => each.name === name);
  const faults: ProfileFault[] = [];
  if (!has('power')) faults.push({ path: ['points'], message: 'must have power, or derive it' });
  if (raw.kind === 'battery' && !has('state_of_charge')) {
    faults.push({ path: ['points'], message: 'of a battery must have state_of_charge' });
  }
  if (raw.setpoints !== undefined && raw.kind !== 'battery') {
    faults.push({ path: ['setpoints'], message: 'are for kind = "battery"' });
  }
  if (raw.setpoints?.method === 'percent-window' && raw.sunspec === undefined) {
    faults.push({ path: ['setpoints', 'model'], message: 'needs a [sunspec] table' });
  }
  return faults;
}

function foundationFaults({ foundation, sources }: RawProfile): ProfileFault[] {
  if (foundation !== 'two sources' || sources.length >= 2) return [];
  return [{ path: ['sources'], message: 'must name two sources, by the foundation' }];
}
