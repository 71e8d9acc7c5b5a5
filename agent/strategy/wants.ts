/**
 * What the home wants: from forecast, battery and switched loads to a plan with blocks to trade
 * (design: one interval in the life of a meter, step 3). Surplus becomes asks and need becomes bids
 * for one interval; what the battery can spare becomes an ask over a range of intervals (TRANSAX
 * section 7.1: energy that can be stored is offered for now and for later). Pure.
 */
import { commonPowers } from '../../market/common-sizes.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Side } from '../../market/units.ts';
import {
  type BatteryModel,
  batteryCourse,
  type Course,
  type PlanningLimits,
  planningLimits,
} from './battery.ts';
import type { HomeTime } from './home-time.ts';
import type { Block, NetLoadForecast, Plan, PlanSlot, Reason } from './plan.ts';
import { planSwitchedLoads, type SwitchedLoad } from './switched-loads.ts';
import {
  askPrice,
  bidPrice,
  commonPrices,
  MARGIN,
  type Prices,
  pricesAt,
  storePrice,
  type Tariff,
  WEAR_MICRO_PER_KWH,
} from './tariff.ts';
import { Words } from './words.ts';

/** An offer of this home that is out and may still trade. */
export interface OpenOffer {
  side: Side;
  firstInterval: Interval;
  lastInterval: Interval;
  remainingWs: number;
  maxPowerW: number;
  isFlexible: boolean;
}

export interface WantsInput {
  /** The running interval. */
  madeIn: Interval;
  intervalSeconds: number;
  /** Last interval for which offers may be posted. */
  lastInterval: Interval;
  /** How many intervals ahead offers for a single interval are made. */
  ahead: number;
  /**
   * For every interval from `madeIn + 1`, at least to `lastInterval`; farther ones show own need.
   */
  forecasts: readonly NetLoadForecast[];
  /** `storedWs`: expected in the cells at the start of `madeIn + 1`. */
  battery: { model: BatteryModel; storedWs: number } | null;
  loads: readonly SwitchedLoad[];
  openOffers: readonly OpenOffer[];
  /** Power that final trades of flexible asks take from the battery, by interval, W. */
  flexibleSoldW: ReadonlyMap<Interval, number>;
  tariff: Tariff;
  /** Limit of the home's grants together in any interval, W. */
  maxPowerW: number;
  /** Smaller offers are not taken by the market. */
  leastOfferWs: number;
  time: HomeTime;
  /**
   * Null: sizes, ranges and prices as everybody's (`market/common-sizes.ts`). Else exact ones, with
   * a margin of this home's own, a share: a lab's.
   */
  ownMargin: number | null;
}

/** Makes the plan for the intervals after `madeIn`. */
export function wantsOf(input: WantsInput): Plan {
  return new Wants(input).plan();
}

class Wants {
  readonly #input: WantsInput;
  readonly #words: Words;
  readonly #limits: PlanningLimits | null;
  readonly #slots: PlanSlot[];
  readonly #course: Course | null;
  readonly #blocks: Block[] = [];

  constructor(input: WantsInput) {
    this.#input = input;
    this.#words = new Words(input.time, input.intervalSeconds);
    this.#limits = input.battery === null ? null : planningLimits(input.battery.model);
    const byLoad = this.#planLoads();
    const loadsW = input.forecasts.map((_, slot) =>
      [...byLoad.values()].reduce((sum, plan) => sum + (plan[slot] ?? 0), 0),
    );
    const netW = input.forecasts.map(({ p50W }, slot) => p50W + (loadsW[slot] ?? 0));
    this.#course = this.#planBattery(netW);
    this.#slots = input.forecasts.map((forecast, slot) => {
      const batteryW = this.#course?.batteryW[slot] ?? 0;
      const load = loadsW[slot] ?? 0;
      const plannedW = Math.round(forecast.p50W + batteryW + load);
      return {
        interval: forecast.interval,
        forecast,
        batteryW,
        loadsW: load,
        byLoad: new Map([...byLoad].map(([name, plan]) => [name, plan[slot] ?? 0])),
        plannedW,
        reason: null,
      };
    });
  }

  plan(): Plan {
    for (const slot of this.#slots.slice(0, this.#input.ahead)) {
      if (slot.interval > this.#input.lastInterval) break;
      slot.reason = this.#single(slot);
    }
    const first = this.#slots[0];
    const stored = this.#spare() ?? this.#room();
    if (first && stored) first.reason = stored;
    return { madeIn: this.#input.madeIn, slots: this.#slots, blocks: this.#blocks };
  }

  #planLoads(): Map<string, number[]> {
    const { forecasts, loads, tariff, intervalSeconds } = this.#input;
    const slots = forecasts.map(({ interval, p50W }) => ({
      interval,
      netW: p50W,
      prices: pricesAt(tariff, interval, intervalSeconds),
    }));
    return planSwitchedLoads(loads, slots, intervalSeconds);
  }

  #planBattery(netW: number[]): Course | null {
    const { battery, forecasts, flexibleSoldW, intervalSeconds } = this.#input;
    if (battery === null || this.#limits === null) return null;
    return batteryCourse(this.#limits, {
      intervalSeconds,
      storedWs: battery.storedWs,
      netW,
      soldW: forecasts.map(({ interval }) => flexibleSoldW.get(interval) ?? 0),
      reservedWs: forecasts.map(({ interval }) => this.#reservedAt(interval)),
    });
  }

  /** What open flexible asks may still take at or after an interval, Ws at the meter. */
  #reservedAt(interval: Interval): number {
    return this.#input.openOffers
      .filter((offer) => offer.isFlexible && offer.side === 'sell')
      .filter((offer) => offer.lastInterval >= interval)
      .reduce((sum, offer) => sum + offer.remainingWs, 0);
  }

  /** The offer for one interval alone: what the plan leaves over, or needs. */
  #single(slot: PlanSlot): Reason {
    const { openOffers, intervalSeconds, leastOfferWs, tariff } = this.#input;
    const { interval, plannedW } = slot;
    const here = openOffers.filter((offer) => covers(offer, interval));
    const side: Side = plannedW < 0 ? 'sell' : 'buy';
    if (here.some((offer) => !offer.isFlexible)) {
      return this.#words.already(interval);
    }
    if (here.some((offer) => offer.side !== side)) {
      return this.#words.nothing(interval, 'the battery is offered over it, so nothing is bought');
    }
    const powerW = this.#offeredW(Math.min(Math.abs(plannedW), this.#freePower(interval)));
    const energyWs = powerW * intervalSeconds;
    if (powerW < 1 || energyWs < leastOfferWs) {
      return this.#words.nothing(interval, 'neither surplus nor need worth an offer is expected');
    }
    const prices = pricesAt(tariff, interval, intervalSeconds);
    const priceMicroPerKwh = side === 'sell' ? this.#ask(prices) : this.#bid(prices);
    const offered = { firstInterval: interval, lastInterval: interval, energyWs, priceMicroPerKwh };
    const reason =
      side === 'sell'
        ? this.#words.surplus(offered, this.#expected(slot, -1))
        : this.#words.need(offered, this.#expected(slot, 1));
    const { firstInterval, lastInterval } = offered;
    this.#blocks.push({
      side,
      firstInterval,
      lastInterval,
      energyWs,
      maxPowerW: powerW,
      valueMicroPerKwh: priceMicroPerKwh,
      isFlexible: false,
      reason,
    });
    return reason;
  }

  /** Quantiles of what the meter would show, as energies in the direction of the offer. */
  #expected(slot: PlanSlot, sign: 1 | -1) {
    const seconds = this.#input.intervalSeconds;
    const ends = [slot.forecast.p10W, slot.forecast.p90W]
      .map((quantileW) => sign * (slot.plannedW + quantileW - slot.forecast.p50W) * seconds)
      .sort((a, b) => a - b);
    return {
      middleWs: sign * slot.plannedW * seconds,
      lowWs: ends[0] ?? 0,
      highWs: ends[1] ?? 0,
    };
  }

  /** The ask of what the battery can spare, over the longest range it can be delivered in. */
  #spare(): Reason | null {
    const { battery, openOffers, intervalSeconds, leastOfferWs, tariff, lastInterval } =
      this.#input;
    const first = this.#slots[0];
    if (battery === null || this.#limits === null || !first) return null;
    if (first.interval > lastInterval) return null;
    const isOffered = (each: OpenOffer) => each.isFlexible && each.firstInterval === first.interval;
    if (openOffers.some(isOffered)) return null;
    const { spareWs, lowestWs } = this.#spareEnergy();
    const range = this.#range(spareWs);
    if (range === null) return null;
    const energyWs = Math.floor(Math.min(spareWs, range.maxPowerW * range.count * intervalSeconds));
    if (energyWs < leastOfferWs || energyWs < range.maxPowerW) return null;
    const prices = pricesAt(tariff, first.interval, intervalSeconds);
    const priceMicroPerKwh = this.#ask(prices, WEAR_MICRO_PER_KWH);
    if (priceMicroPerKwh < askPrice(prices, 0, WEAR_MICRO_PER_KWH)) return null;
    const offered = {
      firstInterval: first.interval,
      lastInterval: first.interval + range.count - 1,
      energyWs,
      priceMicroPerKwh,
    };
    const lowest = Math.max(0, lowestWs - energyWs / this.#limits.oneWay);
    const reason = this.#words.batterySpare(offered, spareWs, lowest / battery.model.capacityWs);
    const { firstInterval } = offered;
    this.#blocks.push({
      side: 'sell',
      firstInterval,
      lastInterval: offered.lastInterval,
      energyWs,
      maxPowerW: range.maxPowerW,
      valueMicroPerKwh: priceMicroPerKwh,
      isFlexible: true,
      reason,
    });
    return reason;
  }

  /**
   * The bid for what the battery has room for and own surplus will not fill: bought cheaper than it
   * will save later, losses and wear counted. It comes on top of the plan, so that without a trade
   * the battery simply covers the home's need.
   */
  #room(): Reason | null {
    const { battery, openOffers, intervalSeconds, leastOfferWs, tariff, lastInterval } =
      this.#input;
    const first = this.#slots[0];
    const limits = this.#limits;
    if (battery === null || limits === null || !first || first.interval > lastInterval) return null;
    const { interval } = first;
    if (openOffers.some((offer) => offer.isFlexible && covers(offer, interval))) return null;
    if (this.#blocks.some((block) => block.side === 'sell' && covers(block, interval))) return null;
    const fullestWs = Math.max(...(this.#course?.storedWs ?? [limits.highWs]));
    const roomWs = Math.floor((limits.highWs - fullestWs) / limits.oneWay);
    const powerW = this.#offeredW(
      Math.min(
        Math.floor(roomWs / intervalSeconds),
        Math.floor(limits.chargeW - first.batteryW),
        this.#freePower(interval),
      ),
    );
    const energyWs = powerW * intervalSeconds;
    const priceMicroPerKwh = this.#store(
      pricesAt(tariff, interval, intervalSeconds),
      battery.model.efficiency,
    );
    if (powerW < 1 || energyWs < leastOfferWs || priceMicroPerKwh === 0) return null;
    const offered = { firstInterval: interval, lastInterval: interval, energyWs, priceMicroPerKwh };
    const reason = this.#words.batteryRoom(offered, roomWs);
    this.#blocks.push({
      side: 'buy',
      firstInterval: interval,
      lastInterval: interval,
      energyWs,
      maxPowerW: powerW,
      valueMicroPerKwh: priceMicroPerKwh,
      isFlexible: true,
      reason,
    });
    return reason;
  }

  /**
   * Energy, at the meter, that own need never touches: the lowest point of the battery's course
   * above its band, up to where surplus would fill it anyway, less what is offered already.
   */
  #spareEnergy(): { spareWs: number; lowestWs: number } {
    const limits = this.#limits;
    const stored = this.#course?.storedWs ?? [];
    if (limits === null || stored.length === 0) return { spareWs: 0, lowestWs: 0 };
    let lowestWs = Number.POSITIVE_INFINITY;
    for (const storedWs of stored) {
      lowestWs = Math.min(lowestWs, storedWs);
      if (storedWs >= limits.highWs * 0.999) break;
    }
    const first = this.#slots[0]?.interval ?? 0;
    const free = (lowestWs - limits.lowWs) * limits.oneWay - this.#reservedAt(first);
    return { spareWs: Math.max(0, Math.floor(free)), lowestWs };
  }

  /** How far ahead and at which power the battery can deliver on top of everything else. */
  #range(spareWs: number): { count: number; maxPowerW: number } | null {
    const wanted = Math.floor(spareWs / this.#input.intervalSeconds);
    // Half of what is free, so that later surplus can be offered beside it.
    let maxPowerW = Math.min(wanted, Math.floor((this.#flexiblePower(0) + 1) / 2));
    if (this.#input.ownMargin === null) return this.#commonRange(maxPowerW);
    if (maxPowerW < 1) return null;
    const least = Math.max(1, Math.floor(maxPowerW / 2));
    let count = 0;
    for (const slot of this.#slots) {
      if (slot.interval > this.#input.lastInterval) break;
      const powerW = Math.min(maxPowerW, this.#flexiblePower(count));
      if (powerW < least || this.#isBuying(slot.interval)) break;
      maxPowerW = powerW;
      count += 1;
    }
    return count === 0 ? null : { count, maxPowerW };
  }

  /** One interval: the next ones are offered when they come. */
  #commonRange(powerW: number): { count: number; maxPowerW: number } | null {
    const [first] = this.#slots;
    if (!first || this.#isBuying(first.interval)) return null;
    const maxPowerW = this.#offeredW(powerW);
    return maxPowerW === 0 ? null : { count: 1, maxPowerW };
  }

  /** What of a power is offered. */
  #offeredW(powerW: number): number {
    const { ownMargin, leastOfferWs, intervalSeconds } = this.#input;
    if (ownMargin !== null) return powerW;
    return commonPowers(powerW, leastOfferWs / intervalSeconds).reduce(
      (sum, each) => sum + each,
      0,
    );
  }

  #ask(prices: Prices, wearMicroPerKwh = 0): number {
    const { ownMargin } = this.#input;
    if (ownMargin === null) return commonPrices(prices).askMicroPerKwh;
    return askPrice(prices, ownMargin, wearMicroPerKwh);
  }

  #bid(prices: Prices): number {
    const { ownMargin } = this.#input;
    return ownMargin === null ? commonPrices(prices).bidMicroPerKwh : bidPrice(prices, ownMargin);
  }

  /** 0 where storing is not worth it. */
  #store(prices: Prices, efficiency: number): number {
    const { ownMargin } = this.#input;
    const worth = storePrice(prices, ownMargin ?? MARGIN, efficiency);
    if (ownMargin !== null) return worth;
    const { bidMicroPerKwh } = commonPrices(prices);
    return bidMicroPerKwh <= worth ? bidMicroPerKwh : 0;
  }

  /** Whether a bid covers the interval, or is about to. */
  #isBuying(interval: Interval): boolean {
    return [...this.#input.openOffers, ...this.#blocks].some(
      (offer) => offer.side === 'buy' && covers(offer, interval),
    );
  }

  /** Power that a further flexible ask could take in a slot, W. */
  #flexiblePower(index: number): number {
    const slot = this.#slots[index];
    if (!slot || this.#limits === null) return 0;
    const out = this.#input.openOffers
      .filter((offer) => offer.isFlexible && covers(offer, slot.interval))
      .reduce((sum, offer) => sum + offer.maxPowerW, 0);
    const physical = Math.floor(this.#limits.dischargeW + slot.batteryW) - out;
    return Math.max(0, Math.min(physical, this.#freePower(slot.interval)));
  }

  /** What the meter's limit leaves beside the grants of open offers and new blocks, W. */
  #freePower(interval: Interval): number {
    const used = [...this.#input.openOffers, ...this.#blocks]
      .filter((offer) => covers(offer, interval))
      .reduce((sum, offer) => sum + offer.maxPowerW, 0);
    return Math.max(0, Math.floor(this.#input.maxPowerW - used));
  }
}

function covers(
  offer: { firstInterval: Interval; lastInterval: Interval },
  interval: Interval,
): boolean {
  return offer.firstInterval <= interval && interval <= offer.lastInterval;
}
