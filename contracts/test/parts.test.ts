import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { CALENDAR } from './deployment.ts';
import {
  buy,
  chunk,
  closeOf,
  refusal,
  sell,
  stakeSolver,
  startOf,
  submit,
  T,
  type TestChunk,
  withOffers,
} from './trading.ts';
import { C, keyOf, type World } from './world.ts';

const test = suite('contracts/Matching: a solution in parts');

const LONG = [sell({ last: T + 5 }), buy({ last: T + 5 })];

const open = (world: World, at?: number) =>
  world.send(world.solver, 'matching', 'openSolution', [], at);
const add = (world: World, id: number, chunks: readonly TestChunk[], at?: number) =>
  world.send(world.solver, 'matching', 'addChunks', [id, chunks], at);
const commit = (world: World, id: number, at?: number) =>
  world.send(world.solver, 'matching', 'commitSolution', [id], at);
const refusedAdd = (world: World, id: number, chunks: readonly TestChunk[], at?: number) =>
  world.refused(world.solver, 'matching', 'addChunks', [id, chunks], at);
const refusedCommit = (world: World, id: number, at?: number) =>
  world.refused(world.solver, 'matching', 'commitSolution', [id], at);

async function energyAt(world: World, interval: number): Promise<number> {
  const [, , value] = await world.read('matching', 'candidateOf', [interval]);
  return Number(value.homeEnergyWs) / 900;
}

test(
  'parts become the candidate together, at the commit, and not before',
  withOffers(LONG, async (world, o) => {
    const part = (t: number) => chunk(t, [[o(0), o(1), 500]]);
    await open(world);
    const mine = () => world.read('matching', 'openSolutionOf', [world.solver.address]);
    assert.is(Number(await mine()), 1);
    await add(world, 1, [part(T), part(T + 1)]);
    await add(world, 1, [part(T + 2)]);
    assert.is(await energyAt(world, T), 0);
    const { events } = await commit(world, 1);
    assert.is(events[0]?.args.homeEnergyWs, 1_350_000n);
    for (const t of [T, T + 1, T + 2]) assert.is(await energyAt(world, t), 500);
    assert.is(Number(await mine()), 0);
    assert.is(await refusedAdd(world, 1, [part(T + 3)]), 'SolutionClosed(1)');
    assert.is(await refusedCommit(world, 1), 'SolutionClosed(1)');
  }),
);

test(
  'energy is counted over all parts, and an interval comes once',
  withOffers(LONG, async (world, o) => {
    await open(world);
    await add(world, 1, [chunk(T, [[o(0), o(1), 2_000]])]);
    const over = await refusedAdd(world, 1, [chunk(T + 1, [[o(0), o(1), 1_001]])]);
    assert.match(over, `OfferOverEnergy(${T + 1}, 1, ${3_001 * 900})`);
    const again = await refusedAdd(world, 1, [chunk(T, [[o(0), o(1), 100]])]);
    assert.is(again, `DuplicateChunk(${T})`);
    await add(world, 1, [chunk(T + 1, [[o(0), o(1), 1_000]])]);
    await commit(world, 1);
  }),
);

test(
  'parts that together are no better leave the candidate as it is',
  withOffers(LONG, async (world, o) => {
    await submit(world, [chunk(T, [[o(0), o(1), 1_000]])]);
    await open(world);
    await add(world, 2, [chunk(T + 1, [[o(0), o(1), 500]])]);
    await add(world, 2, [chunk(T + 2, [[o(0), o(1), 500]])]);
    assert.match(await refusedCommit(world, 2), 'NotBetter');
    assert.is(await energyAt(world, T), 1_000);
    await add(world, 2, [chunk(T + 3, [[o(0), o(1), 1]])]);
    await commit(world, 2);
    assert.equal([await energyAt(world, T), await energyAt(world, T + 3)], [0, 1]);
  }),
);

test(
  'a solution belongs to its opener: nobody else adds to it or commits it',
  withOffers(LONG, async (world, o) => {
    const rival = keyOf('rival');
    await stakeSolver(world, rival);
    const part = [chunk(T, [[o(0), o(1), 500]])];
    await open(world);
    const foreign = (method: string, args: unknown[]) =>
      world.refused(rival, 'matching', method, args);
    assert.is(await foreign('addChunks', [1, part]), `NotNewest(1, ${rival.address})`);
    await add(world, 1, part);
    assert.is(await foreign('commitSolution', [1]), `NotNewest(1, ${rival.address})`);
    assert.match(await foreign('commitSolution', [7]), 'NotNewest(7');
    await commit(world, 1);
  }),
);

test(
  'a solver has one open solution: energy of another one is not mixed up with it',
  withOffers(LONG, async (world, o) => {
    await open(world);
    await add(world, 1, [chunk(T, [[o(0), o(1), 3_000]])]);
    await open(world);
    const older = `NotNewest(1, ${world.solver.address})`;
    assert.is(await refusedAdd(world, 1, [chunk(T + 1, [[o(0), o(1), 1]])]), older);
    assert.is(await refusedCommit(world, 1), older);
    await add(world, 2, [chunk(T + 1, [[o(0), o(1), 3_000]])]);
    await submit(world, [chunk(T + 2, [[o(0), o(1), 10]])]);
    assert.is(await refusedCommit(world, 2), `NotNewest(2, ${world.solver.address})`);
    assert.is(await refusedCommit(world, 3), 'SolutionClosed(3)');
  }),
);

test(
  'the parts of two solvers do not disturb each other',
  withOffers(LONG, async (world, o) => {
    const rival = keyOf('rival');
    await stakeSolver(world, rival);
    const byRival = (method: string, args: unknown[] = []) =>
      world.send(rival, 'matching', method, args);
    await open(world);
    await byRival('openSolution');
    await add(world, 1, [chunk(T, [[o(0), o(1), 2_000]])]);
    await byRival('addChunks', [2, [chunk(T, [[o(0), o(1), 3_000]])]]);
    assert.match(await refusedAdd(world, 1, [chunk(T + 1, [[o(0), o(1), 1_001]])]), 'OverEnergy');
    await add(world, 1, [chunk(T + 1, [[o(0), o(1), 900]])]);
    await commit(world, 1);
    await byRival('commitSolution', [2]);
    assert.is(await energyAt(world, T), 3_000);
  }),
);

test(
  'a solution opened before trades became final is outdated: their energy is gone',
  withOffers(LONG, async (world, o) => {
    const due = chunk(T, [[o(0), o(1), 2_000]]);
    await submit(world, [due]);
    await open(world);
    await add(world, 2, [chunk(T + 1, [[o(0), o(1), 2_500]])]);
    // Due, and not yet final: it cannot become the candidate either.
    assert.is(await refusedCommit(world, 2, closeOf(T)), `DueInterval(${T})`);
    assert.is(await world.refused(world.solver, 'matching', 'openSolution'), `DueInterval(${T})`);
    await world.send(world.fresh(), 'matching', 'finalize', [T, due.trades]);
    assert.is(await refusedCommit(world, 2), 'SolutionOutdated(2)');
    assert.is(await refusedAdd(world, 2, [chunk(T + 2, [[o(0), o(1), 1]])]), 'SolutionOutdated(2)');
    await open(world);
    assert.match(await refusedAdd(world, 3, [chunk(T + 1, [[o(0), o(1), 1_001]])]), 'OverEnergy');
    await add(world, 3, [chunk(T + 1, [[o(0), o(1), 1_000]])]);
    await commit(world, 3);
    await assertConserved(world);
  }),
);

test(
  'an interval without trades that became final outdates nothing',
  withOffers(LONG, async (world, o) => {
    await open(world);
    await add(world, 1, [chunk(T, [[o(0), o(1), 100]])]);
    await world.send(world.fresh(), 'matching', 'finalize', [C + 1, '0x'], closeOf(C + 1));
    await commit(world, 1);
    assert.is(await energyAt(world, T), 100);
  }),
);

test(
  'parts of intervals that closed since are left out',
  withOffers(LONG, async (world, o) => {
    await open(world);
    await add(world, 1, [chunk(T, [[o(0), o(1), 100]]), chunk(T + 1, [[o(0), o(1), 200]])]);
    const { events } = await commit(world, 1, closeOf(T));
    const said = events[0]?.args.toObject();
    assert.is(said?.firstInterval, BigInt(T + 1));
    assert.is(said?.homeEnergyWs, 180_000n);
    assert.is(await energyAt(world, T), 0);
    const args = [T, chunk(T, [[o(0), o(1), 100]]).trades];
    const final = await world.refused(world.fresh(), 'matching', 'finalize', args);
    assert.is(final, `NotCandidate(${T})`);
    await world.send(world.fresh(), 'matching', 'finalize', [T, '0x']);
    await assertConserved(world);
  }),
);

test(
  'quiet time holds for a solution in parts, at the time of its commit',
  withOffers(LONG, async (world, o) => {
    await submit(world, [chunk(T, [[o(0), o(1), 500]])]);
    await open(world);
    await add(world, 2, [chunk(T + 1, [[o(0), o(1), 900]])]);
    const quiet = closeOf(T) - CALENDAR.quietSeconds;
    assert.match(await refusedCommit(world, 2, quiet), `LowersEnergy(${T}`);
    await add(world, 2, [chunk(T, [[o(0), o(1), 500]])]);
    await commit(world, 2);
    assert.is(await energyAt(world, T + 1), 900);
  }),
);

test(
  'a long plan in parts is carried out over its intervals',
  withOffers(LONG, async (world, o) => {
    const plan = [T, T + 1, T + 2, T + 3].map((t) => chunk(t, [[o(0), o(1), 700]]));
    await open(world);
    for (const part of plan) await add(world, 1, [part]);
    await commit(world, 1);
    for (const { interval, trades } of plan) {
      const args = [interval, trades];
      await world.send(world.fresh(), 'matching', 'finalize', args, closeOf(interval));
    }
    const rest = [chunk(T + 4, [[o(0), o(1), 201]])];
    assert.match(await refusal(world, rest, startOf(T + 3)), 'OfferOverEnergy');
    await assertConserved(world);
  }),
);

test.run();
