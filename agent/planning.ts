/**
 * Forecasts and plans whenever an interval closed (design: one interval in the life of a meter,
 * steps 2 and 3). The plan's rows go into the journal, its blocks to the trader by event.
 */
import type { HouseMqtt } from '../host/mqtt-port.ts';
import { type Clock, type Files, type Log, type Random, SqlError } from '../host/ports.ts';
import type { Threads } from '../host/thread-port.ts';
import { type Interval, intervalAt, type MarketCalendar } from '../market/intervals.ts';
import type { BatteryTap } from './battery-tap.ts';
import type { AgentSettings } from './config.ts';
import type { EventMap } from './events.ts';
import type { Worth } from './following/running-end.ts';
import { type Generation, HomeForecasts } from './forecasting/home-forecasts.ts';
import type { ControlledPower } from './journal/controlled.ts';
import type { Journal } from './journal/journal.ts';
import type { PlanRow } from './journal/rows.ts';
import { LoadForecasts } from './loads/load-forecasts.ts';
import { afterOne, planningLimits, planningSpec } from './strategy/battery.ts';
import { weighedEndWs } from './strategy/battery-plan/weighed-end.ts';
import { supplierPrices } from './strategy/counted-prices.ts';
import { HomeTime } from './strategy/home-time.ts';
import type { Clears } from './strategy/market-past.ts';
import type { NetLoadForecast, Plan, PlanSlot } from './strategy/plan.ts';
import { pricesAt, type Tariff } from './strategy/tariff.ts';
import { wantsOf } from './strategy/wants.ts';
import type { OpenOffer } from './strategy/wants-input.ts';

/** What planning must know of the market; the trading service tells. */
export interface MarketView {
  /** Offers of this home that may still trade at or after an interval. */
  openOffers(from: Interval): OpenOffer[];
  /** Power that final trades take from the battery, by interval, W. */
  flexibleSoldW(from: Interval): Map<Interval, number>;
  /** Null while the log has not told it yet. */
  tariffAt(interval: Interval): Tariff | null;
  /** Most that grants may add up to in an interval, W. */
  maxPowerW(): number;
}

export interface PlanningOptions {
  settings: Pick<AgentSettings, 'battery' | 'loads' | 'groups' | 'home' | 'trading' | 'forecast'>;
  calendar: MarketCalendar;
  leastOfferWs: number;
  clock: Clock;
  log: Log;
  events: EventMap;
  journal: Journal;
  controlled: ControlledPower;
  /** Null: no meter counts what the home generates. */
  generation: Generation | null;
  battery: BatteryTap | null;
  market: MarketView;
  /** What the market's past says will clear. */
  clearsAt: (interval: Interval) => Clears;
  random: Random;
  files: Files;
  mqtt: HouseMqtt;
  /** Where the forecast is trained; null: it is not. */
  threads: Threads | null;
  /** False in stepped time: a plan waits for the training that is under way. */
  isRealPace: boolean;
  /** See `WantsInput`. */
  ownMargin: number | null;
}

const SECONDS_PER_DAY = 86_400;
/** Own need is looked at so many intervals ahead at most. */
const LOOK_AHEAD = 96;

export class PlanningService {
  readonly #o: PlanningOptions;
  readonly #seconds: number;
  readonly #forecasts: HomeForecasts;
  readonly #time: HomeTime;
  readonly #loads: LoadForecasts;
  readonly #lookAhead: number;
  #plan: Plan | null = null;

  constructor(options: PlanningOptions) {
    this.#o = options;
    this.#seconds = options.calendar.intervalSeconds;
    this.#forecasts = new HomeForecasts({ ...options, intervalSeconds: this.#seconds });
    this.#time = new HomeTime(options.settings.home.zone);
    this.#loads = new LoadForecasts({
      ...{ journal: options.journal, intervalMs: this.#seconds * 1000 },
      ...{ loads: options.settings.loads, groups: options.settings.groups },
      zone: options.settings.home.zone,
    });
    const perDay = Math.ceil(SECONDS_PER_DAY / this.#seconds);
    this.#lookAhead = Math.max(options.calendar.horizonIntervals - 1, Math.min(perDay, LOOK_AHEAD));
  }

  /** The last plan made by this process. */
  get plan(): Plan | null {
    return this.#plan;
  }

  /**
   * What a stored kWh is worth after an interval, and what one costs and brings at the meter in it;
   * null where no plan reaches over it.
   */
  worthIn(interval: Interval): Worth | null {
    const { market, settings } = this.#o;
    const tariff = market.tariffAt(interval);
    const stage = interval - (this.#plan?.madeIn ?? interval + 1);
    if (this.#plan === null || tariff === null || stage < 0) return null;
    if (stage >= this.#plan.slots.length) return null;
    return {
      value: this.#plan.battery.valueBefore(stage),
      spec: planningSpec(settings.battery),
      prices: supplierPrices(pricesAt(tariff, interval, this.#seconds)),
      limitW: settings.home.maxPowerW,
    };
  }

  /** Learns from the journal, and plans after each interval that closes from now on. */
  start(signal: AbortSignal): void {
    this.#forecasts.start(signal);
    this.#o.events.on('interval-closed', async ({ interval }) => {
      if (!signal.aborted) await this.#closed(interval);
    });
  }

  /** After the signal of `start`: resolves when no thread computes any more. */
  async stop(): Promise<void> {
    await this.#forecasts.stop();
  }

  /** Plans for what follows the running interval; again, if that was done already. */
  async planNow(): Promise<void> {
    if (!this.#o.clock.isProven()) return;
    await this.#makePlan(this.#current());
  }

  async #closed(interval: Interval): Promise<void> {
    if (this.#o.battery !== null) await this.#readBattery(this.#o.battery);
    this.#forecasts.take(interval);
    const current = this.#current();
    if (interval === current - 1) await this.#makePlan(current);
  }

  #current(): Interval {
    return intervalAt(this.#o.calendar, this.#o.clock.now() / 1000);
  }

  async #makePlan(current: Interval): Promise<void> {
    await this.#forecasts.settled();
    const horizon = this.#o.calendar.horizonIntervals - 1;
    const forecasts = this.#forecasts.ahead(current, this.#lookAhead, horizon);
    if (forecasts === null) return;
    const plan = wantsOf(await this.#wants(current, forecasts));
    const slots = plan.slots.slice(0, horizon);
    const rows = slots.map((slot) => this.#rowOf(slot, current));
    const byLoad = new Map(slots.map((slot) => [slot.interval, slot.byLoad]));
    const isKept = this.#guarded('the plan', () =>
      this.#o.journal.recordPlan(current, forecasts.slice(0, horizon), rows, byLoad, () =>
        this.#forecasts.write(current),
      ),
    );
    if (!isKept) return;
    this.#forecasts.written(forecasts[0]);
    this.#plan = plan;
    await this.#o.events.emit('planned', { interval: current, plan });
  }

  async #wants(current: Interval, forecasts: NetLoadForecast[]) {
    const { settings, market, calendar, leastOfferWs, ownMargin, clearsAt } = this.#o;
    const tariff = market.tariffAt(current + 1);
    const model = settings.battery;
    const storedWs = model === null ? null : await this.#storedAtNext(current);
    return {
      madeIn: current,
      intervalSeconds: this.#seconds,
      // Without a tariff there is no price to offer at.
      lastInterval: tariff === null ? current : current + calendar.horizonIntervals - 1,
      ahead: settings.trading.ahead,
      forecasts,
      battery: model === null || storedWs === null ? null : { model, storedWs },
      loads: this.#loads.wanted(current),
      openOffers: market.openOffers(current + 1),
      flexibleSoldW: market.flexibleSoldW(current + 1),
      tariff: tariff ?? { useMicroPerKwh: [1], feedInMicroPerKwh: [0] },
      maxPowerW: market.maxPowerW(),
      leastOfferWs,
      ownMargin,
      time: this.#time,
      strategy: settings.trading.strategy,
      clearsAt,
    };
  }

  /** What the battery will hold when the running interval ends, Ws; null when it does not say. */
  async #storedAtNext(current: Interval): Promise<number | null> {
    const { settings, battery, clock, journal } = this.#o;
    const model = settings.battery;
    if (battery === null || model === null) return null;
    if (!(await this.#readBattery(battery))) return null;
    const share = battery.last()?.state.stateOfCharge ?? null;
    if (share === null) return null;
    const storedWs = share * model.capacityWs;
    const leftSeconds = (current + 1) * this.#seconds - clock.now() / 1000;
    const expected = this.#forecasts.forecast(current);
    if (leftSeconds <= 0 || expected === null) return storedWs;
    const netW = expected.p50W + (journal.plan(current)?.loadsW ?? 0);
    const powerW = this.#batteryW(current, storedWs, netW, leftSeconds);
    const withinW = Math.min(model.chargeW, Math.max(-model.dischargeW, powerW));
    const limits = planningLimits(model);
    const afterWs = afterOne(limits, storedWs, withinW, leftSeconds);
    const least = Math.min(limits.lowWs, storedWs);
    return Math.max(least, Math.min(Math.max(limits.highWs, storedWs), afterWs));
  }

  /** What the battery will do in what is left of the running interval, W. */
  #batteryW(current: Interval, storedWs: number, netW: number, leftSeconds: number): number {
    const schedule = this.#o.journal.schedule(current);
    const worth = this.worthIn(current);
    if (schedule === null || worth === null) {
      return schedule === null ? -netW : schedule.committedW + schedule.untradedW - netW;
    }
    // As if nothing of it were over: what was metered so far says nothing of the rest.
    const running = {
      ...{ storedWs, comesWs: netW * leftSeconds },
      tradedWs: schedule.committedW * leftSeconds,
    };
    const endWs = weighedEndWs({ ...worth, seconds: leftSeconds }, running);
    return (endWs - running.comesWs) / leftSeconds;
  }

  async #readBattery(battery: BatteryTap): Promise<boolean> {
    try {
      await battery.read();
      return true;
    } catch (error) {
      this.#o.log.warn('the battery does not answer; planning without it', {
        cause: error instanceof Error ? error.message : String(error),
      });
      return false;
    }
  }

  #rowOf(slot: PlanSlot, madeIn: Interval): PlanRow {
    const { interval, batteryW, loadsW, plannedW, reason } = slot;
    // Made again: the reason of the offer that is out stays.
    const kept = reason?.code === 'offered-already' ? this.#o.journal.plan(interval) : null;
    return {
      interval,
      madeIn,
      batteryW,
      loadsW,
      plannedW,
      code: kept?.code ?? reason?.code ?? null,
      sentence: kept?.sentence ?? reason?.sentence ?? null,
    };
  }

  /** A write to the journal; a disk that fails costs the plan, not the process. */
  #guarded(what: string, write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#o.log.error(`${what} could not be written to the journal: nothing is offered`, {
        cause: error.message,
      });
      return false;
    }
  }
}
