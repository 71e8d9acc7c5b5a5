/**
 * Household loads from a seed: the course of a day as in the German standard load profile H0, made
 * one home's own by its level, its habits and its appliances.
 */

import { localMoment, localOffsetHours } from './local-time.ts';
import { Seeded } from './seeded.ts';
import { STEPS_PER_DAY, TRACE_STEP_SECONDS } from './trace-step.ts';

/** Hourly shape of an ordinary day, relative to its mean; close to H0 in the transition months. */
const WORKDAY = [
  0.62, 0.48, 0.42, 0.4, 0.41, 0.48, 0.8, 1.05, 1.08, 1.05, 1.06, 1.18, 1.32, 1.16, 1.0, 0.96, 1.0,
  1.18, 1.5, 1.66, 1.56, 1.32, 1.12, 0.86,
];
const WEEKEND = [
  0.72, 0.56, 0.48, 0.44, 0.43, 0.44, 0.56, 0.82, 1.1, 1.32, 1.42, 1.5, 1.56, 1.36, 1.14, 1.04,
  1.02, 1.12, 1.36, 1.48, 1.42, 1.26, 1.1, 0.9,
];
const STANDBY_SHARE = 0.22;

interface Appliance {
  /** How often a day, as a probability. */
  chance: number;
  powerW: [low: number, high: number];
  steps: [low: number, high: number];
  /** Local hours within which it starts. */
  hours: [from: number, to: number];
}

const APPLIANCES: Appliance[] = [
  { chance: 0.9, powerW: [700, 1600], steps: [1, 2], hours: [11.5, 13] },
  { chance: 0.95, powerW: [900, 2200], steps: [2, 4], hours: [17.5, 19.5] },
  { chance: 0.45, powerW: [500, 900], steps: [4, 7], hours: [8, 18] },
  { chance: 0.4, powerW: [700, 1100], steps: [3, 5], hours: [13, 21] },
  { chance: 0.6, powerW: [600, 1400], steps: [1, 1], hours: [6.5, 8.5] },
];

export interface HouseholdOptions {
  /** Without boiler and battery. */
  annualKwh: number;
  startsAtMs: number;
  days: number;
  seed: number;
  /** Number of the home. */
  home: number;
}

/** Mean load of each step, whole W. */
export function householdLoad(options: HouseholdOptions): Float64Array {
  const steps = options.days * STEPS_PER_DAY;
  const trace = new Float64Array(steps);
  const offset = localOffsetHours(options.startsAtMs);
  const meanW = (options.annualKwh * 1000) / 8760;
  const habits = new Seeded(options.seed, 5, options.home);
  const shiftHours = habits.between(-0.75, 0.75);
  const appliancesW = 0.3 * meanW;
  let mood = 0;
  for (let step = 0; step < steps; step += 1) {
    const atMs = options.startsAtMs + step * TRACE_STEP_SECONDS * 1000;
    const { hour, weekday } = localMoment(atMs + shiftHours * 3_600_000, offset);
    const wavering = new Seeded(options.seed, 6, options.home, step);
    mood = 0.7 * mood + 0.5 * wavering.bell();
    const shape = shapeAt(weekday > 4 ? WEEKEND : WORKDAY, hour);
    const awake = (meanW - appliancesW) * (shape - STANDBY_SHARE) * Math.max(0.3, 1 + 0.3 * mood);
    trace[step] = meanW * STANDBY_SHARE + Math.max(0, awake);
  }
  addAppliances(trace, options, offset, appliancesW);
  return trace.map((power) => Math.round(power));
}

/** Blocks of cooking, washing and the like, scaled so that their mean is about `meanW`. */
function addAppliances(
  trace: Float64Array,
  options: HouseholdOptions,
  offset: number,
  meanW: number,
): void {
  const ordinary = APPLIANCES.reduce(
    (sum, a) => sum + a.chance * middle(a.powerW) * middle(a.steps),
    0,
  );
  const scale = (meanW * STEPS_PER_DAY) / ordinary;
  const first = localMoment(options.startsAtMs, offset);
  for (let day = 0; day <= options.days; day += 1) {
    const today = new Seeded(options.seed, 7, options.home, first.day + day);
    for (const appliance of APPLIANCES) {
      const runs = today.chance(appliance.chance);
      const hour = today.between(...appliance.hours);
      const powerW = today.between(...appliance.powerW) * scale;
      const length = today.whole(...appliance.steps);
      if (!runs) continue;
      const begin = Math.floor(((day * 24 + hour - first.hour) * 3600) / TRACE_STEP_SECONDS);
      for (let step = begin; step < begin + length; step += 1) {
        if (step >= 0 && step < trace.length) trace[step] = (trace[step] ?? 0) + powerW;
      }
    }
  }
}

function shapeAt(shape: readonly number[], hour: number): number {
  const whole = Math.floor(hour);
  const before = shape[whole % 24] ?? 1;
  const after = shape[(whole + 1) % 24] ?? 1;
  return before + (after - before) * (hour - whole);
}

function middle([low, high]: [number, number]): number {
  return (low + high) / 2;
}
