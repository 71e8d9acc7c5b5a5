/** What solvers come to do, right and wrong, whole and in parts; and what follows solutions. */
import type { Chance } from '../chance.ts';
import { currentAt, endOf, firstOpenAt } from '../model/calendar.ts';
import { candidateChunk, dueIntervals } from '../model/finalization.ts';
import { isWaiting } from '../model/offers.ts';
import { digestOf } from '../model/rewards.ts';
import type { Chunk } from '../model/solutions.ts';
import type { State } from '../model/state.ts';
import { nothing } from '../model/trades.ts';
import * as moves from '../moves.ts';
import { heldDrafts } from '../solutions/candidate-mutators.ts';
import { build, chunksOf, type Draft, grow } from '../solutions/drafts.ts';
import { SOLVERS } from '../solutions/markets.ts';
import { ALL_SOLVERS, from, near, OWNERS, type Play } from './players.ts';

/** What a solver announced, or is about to: it keeps to it for a while. */
export class Plans {
  readonly #chunks = new Map<string, Chunk[]>();

  of(state: State, chance: Chance, solver: string): Chunk[] {
    const kept = this.#chunks.get(solver);
    if (kept !== undefined && !chance.isOnce(3)) return kept;
    const chunks = someChunks(state, chance);
    this.#chunks.set(solver, chunks);
    return chunks;
  }

  forget(solver: string): void {
    this.#chunks.delete(solver);
  }
}

function someChunks(state: State, chance: Chance): Chunk[] {
  let drafts: Draft[] = build(state, chance, chance.pick([20, 60, 100, 100]));
  if (chance.isOnce(3)) drafts = grow(state, chance, heldDrafts(state));
  if (chance.isOnce(6)) drafts = drafts.map((draft) => spoilt(chance, draft));
  const chunks = chunksOf(state, drafts);
  for (const interval of dueIntervals(state)) {
    const trades = candidateChunk(state, interval)?.trades ?? '0x';
    if (!chance.isOnce(4)) chunks.unshift({ interval, claimed: nothing(), trades });
  }
  if (chance.isOnce(12)) chunks.push(...chunks.slice(0, 1));
  const [first] = chunks;
  if (first !== undefined && chance.isOnce(12)) {
    first.claimed = { ...first.claimed, welfare: first.claimed.welfare + 1n };
  }
  return chunks;
}

/** One number of one trade is another one. */
function spoilt(chance: Chance, { interval, trades }: Draft): Draft {
  const place = chance.below(trades.length);
  const list = trades.map((trade, i) => {
    if (i !== place) return trade;
    const field = chance.pick(['askId', 'bidId', 'powerW', 'price'] as const);
    return { ...trade, [field]: near(chance, trade[field] + 1, 0xffff_ffff) };
  });
  return { interval: near(chance, interval, interval + 9), trades: list };
}

/** One solver submits whole solutions, another one parts; now and then it is somebody else. */
export function solverPlays(plans: Plans): Play[] {
  const [wholes, parts] = SOLVERS;
  const newestOf = (state: State, solver: string) => state.solvers.get(solver)?.newest;
  return [
    (state, chance) => {
      const solver = from(chance, chance.isOnce(8) ? parts : wholes, state);
      const chunks = plans.of(state, chance, solver);
      plans.forget(solver);
      return moves.submitting(solver, chunks);
    },
    (state, chance) => {
      const solver = from(chance, chance.pick(SOLVERS), state);
      return moves.announcing(solver, digestOf(solver, plans.of(state, chance, solver)));
    },
    (state, chance) => {
      const solver = from(chance, parts, state);
      const { isOpen, finalizationsSeen } = newestOf(state, solver) ?? {};
      const canGoOn = isOpen === true && finalizationsSeen === state.finalizations;
      if (!canGoOn) plans.forget(solver);
      return canGoOn && !chance.isOnce(8) ? null : moves.opening(solver);
    },
    (state, chance) => {
      const solver = from(chance, parts, state);
      const newest = newestOf(state, solver);
      const chunks = plans.of(state, chance, solver);
      const rest = chunks.filter(
        ({ interval }) => !newest?.chunks.has(interval) || chance.isOnce(9),
      );
      const part = rest.slice(0, chance.between(1, 4));
      return moves.adding(solver, near(chance, newest?.id ?? 1, 0), part);
    },
    (state, chance) => {
      const solver = from(chance, parts, state);
      const newest = newestOf(state, solver);
      if ((newest?.chunks.size ?? 0) < 3 && !chance.isOnce(6)) return null;
      return moves.committing(solver, near(chance, newest?.id ?? 1, 0));
    },
  ];
}

export const finalizes: Play = (state, chance) => {
  const interval = firstOpenAt(state.calendar, state.now) - chance.between(0, 3);
  if (state.finals.has(interval) && !chance.isOnce(6)) return null;
  const held = candidateChunk(state, interval)?.trades ?? '0x';
  const trades = chance.isOnce(5) ? chance.pick(['0x', held.slice(0, -2), `${held}00`]) : held;
  const bytes = trades.length < 2 ? '0x' : trades;
  return moves.finalizing(chance.pick(OWNERS), interval, bytes);
};

export const settles: Play = (state, chance) => {
  const waiting = [...state.finals].filter(([interval]) => isWaiting(state, interval));
  const all = [...state.finals];
  const past = waiting.filter(([interval]) => endOf(state.calendar, interval) <= state.now);
  const list = chance.isOnce(8) ? all.slice(-4) : past;
  if (list.length === 0) return null;
  const [interval, final] = chance.pick(list);
  const { trades, voided } = final;
  const slice = { interval, trades, voided, most: chance.pick([1, 2, 3, 100]) };
  if (chance.isOnce(10)) slice.voided = [...voided, 1];
  if (chance.isOnce(10)) slice.trades = `${trades}00`;
  return moves.settling(chance.pick(OWNERS), slice);
};

export const closes: Play = (state, chance) => {
  const current = currentAt(state.calendar, state.now);
  const open = [...state.offers.values()].filter(({ isClosed }) => !isClosed);
  const past = open.filter(({ last }) => last < current).map(({ id }) => id);
  const any = chance.between(0, state.offers.size + 1);
  if (chance.isOnce(2)) return moves.closing(chance.pick(OWNERS), past[0] ?? any);
  const ids = chance.isOnce(3) ? [...past.slice(0, 5), any] : past.slice(0, 8);
  return moves.closingAll(chance.pick(OWNERS), [...ids, ...ids.slice(0, 1)]);
};

export const stakesAndRewards: Play = (state, chance) => {
  const solver = chance.pick(ALL_SOLVERS);
  const kind = chance.below(4);
  const least = state.params.minStakeMicro;
  if (kind === 0) {
    const has = (state.solvers.get(solver)?.stakeMicro ?? 0n) >= least;
    return moves.staking(solver, has ? BigInt(chance.below(3)) : chance.pick([least, least - 1n]));
  }
  if (kind === 1) return moves.unstaking(solver);
  if (kind === 2) return moves.funding(chance.pick(OWNERS), BigInt(chance.below(2_000)));
  const current = currentAt(state.calendar, state.now);
  const intervals = [current + 1, current, current - 1, current - 2, current];
  return moves.claiming(solver, intervals, chance.pick([solver, solver, ...OWNERS.slice(0, 2)]));
};
