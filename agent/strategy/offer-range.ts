/**
 * Over how many intervals energy of the battery can be offered at once: as long as trading it there
 * pays as well (TRANSAX section 7.1). Pure.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Side } from '../../market/units.ts';
import { answerAt, guardedTradeW, type QuantityInput } from './trade-quantity.ts';

export interface RangeInput {
  /** What the first interval can take on top of its plan, W. */
  powerW: number;
  side: Side;
  /** Most intervals. */
  most: number;
  seconds: number;
  quantityAt(index: number, storedWs: number): QuantityInput | null;
  /** In the cells at the start of a slot if nothing is traded. */
  startWs(index: number): number;
  isFree(index: number): boolean;
  plannedW(index: number): number;
}

export interface Range {
  count: number;
  powerW: number;
  energyWs: number;
}

/** A range is cut where less than this of the first interval's power would pay. */
const LEAST_SHARE = 0.5;

export function flexibleRange(input: RangeInput): Range {
  // Half of what is free, so that later surplus or need can be offered beside it.
  let powerW = Math.max(1, Math.floor((input.powerW + 1) / 2));
  const leastW = Math.max(1, Math.floor(powerW * LEAST_SHARE));
  let count = 0;
  let energyWs = 0;
  // What the battery holds when the range's energy is traded as early as can be.
  let storedWs = input.startWs(0);
  for (; count < input.most && input.isFree(count); count += 1) {
    const offered = Math.min(powerW, onTop(input, count, input.startWs(count)));
    if (offered < leastW) break;
    powerW = offered;
    const tradedW = Math.min(powerW, onTop(input, count, storedWs));
    energyWs += tradedW * input.seconds;
    const quantity = input.quantityAt(count, storedWs);
    if (quantity === null) break;
    const sign = input.side === 'buy' ? 1 : -1;
    const ownW = Math.max(0, sign * input.plannedW(count));
    storedWs = answerAt(quantity, 0.5, sign * (ownW + tradedW)).storedWs;
  }
  if (count === 0) return { count: 1, powerW, energyWs: powerW * input.seconds };
  return { count, powerW, energyWs: Math.min(energyWs, powerW * input.seconds * count) };
}

/** What of the best quantity is more than the plan's own, W. */
function onTop(input: RangeInput, index: number, storedWs: number): number {
  const quantity = input.quantityAt(index, storedWs);
  if (quantity === null) return 0;
  const sign = input.side === 'buy' ? 1 : -1;
  const ownW = Math.max(0, sign * input.plannedW(index));
  return Math.max(0, Math.floor(sign * guardedTradeW(quantity) - ownW));
}

export function covers(
  offer: { firstInterval: Interval; lastInterval: Interval },
  interval: Interval,
): boolean {
  return offer.firstInterval <= interval && interval <= offer.lastInterval;
}
