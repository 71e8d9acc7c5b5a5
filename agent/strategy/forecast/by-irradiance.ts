/**
 * Generation from expected irradiance: what the roof gave for each W per square metre on the days
 * before, at the same time of the day (shadows and the roof's own direction are in it). Needs no
 * training. Pure.
 */
import type { Interval } from '../../../market/intervals.ts';
import { daysBefore } from './local-days.ts';
import { quantile } from './quantile.ts';
import type { Known } from './simple-methods.ts';
import type { WeatherAt } from './weather.ts';

const PAST_DAYS = 28;
/** Slots beside the target's: in each direction. */
const BESIDE = 2;
/** Less irradiance than that says nothing of the roof. W per square metre. */
const LEAST_WM2 = 20;
const LEAST_RATIOS = 10;

/** @returns W; NaN where weather or past do not say */
export function byIrradiance(known: Known, weatherAt: WeatherAt, target: Interval): number {
  const expectedWm2 = weatherAt(target)?.irradianceWm2 ?? null;
  if (expectedWm2 === null) return Number.NaN;
  if (expectedWm2 === 0) return 0;
  const { history, local, origin } = known;
  const ratios: number[] = [];
  for (let days = 1; days <= PAST_DAYS; days += 1) {
    const then = daysBefore(local, history.slotsPerDay, target, days);
    for (let at = then - BESIDE; at <= then + BESIDE && at < origin; at += 1) {
      const powerW = history.at(at);
      const wm2 = weatherAt(at)?.irradianceWm2 ?? 0;
      if (!Number.isNaN(powerW) && wm2 >= LEAST_WM2) ratios.push(powerW / wm2);
    }
  }
  if (ratios.length < LEAST_RATIOS) return expectedWm2 < LEAST_WM2 ? 0 : Number.NaN;
  return expectedWm2 * quantile(ratios, 0.5);
}
