/**
 * The battery's course over the coming intervals when nothing more is traded: it stores the home's
 * surplus and covers its need (self-consumption), within limits that leave the follower room to
 * regulate both ways. Pure.
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

/** What a follower needs that holds each interval on its target. */
export const HOLDING_ROOM: FollowerRoom = { reserveShare: 0.05, powerShare: 0.9 };
/** The band is restored over so many intervals. */
const RESTORE_INTERVALS = 2;

export function planningLimits(
  model: BatteryModel,
  { reserveShare, powerShare } = HOLDING_ROOM,
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
  room = HOLDING_ROOM,
): BatterySpec {
  if (model === null) {
    return { lowWs: 0, highWs: 0, chargeW: 0, dischargeW: 0, oneWay: 1, wearMicroPerKwh };
  }
  return { ...planningLimits(model, room), wearMicroPerKwh };
}

export interface CourseInput {
  intervalSeconds: number;
  /** In the cells at the start of the first slot. */
  storedWs: number;
  /** Expected net load of each slot without the battery, W. */
  netW: readonly number[];
  /** What final trades of flexible asks already take from the battery in each slot, W. */
  soldW: readonly number[];
  /** Energy that open flexible asks may still take, at each slot, Ws at the meter. */
  reservedWs: readonly number[];
}

export interface Course {
  /** Planned battery power of each slot without the flexible sales, charge positive, W. */
  batteryW: number[];
  /** In the cells at the end of each slot, flexible sales taken out. */
  storedWs: number[];
}

/** The course of self-consumption. Battery powers are whole watts. */
export function batteryCourse(limits: PlanningLimits, input: CourseInput): Course {
  const batteryW: number[] = [];
  const storedAfter: number[] = [];
  let storedWs = input.storedWs;
  input.netW.forEach((netW, slot) => {
    const soldW = input.soldW[slot] ?? 0;
    const reserved = (input.reservedWs[slot] ?? 0) / limits.oneWay;
    const powerW = Math.trunc(
      powerOf(limits, input.intervalSeconds, storedWs, netW, soldW, reserved),
    );
    storedWs = afterOne(limits, storedWs, powerW - soldW, input.intervalSeconds);
    batteryW.push(powerW);
    storedAfter.push(storedWs);
  });
  return { batteryW, storedWs: storedAfter };
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

function powerOf(
  limits: PlanningLimits,
  seconds: number,
  storedWs: number,
  netW: number,
  soldW: number,
  reservedWs: number,
): number {
  const sale = soldW / limits.oneWay;
  const room = (limits.highWs - storedWs) / seconds;
  const stock = (storedWs - reservedWs - limits.lowWs) / seconds - sale;
  if (storedWs < limits.lowWs) {
    // Below the band: come back to it, gently, before the follower runs out of room.
    const wanted = (limits.lowWs - storedWs) / seconds / RESTORE_INTERVALS;
    return Math.min(limits.chargeW, Math.max(wanted / limits.oneWay, Math.min(-netW, room)));
  }
  if (storedWs > limits.highWs && netW > -1) {
    const wanted = -room / RESTORE_INTERVALS;
    return -Math.min(
      Math.max(0, limits.dischargeW - soldW),
      Math.max(wanted * limits.oneWay, Math.min(netW, stock * limits.oneWay)),
    );
  }
  if (netW < 0) {
    return Math.max(0, Math.min(-netW, limits.chargeW, (room + sale) / limits.oneWay));
  }
  return -Math.max(0, Math.min(netW, limits.dischargeW - soldW, stock * limits.oneWay));
}
