/** One home of the bench: forecast, plan and offers are the agent's own; the battery follows. */

import { HOLDING_ROOM, planningSpec } from '../../agent/strategy/battery.ts';
import type { StoredValue } from '../../agent/strategy/battery-plan/stored-value.ts';
import { weighedEndWs } from '../../agent/strategy/battery-plan/weighed-end.ts';
import { supplierPrices } from '../../agent/strategy/counted-prices.ts';
import { HomeTime } from '../../agent/strategy/home-time.ts';
import { type ClearedInterval, MarketPast } from '../../agent/strategy/market-past.ts';
import type { NetLoadForecast, Plan } from '../../agent/strategy/plan.ts';
import { wantsOf } from '../../agent/strategy/wants.ts';
import { commonPowers } from '../../market/common-sizes.ts';
import type { Offer } from '../../market/offers.ts';
import { BenchBattery } from './batteries.ts';
import type { Community, CommunityHome } from './data.ts';
import { forecastOf, type HomeForecast } from './forecasts.ts';
import type { MarketSettings } from './market-settings.ts';
import { pricesOf, sumOf } from './rivals.ts';
import { SharedPlan } from './shared-plan.ts';

/** What final trades of an interval bind a home to; bought is positive. */
export interface Promised {
  tradedWs: number;
  /** Of it, what the battery bought or sold on top of the plan. */
  flexibleWs: number;
  paidMicro: number;
}

/** What the log tells of the running interval. */
export interface LogOfNow {
  promised: Promised | undefined;
  /** All homes' bids less asks, W. */
  offeredW: number;
}

const SIGNS = { sell: -1, buy: 1 } as const;
const NOTHING: Promised = { tradedWs: 0, flexibleWs: 0, paidMicro: 0 };
const SECONDS_PER_DAY = 86_400;
/** What the fuse bears. */
const LIMIT_W = 25_000;
const UTC = new HomeTime('UTC');

export class MarketHome {
  readonly #community: Community;
  readonly #home: CommunityHome;
  readonly #forecast: HomeForecast;
  readonly #battery: BenchBattery | null;
  #plan: Plan | null = null;
  /** What the plan of the interval before said of this one, W. */
  #plannedW: number | null = null;
  #nextW: number | null = null;
  #promised: Promised = NOTHING;
  readonly #past: MarketPast;
  readonly #settings: MarketSettings;
  /** Null: planned for this home's own net load. */
  readonly #shared: SharedPlan | null;
  #batteryW = 0;
  #at = 0;

  constructor(community: Community, index: number, settings: MarketSettings) {
    const home = community.homes[index];
    if (home === undefined) throw new RangeError(`there is no home ${index}`);
    this.#community = community;
    this.#home = home;
    this.#settings = settings;
    this.#past = new MarketPast(community.intervalSeconds);
    this.#forecast = forecastOf(settings.forecast, { ...community, netW: home.netW });
    this.#shared = settings.strategy === 'even-share' ? sharedPlanOf(community, settings) : null;
    this.#battery = home.battery === null ? null : new BenchBattery(home.battery);
  }

  /** At the start of an interval: plans for those after it. */
  plan(at: number, log: LogOfNow, mayTrade: boolean): void {
    this.#at = at;
    this.#promised = log.promised ?? NOTHING;
    this.#shared?.begin(log.offeredW);
    this.#plannedW = this.#nextW;
    const forecasts = this.#forecasts(at);
    this.#plan = forecasts === null || !mayTrade ? null : this.#planned(at, forecasts);
    const next = this.#plan?.slots[0];
    this.#nextW = next?.plannedW ?? null;
    if (next !== undefined) {
      const offers = this.offers(next.interval);
      const offeredW = sumOf(offers.map((one) => SIGNS[one.side] * one.maxPowerW));
      this.#shared?.noteOffered({ offeredW, batteryW: next.batteryW });
    }
  }

  /** In the sizes in which an agent posts them. */
  offers(interval: number): (Omit<Offer, 'id' | 'feeder'> & { isFlexible: boolean })[] {
    const seconds = this.#community.intervalSeconds;
    const blocks = (this.#plan?.blocks ?? []).filter((block) => block.firstInterval === interval);
    return blocks.flatMap(({ side, maxPowerW, valueMicroPerKwh, isFlexible }) =>
      commonPowers(maxPowerW).map((powerW) => ({
        ...{ side, firstInterval: interval, lastInterval: interval, isFlexible },
        ...{ energyWs: powerW * seconds, maxPowerW: powerW, priceMicroPerKwh: valueMicroPerKwh },
      })),
    );
  }

  /** The interval as it came. */
  live() {
    const seconds = this.#community.intervalSeconds;
    const netWs = (this.#home.netW[this.#at] ?? 0) * seconds;
    const targetWs = this.#targetWs();
    const batteryWs =
      this.#battery?.move(
        this.#wantedWs(netWs, targetWs, this.#plan?.battery.valueBefore(0) ?? null),
        seconds,
      ) ?? 0;
    const meteredWs = netWs + batteryWs;
    this.#batteryW = batteryWs / seconds;
    return { meteredWs, batteryWs, strayWs: meteredWs - targetWs };
  }

  /** Afterwards: what came, and what the market's log told of the next interval. */
  observe(past: ClearedInterval, netted: { needWs: number; surplusWs: number }): void {
    this.#past.observe(past);
    const { intervalSeconds } = this.#community;
    this.#past.observeNetting({
      interval: this.#community.firstInterval + this.#at,
      missingW: netted.needWs / intervalSeconds,
      leftOverW: netted.surplusWs / intervalSeconds,
    });
    const { firstInterval } = this.#community;
    this.#shared?.observe(
      firstInterval + this.#at,
      (netted.needWs - netted.surplusWs) / intervalSeconds,
      this.#batteryW,
    );
    this.#forecast.observe(firstInterval + this.#at, this.#home.netW[this.#at] ?? 0);
  }

  /** What the battery is told, charge positive. */
  #wantedWs(netWs: number, targetWs: number, value: StoredValue | null): number {
    const model = this.#home.battery;
    if (this.#settings.following === 'target' || value === null || model === null) {
      return targetWs - netWs;
    }
    const spec = planningSpec(model, this.#settings.wearMicroPerKwh);
    const prices = supplierPrices(this.#deviationsAt(this.#at));
    const seconds = this.#community.intervalSeconds;
    const situation = { value, spec, prices, seconds, limitW: LIMIT_W };
    const storedWs = this.#battery?.storedWs ?? 0;
    if (this.#shared !== null) return this.#shared.answerWs(situation, storedWs, netWs / seconds);
    const { tradedWs } = this.#promised;
    return weighedEndWs(situation, { storedWs, comesWs: netWs, tradedWs }) - netWs;
  }

  /** What deviations are expected to cost, at the supplier's prices of an interval. */
  #deviationsAt(at: number) {
    const { useMicroPerKwh: use, feedInMicroPerKwh: feedIn } = pricesOf(this.#community, at);
    const { settling, strategy } = this.#settings;
    const met =
      settling === 'netted' && strategy === 'adaptive'
        ? this.#past.metAt(this.#community.firstInterval + at)
        : { bids: 0, asks: 0 };
    const half = (use - feedIn) / 2;
    return { useMicroPerKwh: use - met.bids * half, feedInMicroPerKwh: feedIn + met.asks * half };
  }

  #targetWs(): number {
    const plannedWs = (this.#plannedW ?? 0) * this.#community.intervalSeconds;
    return plannedWs + this.#promised.flexibleWs;
  }

  #forecasts(at: number): NetLoadForecast[] | null {
    const { intervalSeconds, firstInterval } = this.#community;
    const forecasts: NetLoadForecast[] = [];
    const count = Math.ceil(SECONDS_PER_DAY / intervalSeconds);
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const forecast = this.#forecast.forecast(firstInterval + at + ahead);
      if (forecast === null) return null;
      forecasts.push(forecast);
    }
    return forecasts;
  }

  #planned(at: number, forecasts: NetLoadForecast[]): Plan {
    const { intervalSeconds, firstInterval } = this.#community;
    const model = this.#home.battery;
    return wantsOf({
      ...{ madeIn: firstInterval + at, intervalSeconds, ahead: 1, forecasts },
      lastInterval: firstInterval + at + 1,
      battery: model === null ? null : { model, storedWs: this.#storedNext(at) },
      ...{ loads: [], openOffers: [], flexibleSoldW: new Map() },
      tariff: this.#tariff(at),
      ...(this.#settings.strategy === 'even-share' ? {} : { strategy: this.#settings.strategy }),
      ...(this.#shared === null ? {} : { share: this.#shared.forecasts(forecasts) }),
      deviationsAt: (interval) =>
        this.#deviationsAt(
          Math.min(this.#community.useMicroPerKwh.length - 1, interval - firstInterval),
        ),
      clearsAt: (interval) => this.#past.clearsAt(interval),
      wearMicroPerKwh: this.#settings.wearMicroPerKwh,
      ...(this.#settings.following === 'target' ? { followerRoom: HOLDING_ROOM } : {}),
      ...{ maxPowerW: LIMIT_W, leastOfferWs: intervalSeconds, time: UTC, ownMargin: null },
    });
  }

  /** What the battery is expected to hold when the interval ends. */
  #storedNext(at: number): number {
    const battery = this.#battery;
    if (battery === null) return 0;
    const expected = new BenchBattery(battery.model, battery.storedWs);
    const { intervalSeconds, firstInterval } = this.#community;
    const netWs = (this.#forecast.forecast(firstInterval + at)?.p50W ?? 0) * intervalSeconds;
    expected.move(
      this.#wantedWs(netWs, this.#targetWs(), this.#plan?.battery.valueBefore(1) ?? null),
      intervalSeconds,
    );
    return expected.storedWs;
  }

  /** The day from the next interval on, as a tariff that repeats daily. */
  #tariff(at: number) {
    const { intervalSeconds, firstInterval } = this.#community;
    const perDay = Math.round(SECONDS_PER_DAY / intervalSeconds);
    const useMicroPerKwh = Array<number>(perDay).fill(0);
    const feedInMicroPerKwh = Array<number>(perDay).fill(0);
    const last = this.#community.useMicroPerKwh.length - 1;
    for (let ahead = 1; ahead <= perDay; ahead += 1) {
      const slot = (firstInterval + at + ahead) % perDay;
      const prices = pricesOf(this.#community, Math.min(last, at + ahead));
      useMicroPerKwh[slot] = prices.useMicroPerKwh;
      feedInMicroPerKwh[slot] = prices.feedInMicroPerKwh;
    }
    return { useMicroPerKwh, feedInMicroPerKwh };
  }
}

/** The share is forecast by the median of past days; by itself, where everything is known. */
function sharedPlanOf(community: Community, { forecast }: MarketSettings): SharedPlan {
  const count = community.homes.length;
  const netW = community.useMicroPerKwh.map(
    (_, at) => sumOf(community.homes.map((home) => home.netW[at] ?? 0)) / count,
  );
  const name = forecast === 'perfect' ? 'perfect' : 'median28';
  return new SharedPlan(count, forecastOf(name, { ...community, netW }));
}
