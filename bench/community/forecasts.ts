/** The forecasts that the bench compares: the agent's own, simple ones, and a perfect one. */
import { Forecaster } from '../../agent/strategy/forecast/forecaster.ts';
import { HomeDays } from '../../agent/strategy/forecast/home-days.ts';
import { quantile } from '../../agent/strategy/forecast/quantile.ts';
import { train } from '../../agent/strategy/forecast/trained-model.ts';
import type { NetLoadForecast } from '../../agent/strategy/plan.ts';

export const FORECASTS = ['ours', 'untrained', 'yesterday', 'median28', 'perfect'] as const;
export type ForecastName = (typeof FORECASTS)[number];

/** One home's: it is told every interval that is over. */
export interface HomeForecast {
  observe(interval: number, powerW: number): void;
  /** Null while nothing is known. */
  forecast(interval: number): NetLoadForecast | null;
}

export interface ForecastHome {
  netW: Float64Array;
  firstInterval: number;
  intervalSeconds: number;
}

const DAYS_BETWEEN_TRAININGS = 7;
const HISTORY_DAYS = 28;
const SECONDS_PER_DAY = 86_400;

export function forecastOf(name: ForecastName, home: ForecastHome): HomeForecast {
  if (name === 'ours') return new KeptForecast(home);
  if (name === 'untrained') return new OwnForecast(home.intervalSeconds, false);
  if (name === 'perfect') {
    return {
      observe() {},
      forecast: (interval) =>
        certain(interval, home.netW[interval - home.firstInterval] ?? 0, name),
    };
  }
  return new SlotForecast(name, Math.round(SECONDS_PER_DAY / home.intervalSeconds));
}

/** As the planning service uses it: scored by the next interval's forecast, trained each week. */
class OwnForecast implements HomeForecast {
  readonly #forecaster: Forecaster;
  readonly #isTrained: boolean;
  readonly #perWeek: number;
  #next: NetLoadForecast | null = null;
  #observed = 0;

  constructor(intervalSeconds: number, isTrained: boolean) {
    this.#isTrained = isTrained;
    this.#perWeek = Math.round((DAYS_BETWEEN_TRAININGS * SECONDS_PER_DAY) / intervalSeconds);
    this.#forecaster = new Forecaster({
      ...{ intervalSeconds, local: new HomeDays('UTC', intervalSeconds) },
    });
  }

  observe(interval: number, powerW: number): void {
    if (this.#next?.interval === interval) this.#forecaster.score(powerW - this.#next.p50W);
    this.#forecaster.observe(interval, powerW);
    this.#observed += 1;
    if (this.#isTrained && this.#observed % this.#perWeek === 0) {
      this.#forecaster.adopt(train(this.#forecaster.known) ?? this.#forecaster.model);
    }
    this.#next = this.#forecaster.forecast(interval + 1);
  }

  forecast(interval: number): NetLoadForecast | null {
    return this.#forecaster.forecast(interval);
  }
}

/** Of one origin, a day ahead and the running interval: 10, 50 and 90 % in turn, W. */
type Ahead = Float64Array | null;

/**
 * A home's trained forecasts do not depend on the market, and are dear: they are made in the first
 * case and kept for the others.
 */
class KeptForecast implements HomeForecast {
  static readonly #kept = new WeakMap<Float64Array, Ahead[]>();
  readonly #made: OwnForecast;
  readonly #aheads: Ahead[];
  readonly #isMade: boolean;
  readonly #count: number;
  readonly #firstInterval: number;
  #origin: number;

  constructor({ netW, firstInterval, intervalSeconds }: ForecastHome) {
    this.#made = new OwnForecast(intervalSeconds, true);
    this.#aheads = KeptForecast.#kept.get(netW) ?? [];
    this.#isMade = this.#aheads.length >= netW.length;
    KeptForecast.#kept.set(netW, this.#aheads);
    this.#count = Math.ceil(SECONDS_PER_DAY / intervalSeconds) + 1;
    this.#firstInterval = firstInterval;
    this.#origin = firstInterval;
  }

  observe(interval: number, powerW: number): void {
    this.#origin = interval + 1;
    if (this.#isMade) return;
    this.#made.observe(interval, powerW);
    this.#aheads.push(this.#aheadFrom(this.#origin));
  }

  forecast(interval: number): NetLoadForecast | null {
    const ahead = this.#aheads[this.#origin - this.#firstInterval - 1] ?? null;
    const place = 3 * (interval - this.#origin);
    if (ahead === null || place < 0 || place >= ahead.length) return null;
    const [p10W = 0, p50W = 0, p90W = 0] = ahead.subarray(place, place + 3);
    return { interval, p10W, p50W, p90W, method: 'ours' };
  }

  #aheadFrom(origin: number): Ahead {
    const ahead = new Float64Array(3 * this.#count);
    for (let lead = 0; lead < this.#count; lead += 1) {
      const made = this.#made.forecast(origin + lead);
      if (made === null) return null;
      ahead.set([made.p10W, made.p50W, made.p90W], 3 * lead);
    }
    return ahead;
  }
}

/** The same slot of yesterday, or the median of 28 days; the band is that of the past days. */
class SlotForecast implements HomeForecast {
  readonly #name: 'yesterday' | 'median28';
  readonly #perDay: number;
  readonly #values = new Map<number, number>();

  constructor(name: 'yesterday' | 'median28', perDay: number) {
    this.#name = name;
    this.#perDay = perDay;
  }

  observe(interval: number, powerW: number): void {
    this.#values.set(interval, powerW);
    this.#values.delete(interval - (HISTORY_DAYS + 1) * this.#perDay);
  }

  forecast(interval: number): NetLoadForecast | null {
    const days: number[] = [];
    for (let day = 1; day <= HISTORY_DAYS; day += 1) {
      const value = this.#values.get(interval - day * this.#perDay);
      if (value !== undefined) days.push(value);
    }
    if (days.length === 0) return null;
    const p50W = this.#name === 'yesterday' ? (days[0] ?? 0) : quantile(days, 0.5);
    return {
      interval,
      p10W: Math.min(p50W, quantile(days, 0.1)),
      p50W,
      p90W: Math.max(p50W, quantile(days, 0.9)),
      method: this.#name,
    };
  }
}

function certain(interval: number, powerW: number, method: string): NetLoadForecast {
  return { interval, p10W: powerW, p50W: powerW, p90W: powerW, method };
}
