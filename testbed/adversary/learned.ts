/**
 * An adversary who knows what counts: a logistic regression on pairs of addresses, trained on other
 * neighbourhoods in which it knows whose is whose (it may own a few homes itself).
 */
import { FEATURES } from './features.ts';

export interface Pair {
  features: Float64Array;
  isSame: boolean;
}

const STEPS = 8;
/** Pulls weights towards 0, so that little is read into chance; keeps the steps finite. */
const RIDGE = 1e-3;

/** The last weight belongs to no feature. */
export type Weights = Float64Array;

/** By Newton's method; both kinds of pairs weigh the same, however many there are. */
export function learn(pairs: readonly Pair[]): Weights {
  const size = FEATURES + 1;
  const weights = new Float64Array(size);
  const same = pairs.filter(({ isSame }) => isSame).length;
  if (same === 0 || same === pairs.length) return weights;
  const share = { same: 0.5 / same, other: 0.5 / (pairs.length - same) };
  for (let step = 0; step < STEPS; step += 1) {
    const slope = weights.map((weight) => -RIDGE * weight);
    const curve = Array.from({ length: size }, (_, at) => {
      const row = new Float64Array(size);
      row[at] = RIDGE;
      return row;
    });
    for (const { features, isSame } of pairs) {
      const weight = isSame ? share.same : share.other;
      const likely = 1 / (1 + Math.exp(-score(weights, features)));
      const error = weight * ((isSame ? 1 : 0) - likely);
      const bend = weight * likely * (1 - likely);
      for (let at = 0; at < size; at += 1) {
        const value = at < FEATURES ? (features[at] ?? 0) : 1;
        if (value === 0) continue;
        slope[at] = (slope[at] ?? 0) + error * value;
        const row = curve[at];
        if (row === undefined) continue;
        for (let to = 0; to <= at; to += 1) {
          row[to] = (row[to] ?? 0) + bend * value * (to < FEATURES ? (features[to] ?? 0) : 1);
        }
      }
    }
    solve(curve, slope).forEach((change, at) => {
      weights[at] = (weights[at] ?? 0) + change;
    });
  }
  return weights;
}

/** A symmetric, positive system of which the lower half is given (Cholesky); both are changed. */
function solve(lower: Float64Array[], right: Float64Array): Float64Array {
  const get = (row: number, column: number) => lower[row]?.[column] ?? 0;
  for (const [row, values] of lower.entries()) {
    for (let column = 0; column <= row; column += 1) {
      let sum = get(row, column);
      for (let at = 0; at < column; at += 1) sum -= get(row, at) * get(column, at);
      values[column] = row === column ? Math.sqrt(Math.max(sum, 1e-12)) : sum / get(column, column);
    }
    let sum = right[row] ?? 0;
    for (let at = 0; at < row; at += 1) sum -= get(row, at) * (right[at] ?? 0);
    right[row] = sum / get(row, row);
  }
  for (let row = lower.length - 1; row >= 0; row -= 1) {
    let sum = right[row] ?? 0;
    for (let at = row + 1; at < lower.length; at += 1) sum -= get(at, row) * (right[at] ?? 0);
    right[row] = sum / get(row, row);
  }
  return right;
}

/** How likely one home made both: greater is likelier. */
export function score(weights: Weights, features: Float64Array): number {
  let sum = weights[FEATURES] ?? 0;
  for (let at = 0; at < FEATURES; at += 1) sum += (weights[at] ?? 0) * (features[at] ?? 0);
  return sum;
}
