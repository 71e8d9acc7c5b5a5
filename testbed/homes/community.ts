/**
 * A neighbourhood to run: feeders with limits, and homes with traces of 15 minutes. Generated from
 * a seed here; read from measured traces in `readers.ts`. The same seed gives the same one.
 */

import type { BoilerSpec } from '../emulators/boiler.ts';
import type { BatterySpec } from '../emulators/lab-battery.ts';
import { makeBattery, makeBoiler, roundedConnectionW } from './equipment.ts';
import { householdLoad } from './household.ts';
import { Seeded } from './seeded.ts';
import { pvTrace } from './solar.ts';

export interface FeederSpec {
  /** C_int: total sold, and total bought, inside it. W */
  internalLimitW: number;
  /** C_ext: net flow out, and in. W */
  externalLimitW: number;
}

export interface HomeSpec {
  /** Unique in the community, fit for a file name: `home-07`. */
  name: string;
  /** From 1, as on chain. */
  feeder: number;
  /** Market time of the first value of all traces, ms; they repeat when they end. */
  startsAtMs: number;
  /** Mean household load of each step, W, never negative. */
  loadW: Float64Array;
  /** Mean generation of each step, W, never negative; all zero without PV. */
  pvW: Float64Array;
  battery: BatterySpec | null;
  /** A boiler with its thermostat behind a relay. */
  switchedLoad: BoilerSpec | null;
  /** Limit of the grid connection both ways: what the meter is enrolled with. W */
  maxPowerW: number;
}

export interface CommunitySpec {
  /** Where the traces come from, for the page and the manifest. */
  source: string;
  /** First moment of the run, ms; a whole step. */
  startsAtMs: number;
  /** Feeder n stands at index n - 1. */
  feeders: FeederSpec[];
  homes: HomeSpec[];
  /** What was generated, scaled or repeated, in sentences. */
  notes: string[];
}

export interface GeneratorOptions {
  homes: number;
  feeders: number;
  seed: number;
  /** A whole step of 15 minutes, ms. */
  startsAtMs: number;
  /** Length of the traces; they repeat afterwards. */
  days: number;
}

/** A fine day in June, nine in the morning in Germany: the sun has just become worth trading. */
export const GENERATED_START_MS = Date.UTC(2026, 5, 12, 7);

/** Midnight of that day in Germany, for runs of a whole day. */
export const GENERATED_MIDNIGHT_MS = Date.UTC(2026, 5, 11, 22);

/**
 * A small neighbourhood: every home has a battery, most have a boiler, about half have PV. Feeders
 * differ in their share of PV, so that energy has somewhere to go, and their limits bind at noon.
 */
export function generateCommunity(options: GeneratorOptions): CommunitySpec {
  const { seed, startsAtMs, days } = options;
  const homes: HomeSpec[] = [];
  for (let index = 0; index < options.homes; index += 1) {
    const chance = new Seeded(seed, 1, index);
    const annualKwh = chance.between(2200, 6000);
    const loadW = householdLoad({ annualKwh, startsAtMs, days, seed, home: index });
    const hasPv = hasPvAt(index, options);
    const peakW = hasPv ? Math.round(chance.between(4500, 9800)) : 0;
    const pvW = pvTrace({ peakW, startsAtMs, days, seed, home: index });
    homes.push(equipHome({ index, options, chance, loadW, pvW }));
  }
  return {
    source: `generated, seed ${seed}`,
    startsAtMs,
    feeders: feederLimits(homes, options.feeders),
    homes,
    notes: ['Loads, weather and equipment are generated from the seed.'],
  };
}

/** Battery and boiler, as every home of the small neighbourhood has them. */
export function equipHome(parts: {
  index: number;
  options: Pick<GeneratorOptions, 'homes' | 'feeders' | 'startsAtMs'>;
  chance: Seeded;
  loadW: Float64Array;
  pvW: Float64Array;
}): HomeSpec {
  const { index, options, chance, loadW, pvW } = parts;
  const battery = makeBattery(chance.pick([5, 7.5, 10, 12, 15]), chance);
  const boiler = chance.chance(0.75) ? makeBoiler(options.startsAtMs, loadW.length, chance) : null;
  return {
    name: homeName(index, options.homes),
    feeder: feederAt(index, options),
    startsAtMs: options.startsAtMs,
    loadW,
    pvW,
    battery,
    switchedLoad: boiler,
    maxPowerW: roundedConnectionW(loadW, pvW, battery, boiler),
  };
}

/** `home-07`: as many digits as the community needs. */
export function homeName(index: number, homes: number): string {
  return `home-${String(index + 1).padStart(String(homes).length, '0')}`;
}

/** Neighbours in the list are neighbours on a feeder. */
export function feederAt(index: number, options: { homes: number; feeders: number }): number {
  return Math.floor((index * options.feeders) / options.homes) + 1;
}

/** PV grows rarer from the first feeder to the last, from three quarters to a quarter. */
export function hasPvAt(index: number, options: { homes: number; feeders: number }): boolean {
  const feeder = feederAt(index, options);
  let first = index;
  while (first > 0 && feederAt(first - 1, options) === feeder) first -= 1;
  let size = 1;
  while (first + size < options.homes && feederAt(first + size, options) === feeder) size += 1;
  const along = options.feeders === 1 ? 0.5 : (feeder - 1) / (options.feeders - 1);
  const share = 0.75 - 0.5 * along;
  return index - first < Math.max(1, Math.round(share * size));
}

/**
 * Limits that let an ordinary hour pass and bind when the sun is high or everybody cooks; internal
 * to external as in the TRANSAX microgrid (25 to 20).
 */
export function feederLimits(homes: readonly HomeSpec[], feeders: number): FeederSpec[] {
  const limits: FeederSpec[] = [];
  for (let feeder = 1; feeder <= feeders; feeder += 1) {
    const members = homes.filter((home) => home.feeder === feeder);
    const flows = Array.from({ length: members[0]?.loadW.length ?? 0 }, (_, step) =>
      Math.abs(members.reduce((sum, h) => sum + (h.loadW[step] ?? 0) - (h.pvW[step] ?? 0), 0)),
    ).sort((a, b) => a - b);
    const high = flows[Math.floor(flows.length * 0.98)] ?? 0;
    const externalLimitW = Math.max(1500, Math.round((0.65 * high) / 100) * 100);
    limits.push({ externalLimitW, internalLimitW: Math.round(externalLimitW * 1.25) });
  }
  return limits;
}
