/** Where solutions are kept: two banks of 128 intervals a solver, used over and over. */
import { keccak256 } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { finalize, settle } from './settling.ts';
import {
  buy,
  chunk,
  closeOf,
  postOffers,
  refusal,
  sell,
  stakeSolver,
  startOf,
  submit,
  T,
  type TestChunk,
  type TestOffer,
  withOffers,
} from './trading.ts';
import { keyOf, type World } from './world.ts';

const test = suite('contracts/Solutions: banks');

const LONG = [sell({ last: T + 5 }), buy({ last: T + 5 })];
const NOTHING = `0x${'0'.repeat(64)}`;

/** The candidate is exactly these chunks, in every interval near them. */
async function assertCandidate(world: World, chunks: readonly TestChunk[]): Promise<void> {
  for (let t = T - 1; t <= T + 5; t++) {
    const part = chunks.find(({ interval }) => interval === t);
    const [hash, , value] = await world.read('matching', 'candidateOf', [t]);
    assert.is(hash, part ? keccak256(part.trades) : NOTHING, `chunk of T + ${t - T}`);
    assert.is(value.homeEnergyWs, part?.claimed.homeEnergyWs ?? 0n, `value at T + ${t - T}`);
  }
}

const part = (o: (place: number) => TestOffer, t: number, powerW: number) =>
  chunk(t, [[o(0), o(1), powerW]]);

test(
  'many solutions of one solver, one after the other, are each the whole candidate',
  withOffers(LONG, async (world, o) => {
    for (let i = 1; i <= 9; i++) {
      const spread = Array.from({ length: 1 + (i % 3) }, (_, k) => T + ((i + 2 * k) % 6));
      const plan = spread.map((t) => part(o, t, Math.ceil((i * 100) / spread.length)));
      await submit(world, plan);
      await assertCandidate(world, plan);
      assert.match(await refusal(world, plan), 'NotBetter');
      await assertCandidate(world, plan);
    }
  }),
);

test(
  "a solver's own candidate stands untouched until a better solution is accepted",
  withOffers(LONG, async (world, o) => {
    const first = [part(o, T, 300), part(o, T + 1, 200)];
    await submit(world, first);
    const call = (method: string, args: unknown[] = [], at?: number) =>
      world.send(world.solver, 'matching', method, args, at);
    for (const id of [2, 3]) {
      await call('openSolution');
      await call('addChunks', [id, [part(o, T, 100 + id), part(o, T + 2, 50)]]);
      await assertCandidate(world, first);
    }
    assert.match(await world.refused(world.solver, 'matching', 'commitSolution', [3]), 'NotBetter');
    await assertCandidate(world, first);
    await call('addChunks', [3, [part(o, T + 3, 900)]]);
    await assertCandidate(world, first);
    // The candidate is what becomes final, not what is being written beside it.
    await finalize(world, T, part(o, T, 300).trades);
    await call('openSolution');
    await call('addChunks', [4, [part(o, T + 1, 201)]]);
    await call('commitSolution', [4]);
    await assertCandidate(world, [part(o, T + 1, 201)]);
    await assertConserved(world);
  }),
);

test(
  'another solver in between disturbs nothing, whichever bank is free then',
  withOffers(LONG, async (world, o) => {
    const rival = keyOf('rival');
    await stakeSolver(world, rival);
    const by = (who: typeof rival, method: string, ...args: unknown[]) =>
      world.send(who, 'matching', method, args);
    const { solver } = world;
    await submit(world, [part(o, T, 100)]);
    await by(solver, 'openSolution'); // 2, beside its own candidate
    await by(solver, 'addChunks', 2, [part(o, T + 1, 300)]);
    await by(rival, 'submitSolution', [part(o, T + 2, 200)]);
    await assertCandidate(world, [part(o, T + 2, 200)]);
    await by(solver, 'commitSolution', 2);
    await assertCandidate(world, [part(o, T + 1, 300)]);
    await by(rival, 'openSolution'); // 4
    await by(rival, 'addChunks', 4, [part(o, T + 2, 400)]);
    await by(solver, 'submitSolution', [part(o, T + 3, 350)]);
    await by(solver, 'submitSolution', [part(o, T + 4, 360)]);
    await assertCandidate(world, [part(o, T + 4, 360)]);
    await by(rival, 'commitSolution', 4);
    await by(solver, 'submitSolution', [part(o, T, 500)]);
    await assertCandidate(world, [part(o, T, 500)]);
    await finalize(world, T, part(o, T, 500).trades);
    await assertConserved(world);
  }),
);

/** Offers like those of the beginning, so many intervals later. */
async function laterOffers(world: World, ahead: number): Promise<(place: number) => TestOffer> {
  const [ask, bid] = await postOffers(
    world,
    [sell({ first: T + ahead }), buy({ first: T + ahead })],
    startOf(T + ahead - 4),
  );
  if (!ask || !bid) throw new Error('no offers');
  return (place) => (place === 0 ? ask : bid);
}

test(
  'a record of 128 intervals ago is not taken for one of today',
  withOffers([sell(), buy()], async (world, o) => {
    const old = part(o, T, 100);
    await submit(world, [old]);
    for (const ahead of [128, 256, 384]) {
      const later = await laterOffers(world, ahead);
      const [hash, , value] = await world.read('matching', 'candidateOf', [T + ahead]);
      assert.equal([hash, value.homeEnergyWs], [NOTHING, 0n]);
      assert.equal((await world.read('matching', 'candidateValue')).toArray(), [0n, 0n, 0n]);
      const now = part(later, T + ahead, 7);
      await submit(world, [now]);
      // Offer for offer the same as long ago would be no better.
      const due = closeOf(T + ahead);
      const forged = [T + ahead, old.trades];
      const why = await world.refused(world.fresh(), 'matching', 'finalize', forged, due);
      assert.is(why, `NotCandidate(${T + ahead})`);
      await finalize(world, T + ahead, now.trades, due + 1);
      await settle(world, T + ahead, now.trades);
    }
    await assertConserved(world);
  }),
);

test(
  'a solution that stays open for longer than a bank reaches counts what is open at its commit',
  withOffers([sell(), buy()], async (world, o) => {
    const call = (method: string, args: unknown[] = []) =>
      world.send(world.solver, 'matching', method, args);
    await call('openSolution');
    await call('addChunks', [1, [part(o, T, 3_000)]]);
    const later = await laterOffers(world, 128);
    await call('addChunks', [1, [part(later, T + 128, 5)]]);
    const { events } = await call('commitSolution', [1]);
    assert.is(events[0]?.args.homeEnergyWs, 4_500n);
    await finalize(world, T + 128, part(later, T + 128, 5).trades);
    await assertConserved(world);
  }),
);

test.run();
