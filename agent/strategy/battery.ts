/**
 * A battery as plans see it. Pure.
 *
 * Energies are what is in the cells; the loss of a cycle is split evenly over both ways.
 */
import type { BatterySpec } from './battery-plan/response.ts';
import { WEAR_MICRO_PER_KWH } from './tariff.ts';

export interface BatteryModel {
  capacityWs: number;
  /** Most power into and out of the battery. */
  chargeW: number;
  dischargeW: number;
  /** State of charge is kept between these shares of the capacity. */
  lowShare: number;
  highShare: number;
  /** Energy out over energy in, of a whole cycle: 0 to 1. */
  efficiency: number;
}

/** What plans may use; the rest is the follower's. */
export interface PlanningLimits {
  lowWs: number;
  highWs: number;
  chargeW: number;
  dischargeW: number;
  /** Of one way. */
  oneWay: number;
}

/** What plans leave to the follower. */
export interface FollowerRoom {
  /** Share of the charge window kept at either end. */
  reserveShare: number;
  /** Share of the power that plans use. */
  powerShare: number;
}

/** Who weighs what is missing within the interval needs none. */
export const NO_ROOM: FollowerRoom = { reserveShare: 0, powerShare: 1 };
/** What a follower would need that holds each interval on its target. */
export const HOLDING_ROOM: FollowerRoom = { reserveShare: 0.05, powerShare: 0.9 };

export function planningLimits(
  model: BatteryModel,
  { reserveShare, powerShare } = NO_ROOM,
): PlanningLimits {
  const window = (model.highShare - model.lowShare) * model.capacityWs;
  return {
    lowWs: model.lowShare * model.capacityWs + reserveShare * window,
    highWs: model.highShare * model.capacityWs - reserveShare * window,
    chargeW: model.chargeW * powerShare,
    dischargeW: model.dischargeW * powerShare,
    oneWay: Math.sqrt(model.efficiency),
  };
}

/** What plans may use of a battery, or of none, in the form of battery-plan/. */
export function planningSpec(
  model: BatteryModel | null,
  wearMicroPerKwh = WEAR_MICRO_PER_KWH,
  room = NO_ROOM,
): BatterySpec {
  if (model === null) {
    return { lowWs: 0, highWs: 0, chargeW: 0, dischargeW: 0, oneWay: 1, wearMicroPerKwh };
  }
  return { ...planningLimits(model, room), wearMicroPerKwh };
}

/** What is in the cells after one interval at a mean power (charge positive). */
export function afterOne(
  limits: Pick<PlanningLimits, 'oneWay'>,
  storedWs: number,
  powerW: number,
  intervalSeconds: number,
): number {
  const energyWs = powerW * intervalSeconds;
  return Math.max(
    0,
    storedWs + (energyWs > 0 ? energyWs * limits.oneWay : energyWs / limits.oneWay),
  );
}
