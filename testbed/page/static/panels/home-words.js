/** What a home does, in words, the same in its tile and in its details. */
import { kilowatts } from '../units.js';

/**
 * @typedef {import('../../state.ts').CommunityState} CommunityState
 * @typedef {import('../../state.ts').HomeState} HomeState
 */

/** A trade is kept within this share of it, or within these W. */
const NEAR_SHARE = 0.05;
const NEAR_W = 50;

/** The last interval with a reading and a trade. @param {HomeState} home */
export function lastKept(home) {
  for (let at = home.meteredW.length - 1; at >= 0; at--) {
    const meteredW = home.meteredW[at] ?? null;
    const tradedW = home.committedW[at] ?? 0;
    if (meteredW !== null && tradedW !== 0) return { at, meteredW, tradedW };
  }
  return null;
}

/**
 * Whether what was sold was fed in, and what was bought taken in; more of it is no fault. Null: it
 * has not traded yet.
 * @param {HomeState} home
 */
export function areTradesKept(home) {
  const last = lastKept(home);
  if (!last) return null;
  const near = Math.max(NEAR_W, NEAR_SHARE * Math.abs(last.tradedW));
  const missingW = (last.tradedW - last.meteredW) * Math.sign(last.tradedW);
  return missingW <= near;
}

/**
 * Where the running interval, or the last one of a run that is over, stands in the columns.
 * @param {CommunityState} state
 */
export function nowAt({ run, intervals }) {
  const last = run.firstInterval + run.intervalCount - 1;
  return intervals.indexOf(Math.min(run.currentInterval, last));
}

/**
 * Commitment in the running interval, W; null: its schedule is not known.
 * @param {CommunityState} state
 * @param {HomeState} home
 */
export function commitmentNowW(state, home) {
  return home.committedW[nowAt(state)] ?? null;
}

/** @param {number | null} committedW */
export function tradeWords(committedW) {
  if (committedW === null) return 'no schedule';
  if (committedW === 0) return 'no trade';
  return committedW > 0 ? `buys ${kilowatts(committedW)}` : `sells ${kilowatts(-committedW)}`;
}

/** @param {number | null} powerW into the home */
export function powerWords(powerW) {
  if (powerW === null) return 'meter not read yet';
  return powerW >= 0 ? `draws ${kilowatts(powerW)}` : `gives ${kilowatts(-powerW)}`;
}

/** @param {number | null} powerW into the battery */
export function chargeWords(powerW) {
  if (powerW === null) return '';
  if (Math.abs(powerW) < 5) return 'idle';
  return powerW > 0 ? `charging ${kilowatts(powerW)}` : `giving ${kilowatts(-powerW)}`;
}
