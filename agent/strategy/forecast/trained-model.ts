/**
 * The trained model of one home: for each class of leads a linear model of absolute error on the
 * home's profile and last values, and boosted trees on what it leaves. The last quarter of the
 * history is first held back: it says how good the model is beside the simple methods, which of
 * them to use where the model is no better, and how wide the range must be.
 *
 * Pure and without chance: the same history gives the same model.
 */
import type { Interval } from '../../../market/intervals.ts';
import type { TreeSettings } from './boosted-trees.ts';
import { type ClassModel, fit, predictRow, prepared } from './class-model.ts';
import { FeatureMaker } from './features.ts';
import { type LeadClass, ROW, type Rows, rowsOf } from './lead-rows.ts';
import { type Band, bandOf } from './outcome-bands.ts';
import { type LeadPrior, type Prior, shippedPrior } from './prior.ts';
import { type Known, SIMPLE_METHODS, type SimpleMethod, simpleForecast } from './simple-methods.ts';

const NEAR: TreeSettings = { trees: 60, depth: 4, rate: 0.12, leastInLeaf: 15 };
const FAR: TreeSettings = { trees: 24, depth: 3, rate: 0.08, leastInLeaf: 40 };
export const LEAD_CLASSES: readonly LeadClass[] = [
  { least: 1, most: 1, trees: NEAR, draw: 0.02, ownShare: 0.7 },
  { least: 2, most: 4, trees: NEAR, draw: 0.05, ownShare: 0.6 },
  { least: 5, most: 16, trees: FAR, draw: 0.3, ownShare: 0.5 },
  { least: 17, most: 96, trees: FAR, draw: 0.3, ownShare: 0.5 },
];

/** Days before the first row: a profile needs some. */
const WARM_UP_DAYS = 7;
/** Less says too little of a home to fit a model to it. */
const LEAST_ROWS_DAYS = 7;
/** Of the latest days, thinned to so many rows: a bound for time and memory. */
const MOST_DAYS = 60;
const MOST_ROWS = 3_400;
const HELD_BACK = 0.25;
/** Of the model in the mixture; all are tried over what was held back. */
const SHARES = [0.25, 0.5, 0.75, 1] as const;
/** The model was fitted to many homes too: one week says little against it. */
const AS_GOOD = 1.03;

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
  /** Mean of |W| over what it learned from. */
  scaleW: number;
  leastW: number;
  mostW: number;
  /** In the order of `LEAD_CLASSES`. */
  classes: ClassResult[];
}

/**
 * @param prior what fitted many homes
 * @returns null while the history is too short
 */
export function train(known: Known, prior: Prior = shippedPrior()): TrainedModel | null {
  const { history, origin } = known;
  const from = Math.max(
    history.first + WARM_UP_DAYS * history.slotsPerDay,
    origin - MOST_DAYS * history.slotsPerDay,
  );
  if (origin - from < LEAST_ROWS_DAYS * history.slotsPerDay) return null;
  // Odd, so that no slot of the day is left out.
  const step = 2 * Math.ceil((origin - from) / MOST_ROWS / 2 - 0.5) + 1;
  const maker = new FeatureMaker(known);
  const classes: ClassResult[] = [];
  for (const [place, own] of LEAD_CLASSES.entries()) {
    const start = prior[place];
    if (start === undefined) throw new RangeError('a prior has one entry for each class of leads');
    const rows = rowsOf(known, maker, own, { from, to: origin, step });
    const result = trainClass(known, rows, own, start);
    if (result === null) return null;
    classes.push(result);
  }
  const days = Math.floor(history.known / history.slotsPerDay);
  return { origin, days, ...limitsOf(known, from), classes };
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
  const { model, share } = own;
  if (model === null) return limited(trained, simple);
  const row = new Float64Array(ROW);
  const scaleW = maker.write(target, origin, row);
  if (scaleW === 0) return limited(trained, simple);
  return limited(trained, mixed(share, scaleW * predictRow(model, row), simple));
}

function trainClass(
  known: Known,
  rows: Rows,
  own: LeadClass,
  prior: LeadPrior,
): ClassResult | null {
  const count = rows.targets.length;
  const learned = Math.floor(count * (1 - HELD_BACK));
  if (learned < 2 * own.trees.leastInLeaf) return null;
  const all = prepared(rows, prior);
  const tried = fit(all, learned, own);
  const actualW = all.targets.slice(learned).map((value, at) => value * scaleAt(all, learned + at));
  const simple = bestSimple(known, all, learned, actualW);
  const said = simple.expectedW.map((_, place) => {
    const row = all.rows.subarray((learned + place) * ROW, (learned + place + 1) * ROW);
    return scaleAt(all, learned + place) * predictRow(tried, row, all.many[learned + place]);
  });
  const best = bestMixture(said, simple, actualW);
  return {
    model: best.share > 0 ? fit(all, count, own) : null,
    share: best.share,
    simple: simple.method,
    band: bandOf(best.expectedW, actualW),
    errorW: best.errorW,
    simpleErrorW: simple.errorW,
  };
}

interface Mixture {
  share: number;
  errorW: number;
  expectedW: Float64Array;
}

/** The model alone where it is about as good as the simple method, else the best mixture. */
function bestMixture(
  said: Float64Array,
  simple: Omit<Mixture, 'share'>,
  actualW: Float64Array,
): Mixture {
  let best: Mixture = { share: 0, errorW: simple.errorW, expectedW: simple.expectedW };
  for (const share of SHARES) {
    const expectedW = simple.expectedW.map((value, place) => mixed(share, said[place] ?? 0, value));
    const errorW = meanError(expectedW, actualW);
    const isAlone = share === 1 && errorW < AS_GOOD * simple.errorW;
    if (isAlone || errorW < best.errorW) best = { share, errorW, expectedW };
  }
  return best;
}

function scaleAt(all: Rows, place: number): number {
  return all.scalesW[place] ?? 0;
}

export function classOf(lead: number): number {
  const found = LEAD_CLASSES.findIndex(({ most }) => lead <= most);
  return found < 0 ? LEAD_CLASSES.length - 1 : found;
}

/** A method that knows nothing has no say. */
function mixed(share: number, model: number, simple: number): number {
  if (Number.isNaN(simple)) return model;
  return share * model + (1 - share) * simple;
}

/** The simple method with the least error over the rows from `from` on. */
function bestSimple(known: Known, all: Rows, from: number, actualW: Float64Array) {
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

function limitsOf({ history, origin }: Known, from: Interval) {
  let leastW = Number.POSITIVE_INFINITY;
  let mostW = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let count = 0;
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
