/**
 * How far outcomes fell from what was expected, by how much was expected: the 10 % and 90 %
 * quantiles of the errors over data the model had not seen (split conformal prediction, Lei et al.
 * 2018). A low expectation is missed upwards, a high one downwards; so by groups.
 */
import { quantileOfSorted } from './quantile.ts';

export interface Band {
  /** Most that was expected in each group, W, ascending; the last is for all above. */
  upToW: number[];
  /** Errors, actual minus expected: 10 % at or below, never above 0. */
  lowW: number[];
  /** 90 % at or below, never below 0. */
  highW: number[];
}

/** A little outside 10 and 90 %: homes change, and what comes is farther off than what was. */
const LOW_SHARE = 0.085;
const HIGH_SHARE = 0.915;
const GROUPS = 8;
const LEAST_IN_GROUP = 30;
/** With fewer outcomes than that nothing is known of the spread: this share of the expected. */
const UNKNOWN_SHARE = 0.5;
const UNKNOWN_W = 100;

/** @param expectedW one for each of `actualW`; NaN where nothing was expected */
export function bandOf(expectedW: Float64Array, actualW: Float64Array): Band {
  const sorted = [...expectedW.keys()].filter((place) => !Number.isNaN(expectedW[place]));
  sorted.sort((one, other) => (expectedW[one] ?? 0) - (expectedW[other] ?? 0));
  const groups = Math.max(1, Math.min(GROUPS, Math.floor(sorted.length / LEAST_IN_GROUP)));
  const band: Band = { upToW: [], lowW: [], highW: [] };
  for (let group = 0; group < groups; group += 1) {
    const from = Math.floor((group * sorted.length) / groups);
    const own = sorted.slice(from, Math.floor(((group + 1) * sorted.length) / groups));
    if (own.length === 0) break;
    const errors = Float64Array.from(own, (place) => {
      return (actualW[place] ?? 0) - (expectedW[place] ?? 0);
    }).sort();
    band.upToW.push(expectedW[own.at(-1) ?? 0] ?? 0);
    band.lowW.push(Math.min(0, quantileOfSorted(errors, LOW_SHARE)));
    band.highW.push(Math.max(0, quantileOfSorted(errors, HIGH_SHARE)));
  }
  return band;
}

/** Distances of the 10 % and 90 % quantiles from what is expected, W; the first is not above 0. */
export function spreadAt(band: Band, expectedW: number): [number, number] {
  if (band.upToW.length === 0) {
    const spreadW = UNKNOWN_W + UNKNOWN_SHARE * Math.abs(expectedW);
    return [-spreadW, spreadW];
  }
  const found = band.upToW.findIndex((upToW) => expectedW <= upToW);
  const group = found < 0 ? band.upToW.length - 1 : found;
  return [band.lowW[group] ?? 0, band.highW[group] ?? 0];
}
