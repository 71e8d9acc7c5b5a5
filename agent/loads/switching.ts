/**
 * When the running interval's schedule turns a load: as planned, unless the commitment can be held
 * in no other way than by turning it, or by leaving it (design: follow). Pure.
 */
import type { Wish } from './ladder.ts';
import type { LoadModel } from './model.ts';

/**
 * How long each load is on from the start of an interval, ms: `plannedW`, the planned mean power of
 * all together, is given to them in order. For plans that do not tell loads apart.
 */
export function plannedOnMs(
  loads: readonly Pick<LoadModel, 'powerW'>[],
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

export interface AimState {
  intervalMs: number;
  remainingMs: number;
  isOn: boolean;
  isPlanned: boolean;
  /** Whether it was turned, or kept, against the plan in this interval already. */
  isTurned: boolean;
  /** Whether it has a use for energy; asked only when it matters. */
  hasUse: () => boolean;
  /** Errors below this energy are left alone. */
  toleranceWs: number;
  /** How far the load of the rest may stray from what is expected, Ws. */
  strayWs: number;
  /** What a load is turned on for that draws what is unmet. */
  drawsFor: 'commitment' | 'surplus';
  /**
   * What battery and other loads cannot make up for over the rest of the interval, W, when the home
   * draws `shiftW` more than expected: positive when it would have to draw more.
   */
  unmetW(shiftW: number): number;
}

export interface Aim extends Wish {
  /** Whether the plan alone would have it otherwise. */
  isAgainstPlan: boolean;
}

/** Switching must mend more than half of its own power, or it would make things worse. */
const LEAST_GAIN = 0.5;
/** Of an uncertain rest, so much is left room for. */
const STRAY_SHARE = 0.5;
/** A nimble load is turned for no less than this part of its least block. */
const LEAST_BLOCK_SHARE = 0.25;

/** Null: it stays as it is. */
export function aimOf(load: LoadModel, state: AimState): Aim | null {
  const { isOn, isPlanned, isTurned, remainingMs, unmetW } = state;
  const planned = { isOn: isPlanned, why: 'planned', isAgainstPlan: false };
  // A program that runs is not cut, one that waits begins as planned; a boost promises no energy.
  if (load.kind === 'deadline' || load.kind === 'sg-ready') return planned;
  if (isNimble(load, state.intervalMs)) return nimbleAim(load, state);
  // Once in an interval is enough: a load is not played with.
  if (isTurned) return null;
  const shiftW = isPlanned ? load.powerW : -load.powerW;
  if (isOn !== isPlanned && isBetterKept(unmetW(0), unmetW(shiftW), state)) {
    const why = state.drawsFor === 'surplus' ? 'takes surplus' : 'holds the commitment';
    return { isOn, why, isAgainstPlan: true };
  }
  const turnTo = lastResort(load, state);
  if (turnTo !== null && (isOn === isPlanned || turnTo === isPlanned)) {
    return { isOn: turnTo, why: whyHeld(unmetW(0), state), isAgainstPlan: turnTo !== isPlanned };
  }
  // A late turn would reach into the next interval, which counts on the plan.
  const isLate = isPlanned && remainingMs < Math.min(load.minimumOnMs, state.intervalMs / 2);
  return isLate && !isOn ? null : planned;
}

/** Whether a load may be turned several times in an interval to hold its energy. */
export function isNimble(load: LoadModel, intervalMs: number): boolean {
  const { kind, minimumOnMs, minimumOffMs } = load;
  return kind === 'interruptible' && minimumOnMs + minimumOffMs <= intervalMs / 2;
}

/**
 * A nimble load delivers, in blocks, the energy that nothing else does. It stays as it is while
 * either way can still make up for what the home may do until the end of the interval, and turns
 * when one of them no longer could.
 */
function nimbleAim(load: LoadModel, state: AimState): Aim | null {
  const { isOn, isPlanned, remainingMs, toleranceWs, unmetW } = state;
  const remainingS = remainingMs / 1000;
  const turnedW = unmetW(isOn ? -load.powerW : load.powerW);
  if (isOn !== isPlanned && Math.abs(turnedW) * remainingS <= toleranceWs) {
    return { isOn: isPlanned, why: 'planned', isAgainstPlan: false };
  }
  const errorWs = unmetW(0) * remainingS;
  const blockWs = (load.powerW * Math.max(load.minimumOnMs, load.minimumOffMs)) / 1000;
  if (Math.abs(errorWs) <= Math.max(toleranceWs, LEAST_BLOCK_SHARE * blockWs)) return null;
  const mostWs = load.powerW * remainingS;
  // What it still has to deliver, and what it would deliver if it stayed on.
  const neededWs = errorWs + (isOn ? mostWs : 0);
  const roomWs = Math.min(STRAY_SHARE * state.strayWs, mostWs / 2);
  if (isOn && neededWs < roomWs) {
    return { isOn: false, why: whyHeld(unmetW(0), state), isAgainstPlan: isPlanned };
  }
  if (!isOn && mostWs - neededWs < roomWs && state.hasUse()) {
    return { isOn: true, why: whyHeld(unmetW(0), state), isAgainstPlan: !isPlanned };
  }
  return null;
}

function whyHeld(unmetW: number, { drawsFor }: Pick<AimState, 'drawsFor'>): string {
  if (unmetW > 0 && drawsFor === 'surplus') {
    return `takes surplus: ${Math.round(unmetW)} W would be fed in`;
  }
  const error = `${Math.abs(Math.round(unmetW))} W too ${unmetW > 0 ? 'little' : 'much'}`;
  return `holds the commitment: ${error}`;
}

/**
 * Whether a load keeps its state although the plan wants it turned, because the battery could not
 * make up for the turn: otherwise it would be turned twice.
 * @param keptW, turnedW unmet power with the load kept, and turned
 */
export function isBetterKept(
  keptW: number,
  turnedW: number,
  state: Pick<AimState, 'remainingMs' | 'toleranceWs' | 'isOn' | 'hasUse'>,
): boolean {
  if ((Math.abs(turnedW) * state.remainingMs) / 1000 <= state.toleranceWs) return false;
  return Math.abs(keptW) < Math.abs(turnedW) && (!state.isOn || state.hasUse());
}

/** Whether turning the load over mends the interval; true for on, null to leave it. */
export function lastResort(
  load: Pick<LoadModel, 'powerW' | 'minimumOnMs' | 'minimumOffMs'>,
  state: Pick<AimState, 'remainingMs' | 'toleranceWs' | 'isOn' | 'hasUse' | 'unmetW'>,
): boolean | null {
  const { remainingMs, isOn } = state;
  const unmetW = state.unmetW(0);
  if ((Math.abs(unmetW) * remainingMs) / 1000 <= state.toleranceWs) return null;
  if (Math.abs(unmetW) <= LEAST_GAIN * load.powerW) return null;
  // What reaches into the next interval would spoil that one.
  if (unmetW > 0 && !isOn && remainingMs >= load.minimumOnMs) return state.hasUse() ? true : null;
  if (unmetW < 0 && isOn && remainingMs >= load.minimumOffMs) return false;
  return null;
}
