/**
 * What a switched load is, in inner units. `agent/config/loads.ts` makes
 * these from `[loads.*]` and `[groups.*]`; everything else about loads works on them. Pure.
 */

/**
 * `deadline`: a program that is not cut once it runs (dishwasher). `thermostatic`: the relay is a
 * permission in series with the device's own thermostat (boiler). `interruptible`: may be cut at
 * any time within its minimum times (heating rod, pool pump). `sg-ready`: a heat pump with two
 * inputs. `monitor`: never switched.
 */
export type LoadKind = 'deadline' | 'thermostatic' | 'interruptible' | 'sg-ready' | 'monitor';

/** `block` is the least that a heat pump can do; for a plain relay it is `off`. */
export type Level = 'off' | 'on' | 'block';

export interface SwitchLimits {
  minimumOnMs: number;
  minimumOffMs: number;
  /** At most this long on without a break; null: no limit. */
  maximumOnMs: number | null;
  /** Null: no limit. */
  startsPerHour: number | null;
}

/** Energy that a load must have had by moments of the local day. */
export interface EnergyNeed {
  /** Of one local day; with several moments each takes its even part. */
  energyWs: number;
  /** Seconds of the local day, ascending; 86400 is the midnight that ends it. */
  bySeconds: readonly number[];
  /** 0 is Sunday; null: every day. A day's moments belong to it. */
  days: readonly number[] | null;
  /** Whether it runs at its latest start though nothing was planned. */
  mustRun: boolean;
}

/** A long heating that must come once in so long (against legionella). */
export interface HeatCycle {
  everyMs: number;
  durationMs: number;
}

export interface FeedbackLimits {
  expectW: number;
  /** 0 to 1, of `expectW`. */
  tolerance: number;
  withinMs: number;
}

export interface LoadModel extends SwitchLimits {
  name: string;
  kind: LoadKind;
  /** While it runs; of a heat pump, what a boost adds. */
  powerW: number;
  safe: 'on' | 'off';
  need: EnergyNeed | null;
  /**
   * The need is one program of this long, ms, which begins anew when it is cut; null: it is an
   * energy, of which pieces count.
   */
  programMs: number | null;
  cycle: HeatCycle | null;
  /** So much heat may be missing, by estimate, before it runs at once, Ws; null: no floor. */
  comfortFloorWs: number | null;
  /** Whether a boost of a heat pump is the forced one, 1:1. */
  isForcedBoost: boolean;
  /** Whether it may take surplus when nothing is scheduled. */
  takesSurplus: boolean;
  /** Null: what it draws is not checked. */
  feedback: FeedbackLimits | null;
}

export interface LoadGroup {
  name: string;
  members: readonly string[];
  /** Never two of them on. */
  isInterlock: boolean;
  /** Members that are on, and the measured rest of the home, stay below; null: no fuse. */
  maxW: number | null;
}

export const DAY_S = 86_400;

/** A load with every limit open, for tests and for what needs only a few of the fields. */
export function loadModel(given: Partial<LoadModel> & { name: string; powerW: number }): LoadModel {
  return {
    ...{ kind: 'thermostatic', safe: 'off', need: null, programMs: null, cycle: null },
    ...{ comfortFloorWs: null, takesSurplus: false, isForcedBoost: false, feedback: null },
    ...{ minimumOnMs: 0, minimumOffMs: 0, maximumOnMs: null, startsPerHour: null },
    ...given,
  };
}

/** The need of an energy by the end of each local day. */
export function dailyNeed(energyWs: number): EnergyNeed {
  return { energyWs, bySeconds: [DAY_S], days: null, mustRun: true };
}
