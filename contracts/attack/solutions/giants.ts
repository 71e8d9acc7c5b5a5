/** Where numbers are largest: sums of energy at 48 bits, the most trades of a chunk, claims. */
import { Arena, addressOf, type Grid } from '../arena.ts';
import { currentAt } from '../model/calendar.ts';
import type { Chunk } from '../model/solutions.ts';
import type { Side } from '../model/state.ts';
import { nothing, type Trade } from '../model/trades.ts';
import { callOf, grantingAll, outcomeOf, posting, submitting } from '../moves.ts';
import type { Score } from '../score.ts';
import { SOLVER } from './cases.ts';
import { chunkOf } from './drafts.ts';
import { granterOf, stakeSolvers } from './markets.ts';

const MOST_W = 0xffff_ffff;
const WIDE = 2 ** 52;
const SECONDS = 900;
/** So many watts make just less than 2^48 Ws, and with one more they do not. */
const INSIDE_W = Math.floor((2 ** 48 - 1) / SECONDS);
const GIANTS = Math.ceil(INSIDE_W / MOST_W);
const MOST_TRADES = 750;
/** A staircase over so many asks and bids has one trade too many. */
const CROWD = (MOST_TRADES + 2) / 2;
const POSTS_AT_ONCE = 94;

const GRID: Grid = {
  feeders: [
    [WIDE, WIDE],
    [WIDE, WIDE],
  ],
  params: { offersPerAsset: CROWD / 2 },
  capPowerW: 2 ** 52,
  capMicroPerDay: 2n ** 63n,
};

export async function attackWithGiants(score: Score): Promise<void> {
  const arena = await Arena.open(GRID);
  try {
    await stakeSolvers(arena);
    const interval = currentAt(arena.state.calendar, arena.state.now) + 3;
    const [asks, bids] = [
      await giants(arena, 'sell', interval),
      await giants(arena, 'buy', interval),
    ];
    const most = (totalW: number) => pairs(asks, bids, totalW);
    const chunk = (trades: Trade[], t = interval) => chunkOf(arena.state, { interval: t, trades });
    const large = [chunk(most(INSIDE_W + 1))];
    await both(arena, score, 'energy of an interval at 48 bits', large, [chunk(most(INSIDE_W))]);

    const crowd = interval + 1;
    const [sellers, buyers] = [
      await crowded(arena, 'sell', crowd),
      await crowded(arena, 'buy', crowd),
    ];
    const stairs = staircase(sellers, buyers);
    const name = 'one trade more than a chunk may have';
    const inside = [...large.slice(1), chunk(stairs.slice(0, MOST_TRADES), crowd)];
    const held = [chunk(most(INSIDE_W)), ...inside];
    await both(arena, score, name, [chunk(most(INSIDE_W)), chunk(stairs, crowd)], held);
    await claims(arena, score, held);
  } finally {
    await arena.close();
  }
}

/** Each of all the power that an offer can have. */
async function giants(arena: Arena, side: Side, interval: number): Promise<number[]> {
  const ids: number[] = [];
  for (let place = 0; place < GIANTS; place++) {
    ids.push(...(await postAll(arena, side, interval, place, 1, MOST_W)));
  }
  return ids;
}

async function crowded(arena: Arena, side: Side, interval: number): Promise<number[]> {
  const half = await postAll(arena, side, interval, 1_000, CROWD / 2, 2);
  return [...half, ...(await postAll(arena, side, interval, 1_001, CROWD / 2, 2))];
}

/** So many offers of one asset. Prices are 0: no money is needed. */
async function postAll(
  arena: Arena,
  side: Side,
  interval: number,
  place: number,
  count: number,
  maxPowerW: number,
): Promise<number[]> {
  const { state } = arena;
  const to = addressOf(side === 'sell' ? 5 : 6, place);
  const powerW = count * maxPowerW;
  const grant = {
    ...{ to, market: state.market, feeder: side === 'sell' ? 1 : 2, side },
    ...{ first: interval, last: interval, maxPowerW: powerW, energyWs: powerW * SECONDS },
    amountMicro: 0n,
  };
  await arena.play([grantingAll(granterOf(state), [grant])]);
  const terms = { assetId: arena.state.assets.size, energyWs: maxPowerW * SECONDS, maxPowerW };
  const post = { ...terms, first: interval, last: interval, price: 0 };
  const before = state.offers.size;
  for (let i = 0; i < count; i += POSTS_AT_ONCE) {
    const posts = Array.from({ length: Math.min(POSTS_AT_ONCE, count - i) }, () => post);
    await arena.play([posting(to, posts)]);
  }
  return Array.from({ length: count }, (_, i) => before + 1 + i);
}

function pairs(asks: readonly number[], bids: readonly number[], totalW: number): Trade[] {
  return asks.map((askId, i) => {
    const powerW = Math.min(MOST_W, totalW - i * MOST_W);
    return { askId, bidId: bids[i] ?? 0, powerW, price: 0 };
  });
}

/** One watt each: now the ask goes on, now the bid. */
function staircase(asks: readonly number[], bids: readonly number[]): Trade[] {
  return Array.from({ length: asks.length + bids.length - 1 }, (_, i) => {
    const [askId = 0, bidId = 0] = [asks[Math.ceil(i / 2)], bids[Math.floor(i / 2)]];
    return { askId, bidId, powerW: 1, price: 0 };
  });
}

async function both(
  arena: Arena,
  score: Score,
  name: string,
  bad: readonly Chunk[],
  good: readonly Chunk[],
): Promise<void> {
  const at = arena.state.now + 1;
  const wrong = submitting(SOLVER, bad);
  const [answer = null] = await arena.node.tryAll([callOf(wrong)], at);
  score.judge(name, outcomeOf(arena.state, wrong, at).broken, answer);
  try {
    await arena.play([submitting(SOLVER, good)]);
    score.row(name).accepted++;
  } catch (error) {
    score.surprises.push(`twin of ${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Claims whose sum does not fit: refused, be it by the addition itself. */
async function claims(arena: Arena, score: Score, held: readonly Chunk[]): Promise<void> {
  const figures = ['homeEnergyWs', 'utilityEnergyWs', 'welfare'] as const;
  const calls = figures.map((figure) => {
    const bits = figure === 'welfare' ? 128n : 64n;
    const claimed = { ...nothing(), [figure]: 2n ** bits - 1n };
    return callOf(
      submitting(
        SOLVER,
        held.map((chunk) => ({ ...chunk, claimed })),
      ),
    );
  });
  const refusals = new Set(['Panic(0x11)', 'NotBetter', 'FalseObjective']);
  for (const answer of await arena.node.tryAll(calls, arena.state.now + 1)) {
    score.judge('claims whose sum does not fit', refusals, answer);
  }
}
