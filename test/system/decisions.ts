/**
 * What a made-up home decides, as one number: forecasts of a trained model, the battery's plan and
 * the offers, all figures to their last bit. It must be the same on every platform.
 */
import { createHash } from 'node:crypto';
import { Forecaster } from '../../agent/strategy/forecast/forecaster.ts';
import { HomeDays } from '../../agent/strategy/forecast/home-days.ts';
import { train } from '../../agent/strategy/forecast/trained-model.ts';
import { HomeTime } from '../../agent/strategy/home-time.ts';
import type { NetLoadForecast } from '../../agent/strategy/plan.ts';
import { wantsOf } from '../../agent/strategy/wants.ts';

const DAY = 96;
const DAYS = 16;
const FIRST = 20_600 * DAY;
const ZONE = 'Europe/Berlin';

/** @returns SHA-256 in hexadecimal */
export function decisionDigest(seed: number): string {
  const hash = createHash('sha256');
  const forecaster = madeHome(seed);
  const origin = FIRST + DAYS * DAY;
  for (const isTrained of [false, true]) {
    if (isTrained) forecaster.adopt(train(forecaster.known));
    const forecasts = Array.from({ length: DAY }, (_, ahead) =>
      forecaster.forecast(origin + ahead),
    ).filter((each) => each !== null);
    hash.update(JSON.stringify(forecasts));
    for (const share of [0.1, 0.5, 0.9]) hash.update(decided(origin - 1, forecasts, share));
  }
  return hash.digest('hex');
}

function madeHome(seed: number): Forecaster {
  const local = new HomeDays(ZONE, 900);
  const forecaster = new Forecaster({ intervalSeconds: 900, local, limitW: 20_000 });
  let state = seed;
  const chance = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let at = 0; at < DAYS * DAY; at += 1) {
    const slot = at % DAY;
    const sunW = slot > 28 && slot < 72 ? (slot - 28) * (72 - slot) * 7 * chance() : 0;
    const eveningW = slot > 68 && chance() > 0.4 ? 1_800 * chance() : 0;
    // Some intervals are not known.
    if (chance() > 0.02) forecaster.observe(FIRST + at, 250 + 150 * chance() + eveningW - sunW);
  }
  return forecaster;
}

function decided(madeIn: number, forecasts: NetLoadForecast[], share: number): string {
  const capacityWs = 23_040_000;
  const model = {
    ...{ capacityWs, chargeW: 5_000, dischargeW: 4_600 },
    ...{ lowShare: 0.1, highShare: 0.95, efficiency: 0.9 },
  };
  const clears = (interval: number) => ({ bids: (interval % 7) / 7, asks: (interval % 5) / 5 });
  const { slots, blocks, battery } = wantsOf({
    ...{ madeIn, intervalSeconds: 900, lastInterval: madeIn + 13, ahead: 1, forecasts },
    battery: { model, storedWs: share * capacityWs },
    ...{ loads: [], openOffers: [], flexibleSoldW: new Map() },
    tariff: { useMicroPerKwh: [250_000, 250_000, 430_000, 310_000], feedInMicroPerKwh: [81_000] },
    ...{ maxPowerW: 11_000, leastOfferWs: 900, ownMargin: null, time: new HomeTime(ZONE) },
    ...{ strategy: 'adaptive', clearsAt: clears },
  });
  const stored = Array.from({ length: 20 }, (_, step) =>
    battery.valueBefore(0).at((step * capacityWs) / 20),
  );
  const rows = slots.map(({ batteryW, plannedW, reason }) => [batteryW, plannedW, reason]);
  return JSON.stringify({ rows, blocks, stored });
}
