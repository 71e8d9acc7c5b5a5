/** What a home does, in words, the same in its tile and in its details. */
import { kilowatts } from '../units.js';

/**
 * @typedef {import('../../state.ts').CommunityState} CommunityState
 * @typedef {import('../../state.ts').HomeState} HomeState
 */

/** A home is on target within this share of it, or within these W. */
const NEAR_SHARE = 0.05;
const NEAR_W = 50;

/** The last interval with a reading and a target. @param {HomeState} home */
export function lastKept(home) {
  for (let at = home.meteredW.length - 1; at >= 0; at--) {
    const meteredW = home.meteredW[at] ?? null;
    const targetW = home.targetW[at] ?? null;
    if (meteredW !== null && targetW !== null) return { at, meteredW, targetW };
  }
  return null;
}

/** Null: there is nothing to compare yet. @param {HomeState} home */
export function isOnTarget(home) {
  const last = lastKept(home);
  if (!last) return null;
  const near = Math.max(NEAR_W, NEAR_SHARE * Math.abs(last.targetW));
  return Math.abs(last.meteredW - last.targetW) <= near;
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
