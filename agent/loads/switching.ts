/**
 * When a switched load (a boiler) is on: as planned, unless its day would end without the energy it
 * needs, or the commitment can be held in no other way (design: follow; loads declare minimum
 * times). Pure.
 */
import type { UnixMs } from '../../host/ports.ts';

export interface LoadLimits {
  powerW: number;
  energyPerDayWs: number;
  minimumOnMs: number;
  minimumOffMs: number;
}

/**
 * How long each load is on from the start of an interval, ms: `plannedW`, the planned mean power of
 * all together, is given to them in order.
 */
export function plannedOnMs(
  loads: readonly Pick<LoadLimits, 'powerW'>[],
  plannedW: number,
  intervalMs: number,
): number[] {
  let leftW = plannedW;
  return loads.map(({ powerW }) => {
    const shareW = Math.min(powerW, Math.max(0, leftW));
    leftW -= shareW;
    return (intervalMs * shareW) / powerW;
  });
}

export interface LoadDay {
  nowMs: UnixMs;
  /** Local midnights around now. */
  startMs: UnixMs;
  endMs: UnixMs;
  /** Since when the load is watched: the need of a day that began earlier is in proportion. */
  watchedSinceMs: UnixMs;
  /** On-time within the day so far. */
  onMs: number;
}

/** A smaller debt is left to the next day: plans round. */
const LEAST_DEBT = 0.1;

/** Energy that the load still needs until the end of the local day, Ws. */
export function owedWs(load: LoadLimits, day: LoadDay): number {
  const watchedMs = day.endMs - Math.max(day.startMs, day.watchedSinceMs);
  const share = Math.min(1, Math.max(0, watchedMs / (day.endMs - day.startMs)));
  return Math.max(0, load.energyPerDayWs * share - (load.powerW * day.onMs) / 1000);
}

/**
 * How long the load must be on from now, ms, because a later start would not do: 0 while there is
 * more than one interval to spare.
 */
export function mustRunMs(load: LoadLimits, day: LoadDay, intervalMs: number): number {
  const owed = owedWs(load, day);
  if (owed < LEAST_DEBT * load.energyPerDayWs) return 0;
  const neededMs = (owed / load.powerW) * 1000;
  const spareMs = day.endMs - day.nowMs - neededMs;
  return spareMs < intervalMs ? neededMs : 0;
}

export interface LastResort {
  /** What the battery cannot make up for over the rest of the interval, W (see FollowOutput). */
  unmetW: number;
  remainingMs: number;
  isOn: boolean;
  /** Energy the load still needs today, Ws; asked only when it matters. */
  owedWs: () => number;
  /** Errors below this energy are left alone. */
  toleranceWs: number;
}

/**
 * Whether a load keeps its state although the plan wants it turned, because the battery could not
 * make up for the turn: otherwise it would be turned twice.
 * @param keptW, turnedW unmet power with the load kept, and turned
 */
export function isBetterKept(
  keptW: number,
  turnedW: number,
  state: Omit<LastResort, 'unmetW'>,
): boolean {
  if ((Math.abs(turnedW) * state.remainingMs) / 1000 <= state.toleranceWs) return false;
  return Math.abs(keptW) < Math.abs(turnedW) && (!state.isOn || state.owedWs() > 0);
}

/** Switching must mend more than half of its own power, or it would make things worse. */
const LEAST_GAIN = 0.5;

/** Whether turning the load over mends the interval; true for on, null to leave it. */
export function lastResort(load: LoadLimits, state: LastResort): boolean | null {
  const { unmetW, remainingMs, isOn } = state;
  if ((Math.abs(unmetW) * remainingMs) / 1000 <= state.toleranceWs) return null;
  if (Math.abs(unmetW) <= LEAST_GAIN * load.powerW) return null;
  // What reaches into the next interval would spoil that one.
  if (unmetW > 0 && !isOn && remainingMs >= load.minimumOnMs) {
    return state.owedWs() > 0 ? true : null;
  }
  if (unmetW < 0 && isOn && remainingMs >= load.minimumOffMs) return false;
  return null;
}
