/**
 * What the home wants: from forecast, battery and switched loads to a plan with blocks to trade
 * (design: one interval in the life of a meter, step 3). Surplus becomes asks and need becomes bids
 * for one interval; what the battery can spare or has room for comes on top, where sizes are the
 * home's own over a range of intervals (TRANSAX section 7.1: energy that can be stored is offered
 * for now and for later). Pure.
 */

import type { Interval } from '../../market/intervals.ts';
import { afterOne, planningSpec } from './battery.ts';
import { BatteryPlan, QUANTILE_SHARES } from './battery-plan/battery-plan.ts';
import { type MeterPrices, respond } from './battery-plan/response.ts';
import { laterPrices, offerPrices, supplierPrices } from './counted-prices.ts';
import { besideTrades, OfferMaker } from './offer-maker.ts';
import type { CourseStep, Plan, PlanSlot } from './plan.ts';
import { planSwitchedLoads } from './switched-loads.ts';
import { pricesAt } from './tariff.ts';
import type { WantsInput } from './wants-input.ts';

/** Makes the plan for the intervals after `madeIn`. */
export function wantsOf(input: WantsInput): Plan {
  const byLoad = planLoads(input);
  const loadsW = input.forecasts.map((_, slot) =>
    [...byLoad.values()].reduce((sum, plan) => sum + (plan[slot] ?? 0), 0),
  );
  const battery = batteryPlanOf(input, loadsW);
  const course = courseOf(input, battery, loadsW);
  const slots = input.forecasts.map((forecast, slot): PlanSlot => {
    const soldW = input.flexibleSoldW.get(forecast.interval) ?? 0;
    const batteryW = (course[slot]?.batteryW ?? 0) + soldW;
    const load = loadsW[slot] ?? 0;
    return {
      interval: forecast.interval,
      forecast,
      batteryW,
      loadsW: load,
      byLoad: new Map([...byLoad].map(([name, plan]) => [name, plan[slot] ?? 0])),
      plannedW: Math.round(forecast.p50W + batteryW + load),
      reason: null,
    };
  });
  const blocks = new OfferMaker(input, slots, battery, course).offer();
  return { madeIn: input.madeIn, slots, blocks, battery };
}

function planLoads({ forecasts, loads, tariff, intervalSeconds }: WantsInput) {
  const slots = forecasts.map(({ interval, p50W }) => ({
    interval,
    netW: p50W,
    prices: pricesAt(tariff, interval, intervalSeconds),
  }));
  return planSwitchedLoads(loads, slots, intervalSeconds);
}

function batteryPlanOf(input: WantsInput, loadsW: readonly number[]): BatteryPlan {
  const { battery, forecasts, intervalSeconds, tariff, flexibleSoldW } = input;
  const spec = planningSpec(battery?.model ?? null, input.wearMicroPerKwh, input.followerRoom);
  // What open asks over a range may still take is not planned with.
  const first = forecasts[0]?.interval ?? 0;
  spec.lowWs = Math.min(spec.highWs, spec.lowWs + reservedWs(input, first) / spec.oneWay);
  const cheapest = Math.min(
    ...forecasts.map(({ interval }) => pricesAt(tariff, interval, intervalSeconds).useMicroPerKwh),
  );
  return new BatteryPlan({
    spec,
    seconds: intervalSeconds,
    limitW: input.maxPowerW,
    endMicroPerKwh: Math.max(0, cheapest * spec.oneWay - spec.wearMicroPerKwh / 2),
    stages: (input.share ?? forecasts).map(({ interval, p10W, p50W, p90W }, slot) => {
      const moreW = (loadsW[slot] ?? 0) + (flexibleSoldW.get(interval) ?? 0);
      return {
        middleW: p50W + moreW,
        likely: likelyW(p10W + moreW, p50W + moreW, p90W + moreW),
        prices: countedAt(input, interval),
      };
    }),
  });
}

function likelyW(p10W: number, p50W: number, p90W: number) {
  if (p10W === p90W) return [{ netW: p50W, share: 1 }];
  return [
    { netW: p10W, share: QUANTILE_SHARES.p10 },
    { netW: p50W, share: QUANTILE_SHARES.p50 },
    { netW: p90W, share: QUANTILE_SHARES.p90 },
  ];
}

function countedAt(input: WantsInput, interval: Interval): MeterPrices {
  const { strategy = 'truthful', clearsAt, tariff, intervalSeconds } = input;
  const supplier = pricesAt(tariff, interval, intervalSeconds);
  if (input.share !== undefined) return supplierPrices(supplier);
  const clears = clearsAt?.(interval) ?? { bids: 0, asks: 0 };
  return laterPrices(
    strategy,
    offerPrices(supplier, input.ownMargin),
    besideTrades(input, interval),
    clears,
  );
}

/** What the battery does if nothing more is traded in the intervals that are offered for now. */
function courseOf(
  input: WantsInput,
  battery: BatteryPlan,
  loadsW: readonly number[],
): CourseStep[] {
  const { forecasts, intervalSeconds, flexibleSoldW } = input;
  let storedWs = input.battery?.storedWs ?? 0;
  return forecasts.map(({ interval, p50W }, slot) => {
    const beside = supplierPrices(besideTrades(input, interval));
    const isBeside = slot < input.ahead && input.share === undefined;
    const situation = battery.situation(slot, isBeside ? beside : undefined);
    const netW =
      (input.share?.[slot]?.p50W ?? p50W) +
      (loadsW[slot] ?? 0) +
      (flexibleSoldW.get(interval) ?? 0);
    const { batteryWs } = respond(situation, storedWs, netW * intervalSeconds);
    const batteryW = Math.trunc(batteryWs / intervalSeconds);
    storedWs = afterOne(situation.spec, storedWs, batteryW, intervalSeconds);
    return { batteryW, storedWs };
  });
}

/** What open flexible asks may still take at or after an interval, Ws at the meter. */
function reservedWs({ openOffers }: WantsInput, interval: Interval): number {
  return openOffers
    .filter((offer) => offer.isFlexible && offer.side === 'sell')
    .filter((offer) => offer.lastInterval >= interval)
    .reduce((sum, offer) => sum + offer.remainingWs, 0);
}
