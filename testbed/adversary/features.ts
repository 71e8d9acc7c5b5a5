/**
 * How alike two addresses look: what an adversary compares to guess that one home made both. Each
 * feature gives two numbers, how far apart (in deviations, at most 3) and whether exactly the same.
 */
import type { Sighting } from './sightings.ts';

/** Values that a home might repeat; NaN where there is nothing to see. */
const VALUES: readonly ((seen: Sighting) => number)[] = [
  ({ postedS }) => postedS,
  ({ grantedS }) => grantedS,
  ({ postedS, grantedS }) => postedS - grantedS,
  ({ closedS }) => closedS,
  ({ depositedS }) => depositedS,
  ({ depositedS, closedS }) => depositedS - closedS,
  ({ priceMicroPerKwh }) => priceMicroPerKwh,
  ({ energyWs }) => Math.log(energyWs),
  ({ maxPowerW }) => Math.log(maxPowerW),
  ({ firstInterval, lastInterval }) => lastInterval - firstInterval,
  ({ grantPlace }) => grantPlace,
  ({ postPlace }) => postPlace,
  ({ sends }) => sends,
  ({ postBytes }) => postBytes,
];
/** What two addresses share outright. */
const SHARED: readonly ((seen: Sighting) => ReadonlySet<number>)[] = [
  ({ carriers }) => carriers,
  ({ askers }) => askers,
];
const FARTHEST = 3;
const SAME = 1e-9;

export const FEATURES = 2 * VALUES.length + SHARED.length;

export class Features {
  readonly #scales: number[];

  /** @param seen whose spread counts as one deviation */
  constructor(seen: readonly Sighting[]) {
    this.#scales = VALUES.map((readValue) => deviation(seen.map(readValue)));
  }

  /** Distances, sameness, things shared; missing values say nothing. */
  of(one: Sighting, other: Sighting): Float64Array {
    const features = new Float64Array(FEATURES);
    VALUES.forEach((readValue, at) => {
      const apart = Math.abs(readValue(one) - readValue(other));
      const isBoth = Number.isFinite(apart);
      features[2 * at] = isBoth ? Math.min(FARTHEST, apart / (this.#scales[at] ?? 1)) : 1;
      features[2 * at + 1] = isBoth && apart < SAME ? 1 : 0;
    });
    SHARED.forEach((setOf, at) => {
      const others = setOf(other);
      const isShared = [...setOf(one)].some((each) => others.has(each));
      features[2 * VALUES.length + at] = isShared ? 1 : 0;
    });
    return features;
  }
}

/** The plain adversary's: distances alone, and whatever is shared decides. */
export function plainCost(features: Float64Array): number {
  let cost = 0;
  for (let at = 0; at < 2 * VALUES.length; at += 2) cost += (features[at] ?? 0) ** 2;
  for (let at = 2 * VALUES.length; at < FEATURES; at += 1) cost -= 1000 * (features[at] ?? 0);
  return cost;
}

function deviation(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  const mean = finite.reduce((sum, each) => sum + each, 0) / Math.max(1, finite.length);
  const square = finite.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return Math.sqrt(square / Math.max(1, finite.length)) || 1;
}
