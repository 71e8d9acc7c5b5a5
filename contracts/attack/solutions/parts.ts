/** Parts of a solution that contradict each other, or that come from the wrong one, or too late. */
import type { Arena } from '../arena.ts';
import type { Chance } from '../chance.ts';
import { closeOf, firstOpenAt } from '../model/calendar.ts';
import { candidateChunk } from '../model/finalization.ts';
import { adding, callOf, committing, finalizing, type Move, opening, outcomeOf } from '../moves.ts';
import { type Score, VALID } from '../score.ts';
import type { Mutator } from './cases.ts';
import { chunksOf, type Draft } from './drafts.ts';
import { CHUNK_MUTATORS, ORDER_MUTATORS } from './form-mutators.ts';
import { LIMIT_MUTATORS } from './limit-mutators.ts';
import { SOLVERS, STRANGER } from './markets.ts';

const [RIVAL, SOLVER] = SOLVERS;
const WHOLE = `${VALID}in parts`;
const LATE = 'parts: one after others became final';

/** What goes wrong in the last part alone, or with the parts before it. */
const MUTATORS: readonly Mutator[] = [
  ...LIMIT_MUTATORS.filter(({ name }) => /energy.*several/.test(name)),
  ...ORDER_MUTATORS.slice(0, 1),
  ...CHUNK_MUTATORS.filter(({ name }) => name === 'an interval twice'),
];

type Wrong = [name: string, expected: string, move: Move];

function wrongAdditions(arena: Arena, id: number, before: readonly Draft[]): Wrong[] {
  const said = chunksOf(arena.state, before);
  const [first] = said;
  if (first === undefined) return [];
  const claimed = { ...first.claimed, welfare: first.claimed.welfare + 1n };
  const again = { ...first, claimed };
  return [
    ['parts: an interval of an earlier one', 'DuplicateChunk', adding(SOLVER, id, [first])],
    ['parts: such an interval, with a false claim', '', adding(SOLVER, id, [again])],
    ["parts: another one's solution", 'NotNewest', adding(RIVAL, id, said)],
    ["parts: commitment of another one's", 'NotNewest', committing(RIVAL, id)],
    ['parts: of the solution before', 'NotNewest', adding(SOLVER, id - 1, said)],
    ['parts: of the solution to come', 'NotNewest', committing(SOLVER, id + 1)],
    ['parts: of solution 0', 'NotNewest', committing(SOLVER, 0)],
  ];
}

function afterwards(id: number): Wrong[] {
  return [
    ['parts: one behind the commitment', 'SolutionClosed', adding(SOLVER, id, [])],
    ['parts: a second commitment', 'SolutionClosed', committing(SOLVER, id)],
  ];
}

export const PART_CLASSES: readonly string[] = [
  ...MUTATORS.map(({ name }) => `parts: ${name}`),
  'parts: an interval of an earlier one',
  'parts: such an interval, with a false claim',
  "parts: another one's solution",
  "parts: commitment of another one's",
  'parts: of the solution before',
  'parts: of the solution to come',
  'parts: of solution 0',
  'parts: one behind the commitment',
  'parts: a second commitment',
  LATE,
];

export async function attackInParts(
  arena: Arena,
  chance: Chance,
  base: readonly Draft[],
  score: Score,
): Promise<void> {
  if (base.length < 3) return;
  const least = (a: Mutator, b: Mutator) =>
    score.row(`parts: ${a.name}`).refused - score.row(`parts: ${b.name}`).refused;
  for (const mutator of chance.shuffled(MUTATORS).sort(least).slice(0, 2)) {
    const drafts = mutator.make({ state: arena.state, base, chance })?.drafts;
    if (drafts === undefined) continue;
    const text = JSON.stringify;
    const isKept = (draft: Draft) =>
      [drafts.bad, drafts.good].every((list) => list.some((one) => text(one) === text(draft)));
    const before = base.filter((draft) => isKept(draft)).slice(0, chance.between(1, 3));
    const rest = (list: readonly Draft[]) =>
      list.filter((draft) => !before.some((one) => text(one) === text(draft)));
    const parts = { before, bad: rest(drafts.bad), good: rest(drafts.good) };
    await arena.aside(() => oneSolution(arena, `parts: ${mutator.name}`, parts, score));
  }
  await arena.aside(() => outdated(arena, base, score));
}

async function oneSolution(
  arena: Arena,
  name: string,
  parts: Record<'before' | 'bad' | 'good', readonly Draft[]>,
  score: Score,
): Promise<void> {
  const chunks = (list: readonly Draft[]) => chunksOf(arena.state, list);
  await arena.play([opening(SOLVER)]);
  const id = arena.state.solutions;
  await arena.play([adding(SOLVER, id, chunks(parts.before))]);
  await tryWrong(arena, wrongAdditions(arena, id, parts.before), score);
  await tryWrong(arena, [[name, '', adding(SOLVER, id, chunks(parts.bad))]], score);
  const add = adding(SOLVER, id, chunks(parts.good));
  const { broken, next } = outcomeOf(arena.state, add, arena.state.now + 1);
  const isSound = broken.size === 0;
  if (!isSound || outcomeOf(next, committing(SOLVER, id), next.now + 1).broken.size > 0) return;
  await arena.play([add]);
  await arena.play([committing(SOLVER, id)]);
  score.row(WHOLE).accepted++;
  score.row(name).accepted++;
  await tryWrong(arena, afterwards(id), score);
}

/** Final trades took energy that earlier parts may have counted on. */
async function outdated(arena: Arena, base: readonly Draft[], score: Score): Promise<void> {
  const { calendar, now } = arena.state;
  const interval = firstOpenAt(calendar, now + 1);
  const held = candidateChunk(arena.state, interval);
  const close = closeOf(calendar, interval);
  if (held === undefined || close <= now + 3) return;
  await arena.play([opening(SOLVER)]);
  const id = arena.state.solutions;
  await arena.play([adding(SOLVER, id, chunksOf(arena.state, base.slice(0, 1)))]);
  await arena.play([finalizing(STRANGER, interval, held.trades)], Math.max(close, now + 3));
  const part = chunksOf(arena.state, base.slice(1, 2));
  const wrong: Wrong[] = [
    [LATE, 'SolutionOutdated', adding(SOLVER, id, part)],
    [LATE, 'SolutionOutdated', committing(SOLVER, id)],
  ];
  await tryWrong(arena, wrong, score);
}

async function tryWrong(arena: Arena, list: readonly Wrong[], score: Score): Promise<void> {
  const at = arena.state.now + 1;
  for (const [name, expected, move] of list) {
    const { broken } = outcomeOf(arena.state, move, at);
    if (expected === '' ? broken.size === 0 : !broken.has(expected)) continue;
    const [answer = null] = await arena.node.tryAll([callOf(move)], at);
    score.judge(name, broken, answer);
  }
}
