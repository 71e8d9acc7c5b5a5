/**
 * From a plan to the blocks that are offered, each with its reason. The next interval's quantity is
 * what lowers the expected cost (trade-quantity.ts), guarded; later ones are offered as planned. In
 * the common form everything is for one interval; in a lab's own form what the battery can shift is
 * offered over a range. Pure.
 */
import { COMMON_POWERS_W, commonPowers } from '../../market/common-sizes.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Side } from '../../market/units.ts';
import type { BatteryPlan } from './battery-plan/battery-plan.ts';
import { levelsOf } from './battery-plan/response.ts';
import {
  batteryPrices,
  type OfferPrices,
  offerPrices,
  supplierPrices,
  tradePrice,
} from './counted-prices.ts';
import { covers, flexibleRange } from './offer-range.ts';
import type { Block, CourseStep, PlanSlot, Reason } from './plan.ts';
import { type Prices, pricesAt, WEAR_MICRO_PER_KWH } from './tariff.ts';
import { guardedTradeW, type QuantityInput } from './trade-quantity.ts';
import type { WantsInput } from './wants-input.ts';
import { type Expected, Words } from './words.ts';

/** A lab's own sizes are whole multiples of it, W. */
const OWN_STEP_W = 50;

/** What is paid for what is drawn, and for what is fed in, beside trades. */
export function besideTrades(input: WantsInput, interval: Interval): Prices {
  const { deviationsAt, tariff, intervalSeconds } = input;
  return deviationsAt?.(interval) ?? pricesAt(tariff, interval, intervalSeconds);
}

/**
 * More of the battery is not offered for one interval in the common form: each further kW is one
 * more address, and it hardly ever finds another side (docs/experiments.md).
 */
const MOST_FLEXIBLE_W = COMMON_POWERS_W[0] ?? 0;

export class OfferMaker {
  readonly #input: WantsInput;
  readonly #slots: readonly PlanSlot[];
  readonly #battery: BatteryPlan;
  readonly #course: readonly CourseStep[];
  readonly #words: Words;
  readonly #blocks: Block[] = [];

  constructor(
    input: WantsInput,
    slots: readonly PlanSlot[],
    battery: BatteryPlan,
    course: readonly CourseStep[],
  ) {
    this.#input = input;
    this.#slots = slots;
    this.#battery = battery;
    this.#course = course;
    this.#words = new Words(input.time, input.intervalSeconds);
  }

  /** Makes the blocks, and notes in the slots why. */
  offer(): Block[] {
    for (const [index, slot] of this.#slots.slice(0, this.#input.ahead).entries()) {
      if (slot.interval > this.#input.lastInterval) break;
      slot.reason = this.#offerFor(slot, index);
    }
    return this.#blocks;
  }

  #offerFor(slot: PlanSlot, index: number): Reason {
    const { interval, plannedW } = slot;
    const here = this.#input.openOffers.filter((offer) => covers(offer, interval));
    if (here.some((offer) => !offer.isFlexible)) return this.#words.already(interval);
    const isNext = index === 0 && here.length === 0;
    const bestW = isNext ? this.#bestW(index, plannedW) : 0;
    const { side, plainW, flexibleW } = this.#parts(plannedW, bestW, isNext);
    if (here.some((offer) => offer.side !== side)) {
      return this.#words.nothing(interval, 'the battery is offered over it, so nothing is bought');
    }
    const plain = this.#plain(slot, side, plainW);
    const flexible = this.#flexible(slot, side, flexibleW);
    return flexible ?? plain ?? this.#idle(interval);
  }

  #idle(interval: Interval): Reason {
    return this.#words.nothing(interval, 'neither surplus nor need worth an offer is expected');
  }

  /**
   * What is offered of the plan's own, and what of the battery's on top. In the common form both
   * together are the best quantity, in common sizes; a lab offers its plan as it stands.
   */
  #parts(plannedW: number, bestW: number, isNext: boolean) {
    const isOwnForm = this.#input.ownMargin !== null;
    const isPlanned = !isNext || (isOwnForm && Math.abs(plannedW) >= 1);
    const side: Side = (isPlanned ? plannedW : bestW) < 0 ? 'sell' : 'buy';
    const sign = side === 'sell' ? -1 : 1;
    const ownW = Math.max(0, sign * plannedW);
    const wantedW = Math.max(0, sign * bestW);
    const moreW = this.#input.battery === null ? 0 : Math.max(0, wantedW - ownW);
    if (isOwnForm) return { side, plainW: ownW, flexibleW: moreW < OWN_STEP_W ? 0 : moreW };
    const least = COMMON_POWERS_W.at(-1) ?? 1;
    const flexibleW = Math.floor(moreW / least + 0.5) * least;
    const plainW = isNext ? wantedW - flexibleW : ownW;
    return { side, plainW, flexibleW: Math.min(flexibleW, MOST_FLEXIBLE_W) };
  }

  #bestW(index: number, plannedW: number): number {
    // The battery is no cushion for own trades then: what is planned is what will be.
    if (this.#input.share !== undefined) return plannedW;
    const input = this.quantityAt(index, this.#startWs(index));
    return input === null ? 0 : guardedTradeW(input);
  }

  /** In the cells at the start of a slot if the plan is kept, Ws. */
  #startWs(index: number): number {
    if (index === 0) return this.#input.battery?.storedWs ?? 0;
    return this.#course[index - 1]?.storedWs ?? 0;
  }

  quantityAt(index: number, storedWs: number): QuantityInput | null {
    const slot = this.#slots[index];
    if (slot === undefined) return null;
    const { ownMargin, flexibleSoldW } = this.#input;
    const supplier = this.#supplierAt(slot.interval);
    const beside = supplierPrices(besideTrades(this.#input, slot.interval));
    const situation = this.#battery.situation(index, beside);
    const freeW = this.#freePower(slot.interval);
    return {
      ...{ situation, levels: levelsOf(situation), storedWs, forecast: slot.forecast },
      loadsW: slot.loadsW + (flexibleSoldW.get(slot.interval) ?? 0),
      priceMicroPerKwh: tradePrice(
        ownMargin === null ? offerPrices(supplier, null) : this.#pricesOf(supplier, true),
      ),
      stepW: ownMargin === null ? (COMMON_POWERS_W.at(-1) ?? 1) : OWN_STEP_W,
      mostBoughtW: freeW,
      mostSoldW: freeW,
    };
  }

  #plain(slot: PlanSlot, side: Side, powerW: number): Reason | null {
    const offeredW = this.#offeredW(Math.min(powerW, this.#freePower(slot.interval)));
    const { interval } = slot;
    const expected = this.#expected(slot, side === 'sell' ? -1 : 1);
    return this.#add(side, { first: interval, last: interval }, offeredW, false, (offered) =>
      side === 'sell'
        ? this.#words.surplus(offered, expected)
        : this.#words.need(offered, expected),
    );
  }

  #flexible(slot: PlanSlot, side: Side, powerW: number): Reason | null {
    const { battery, ownMargin, lastInterval } = this.#input;
    const freeW = this.#freePower(slot.interval);
    const offeredW = this.#offeredW(Math.min(powerW, freeW));
    if (battery === null || offeredW < 1) return null;
    const { interval } = slot;
    const range =
      ownMargin === null
        ? { count: 1, powerW: offeredW, energyWs: offeredW * this.#input.intervalSeconds }
        : flexibleRange({
            powerW: offeredW,
            side,
            most: lastInterval - interval + 1,
            seconds: this.#input.intervalSeconds,
            quantityAt: (index, storedWs) => this.quantityAt(index, storedWs),
            startWs: (index) => this.#startWs(index),
            isFree: (index) => this.#isFree(index, side),
            plannedW: (index) => this.#slots[index]?.plannedW ?? 0,
          });
    const between = { first: interval, last: interval + range.count - 1 };
    const { energyWs } = range;
    return this.#add(
      side,
      between,
      range.powerW,
      true,
      (offered) =>
        side === 'sell'
          ? this.#words.batterySpare(offered, energyWs, this.#lowestShare(energyWs))
          : this.#words.batteryRoom(offered, energyWs),
      energyWs,
    );
  }

  #add(
    side: Side,
    { first, last }: { first: Interval; last: Interval },
    powerW: number,
    isFlexible: boolean,
    words: (offered: Parameters<Words['surplus']>[0]) => Reason,
    energyWs = powerW * this.#input.intervalSeconds,
  ): Reason | null {
    if (powerW < 1 || energyWs < this.#input.leastOfferWs) return null;
    const prices = this.#pricesOf(this.#supplierAt(first), isFlexible);
    const valueMicroPerKwh = side === 'sell' ? prices.askMicroPerKwh : prices.bidMicroPerKwh;
    if (isFlexible && valueMicroPerKwh === 0) return null;
    const offered = {
      ...{ firstInterval: first, lastInterval: last, energyWs },
      priceMicroPerKwh: valueMicroPerKwh,
    };
    const reason = words(offered);
    this.#blocks.push({
      ...{ side, firstInterval: first, lastInterval: last, energyWs, maxPowerW: powerW },
      ...{ valueMicroPerKwh, isFlexible, reason },
    });
    return reason;
  }

  /** Quantiles of what the meter would show, as energies in the direction of the offer. */
  #expected(slot: PlanSlot, sign: 1 | -1): Expected {
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

  /** How full the battery is at the least, once so much is sold. */
  #lowestShare(soldWs: number): number {
    const capacityWs = this.#input.battery?.model.capacityWs ?? 1;
    const lowestWs = Math.min(...this.#course.map(({ storedWs }) => storedWs));
    return Math.max(0, lowestWs - soldWs) / capacityWs;
  }

  #offeredW(powerW: number): number {
    const { ownMargin, leastOfferWs, intervalSeconds } = this.#input;
    if (ownMargin !== null) return Math.floor(powerW);
    const powers = commonPowers(powerW, leastOfferWs / intervalSeconds);
    return powers.reduce((sum, each) => sum + each, 0);
  }

  #pricesOf(supplier: Prices, isFlexible: boolean): OfferPrices {
    const { battery, ownMargin, wearMicroPerKwh = WEAR_MICRO_PER_KWH } = this.#input;
    if (battery === null || !isFlexible) return offerPrices(supplier, ownMargin);
    const { efficiency } = battery.model;
    return batteryPrices(supplier, ownMargin, { efficiency, wearMicroPerKwh });
  }

  #supplierAt(interval: Interval): Prices {
    return pricesAt(this.#input.tariff, interval, this.#input.intervalSeconds);
  }

  /** Whether nothing of the other side is out or about to be, at the first slot's price. */
  #isFree(index: number, side: Side): boolean {
    const [first, slot] = [this.#slots[0], this.#slots[index]];
    if (first === undefined || slot === undefined) return false;
    const others = [...this.#input.openOffers, ...this.#blocks];
    if (others.some((offer) => offer.side !== side && covers(offer, slot.interval))) return false;
    const [now, then] = [this.#supplierAt(first.interval), this.#supplierAt(slot.interval)];
    return (
      now.useMicroPerKwh === then.useMicroPerKwh && now.feedInMicroPerKwh === then.feedInMicroPerKwh
    );
  }

  /** What the meter's limit leaves beside the grants of open offers and new blocks, W. */
  #freePower(interval: Interval): number {
    const used = [...this.#input.openOffers, ...this.#blocks]
      .filter((offer) => covers(offer, interval))
      .reduce((sum, offer) => sum + offer.maxPowerW, 0);
    return Math.max(0, Math.floor(this.#input.maxPowerW - used));
  }
}
