/**
 * A generated look-alike of the TRANSAX microgrid (paper, section 7.1 and figure 5): 102 homes on
 * 11 feeders, 5 producers and 97 consumers, 20 kW external and 25 kW internal limits. The sizes of
 * the feeders and the places of the producers are the paper's; every value of every trace is
 * generated.
 */
import type { BatterySpec } from '../emulators/lab-battery.ts';
import {
  type CommunitySpec,
  type FeederSpec,
  GENERATED_MIDNIGHT_MS,
  type HomeSpec,
} from './community.ts';
import { makeBattery, roundedConnectionW } from './equipment.ts';
import { householdLoad } from './household.ts';
import { Seeded } from './seeded.ts';
import { pvTrace } from './solar.ts';

const FEEDER_SIZES = [9, 17, 5, 13, 8, 1, 10, 17, 5, 13, 4];
/** Feeder, place on it from 0, and peak of the plant, W. */
const PRODUCERS: [feeder: number, place: number, peakW: number][] = [
  [1, 0, 11_000],
  [1, 1, 90_000],
  [7, 7, 35_000],
  [8, 14, 11_000],
  [10, 9, 17_000],
];
/** A few of the consumers are shops and workshops, as the paper's loads suggest. */
const LARGE_CONSUMER_SHARE = 0.08;
const SMALL_BATTERY_SHARE = 0.25;
const DAYS = 2;

export const TRANSAX_LIMITS: Readonly<FeederSpec> = {
  internalLimitW: 25_000,
  externalLimitW: 20_000,
};

/** What the paper gives its producers: 90 kWh, charged at 10 kWh per interval of 15 minutes. */
export function producerBattery(): BatterySpec {
  return {
    capacityWs: 90 * 3_600_000,
    chargeW: 40_000,
    dischargeW: 40_000,
    efficiency: 0.95,
    initialShare: 0.1,
  };
}

/** @param startsAtMs first moment; midnight of a fine day in June unless said otherwise */
export function transaxLookalike(seed: number, startsAtMs = GENERATED_MIDNIGHT_MS): CommunitySpec {
  const homes: HomeSpec[] = [];
  FEEDER_SIZES.forEach((size, at) => {
    for (let place = 0; place < size; place += 1) {
      homes.push(lookalikeHome(seed, startsAtMs, homes.length, at + 1, place));
    }
  });
  return {
    source: `generated look-alike of the TRANSAX microgrid, seed ${seed}`,
    startsAtMs,
    feeders: FEEDER_SIZES.map(() => ({ ...TRANSAX_LIMITS })),
    homes,
    notes: [
      'Feeder sizes, producers and limits as in the TRANSAX paper; the rest is generated.',
      'Producers have batteries of 90 kWh, a quarter of the consumers one of 5 kWh; no boilers.',
    ],
  };
}

function lookalikeHome(
  seed: number,
  startsAtMs: number,
  index: number,
  feeder: number,
  place: number,
): HomeSpec {
  const chance = new Seeded(seed, 11, index);
  const peakW = PRODUCERS.find(([f, p]) => f === feeder && p === place)?.[2] ?? 0;
  const isLarge = chance.chance(LARGE_CONSUMER_SHARE);
  const annualKwh = isLarge ? chance.between(28_000, 50_000) : chance.between(3000, 6000);
  const timing = { startsAtMs, days: DAYS, seed, home: index };
  const loadW = peakW > 0 ? new Float64Array(DAYS * 96) : householdLoad({ annualKwh, ...timing });
  const pvW = pvTrace({ peakW, ...timing });
  const small = chance.chance(SMALL_BATTERY_SHARE) ? makeBattery(5, chance) : null;
  const battery = peakW > 0 ? producerBattery() : small;
  return {
    name: `home-${String(index + 1).padStart(3, '0')}`,
    feeder,
    startsAtMs,
    loadW,
    pvW,
    battery,
    switchedLoad: null,
    maxPowerW: roundedConnectionW(loadW, pvW, battery, null),
  };
}
