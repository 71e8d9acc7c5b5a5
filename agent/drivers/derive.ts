/** Values that a device does not tell, from those that it does. */

import { type PointValue, type PointValues, UNKNOWN } from './point-values.ts';
import type { Derived, Profile } from './profile-types.ts';
import type { PointName } from './vocabulary.ts';

/** Fills in what is null and can be derived; what the device tells itself stays. */
export function derive(profile: Profile, values: PointValues): PointValues {
  const all = new Map(values);
  for (const rule of profile.derived) {
    if (typeof all.get(rule.name)?.value === 'number') continue;
    const value = derived(rule, values);
    if (value !== null) all.set(rule.name, value);
    else if (!all.has(rule.name)) all.set(rule.name, UNKNOWN);
  }
  return all;
}

/** What has to be read besides, so that these can be derived. */
export function partsOf(profile: Profile, names: readonly PointName[]): PointName[] {
  return profile.derived.filter(({ name }) => names.includes(name)).flatMap(({ of }) => of);
}

function derived({ rule, of }: Derived, values: PointValues): PointValue | null {
  const parts = of.map((name) => values.get(name) ?? UNKNOWN);
  if (rule === 'first') return parts.find(({ value }) => value !== null) ?? null;
  let sum = 0;
  let step = 0;
  for (const part of parts) {
    if (part.value === null) return null;
    sum += part.value;
    step += part.step;
  }
  return { value: sum, step, text: null, max: null };
}
