/**
 * Rolling origin over the last days of one home, without look-ahead: the forecaster has been told
 * only what lies before the origin, because it is told as the origin moves on.
 *
 * - Day ahead: at the end of each local day all intervals of the next one, leads 1 to 96 of
 *   quarter hours.
 * - One ahead: at each interval the next one.
 *
 * The simple methods answer for the same intervals from the same origins. The model is trained at
 * the start and then once a week.
 */
import { Forecaster } from '../../agent/strategy/forecast/forecaster.ts';
import { slotOf } from '../../agent/strategy/forecast/local-days.ts';
import type { Prior } from '../../agent/strategy/forecast/prior.ts';
import {
  SIMPLE_METHODS,
  type SimpleMethod,
  simpleForecast,
} from '../../agent/strategy/forecast/simple-methods.ts';
import { train } from '../../agent/strategy/forecast/trained-model.ts';
import type { NetLoadForecast } from '../../agent/strategy/plan.ts';
import type { HomeSeries } from './home-series.ts';

const TRAIN_EVERY_DAYS = 7;
/** Less before the first origin teaches nothing. */
const LEAST_DAYS = 14;

/** Sums over what was forecast, as shares of the load in the same intervals. */
export interface Score {
  nmae: number;
  /** Mean of the losses at 10, 50 and 90 %, over the mean load. */
  pinball: number;
  coveragePercent: number;
}

export interface HomeResult {
  name: string;
  dayAhead: Score;
  oneAhead: Score;
  simple: Record<SimpleMethod, number>;
  trainMs: number[];
}

/**
 * @param options.hear is told each forecast, day ahead and one ahead
 * @param options.prior what fitted many homes; without one, what the agent is shipped with
 * @returns null where the home's data are too short, or it draws nothing
 */
export function measureHome(
  home: HomeSeries,
  testDays: number,
  { hear = () => {}, prior }: { hear?: Hear; prior?: Prior | undefined } = {},
): HomeResult | null {
  const perDay = Math.round(86_400 / home.intervalSeconds);
  const first = home.loadW.length - testDays * perDay;
  if (first < LEAST_DAYS * perDay) return null;
  const { intervalSeconds, local } = home;
  const forecaster = new Forecaster({ intervalSeconds, local });
  const tally = new Tally(hear);
  const trainMs: number[] = [];
  for (let place = 0; place < home.loadW.length; place += 1) {
    const origin = home.firstInterval + place;
    if (place >= first) {
      if ((place - first) % (TRAIN_EVERY_DAYS * perDay) === 0) {
        const startMs = performance.now();
        forecaster.adopt(train(forecaster.known, prior));
        trainMs.push(performance.now() - startMs);
      }
      if (slotOf(local, perDay, origin) === 0) tally.day(home, forecaster, origin, perDay);
      tally.one(home, forecaster, origin);
    }
    forecaster.observe(origin, home.loadW[place] ?? Number.NaN);
  }
  return tally.result(home.name, trainMs);
}

type Hear = (forecast: NetLoadForecast | null) => void;

class Tally {
  readonly #hear: Hear;
  readonly #dayAhead = new Sums();
  readonly #oneAhead = new Sums();
  readonly #simple = new Map<SimpleMethod, Sums>(SIMPLE_METHODS.map((each) => [each, new Sums()]));

  constructor(hear: Hear) {
    this.#hear = hear;
  }

  day(home: HomeSeries, forecaster: Forecaster, origin: number, perDay: number): void {
    for (let target = origin; target < origin + perDay; target += 1) {
      const actualW = home.loadW[target - home.firstInterval] ?? Number.NaN;
      if (Number.isNaN(actualW)) continue;
      const forecast = forecaster.forecast(target);
      this.#hear(forecast);
      this.#dayAhead.add(actualW, forecast);
      for (const method of SIMPLE_METHODS) {
        if (method === 'persistence') continue;
        const known = { ...forecaster.known, origin };
        this.#simple.get(method)?.addMiddle(actualW, simpleForecast(method, known, target));
      }
    }
  }

  one(home: HomeSeries, forecaster: Forecaster, origin: number): void {
    const actualW = home.loadW[origin - home.firstInterval] ?? Number.NaN;
    if (Number.isNaN(actualW)) return;
    const forecast = forecaster.forecast(origin);
    this.#hear(forecast);
    this.#oneAhead.add(actualW, forecast);
    const known = { ...forecaster.known, origin };
    const lastW = simpleForecast('persistence', known, origin);
    this.#simple.get('persistence')?.addMiddle(actualW, lastW);
  }

  result(name: string, trainMs: number[]): HomeResult | null {
    const simple = {} as Record<SimpleMethod, number>;
    for (const [method, sums] of this.#simple) simple[method] = sums.score().nmae;
    const dayAhead = this.#dayAhead.score();
    if (!Number.isFinite(dayAhead.nmae)) return null;
    return { name, dayAhead, oneAhead: this.#oneAhead.score(), simple, trainMs };
  }
}

class Sums {
  #loadW = 0;
  #errorW = 0;
  #pinballW = 0;
  #within = 0;
  #count = 0;

  /** Where nothing is forecast, 0 is what was said. */
  add(actualW: number, forecast: NetLoadForecast | null): void {
    const { p10W, p50W, p90W } = forecast ?? { p10W: 0, p50W: 0, p90W: 0 };
    this.addMiddle(actualW, p50W);
    const losses = loss(actualW, p10W, 0.1) + loss(actualW, p50W, 0.5) + loss(actualW, p90W, 0.9);
    this.#pinballW += losses / 3;
    if (actualW >= p10W && actualW <= p90W) this.#within += 1;
  }

  addMiddle(actualW: number, expectedW: number): void {
    this.#count += 1;
    this.#loadW += Math.abs(actualW);
    this.#errorW += Math.abs(actualW - (Number.isNaN(expectedW) ? 0 : expectedW));
  }

  score(): Score {
    return {
      nmae: this.#errorW / this.#loadW,
      pinball: this.#pinballW / this.#loadW,
      coveragePercent: (100 * this.#within) / this.#count,
    };
  }
}

function loss(actualW: number, quantileW: number, share: number): number {
  return Math.max(share * (actualW - quantileW), (share - 1) * (actualW - quantileW));
}
