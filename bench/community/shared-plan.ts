/**
 * What a home knows of its equal share of the community's net load (agent/strategy/even-share.ts):
 * from the offers in the log, one interval ahead, and from what the community exchanged with the
 * supplier, afterwards. Nothing of another home's is used.
 */
import type { Situation } from '../../agent/strategy/battery-plan/response.ts';
import { sharedAnswerWs } from '../../agent/strategy/even-share.ts';
import type { NetLoadForecast } from '../../agent/strategy/plan.ts';
import type { HomeForecast } from './forecasts.ts';

/** What this home counted with when it posted its offers for an interval, W. */
interface Offered {
  /** Bought is positive, in common sizes. */
  offeredW: number;
  batteryW: number;
}

/** Misses kept: a week of hours. */
const KEPT = 168;
/** Until so many are known, a guess. */
const LEAST_KNOWN = 20;
const GUESSED_W = [-300, -150, 0, 150, 300];
const NOTHING: Offered = { offeredW: 0, batteryW: 0 };

export class SharedPlan {
  readonly #homes: number;
  readonly #forecast: HomeForecast;
  readonly #missedW: number[] = [];
  #now = NOTHING;
  #next = NOTHING;
  /** All offers of the running interval, bids less asks, W. */
  #allW = 0;

  constructor(homes: number, forecast: HomeForecast) {
    this.#homes = homes;
    this.#forecast = forecast;
  }

  /** At the start of an interval, whose offers are all in the log. */
  begin(allW: number): void {
    this.#now = this.#next;
    this.#next = NOTHING;
    this.#allW = allW;
  }

  /** For the next interval. */
  noteOffered(offered: Offered): void {
    this.#next = offered;
  }

  forecasts(own: readonly NetLoadForecast[]): NetLoadForecast[] {
    return own.map((each) => this.#forecast.forecast(each.interval) ?? each);
  }

  /** What the battery is told in the running interval, charge positive, Ws. */
  answerWs(situation: Situation, storedWs: number, netW: number): number {
    const { offeredW, batteryW } = this.#now;
    const known = [...this.#missedW].sort((one, other) => one - other);
    return sharedAnswerWs({
      ...{ situation, storedWs, shareW: this.#shareW() },
      missedW: known.length < LEAST_KNOWN ? GUESSED_W : known,
      surpriseW: netW + batteryW - offeredW,
    });
  }

  /** @param exchangedW what all homes drew together, export negative */
  observe(interval: number, exchangedW: number, batteryW: number): void {
    // As if all batteries did the same.
    const cameW = exchangedW / this.#homes - batteryW;
    this.#missedW.push(cameW - this.#shareW());
    if (this.#missedW.length > KEPT) this.#missedW.shift();
    this.#forecast.observe(interval, cameW);
  }

  #shareW(): number {
    return this.#allW / this.#homes - this.#now.batteryW;
  }
}
