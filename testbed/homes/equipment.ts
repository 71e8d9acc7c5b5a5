/** Batteries, boilers and grid connections as they are sold. */
import type { BoilerSpec } from '../emulators/boiler.ts';
import type { BatterySpec } from '../emulators/lab-battery.ts';
import { localMoment, localOffsetHours } from './local-time.ts';
import { Seeded } from './seeded.ts';
import { TRACE_STEP_SECONDS } from './trace-step.ts';

const WS_PER_KWH = 3_600_000;
/** A household connection of 3 x 16 A. */
const HOUSEHOLD_CONNECTION_W = 11_000;

/** A home battery: half its capacity an hour, at most 5 kW; 90 % over a round trip. */
export function makeBattery(capacityKwh: number, chance: Seeded): BatterySpec {
  const powerW = Math.min(5000, Math.round(capacityKwh * 500));
  return {
    capacityWs: capacityKwh * WS_PER_KWH,
    chargeW: powerW,
    dischargeW: powerW,
    efficiency: 0.9,
    initialShare: Math.round(chance.between(0.35, 0.6) * 100) / 100,
  };
}

/** Hours at which people want warm water, relative. */
const WARM_WATER = [
  0, 0, 0, 0, 0, 0.5, 2, 3, 1.5, 0.7, 0.5, 0.6, 1, 0.8, 0.4, 0.4, 0.5, 0.8, 1.5, 2.2, 2, 1.4, 0.7,
  0.2,
];

/** 2 kW and a tank of about a day and a half; 3 to 5 kWh of warm water a day. */
export function makeBoiler(startsAtMs: number, steps: number, chance: Seeded): BoilerSpec {
  const energyPerDayWs = Math.round(chance.between(3, 5) * 10) * 360_000;
  const offset = localOffsetHours(startsAtMs);
  const total = WARM_WATER.reduce((sum, weight) => sum + weight, 0);
  const seed = chance.whole(0, 0x7fffffff);
  const drawW = new Float64Array(steps);
  for (let step = 0; step < steps; step += 1) {
    const { hour } = localMoment(startsAtMs + step * TRACE_STEP_SECONDS * 1000, offset);
    const weight = (WARM_WATER[Math.floor(hour)] ?? 0) * new Seeded(seed, step).between(0.3, 1.7);
    drawW[step] = Math.round(((energyPerDayWs / 3600) * weight) / total);
  }
  return { powerW: 2000, energyPerDayWs, tankWs: 1.5 * energyPerDayWs, drawW };
}

/** The grid connection that fits, in whole kW, at least a household's. */
export function roundedConnectionW(
  loadW: Float64Array,
  pvW: Float64Array,
  battery: BatterySpec | null,
  boiler: BoilerSpec | null,
): number {
  const greatest = (trace: Float64Array) => trace.reduce((most, value) => Math.max(most, value), 0);
  const taken = 1.2 * greatest(loadW) + (battery?.chargeW ?? 0) + (boiler?.powerW ?? 0);
  const given = greatest(pvW) + (battery?.dischargeW ?? 0);
  return Math.max(HOUSEHOLD_CONNECTION_W, Math.ceil(Math.max(taken, given) / 1000) * 1000);
}
