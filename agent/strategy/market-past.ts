/**
 * What the public market's past says of what will clear: by slot of the day, whether one more bid
 * or ask would have found another side. Everybody reads the same, and it moves no price: it only
 * tells a home what to count with. Pure.
 */
import type { Interval } from '../../market/intervals.ts';

/** All offers and trades of one interval that is final, mean W. */
export interface ClearedInterval {
  interval: Interval;
  askedW: number;
  bidW: number;
  tradedW: number;
}

/** What was missing, and left over, beside the trades of all homes together, mean W. */
export interface NettedInterval {
  interval: Interval;
  missingW: number;
  leftOverW: number;
}

/** Shares of one more bid and ask that would have found another side, 0 to 1. */
export interface Clears {
  bids: number;
  asks: number;
}

const SECONDS_PER_DAY = 86_400;
/** A day counts so much of what is known of its slot. */
const NEWEST_SHARE = 0.25;
/** So much must be left on the other side until one more is sure to be met: others come too. */
const SURE_W = { offers: 3_000, deviations: 6_000 };
const NONE: Clears = { bids: 0, asks: 0 };

/** Nothing is counted with that was never seen: then the supplier's prices hold. */
export class MarketPast {
  readonly #offers: Clears[];
  readonly #deviations: Clears[];

  /** @param intervalSeconds length of an interval; need not divide a day */
  constructor(intervalSeconds: number) {
    const perDay = Math.max(1, Math.round(SECONDS_PER_DAY / intervalSeconds));
    this.#offers = Array.from({ length: perDay }, () => ({ ...NONE }));
    this.#deviations = Array.from({ length: perDay }, () => ({ ...NONE }));
  }

  observe({ interval, askedW, bidW, tradedW }: ClearedInterval): void {
    learn(this.#slotOf(this.#offers, interval), askedW - tradedW, bidW - tradedW, SURE_W.offers);
  }

  /** Where deviations are netted and their sums are published. */
  observeNetting({ interval, missingW, leftOverW }: NettedInterval): void {
    const beyondW = leftOverW - missingW;
    learn(this.#slotOf(this.#deviations, interval), beyondW, -beyondW, SURE_W.deviations);
  }

  /** Of offers. */
  clearsAt(interval: Interval): Clears {
    return this.#slotOf(this.#offers, interval);
  }

  /** Of deviations: `bids` of what is drawn, `asks` of what is fed in beside trades. */
  metAt(interval: Interval): Clears {
    return this.#slotOf(this.#deviations, interval);
  }

  #slotOf(slots: Clears[], interval: Interval): Clears {
    return slots[interval % slots.length] ?? { ...NONE };
  }
}

function learn(slot: Clears, leftToBuyW: number, leftToSellW: number, sureW: number): void {
  const share = (leftW: number) => Math.min(1, Math.max(0, leftW) / sureW);
  slot.bids += NEWEST_SHARE * (share(leftToBuyW) - slot.bids);
  slot.asks += NEWEST_SHARE * (share(leftToSellW) - slot.asks);
}
