/**
 * Markets on one chain, one after the other: each is attacked at several moments of its life, then
 * its trades become final and are settled, so that the next one finds closed offers, offers partly
 * used up, records of older solutions.
 */
import { Arena, type Grid } from '../arena.ts';
import type { Chance } from '../chance.ts';
import {
  closeOf,
  currentAt,
  endOf,
  firstOpenAt,
  latestPostingOf,
  startOf,
} from '../model/calendar.ts';
import { candidateChunk, dueIntervals } from '../model/finalization.ts';
import { isWaiting } from '../model/offers.ts';
import { finalizing, type Move, outcomeOf, settling } from '../moves.ts';
import { heldDrafts } from './candidate-mutators.ts';
import { submission } from './cases.ts';
import { build, type Draft, grow } from './drafts.ts';
import { closePast, postMarket, STRANGER, stakeSolvers } from './markets.ts';

export const GRIDS: readonly Grid[] = [
  {
    feeders: [
      [3_000, 1_500],
      [4_000, 2_500],
      [2_500, 3_000],
    ],
    params: { minTradeWs: 4_500 },
    ...caps(),
  },
  {
    feeders: [
      [6_000, 900],
      [1_500, 1_500],
      [2_000, 800],
      [3_000, 1_000],
      [900, 5_000],
    ],
    calendar: { clearIntervals: 2, horizonIntervals: 8 },
    params: { priceRule: 1, minTradeWs: 1_801, minGainWs: 1_800, rewardMicroPerKwh: 10_000 },
    ...caps(),
  },
  {
    feeders: [
      [5_000, 2_000],
      [1_200, 700],
      [4_000, 1_000],
      [2_000, 2_000],
    ],
    calendar: { intervalSeconds: 60, leadSeconds: 7, quietSeconds: 20, horizonIntervals: 20 },
    params: { minTradeWs: 0, minGainWs: 61, offersPerAsset: 3 },
    ...caps(),
  },
];

function caps() {
  return { capPowerW: 100_000_000, capMicroPerDay: 10n ** 15n };
}

const HOMES = 24;

export async function openSeason(grid: Grid, chance: Chance): Promise<Arena> {
  const arena = await Arena.open(grid);
  await stakeSolvers(arena);
  await postMarket(arena, chance, HOMES);
  return arena;
}

/** A valid solution that beats the candidate: a new one, or the candidate with more. */
export function nextBase(arena: Arena, chance: Chance, fill: number): Draft[] | null {
  const { state } = arena;
  const soon = { ...state, now: state.now + 1 };
  for (let tries = 0; tries < 4; tries++) {
    const drafts =
      tries < 2 && chance.isOnce(2)
        ? build(soon, chance, fill)
        : grow(soon, chance, grow(soon, chance, heldDrafts(soon)));
    const { move, at } = submission(state, drafts);
    if (outcomeOf(state, move, at).broken.size === 0) return drafts;
  }
  return null;
}

/** Some seconds pass, or so many that the first open interval is in its quiet time. */
export async function moveOn(arena: Arena, chance: Chance): Promise<void> {
  const { calendar, now } = arena.state;
  const interval = firstOpenAt(calendar, now);
  const quiet = latestPostingOf(calendar, interval);
  const close = closeOf(calendar, interval);
  if (now + 10 < quiet && chance.isOnce(2)) {
    // Just in time, and just too late for the first open interval.
    await postMarket(arena, chance, 12, quiet);
    await postMarket(arena, chance, 12, quiet + 1);
  } else if (now + 20 < close && chance.isOnce(2)) {
    await arena.play([], chance.between(now + 1, close - 10));
  }
}

/** A good solution stays; its first intervals become final, past, and settled. */
export async function endMarket(arena: Arena, chance: Chance): Promise<void> {
  const base = nextBase(arena, chance, chance.pick([50, 100]));
  if (base !== null) await arena.play([submission(arena.state, base).move]);
  for (let left = chance.between(1, 4); left > 0; left--) await passInterval(arena);
  await settleAll(arena);
  await closePast(arena);
  await postMarket(arena, chance, HOMES / 2);
}

async function passInterval(arena: Arena): Promise<void> {
  const { calendar, now } = arena.state;
  const close = closeOf(calendar, firstOpenAt(calendar, now));
  await arena.play([], Math.max(now + 1, close));
  const due = dueIntervals(arena.state).map((interval): Move => {
    const trades = candidateChunk(arena.state, interval)?.trades ?? '0x';
    return finalizing(STRANGER, interval, trades);
  });
  for (const move of due) await arena.play([move]);
  const next = startOf(calendar, currentAt(calendar, arena.state.now) + 1);
  await arena.play([], Math.max(arena.state.now + 1, next));
}

async function settleAll(arena: Arena): Promise<void> {
  for (const [interval, { trades, voided }] of [...arena.state.finals]) {
    if (!isWaiting(arena.state, interval)) continue;
    if (endOf(arena.state.calendar, interval) > arena.state.now) continue;
    await arena.play([settling(STRANGER, { interval, trades, voided, most: 1_000 })]);
  }
}
