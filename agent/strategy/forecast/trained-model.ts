/**
 * The trained model of one home: for each class of leads a linear model of absolute error on the
 * home's profile and last values, and boosted trees on what it leaves. The last quarter of the
 * history is first held back: it says how good the model is beside the simple methods, which of
 * them to use where the model is no better, and how wide the range must be.
 *
 * Pure and without chance: the same history gives the same model.
 */
import type { Interval } from '../../../market/intervals.ts';
import { growTrees, predictTrees, type TreeEnsemble, type TreeSettings } from './boosted-trees.ts';
import {
  FEATURE_COUNT,
  FEATURES,
  FeatureMaker,
  type FeatureName,
  TREE_FEATURES,
} from './features.ts';
import { dot, leastAbsolute } from './least-absolute.ts';
import { type Band, bandOf } from './outcome-bands.ts';
import { type Known, SIMPLE_METHODS, type SimpleMethod, simpleForecast } from './simple-methods.ts';

/** Leads 1 to 1, 2 to 4, ... intervals: each its own model. */
export interface LeadClass {
  least: number;
  most: number;
  trees: TreeSettings;
}

const NEAR: TreeSettings = { trees: 60, depth: 4, rate: 0.1, leastInLeaf: 12 };
const FAR: TreeSettings = { trees: 40, depth: 3, rate: 0.08, leastInLeaf: 25 };
export const LEAD_CLASSES: readonly LeadClass[] = [
  { least: 1, most: 1, trees: NEAR },
  { least: 2, most: 4, trees: NEAR },
  { least: 5, most: 16, trees: FAR },
  { least: 17, most: 96, trees: FAR },
];

/** Days before the first row: a profile needs some. */
const WARM_UP_DAYS = 7;
/** Less says too little of a home to fit a model to it. */
const LEAST_ROWS_DAYS = 7;
/** Of the latest days, thinned to so many rows: a bound for time and memory. */
const MOST_DAYS = 120;
const MOST_ROWS = 4_000;
const HELD_BACK = 0.25;
/** Of the model in the mixture; all are tried over what was held back. */
const SHARES = [0.25, 0.5, 0.75, 1] as const;
/** Steps through the leads of a class from row to row; prime to their numbers. */
const LEAD_STEP = 37;

/** Where a home with little data starts: what fitted many homes, rounded. */
const PRIOR: Partial<Record<FeatureName, number>> = {
  ...{ memory2: 0.1, memory4: 0.3, memory12: 0.2, beside4: 0.15, beside12: 0.1, dayType: 0.1 },
  ...{ dayLevel: 0.05, nearBy1: 0.3, nearBy4: 0.1, nearBy16: 0.2 },
};
const PRIOR_ROW = Float64Array.from(FEATURES, (name) => PRIOR[name] ?? 0);

export interface ClassModel {
  linear: Float64Array;
  trees: TreeEnsemble;
}

export interface ClassResult {
  /** Null: the simple method alone is as good or better. */
  model: ClassModel | null;
  /** Share of the model; the rest is the simple method's. */
  share: number;
  simple: SimpleMethod;
  band: Band;
  /** Mean absolute errors over what was held back, W. */
  errorW: number;
  simpleErrorW: number;
}

export interface TrainedModel {
  /** The first interval it has not seen. */
  origin: Interval;
  /** Of history, gaps counted as what they are: nothing. */
  days: number;
  scaleW: number;
  leastW: number;
  mostW: number;
  /** In the order of `LEAD_CLASSES`. */
  classes: ClassResult[];
}

/** @returns null while the history is too short */
export function train(known: Known): TrainedModel | null {
  const { history, origin } = known;
  const from = Math.max(
    history.first + WARM_UP_DAYS * history.slotsPerDay,
    origin - MOST_DAYS * history.slotsPerDay,
  );
  if (origin - from < LEAST_ROWS_DAYS * history.slotsPerDay) return null;
  const size = sizeOf(known, from);
  if (size.scaleW <= 0) return null;
  const maker = new FeatureMaker(known);
  const classes: ClassResult[] = [];
  for (const each of LEAD_CLASSES) {
    const result = trainClass(known, maker, each, from, size.scaleW);
    if (result === null) return null;
    classes.push(result);
  }
  return { origin, days: Math.floor(history.known / history.slotsPerDay), ...size, classes };
}

/** @returns W; NaN where too little is known */
export function predict(
  trained: TrainedModel,
  known: Known,
  maker: FeatureMaker,
  target: Interval,
): number {
  const { origin } = known;
  const own = trained.classes[classOf(target - origin + 1)];
  if (own === undefined) return Number.NaN;
  const simple = simpleForecast(own.simple, known, target);
  const row = new Float64Array(ROW);
  const { model, share } = own;
  if (model === null || !maker.write(target, origin, trained.scaleW, row)) {
    return limited(trained, simple);
  }
  return limited(trained, mixed(share, trained.scaleW * predictRow(model, row, 0), simple));
}

export function classOf(lead: number): number {
  const found = LEAD_CLASSES.findIndex(({ most }) => lead <= most);
  return found < 0 ? LEAD_CLASSES.length - 1 : found;
}

/** Features, those of the trees alone, and what the linear model says. */
const ROW = FEATURE_COUNT + TREE_FEATURES.length + 1;

interface Rows {
  rows: Float64Array;
  targets: Float64Array;
  at: { target: Interval; origin: Interval }[];
}

function trainClass(
  known: Known,
  maker: FeatureMaker,
  own: LeadClass,
  from: Interval,
  scaleW: number,
): ClassResult | null {
  const all = rowsOf(known, maker, own, from, scaleW);
  const count = all.targets.length;
  const learned = Math.floor(count * (1 - HELD_BACK));
  if (learned < 2 * own.trees.leastInLeaf) return null;
  const tried = fit(all, learned, own.trees);
  const simple = bestSimple(known, all, learned, scaleW);
  const said = simple.expectedW.map((_, place) => {
    return scaleW * predictRow(tried, all.rows, (learned + place) * ROW);
  });
  const actualW = all.targets.subarray(learned).map((value) => value * scaleW);
  let best = { share: 0, errorW: simple.errorW, expectedW: simple.expectedW };
  for (const share of SHARES) {
    const expectedW = simple.expectedW.map((value, place) => mixed(share, said[place] ?? 0, value));
    const errorW = meanError(expectedW, actualW);
    if (errorW < best.errorW) best = { share, errorW, expectedW };
  }
  return {
    model: best.share > 0 ? fit(all, count, own.trees) : null,
    share: best.share,
    simple: simple.method,
    band: bandOf(best.expectedW, actualW),
    errorW: best.errorW,
    simpleErrorW: simple.errorW,
  };
}

/** A method that knows nothing has no say. */
function mixed(share: number, model: number, simple: number): number {
  if (Number.isNaN(simple)) return model;
  return share * model + (1 - share) * simple;
}

function rowsOf(
  known: Known,
  maker: FeatureMaker,
  own: LeadClass,
  from: Interval,
  scaleW: number,
): Rows {
  const { history, origin: end } = known;
  const found: Rows['at'] = [];
  // Odd, so that no slot of the day is left out.
  const step = 2 * Math.ceil((end - from) / MOST_ROWS / 2 - 0.5) + 1;
  const most = Math.ceil((end - from) / step);
  const rows = new Float64Array(most * ROW);
  const targets = new Float64Array(most);
  for (let target = from; target < end; target += step) {
    const value = history.at(target);
    if (Number.isNaN(value)) continue;
    const origin = target + 1 - own.least - ((target * LEAD_STEP) % (own.most - own.least + 1));
    const place = found.length;
    const row = rows.subarray(place * ROW, (place + 1) * ROW);
    if (!maker.write(target, origin, scaleW, row)) continue;
    targets[place] = value / scaleW;
    found.push({ target, origin });
  }
  const count = found.length;
  return { rows: rows.subarray(0, count * ROW), targets: targets.subarray(0, count), at: found };
}

/** Fits to the first `count` rows. */
function fit({ rows, targets }: Rows, count: number, settings: TreeSettings): ClassModel {
  const features = new Float64Array(count * FEATURE_COUNT);
  for (let row = 0; row < count; row += 1) {
    const own = rows.subarray(row * ROW, row * ROW + FEATURE_COUNT);
    features.set(own, row * FEATURE_COUNT);
  }
  const linear = leastAbsolute(features, targets.subarray(0, count), PRIOR_ROW);
  const rest = new Float64Array(count);
  const columns = Array.from({ length: ROW }, () => new Float64Array(count));
  for (let row = 0; row < count; row += 1) {
    const said = dot(rows, row * ROW, linear);
    rest[row] = (targets[row] ?? 0) - said;
    for (const [place, column] of columns.entries()) column[row] = rows[row * ROW + place] ?? 0;
    const last = columns[ROW - 1];
    if (last !== undefined) last[row] = said;
  }
  return { linear, trees: growTrees(columns, rest, settings) };
}

function predictRow({ linear, trees }: ClassModel, rows: Float64Array, at: number): number {
  const said = dot(rows, at, linear);
  const row = rows.slice(at, at + ROW);
  row[ROW - 1] = said;
  return said + predictTrees(trees, row);
}

/** The simple method with the least error over the rows from `from` on. */
function bestSimple(known: Known, all: Rows, from: number, scaleW: number) {
  const actualW = all.targets.subarray(from).map((value) => value * scaleW);
  const tried = SIMPLE_METHODS.map((method) => {
    const expectedW = Float64Array.from(all.at.slice(from), ({ target, origin }) =>
      simpleForecast(method, { ...known, origin }, target),
    );
    return { method, expectedW, errorW: meanError(expectedW, actualW) };
  });
  return tried.reduce((best, each) => (each.errorW < best.errorW ? each : best));
}

/** Over what is known, W; infinite where that is nothing. */
function meanError(expectedW: Float64Array, actualW: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (let place = 0; place < expectedW.length; place += 1) {
    const error = Math.abs((actualW[place] ?? 0) - (expectedW[place] ?? 0));
    if (Number.isNaN(error)) continue;
    sum += error;
    count += 1;
  }
  return count === 0 ? Number.POSITIVE_INFINITY : sum / count;
}

function sizeOf({ history, origin }: Known, from: Interval) {
  let sum = 0;
  let count = 0;
  let leastW = Number.POSITIVE_INFINITY;
  let mostW = Number.NEGATIVE_INFINITY;
  for (let at = from; at < origin; at += 1) {
    const value = history.at(at);
    if (Number.isNaN(value)) continue;
    sum += Math.abs(value);
    count += 1;
    leastW = Math.min(leastW, value);
    mostW = Math.max(mostW, value);
  }
  return { scaleW: count === 0 ? 0 : sum / count, leastW, mostW };
}

/** Within what the home has shown. */
function limited({ leastW, mostW }: TrainedModel, powerW: number): number {
  return Math.min(mostW, Math.max(leastW, powerW));
}
