/**
 * Random calls by anyone at any time, against the chain and the model at once; after each call both
 * must say the same: whether it goes through, else why not, and all that it could change.
 */
import { Arena, type Grid } from '../arena.ts';
import { Chance } from '../chance.ts';
import { closeOf, currentAt, endOf, latestPostingOf, startOf } from '../model/calendar.ts';
import type { State } from '../model/state.ts';
import { callOf, grantingMoney, type Move, outcomeOf, resuming, staking } from '../moves.ts';
import type { Score } from '../score.ts';
import { granterOf, moneyFor, postMarket, SOLVERS } from '../solutions/markets.ts';
import {
  ALL_SOLVERS,
  deposits,
  governs,
  grants,
  OWNERS,
  type Play,
  posts,
  resumes,
} from './players.ts';
import { closes, finalizes, Plans, settles, solverPlays, stakesAndRewards } from './solvers.ts';
import { expectations, inOneForm } from './views.ts';

const CALLS_OF_ONE_CHAIN = 1_500;
const FULL_LOOK_EVERY = 100;
/** So that there is always something to trade, beside what the owners of addresses come to do. */
const MARKET_EVERY = 100;
const HOMES = 10;
const SHOWN = 25;

function gridOf(chance: Chance): Grid {
  const limits = () => [chance.between(1_500, 6_000), chance.between(800, 4_000)] as const;
  return {
    feeders: [limits(), limits(), limits()],
    calendar: {
      ...{ intervalSeconds: 120, leadSeconds: 30, quietSeconds: 30 },
      ...{ horizonIntervals: 8, clearIntervals: chance.between(1, 2) },
    },
    params: {
      priceRule: chance.below(2),
      minOfferWs: 1_000,
      minTradeWs: chance.pick([0, 4_500]),
      offersPerAsset: 3,
      minGainWs: chance.pick([0, 1_800]),
      rewardMicroPerKwh: 50_000,
    },
    capPowerW: 1_000_000,
    capMicroPerDay: 400_000_000n,
  };
}

export async function playAgainstModel(
  size: { calls: number; seed: number },
  score: Score,
): Promise<void> {
  for (let done = 0; done < size.calls && score.surprises.length === 0; ) {
    const calls = Math.min(CALLS_OF_ONE_CHAIN, size.calls - done);
    await playOneChain(size.seed + done * 7_919, calls, score);
    done += calls;
  }
}

async function playOneChain(seed: number, calls: number, score: Score): Promise<void> {
  const chance = new Chance(seed);
  const arena = await Arena.open(gridOf(chance));
  const log: string[] = [];
  try {
    const { state } = arena;
    const stake = state.params.minStakeMicro * 3n;
    const grant = (to: string) => grantingMoney(granterOf(state), moneyFor(state, to, stake));
    await arena.play([...ALL_SOLVERS, ...OWNERS].map(grant));
    await arena.play(SOLVERS.map((solver) => staking(solver, state.params.minStakeMicro)));
    const plays = weighted();
    let marketAt = -1;
    for (let i = 0; i < calls; ) {
      if (i % MARKET_EVERY === 0 && marketAt < i) {
        marketAt = i;
        if (arena.state.isPaused) await arena.play([resuming(granterOf(arena.state))]);
        await postMarket(arena, chance, HOMES);
      }
      const at = nextTime(arena.state, chance);
      const now = { ...arena.state, now: at };
      const isOver = now.isPaused && chance.isOnce(15);
      const move = (isOver ? resumes : chance.pick(plays))(now, chance);
      if (move === null) continue;
      log.push(`${i}: ${textOf(move, at)}`);
      const fault = await step(arena, move, at, i % FULL_LOOK_EVERY === 0, score);
      i++;
      if (fault === null) continue;
      const calls = log.slice(-SHOWN).join('\n  ');
      score.surprises.push(`chain of seed ${seed}: ${fault}\n  ${calls}`);
      return;
    }
  } finally {
    await arena.close();
  }
}

function weighted(): Play[] {
  const solving = solverPlays(new Plans());
  const often = [grants, posts, posts, posts, ...solving, ...solving.slice(0, 1), finalizes];
  return [...often, ...often, settles, settles, closes, deposits, governs, stakesAndRewards];
}

/** Mostly a second later; now and then at an edge of an interval, or beside it; rarely a day. */
function nextTime({ calendar, now }: State, chance: Chance): number {
  if (!chance.isOnce(15)) return now + chance.between(1, 2);
  if (chance.isOnce(60)) return now + 86_401;
  const interval = currentAt(calendar, now) + chance.between(0, 3);
  const edge = chance.pick([latestPostingOf, closeOf, startOf, endOf])(calendar, interval);
  const at = edge + chance.between(-1, 1);
  return at > now && at < now + 400 ? at : now + 1;
}

/** @returns how chain and model differ; null when they do not */
async function step(
  arena: Arena,
  move: Move,
  at: number,
  isFull: boolean,
  score: Score,
): Promise<string | null> {
  const before = arena.state;
  const { broken, next } = outcomeOf(before, move, at);
  const [answer = null] = await arena.node.tryAll([callOf(move)], at);
  const row = score.row(`call: ${move.method}`);
  if (broken.size > 0) {
    const why = [...broken].join(' or ');
    if (answer === null) return `${move.method} goes through, but breaks ${why}`;
    if (!broken.has(answer)) return `${move.method} is refused with ${answer}, not ${why}`;
    row.refused++;
    return null;
  }
  if (answer !== null) return `${move.method} is refused with ${answer}, and breaks no rule`;
  const [done] = await arena.node.mine([callOf(move)], at);
  if (!done) return `${move.method} was refused when it was mined`;
  row.accepted++;
  arena.state = next;
  return difference(arena, isFull ? null : before);
}

async function difference(arena: Arena, before: State | null): Promise<string | null> {
  const expected = expectations(before, arena.state);
  const found = await arena.node.read(expected.map(({ view }) => view));
  for (const [i, { view, value }] of expected.entries()) {
    const [wanted, said] = [inOneForm(view, value), inOneForm(view, found[i])];
    if (wanted !== said) return `${view.method}(${view.args.join()}) is ${said}, not ${wanted}`;
  }
  return null;
}

function textOf({ from, method, args }: Move, at: number): string {
  const whoseIs = OWNERS.indexOf(from) >= 0 ? `owner ${OWNERS.indexOf(from)}` : from;
  const text = JSON.stringify(args, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
  return `at ${at} ${whoseIs}: ${method}${text.slice(0, 400)}`;
}
