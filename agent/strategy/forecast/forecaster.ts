/**
 * Forecast of a home's net load without what it controls itself (battery, switched loads). By the
 * trained model once there is one, and by what the first weeks allow until then. Pure but for what
 * it has observed; training is left to the caller, who may do it elsewhere.
 */
import type { Interval } from '../../../market/intervals.ts';
import type { NetLoadForecast } from '../plan.ts';
import { FeatureMaker } from './features.ts';
import { FirstWeeks } from './first-weeks.ts';
import { LoadHistory } from './load-history.ts';
import type { LocalDays } from './local-days.ts';
import { spreadAt } from './outcome-bands.ts';
import type { Known } from './simple-methods.ts';
import { classOf, predict, type TrainedModel } from './trained-model.ts';

export interface ForecasterOptions {
  intervalSeconds: number;
  local: LocalDays;
  /** What the home's meter can show at most, either way, W. */
  limitW?: number;
}

export class Forecaster {
  readonly #history: LoadHistory;
  readonly #local: LocalDays;
  readonly #firstWeeks: FirstWeeks;
  #model: TrainedModel | null = null;
  /** Profiles for forecasts from this origin and those of the day after it. */
  #made: { origin: Interval; maker: FeatureMaker } | null = null;

  constructor({ intervalSeconds, local, limitW }: ForecasterOptions) {
    this.#history = new LoadHistory(intervalSeconds, limitW);
    this.#local = local;
    this.#firstWeeks = new FirstWeeks({ history: this.#history, local });
  }

  /**
   * The mean uncontrolled net load of an interval that is over, W.
   * @returns false where the value is impossible and was not taken
   */
  observe(interval: Interval, powerW: number): boolean {
    // What comes late changes profiles that were made without it.
    if (interval < this.#history.end) this.#made = null;
    return this.#history.observe(interval, powerW);
  }

  /** How wrong an earlier forecast was: actual minus expected, W. */
  score(errorW: number): void {
    this.#firstWeeks.score(errorW);
  }

  /** Observed net load of an interval, W; null when there is none. */
  valueOf(interval: Interval): number | null {
    const value = this.#history.at(interval);
    return Number.isNaN(value) ? null : value;
  }

  /** What is known, for training. */
  get known(): Known {
    return { history: this.#history, local: this.#local, origin: this.#history.end };
  }

  /** The model in use; null before the first one. */
  get model(): TrainedModel | null {
    return this.#model;
  }

  /** From now on forecasts are made by this model; null: without one. */
  adopt(model: TrainedModel | null): void {
    this.#model = model;
  }

  /** @returns null while nothing at all is known of this home. */
  forecast(interval: Interval): NetLoadForecast | null {
    return this.#trained(interval) ?? this.#firstWeeks.forecast(interval);
  }

  /** Profiles are of days before the origin, so that one maker serves for the origins of a day. */
  #makerFor(known: Known): FeatureMaker {
    const kept = this.#made;
    if (kept !== null && known.origin - kept.origin < known.history.slotsPerDay) return kept.maker;
    const maker = new FeatureMaker(known);
    this.#made = { origin: known.origin, maker };
    return maker;
  }

  #trained(interval: Interval): NetLoadForecast | null {
    const model = this.#model;
    const known = this.known;
    if (model === null || interval < known.origin) return null;
    const p50W = predict(model, known, this.#makerFor(known), interval);
    const own = model.classes[classOf(interval - known.origin + 1)];
    if (own === undefined || Number.isNaN(p50W)) return null;
    const [low, high] = spreadAt(own.band, p50W);
    return {
      interval,
      p10W: Math.min(p50W, Math.max(model.leastW, p50W + low)),
      p50W,
      p90W: p50W + high,
      method: own.model === null ? own.simple : `trained (${model.days} days)`,
    };
  }
}
