/**
 * Where the running interval is to end, and what is left to be done by loads: with a plan that says
 * what a stored kWh is worth, what comes beside the trades is weighed; without one the planned
 * target is held. Pure.
 */
import { type FollowInput, followTarget } from '../loads/battery-control.ts';
import type { Situation } from '../strategy/battery-plan/response.ts';
import { weighedEndWs } from '../strategy/battery-plan/weighed-end.ts';

/** All that weighing needs but for the time that is left. */
export type Worth = Omit<Situation, 'seconds'>;

export interface RunningEnd {
  /** What was planned and traded, Ws. */
  targetWs: number;
  /** Of it, final trades: bought is positive. */
  tradedWs: number;
  /** Null: the target is held. */
  weighed: { worth: Worth; storedWs: number } | null;
}

/** The home at a look, but for where it is led and what it draws. */
export type Look = Omit<FollowInput, 'targetWs' | 'loadW'>;

/** @param meanW expected over the rest without the battery */
export function endWs(end: RunningEnd, look: Look, meanW: number): number {
  const { targetWs, tradedWs, weighed } = end;
  if (weighed === null) return targetWs;
  const { worth, storedWs } = weighed;
  const comesWs = look.meteredWs + meanW * look.remainingS;
  return weighedEndWs({ ...worth, seconds: look.remainingS }, { storedWs, comesWs, tradedWs });
}

/** @param loadW expected until the next look without the battery */
export function setPointW(end: RunningEnd, look: Look, loadW: number, meanW: number): number {
  return followTarget({ ...look, targetWs: endWs(end, look, meanW), loadW }).setPointW;
}

/**
 * Mean power over the rest that loads should make up for, W: positive when the home would have to
 * draw more. Where ends are weighed that is also what would be fed in beyond the trades.
 */
export function unmetW(end: RunningEnd, look: Look, meanW: number): number {
  const goalWs = endWs(end, look, meanW);
  const { unmetW } = followTarget({ ...look, targetWs: goalWs, loadW: meanW });
  // A part of a watt is the noise of sums.
  if (end.weighed === null || Math.abs(unmetW) >= 1) return unmetW;
  return Math.max(0, Math.min(0, end.tradedWs) - goalWs) / look.remainingS;
}

/** What a load is turned on for that draws what is unmet. */
export function drawsFor({ tradedWs, weighed }: RunningEnd): 'commitment' | 'surplus' {
  return weighed === null || tradedWs > 0 ? 'commitment' : 'surplus';
}
