/** Generation of a roof: the sun's height at 50° north, and a seeded sky above it. */

import { localMoment, localOffsetHours } from './local-time.ts';
import { Seeded } from './seeded.ts';
import { STEPS_PER_DAY, TRACE_STEP_SECONDS } from './trace-step.ts';

export interface PvOptions {
  /** Nominal power of the panels, W; 0 gives a trace of zeros. */
  peakW: number;
  startsAtMs: number;
  days: number;
  seed: number;
  /** Number of the home: which way its roof looks. */
  home: number;
}

const LATITUDE = (50 * Math.PI) / 180;
/** The sun is highest at about 12:25 CET, 13:25 in summer time; by UTC: 11:25 at 9° east. */
const SOLAR_NOON_UTC_HOUR = 11.4;

/** Mean power of each step, whole W. The sky is the same for all homes of a seed. */
export function pvTrace(options: PvOptions): Float64Array {
  const steps = options.days * STEPS_PER_DAY;
  const trace = new Float64Array(steps);
  if (options.peakW <= 0) return trace;
  const roof = new Seeded(options.seed, 2, options.home);
  /** Hours by which the roof's best time differs from noon: east and west. */
  const turnedHours = roof.between(-1, 1);
  const yieldShare = roof.between(0.8, 0.92);
  const sky = skyOf(options);
  for (let step = 0; step < steps; step += 1) {
    const atMs = options.startsAtMs + (step + 0.5) * TRACE_STEP_SECONDS * 1000;
    const clear = sunHeight(atMs - turnedHours * 3_600_000) ** 1.2;
    trace[step] = Math.round(options.peakW * yieldShare * clear * (sky[step] ?? 1));
  }
  return trace;
}

/** Sine of the sun's height, 0 at night; averaged a little by the exponent's caller. */
function sunHeight(atMs: number): number {
  const { dayOfYear } = localMoment(atMs, 0);
  const hourUtc = (atMs % 86_400_000) / 3_600_000;
  const declination = -0.4093 * Math.cos((2 * Math.PI * (dayOfYear + 10)) / 365);
  const angle = ((hourUtc - SOLAR_NOON_UTC_HOUR) / 24) * 2 * Math.PI;
  const sine =
    Math.sin(LATITUDE) * Math.sin(declination) +
    Math.cos(LATITUDE) * Math.cos(declination) * Math.cos(angle);
  return Math.max(0, sine);
}

/** Share of the clear sky that gets through, step by step: fine days, dull days, passing clouds. */
function skyOf(options: PvOptions): Float64Array {
  const steps = options.days * STEPS_PER_DAY;
  const sky = new Float64Array(steps);
  const offset = localOffsetHours(options.startsAtMs);
  let cloud = 0;
  for (let step = 0; step < steps; step += 1) {
    const atMs = options.startsAtMs + step * TRACE_STEP_SECONDS * 1000;
    const { day } = localMoment(atMs, offset);
    const today = new Seeded(options.seed, 3, day);
    // The first day is fine, so that a short run has something to trade.
    const isFirst = day === localMoment(options.startsAtMs, offset).day;
    const fairness = isFirst ? today.between(0.85, 1) : today.between(0.25, 1);
    const passing = new Seeded(options.seed, 4, Math.floor(atMs / 1000 / TRACE_STEP_SECONDS));
    cloud = 0.8 * cloud + 0.6 * passing.bell();
    sky[step] = Math.min(1, Math.max(0.08, fairness * (1 - 0.18 * Math.max(0, cloud))));
  }
  return sky;
}
