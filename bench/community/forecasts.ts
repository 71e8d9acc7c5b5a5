/** The forecasts that the bench compares: the agent's own, simple ones, and a perfect one. */
import { Forecaster } from '../../agent/strategy/forecast/forecaster.ts';
import { HomeDays } from '../../agent/strategy/forecast/home-days.ts';
import { quantile } from '../../agent/strategy/forecast/quantile.ts';
import type { NetLoadForecast } from '../../agent/strategy/plan.ts';

export const FORECASTS = ['ours', 'yesterday', 'median28', 'perfect'] as const;
export type ForecastName = (typeof FORECASTS)[number];

/** One home's: it is told every interval that is over. */
export interface HomeForecast {
  observe(interval: number, powerW: number): void;
  /** Null while nothing is known. */
  forecast(interval: number): NetLoadForecast | null;
}

const HISTORY_DAYS = 28;
const SECONDS_PER_DAY = 86_400;

export function forecastOf(
  name: ForecastName,
  home: { netW: Float64Array; firstInterval: number; intervalSeconds: number },
): HomeForecast {
  if (name === 'ours') return new OwnForecast(home.intervalSeconds);
  if (name === 'perfect') {
    return {
      observe() {},
      forecast: (interval) =>
        certain(interval, home.netW[interval - home.firstInterval] ?? 0, name),
    };
  }
  return new SlotForecast(name, Math.round(SECONDS_PER_DAY / home.intervalSeconds));
}

/** As the planning service uses it, untrained: scored by the next interval's forecast. */
class OwnForecast implements HomeForecast {
  readonly #forecaster: Forecaster;
  #next: NetLoadForecast | null = null;

  constructor(intervalSeconds: number) {
    this.#forecaster = new Forecaster({
      ...{ intervalSeconds, local: new HomeDays('UTC', intervalSeconds) },
    });
  }

  observe(interval: number, powerW: number): void {
    if (this.#next?.interval === interval) this.#forecaster.score(powerW - this.#next.p50W);
    this.#forecaster.observe(interval, powerW);
    this.#next = this.#forecaster.forecast(interval + 1);
  }

  forecast(interval: number): NetLoadForecast | null {
    return this.#forecaster.forecast(interval);
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
