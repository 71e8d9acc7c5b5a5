/**
 * Ways to guess which addresses of the next interval belong to the home of an address. Each takes a
 * crowd and what a pair costs (less: more alike), and says its first choice for every address.
 */
import { assign } from './assignment.ts';
import type { Crowd } from './crowds.ts';
import type { Sighting } from './sightings.ts';

export type Cost = (one: Sighting, other: Sighting) => number;
export type Choices = Map<Sighting, Sighting>;
export type Attack = (crowd: Crowd, cost: Cost) => Choices;

/** A home's addresses of so many earlier intervals are compared. */
const MEMORY = 6;
/** A home that was not seen for so many intervals is given up. */
const ABSENCE = 8;

/** Each address by itself. */
export const nearest: Attack = (crowd, cost) => {
  const choices: Choices = new Map();
  for (const [from, to] of transitions(crowd)) {
    for (const one of from) {
      const best = leastOf(to, (other) => cost(one, other));
      if (best !== null) choices.set(one, best);
    }
  }
  return choices;
};

/** All addresses of an interval together: no two have the same successor. */
export const assignment: Attack = (crowd, cost) => {
  const choices = nearest(crowd, cost);
  for (const [from, to] of transitions(crowd)) {
    if (to.length === 0) continue;
    const columns = assign(from.map((one) => to.map((other) => cost(one, other))));
    columns.forEach((column, row) => {
      const [one, other] = [from[row], to[column]];
      if (one !== undefined && other !== undefined) choices.set(one, other);
    });
  }
  return choices;
};

/**
 * Over all intervals: addresses are strung into tracks, one for each supposed home, and an address
 * goes where it fits the whole track best. Tracks come and go with their homes: who is absent at
 * the same times as before is recognized by that.
 */
export const intersection: Attack = (crowd, cost) => {
  const choices = nearest(crowd, cost);
  const intervals = [...crowd.byInterval.keys()].sort((a, b) => a - b);
  let tracks: { seen: Sighting[]; last: number }[] = [];
  for (const interval of intervals) {
    const crowdNow = crowd.byInterval.get(interval) ?? [];
    tracks = tracks.filter(({ last }) => interval - last <= ABSENCE);
    const costs = tracks.map(({ seen, last }) =>
      crowdNow.map((other) => trackCost(seen, other, cost) + (interval - last - 1)),
    );
    const columns = costs.length === 0 ? [] : assign(costs);
    const isTaken = new Set<number>();
    columns.forEach((column, row) => {
      const [track, other] = [tracks[row], crowdNow[column]];
      if (track === undefined || other === undefined) return;
      isTaken.add(column);
      const before = track.seen.at(-1);
      if (before !== undefined && track.last === interval - 1) choices.set(before, other);
      track.seen.push(other);
      track.last = interval;
    });
    crowdNow.forEach((other, column) => {
      if (!isTaken.has(column)) tracks.push({ seen: [other], last: interval });
    });
  }
  return choices;
};

function trackCost(seen: readonly Sighting[], other: Sighting, cost: Cost): number {
  const recent = seen.slice(-MEMORY);
  return recent.reduce((sum, one) => sum + cost(one, other), 0) / recent.length;
}

function* transitions(crowd: Crowd): Generator<[readonly Sighting[], readonly Sighting[]]> {
  for (const [interval, from] of crowd.byInterval) {
    yield [from, crowd.byInterval.get(interval + 1) ?? []];
  }
}

function leastOf<T>(list: readonly T[], costOf: (each: T) => number): T | null {
  let best: T | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const each of list) {
    const cost = costOf(each);
    if (cost < least) {
      least = cost;
      best = each;
    }
  }
  return best;
}
