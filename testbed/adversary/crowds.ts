/**
 * Who could be who: the addresses of one feeder and side, interval by interval. No protocol hides
 * feeder and side, so that the crowd of an address is at most this.
 */
import type { Sighting } from './sightings.ts';

/** The addresses of one feeder and side (and size), by interval. */
export interface Crowd {
  readonly byInterval: ReadonlyMap<number, readonly Sighting[]>;
}

/** `any`: of whatever size. `equal`: only those whose offers look the same. */
export type CrowdKind = 'any' | 'equal';

export function crowdsOf(seen: readonly Sighting[], kind: CrowdKind): Crowd[] {
  const crowds = new Map<string, Map<number, Sighting[]>>();
  for (const each of seen) {
    const { feeder, side, maxPowerW, energyWs, priceMicroPerKwh, firstInterval } = each;
    const range = each.lastInterval - firstInterval;
    const size = kind === 'equal' ? [maxPowerW, energyWs, priceMicroPerKwh, range] : [];
    const name = [feeder, side, ...size].join(' ');
    const byInterval = crowds.get(name) ?? new Map<number, Sighting[]>();
    crowds.set(name, byInterval);
    byInterval.set(firstInterval, [...(byInterval.get(firstInterval) ?? []), each]);
  }
  return [...crowds.values()].map((byInterval) => ({ byInterval }));
}

/** Which of the next interval's addresses does the home of this one have? */
export interface Question {
  readonly home: string;
  readonly from: Sighting;
  readonly candidates: readonly Sighting[];
  readonly right: ReadonlySet<Sighting>;
}

export interface Questions {
  asked: Question[];
  /** Addresses whose home is the only one there in the next interval: nothing can hide those. */
  alone: Question[];
  /** How many addresses have no answer: their home offers nothing alike in the next interval. */
  gone: number;
}

export function questionsOf(
  crowds: readonly Crowd[],
  homeOf: ReadonlyMap<string, string>,
): Questions {
  const found: Questions = { asked: [], alone: [], gone: 0 };
  for (const { byInterval } of crowds) {
    for (const [interval, crowd] of byInterval) {
      const candidates = byInterval.get(interval + 1) ?? [];
      for (const from of crowd) {
        const home = homeOf.get(from.address);
        if (home === undefined) continue;
        const right = new Set(candidates.filter(({ address }) => homeOf.get(address) === home));
        if (right.size === 0) found.gone += 1;
        else {
          const list = right.size === candidates.length ? found.alone : found.asked;
          list.push({ home, from, candidates, right });
        }
      }
    }
  }
  return found;
}
