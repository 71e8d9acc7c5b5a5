/**
 * What a home wants, in numbers and words; it knows no market mechanism. Pure.
 * Powers are positive into the home (design: words and units).
 */
import type { Interval } from '../../market/intervals.ts';
import type { Side } from '../../market/units.ts';
import type { BatteryPlan } from './battery-plan/battery-plan.ts';

/** Net load of one interval: quantiles of its mean power. */
export interface NetLoadForecast {
  interval: Interval;
  p10W: number;
  p50W: number;
  p90W: number;
  /** Which method made it, and from how many days: `slot-median-28d (9 days)`, `last value`. */
  method: string;
}

export interface Reason {
  /** Stable code, e.g. `surplus-expected`, `need-expected`, `battery-spare`. */
  code: string;
  /**
   * For people: `offered 0.42 kWh at 0.19 for 12:00 to 13:15: surplus expected 0.5 (0.3 to 0.8)`.
   */
  sentence: string;
}

/** Energy that the home would sell or buy within a range of intervals. */
export interface Block {
  side: Side;
  firstInterval: Interval;
  lastInterval: Interval;
  energyWs: number;
  maxPowerW: number;
  /** Reservation price. */
  valueMicroPerKwh: number;
  /**
   * False: the energy is part of `plannedW`, trading it changes only to whom it goes. True: it
   * comes from the battery on top of `plannedW`, and trading it changes what the meter shows.
   */
  isFlexible: boolean;
  reason: Reason;
}

/** The battery's part of a slot: whole W at the terminals, and what is in the cells then. */
export interface CourseStep {
  batteryW: number;
  storedWs: number;
}

export interface PlanSlot {
  interval: Interval;
  forecast: NetLoadForecast;
  /** Planned battery power (charge positive) and switched load power, means over the interval. */
  batteryW: number;
  loadsW: number;
  /** What each load takes of it, W. */
  byLoad: ReadonlyMap<string, number>;
  /** What the meter would show if nothing flexible is traded: forecast + battery + loads. */
  plannedW: number;
  /** What was offered for it and why; null where nothing was decided yet. */
  reason: Reason | null;
}

/** Made in interval `madeIn` for the intervals after it. */
export interface Plan {
  madeIn: Interval;
  slots: PlanSlot[];
  blocks: Block[];
  /** How the battery is planned, stage by slot: what it is worth to have so much stored then. */
  battery: BatteryPlan;
}
