/**
 * The battery set-point that ends an interval on its target (design: follow). What the meter
 * counted so far is fixed; the rest of the energy is divided by the time left, and the battery
 * makes up for what the home is expected to draw. Every look corrects the errors of those before
 * it. Pure.
 */
import type { BatteryModel } from '../strategy/battery.ts';

/** Energy at the terminals that the battery can still take and give within its window, Ws. */
export interface BatteryRoom {
  chargeableWs: number;
  dischargeableWs: number;
}

export interface FollowInput {
  /** Net energy that the interval shall end on, Ws, positive into the home. */
  targetWs: number;
  /** Net energy of the interval so far, Ws. */
  meteredWs: number;
  /** Time left in the interval, s; above 0. */
  remainingS: number;
  /** Until the next look, s. */
  stepS: number;
  /** Expected mean net load for the rest of the interval without the battery, W. */
  loadW: number;
  /** Most and least that the home may draw now (fuse, operator's limit), W; none by default. */
  mostW?: number;
  leastW?: number;
  /** Null when there is none, or it cannot be used now. */
  battery: { limits: BatteryModel; room: BatteryRoom } | null;
}

export interface FollowOutput {
  /** Charge positive, whole W; 0 without a battery. */
  setPointW: number;
  /**
   * Mean power over the rest of the interval that the battery cannot make up for, W: positive when
   * the home would have to draw more, negative when less.
   */
  unmetW: number;
}

/** Devices and meters need so long to act and to show it: no error is corrected faster. */
const SETTLE_S = 10;

export function roomOf(limits: BatteryModel, stateOfCharge: number): BatteryRoom {
  const oneWay = Math.sqrt(limits.efficiency);
  const { capacityWs, lowShare, highShare } = limits;
  return {
    chargeableWs: (Math.max(0, highShare - stateOfCharge) * capacityWs) / oneWay,
    dischargeableWs: Math.max(0, stateOfCharge - lowShare) * capacityWs * oneWay,
  };
}

export function followTarget(input: FollowInput): FollowOutput {
  const { targetWs, meteredWs, remainingS, stepS, loadW, battery } = input;
  const { mostW = Number.POSITIVE_INFINITY, leastW = Number.NEGATIVE_INFINITY } = input;
  const neededW = (targetWs - meteredWs) / remainingS - loadW;
  if (battery === null) return { setPointW: 0, unmetW: neededW };
  const dueW = (targetWs - meteredWs) / Math.max(remainingS, SETTLE_S);
  const wantedW = Math.max(leastW, Math.min(mostW, dueW)) - loadW;
  return {
    setPointW: Math.round(within(battery, wantedW, Math.min(stepS, remainingS))),
    unmetW: neededW - within(battery, neededW, remainingS),
  };
}

/** A power that the battery can hold for a time. */
function within(
  { limits, room }: NonNullable<FollowInput['battery']>,
  powerW: number,
  seconds: number,
): number {
  const mostW = Math.min(limits.chargeW, room.chargeableWs / seconds);
  const leastW = -Math.min(limits.dischargeW, room.dischargeableWs / seconds);
  return Math.min(mostW, Math.max(leastW, powerW));
}
