/** Invalid solutions, all refused for the rule they break; valid better ones, all accepted. */
import type { Arena } from '../arena.ts';
import { Chance } from '../chance.ts';
import { callOf, type Move, outcomeOf } from '../moves.ts';
import { type Score, VALID } from '../score.ts';
import { CALLDATA_MUTATORS } from './calldata-mutators.ts';
import { CANDIDATE_MUTATORS } from './candidate-mutators.ts';
import { type Case, type Mutator, submission, type Timed } from './cases.ts';
import type { Draft } from './drafts.ts';
import { CHUNK_MUTATORS, CLAIM_MUTATORS, ORDER_MUTATORS } from './form-mutators.ts';
import { attackWithGiants } from './giants.ts';
import { LIMIT_MUTATORS, SIZE_MUTATORS } from './limit-mutators.ts';
import { OFFER_MUTATORS } from './offer-mutators.ts';
import { attackInParts, PART_CLASSES } from './parts.ts';
import { endMarket, GRIDS, moveOn, nextBase, openSeason } from './season.ts';

export const MUTATORS: readonly Mutator[] = [
  ...LIMIT_MUTATORS,
  ...SIZE_MUTATORS,
  ...OFFER_MUTATORS,
  ...ORDER_MUTATORS,
  ...CHUNK_MUTATORS,
  ...CLAIM_MUTATORS,
  ...CANDIDATE_MUTATORS,
  ...CALLDATA_MUTATORS,
];

interface Size {
  invalid: number;
  valid: number;
  seed: number;
}

/** Markets on one chain before another is begun, and steps of one market. */
const LONG = { markets: 6, sequences: 3, steps: 12 };
/** At first, so that a small run sees every grid. */
const SHORT = { markets: 2, sequences: 2, steps: 6 };
/** Cases of one step, of the classes that had fewest. */
const CASES = 50;
const GROWN = `${VALID}better than the one before`;

export async function attackWithSolutions(size: Size, score: Score): Promise<void> {
  if (size.invalid + size.valid === 0) return;
  for (const { name } of MUTATORS) score.row(name);
  for (const name of PART_CLASSES) score.row(name);
  await attackWithGiants(score);
  const isDone = () =>
    score.surprises.length > 0 || (score.refused >= size.invalid && score.accepted >= size.valid);
  for (let season = 0; !isDone(); season++) {
    const chance = new Chance(size.seed + season * 1_000_003);
    const grid = GRIDS[season % GRIDS.length];
    if (grid === undefined) throw new RangeError('no grid');
    const { markets, sequences, steps } = season < GRIDS.length ? SHORT : LONG;
    const arena = await openSeason(grid, chance);
    try {
      for (let market = 0; market < markets && !isDone(); market++) {
        for (let i = 0; i < sequences && !isDone(); i++) {
          await arena.aside(() => sequence(arena, chance, score, { ...size, steps }));
        }
        await endMarket(arena, chance);
      }
    } finally {
      await arena.close();
    }
  }
}

/** Better and better solutions, and what is wrong beside each. */
async function sequence(
  arena: Arena,
  chance: Chance,
  score: Score,
  size: Size & { steps: number },
): Promise<void> {
  await moveOn(arena, chance);
  let fill = chance.pick([5, 20, 50]);
  for (let step = 0; step < size.steps && score.surprises.length === 0; step++) {
    const base = nextBase(arena, chance, fill);
    fill = Math.min(100, Math.ceil(fill * 1.3));
    if (base === null || base.length === 0) continue;
    const cases = score.refused < size.invalid ? casesOf(arena, chance, base, score) : [];
    await tryBad(arena, cases, score);
    if (chance.isOnce(3)) await attackInParts(arena, chance, base, score);
    if (score.accepted < size.valid) await tryGood(arena, chance, base, cases, score);
  }
}

type Named = Case & { name: string; broken: ReadonlySet<string> };

/** Those that break just the rule they should, by the model too. */
function casesOf(arena: Arena, chance: Chance, base: readonly Draft[], score: Score): Named[] {
  const { state } = arena;
  const found: Named[] = [];
  const order = chance
    .shuffled(MUTATORS)
    .sort((a, b) => score.row(a.name).refused - score.row(b.name).refused);
  for (const mutator of order) {
    if (found.length >= CASES) break;
    for (let tries = 0; tries < 6; tries++) {
      const made = mutator.make({ state, base, chance });
      if (made === null) continue;
      const { broken } = outcomeOf(state, made.bad.move, made.bad.at);
      if (made.expected !== null) {
        const isJust = broken.size === 1 || made.isLoose === true;
        if (!isJust || !broken.has(made.expected)) continue;
      }
      found.push({ ...made, name: mutator.name, broken });
      break;
    }
  }
  return found;
}

async function tryBad(arena: Arena, cases: readonly Named[], score: Score): Promise<void> {
  const times = new Set(cases.map(({ bad }) => bad.at));
  for (const at of times) {
    const some = cases.filter(({ bad }) => bad.at === at);
    const calls = some.map(({ bad, call }) => call ?? callOf(bad.move));
    const answers = await arena.node.tryAll(calls, at);
    for (const [i, one] of some.entries()) {
      const answer = answers[i] ?? null;
      if (isRight(one, answer)) score.row(one.name).refused++;
      else score.surprises.push(`${one.name}: ${answer ?? 'accepted'}, not ${one.expected}`);
    }
  }
}

function isRight({ expected, broken }: Named, answer: string | null): boolean {
  if (expected !== null) return answer !== null && broken.has(answer);
  return answer !== null && !/^Panic|^\(|VerifiersDisagree/.test(answer);
}

/** Real transactions: twins of another time beside, one twin now, and then what has grown. */
async function tryGood(
  arena: Arena,
  chance: Chance,
  base: readonly Draft[],
  cases: readonly Named[],
  score: Score,
): Promise<void> {
  const { state } = arena;
  const sound = (timed: Timed) => outcomeOf(state, timed.move, timed.at).broken.size === 0;
  const order = [...cases].sort((a, b) => score.row(a.name).accepted - score.row(b.name).accepted);
  const now: { name: string; twin: Timed }[] = [];
  for (const { name, twin } of order.slice(0, 8)) {
    if (twin === null || !sound(twin)) continue;
    if (twin.at === state.now + 1) now.push({ name, twin });
    else await arena.aside(() => accept(arena, [{ name, twin }], score));
  }
  for (const one of now.slice(1, 3)) await arena.aside(() => accept(arena, [one], score));
  const last = now[0] ?? { name: GROWN, twin: submission(state, base) };
  await accept(arena, [last], score);
  const next = nextBase(arena, chance, 100);
  if (next === null) return;
  await accept(arena, [{ name: GROWN, twin: submission(arena.state, next) }], score);
}

async function accept(
  arena: Arena,
  list: readonly { name: string; twin: Timed }[],
  score: Score,
): Promise<void> {
  for (const { name, twin } of list) {
    const moves: Move[] = [twin.move];
    try {
      await arena.play(moves, twin.at);
      score.row(name).accepted++;
    } catch (error) {
      score.surprises.push(`twin of ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
