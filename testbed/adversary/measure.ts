/**
 * How well the strongest adversary links the addresses of a home, against pure chance. Every home
 * counts the same in every interval, however many addresses it has there.
 */
import { type Attack, assignment, type Cost, intersection, nearest } from './attacks.ts';
import {
  type Crowd,
  type CrowdKind,
  crowdsOf,
  type Question,
  type Questions,
  questionsOf,
} from './crowds.ts';
import { Features, plainCost } from './features.ts';
import { learn, type Pair, score, type Weights } from './learned.ts';
import type { Sighting } from './sightings.ts';

/** One neighbourhood as seen, with the truth to score by. */
export interface SeenRun {
  sightings: readonly Sighting[];
  /** Name of the home behind each address. */
  homeOf: ReadonlyMap<string, string>;
}

export interface Measured {
  /** Right first choices of the strongest attack, and the 95 % interval (Wilson, by home). */
  percent: number;
  interval: [low: number, high: number];
  chancePercent: number;
  strongest: string;
  /** Of each attack. */
  attacks: Record<string, number>;
  /** Homes by interval that were asked about; those that were alone; those that were gone. */
  questions: number;
  alonePercent: number;
  gonePercent: number;
  /** Percent and chance of each run alone, by the strongest attack. */
  runs: { percent: number; chancePercent: number }[];
  /** How many addresses there were to choose from. */
  setSizes: { least: number; lower: number; median: number; upper: number; most: number };
}

const PAIRS_AT_MOST = 8_000;

interface Part {
  crowds: Crowd[];
  questions: Questions;
  features: Features;
  homeOf: SeenRun['homeOf'];
}

export function measure(runs: readonly SeenRun[], kind: CrowdKind): Measured {
  const parts = runs.map(({ sightings, homeOf }) => {
    const crowds = crowdsOf(sightings, kind);
    const questions = questionsOf(crowds, homeOf);
    return { crowds, questions, features: new Features(sightings), homeOf };
  });
  const names = Object.keys(ATTACKS);
  const hits = new Map(names.map((name) => [name, [] as Hits[]]));
  for (const part of parts) {
    const others = parts.filter((each) => each !== part);
    const learned = memoized(costBy(part, trainedOn(others.length > 0 ? others : [part])));
    const plain = memoized((one, other) => plainCost(part.features.of(one, other)));
    for (const [name, { attack, isLearned }] of Object.entries(ATTACKS)) {
      hits.get(name)?.push(hitsOf(part, attack, isLearned ? learned : plain));
    }
  }
  const shares = names.map((name) => ({ name, all: joined(hits.get(name) ?? []) }));
  const strongest = shares.reduce((a, b) =>
    b.all.right / b.all.of > a.all.right / a.all.of ? b : a,
  );
  return reportOf(parts, strongest.name, shares, hits.get(strongest.name) ?? []);
}

const ATTACKS: Readonly<Record<string, { attack: Attack; isLearned: boolean }>> = {
  nearest: { attack: nearest, isLearned: false },
  'nearest, learned': { attack: nearest, isLearned: true },
  'assignment, learned': { attack: assignment, isLearned: true },
  'intersection, learned': { attack: intersection, isLearned: true },
};

interface Hits {
  right: number;
  chance: number;
  of: number;
}

function hitsOf({ crowds, questions }: Part, attack: Attack, cost: Cost): Hits {
  const choices = new Map(crowds.flatMap((crowd) => [...attack(crowd, cost)]));
  const hits = { right: 0, chance: 0, of: 0 };
  for (const group of byHome(questions.asked)) {
    const isRight = group.filter(({ from, right }) => {
      const choice = choices.get(from);
      return choice !== undefined && right.has(choice);
    });
    hits.right += isRight.length / group.length;
    hits.chance += mean(group.map(({ right, candidates }) => right.size / candidates.length));
    hits.of += 1;
  }
  return hits;
}

/** The addresses that a home has in an interval and a crowd. */
function byHome(questions: readonly Question[]): Question[][] {
  const groups = new Map<string, Question[]>();
  for (const question of questions) {
    const { home, from } = question;
    const name = `${home} ${from.firstInterval}`;
    groups.set(name, [...(groups.get(name) ?? []), question]);
  }
  return [...groups.values()];
}

function trainedOn(parts: readonly Part[]): Weights {
  const pairs: Pair[] = [];
  for (const { questions, features } of parts) {
    for (const { from, candidates, right } of questions.asked) {
      for (const other of candidates) {
        pairs.push({ features: features.of(from, other), isSame: right.has(other) });
      }
    }
  }
  const every = Math.ceil(pairs.length / PAIRS_AT_MOST);
  return learn(pairs.filter((_, at) => at % every === 0));
}

function costBy({ features }: Part, weights: Weights): Cost {
  return (one, other) => -score(weights, features.of(one, other));
}

function memoized(cost: Cost): Cost {
  const known = new Map<Sighting, Map<Sighting, number>>();
  return (one, other) => {
    let row = known.get(one);
    if (row === undefined) {
      row = new Map();
      known.set(one, row);
    }
    const kept = row.get(other) ?? cost(one, other);
    row.set(other, kept);
    return kept;
  };
}

function reportOf(
  parts: readonly Part[],
  strongest: string,
  shares: readonly { name: string; all: Hits }[],
  runs: readonly Hits[],
): Measured {
  const all = joined(runs);
  const asked = parts.flatMap(({ questions }) => questions.asked);
  const alone = parts.reduce((sum, { questions }) => sum + byHome(questions.alone).length, 0);
  const gone = parts.reduce((sum, { questions }) => sum + questions.gone, 0);
  const addresses = parts.reduce((sum, { questions }) => sum + questions.alone.length, 0);
  return {
    percent: percent(all.right, all.of),
    interval: wilson(all.right, all.of),
    chancePercent: percent(all.chance, all.of),
    strongest,
    attacks: Object.fromEntries(
      shares.map((each) => [each.name, percent(each.all.right, each.all.of)]),
    ),
    questions: all.of,
    alonePercent: percent(alone, alone + all.of),
    gonePercent: percent(gone, gone + addresses + asked.length),
    runs: runs.map(({ right, chance, of }) => ({
      percent: percent(right, of),
      chancePercent: percent(chance, of),
    })),
    setSizes: sizesOf(asked.map(({ candidates }) => candidates.length)),
  };
}

function joined(hits: readonly Hits[]): Hits {
  const sum = (of: (each: Hits) => number) => hits.reduce((total, each) => total + of(each), 0);
  return { right: sum((h) => h.right), chance: sum((h) => h.chance), of: sum((h) => h.of) };
}

function sizesOf(sizes: number[]): Measured['setSizes'] {
  const sorted = sizes.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { least: at(0), lower: at(0.25), median: at(0.5), upper: at(0.75), most: at(1) };
}

/** The 95 % interval of a share, in per cent (Wilson's score interval). */
export function wilson(right: number, of: number): [low: number, high: number] {
  if (of === 0) return [0, 100];
  const z = 1.96;
  const share = right / of;
  const middle = share + (z * z) / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return [round((100 * (middle - spread)) / scale), round((100 * (middle + spread)) / scale)];
}

function percent(part: number, of: number): number {
  return of === 0 ? 0 : round((100 * part) / of);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / Math.max(1, values.length);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
