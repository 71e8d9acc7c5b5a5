/**
 * From measured traces to a neighbourhood: days are laid on the run's calendar, homes are repeated
 * where the data have too few, and what was not measured (PV, batteries, boilers) is generated.
 */
import type { BatterySpec } from '../emulators/lab-battery.ts';
import {
  type CommunitySpec,
  equipHome,
  type FeederSpec,
  feederAt,
  feederLimits,
  GENERATED_MIDNIGHT_MS,
  type HomeSpec,
  hasPvAt,
  homeName,
} from './community.ts';
import { roundedConnectionW } from './equipment.ts';
import { localMidnight } from './local-time.ts';
import { Seeded } from './seeded.ts';
import { pvTrace } from './solar.ts';
import { STEPS_PER_DAY, TRACE_STEP_SECONDS } from './trace-step.ts';

export interface MeasuredHome {
  /** Mean W of each step, whole days from a local midnight on. */
  loadW: Float64Array;
  /** Its own generation; null where none was measured. */
  pvW: Float64Array | null;
  /** Its own battery; undefined: one is generated, null: it has none. */
  battery?: BatterySpec | null;
  /** From 1, where the data say so. */
  feeder?: number;
}

export interface MeasuredSet {
  source: string;
  days: number;
  /** Local midnight of the first day by the data's own calendar; null when it has none. */
  firstDayMs: number | null;
  homes: MeasuredHome[];
  /** Generation per W of peak power, for homes that get PV; empty: it is generated. */
  pvPerUnit: Float64Array[];
  /** Limits that belong to the data, for every feeder; null: chosen to fit. */
  limits: FeederSpec | null;
  /** Whether homes get generated boilers. */
  boilers: boolean;
  /** Local hour at which a run begins unless said otherwise. */
  startHour: number;
  notes: string[];
}

export interface PlacingOptions {
  homes: number;
  feeders: number;
  seed: number;
  /** First moment of the run; null: on the sunniest day of the data. */
  startsAtMs: number | null;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export function placeMeasured(set: MeasuredSet, options: PlacingOptions): CommunitySpec {
  const { day, startsAtMs } = chooseStart(set, options.startsAtMs);
  const stepInDay = (startsAtMs - localMidnight(startsAtMs)) / (TRACE_STEP_SECONDS * 1000);
  const offset = day * STEPS_PER_DAY + stepInDay;
  const placed = { ...options, startsAtMs };
  const homes: HomeSpec[] = [];
  for (let index = 0; index < options.homes; index += 1) {
    homes.push(placeHome(set, placed, index, offset));
  }
  const limits = set.limits;
  return {
    source: set.source,
    startsAtMs,
    feeders: limits
      ? Array.from({ length: options.feeders }, () => ({ ...limits }))
      : feederLimits(homes, options.feeders),
    homes,
    notes: [...set.notes, ...placingNotes(set, options)],
  };
}

function placeHome(
  set: MeasuredSet,
  options: PlacingOptions & { startsAtMs: number },
  index: number,
  offset: number,
): HomeSpec {
  const chance = new Seeded(options.seed, 21, index);
  const round = Math.floor(index / set.homes.length);
  const measured = set.homes[index % set.homes.length];
  if (!measured) throw new RangeError('a measured set has at least one home');
  // A home that is used again lives another week, and a little more or less.
  const scale = round === 0 ? 1 : chance.between(0.8, 1.2);
  const weeksOn = round * 7 * STEPS_PER_DAY;
  const loadW = rotate(measured.loadW, offset + weeksOn, scale);
  const pvW = placePv(set, measured, options, index, offset, scale);
  const equipped = equipHome({ index, options, chance, loadW, pvW });
  const battery = measured.battery === undefined ? equipped.battery : measured.battery;
  const switchedLoad = set.boilers ? equipped.switchedLoad : null;
  return {
    ...equipped,
    name: homeName(index, options.homes),
    feeder: measured.feeder === undefined ? feederAt(index, options) : measured.feeder,
    battery,
    switchedLoad,
    maxPowerW: roundedConnectionW(loadW, pvW, battery, switchedLoad),
  };
}

/** A roof's sun is that of the day, also for homes that are used again. */
function placePv(
  set: MeasuredSet,
  measured: MeasuredHome,
  options: PlacingOptions & { startsAtMs: number },
  index: number,
  offset: number,
  scale: number,
): Float64Array {
  const isRepeated = index >= set.homes.length;
  if (measured.pvW && (!isRepeated || hasPvAt(index, options))) {
    return rotate(measured.pvW, offset, scale);
  }
  const without = new Float64Array(measured.loadW.length);
  if (measured.pvW || !hasPvAt(index, options)) return without;
  const chance = new Seeded(options.seed, 22, index);
  const peakW = Math.round(chance.between(4500, 9800));
  const shape = set.pvPerUnit[index % Math.max(1, set.pvPerUnit.length)];
  if (shape) return rotate(shape, offset, peakW);
  const { seed, startsAtMs } = options;
  return pvTrace({ peakW, startsAtMs, days: set.days, seed, home: index });
}

function rotate(trace: Float64Array, offset: number, scale: number): Float64Array {
  return trace.map((_, step) => Math.round((trace[(offset + step) % trace.length] ?? 0) * scale));
}

/** Which day of the data the run's first day is. */
function chooseStart(set: MeasuredSet, asked: number | null): { day: number; startsAtMs: number } {
  const sunniest = sunniestDay(set);
  if (asked === null) {
    const midnight =
      set.firstDayMs === null
        ? GENERATED_MIDNIGHT_MS
        : localMidnight(set.firstDayMs + sunniest * DAY_MS + DAY_MS / 2);
    return { day: sunniest, startsAtMs: midnight + set.startHour * HOUR_MS };
  }
  if (set.firstDayMs !== null) {
    const own = Math.round((localMidnight(asked) - set.firstDayMs) / DAY_MS);
    if (own >= 0 && own < set.days) return { day: own, startsAtMs: asked };
  }
  return { day: sunniest, startsAtMs: asked };
}

function sunniestDay(set: MeasuredSet): number {
  const traces = [...set.pvPerUnit, ...set.homes.flatMap((home) => (home.pvW ? [home.pvW] : []))];
  let best = 0;
  let bestSum = 0;
  for (let day = 0; day < set.days; day += 1) {
    let sum = 0;
    for (const trace of traces) {
      for (let step = 0; step < STEPS_PER_DAY; step += 1) {
        sum += trace[day * STEPS_PER_DAY + step] ?? 0;
      }
    }
    if (sum > bestSum) [best, bestSum] = [day, sum];
  }
  return best;
}

function placingNotes(set: MeasuredSet, options: PlacingOptions): string[] {
  const notes: string[] = [];
  if (options.homes > set.homes.length) {
    notes.push(
      `Homes measured: ${set.homes.length}; the others live other weeks of them, times 0.8 to 1.2.`,
    );
  }
  const hasOwnPv = set.homes.some((home) => home.pvW !== null);
  if (!hasOwnPv && set.pvPerUnit.length === 0) {
    notes.push('No PV was measured: about half of the homes get a generated roof.');
  } else if (!hasOwnPv) {
    notes.push('About half of the homes get one of the measured PV profiles, 4.5 to 9.8 kW peak.');
  }
  if (set.homes.some((home) => home.battery === undefined)) {
    notes.push('Batteries are generated.');
  }
  if (set.boilers) notes.push('Three quarters of the homes get a generated boiler on a relay.');
  if (set.days > 1) notes.push(`The traces last ${set.days} days and then repeat.`);
  return notes;
}
