/**
 * How good forecasts were, and which method is used because of it. Sums over the past days, by
 * method, of one class of leads; pure.
 */
import { SIMPLE_METHODS, type SimpleMethod } from './simple-methods.ts';

/** What needs a history of its own: the trained model, or what the first weeks allow. */
export type OwnMethod = 'trained' | 'first-weeks';
/**
 * What may be used in its place. `irradiance`: by what is expected of the weather; `parts`: load
 * less generation, each forecast by itself.
 */
export type OtherMethod = SimpleMethod | 'irradiance' | 'parts';
/** What a forecast is made by. */
export type ForecastMethod = OwnMethod | OtherMethod;
/** The simplest first. */
export const OTHER_METHODS: readonly OtherMethod[] = [...SIMPLE_METHODS, 'irradiance', 'parts'];

/** Sums over forecasts that were scored. */
export interface Score {
  count: number;
  /** Of |what came - what was expected|, W. */
  errorW: number;
  /** Of |what came|, W. */
  loadW: number;
  /** How many fell within 10 to 90 %; null where the method gives no range. */
  covered: number | null;
}

/** With fewer scores nothing is said: two days of quarter hours. */
export const LEAST_SCORES = 192;
/** A method that does not know that share of what the other knows is not compared. */
const LEAST_SHARE = 0.9;
/** Better by less may be chance; more makes the choice go to and fro less often. */
const MARGIN = 0.03;
/** Of methods as good as that the simplest is taken. */
const AS_GOOD = 0.01;

/**
 * The method to use; scores are of the same outcomes. Its own one, unless another one was better
 * by the margin; back as soon as the own one is no worse. Without scores enough, what is in use
 * stays.
 * @param current what is in use now
 */
export function chooseMethod(
  scores: ReadonlyMap<ForecastMethod, Score>,
  own: OwnMethod,
  current: ForecastMethod,
): ForecastMethod {
  const ownScore = scores.get(own);
  const inUse = isOwn(current) ? own : current;
  if (ownScore === undefined || ownScore.count < LEAST_SCORES) return inUse;
  const best = bestOf(OTHER_METHODS, scores, ownScore.count);
  if (best === null) return own;
  const ownErrorW = meanErrorW(ownScore);
  const inUseScore = isOwn(inUse) ? ownScore : comparable(scores.get(inUse), ownScore.count);
  if (inUseScore === null) return own;
  const isBack = ownErrorW <= meanErrorW(inUseScore);
  const stays = isBack ? own : inUse;
  const errorW = isBack ? ownErrorW : meanErrorW(inUseScore);
  return best.errorW < errorW * (1 - MARGIN) ? best.method : stays;
}

/** The simplest of those that are as good as the best; null where none can be compared. */
export function bestOf<T extends OtherMethod>(
  methods: readonly T[],
  scores: ReadonlyMap<ForecastMethod, Score>,
  count: number,
): { method: T; errorW: number } | null {
  const found = methods.flatMap((method) => {
    const score = comparable(scores.get(method), count);
    return score === null ? [] : [{ method, errorW: meanErrorW(score) }];
  });
  const leastW = Math.min(...found.map(({ errorW }) => errorW));
  return found.find(({ errorW }) => errorW <= leastW * (1 + AS_GOOD)) ?? null;
}

/** Mean absolute error, W. */
export function meanErrorW({ errorW, count }: Score): number {
  return errorW / count;
}

/** Sum of |error| by sum of |load|; null where there was no load. */
export function errorShare({ errorW, loadW }: Score): number | null {
  return loadW > 0 ? errorW / loadW : null;
}

export function isOwn(method: ForecastMethod): method is OwnMethod {
  return method === 'trained' || method === 'first-weeks';
}

function comparable(score: Score | undefined, count: number): Score | null {
  return score !== undefined && score.count > 0 && score.count >= LEAST_SHARE * count
    ? score
    : null;
}
