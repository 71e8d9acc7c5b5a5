/**
 * From open offers to cells: one offer in one interval, where it could trade at all. Flat arrays
 * and plain loops: at 100,000 homes there are more than a million cells.
 */
import type { Offer } from '../../market/offers.ts';
import { ClearingError, type ClearingInput } from './input.ts';
import { type Keys, positions, sortByKey } from './stable-order.ts';

/** Offers of one side, and their cells; those of an offer stand together. */
export interface Cells {
  id: Uint32Array;
  priceMicroPerKwh: Uint32Array;
  /** Last interval of each offer, also beyond the window. */
  deadline: Int32Array;
  /** Index into `Problem.feeders`. */
  feeder: Int32Array;
  /** Most that the offer can trade over all its cells, W times intervals. */
  energyW: Float64Array;
  maxPowerW: Float64Array;
  cellOffer: Int32Array;
  /** Interval of a cell, counted from the window's first. */
  cellInterval: Int32Array;
}

/** Cells in merge order: by interval, price and id of their offers. */
export interface MergeOrder {
  order: Int32Array;
  /** Where each interval starts in `order`, and where the last one ends. */
  starts: Int32Array;
}

export interface CellOptions {
  side: Offer['side'];
  /** Positions of the offers in the order in which their cells shall stand. */
  order: Int32Array;
  feederIndex: ReadonlyMap<number, number>;
  minTradeW: number;
}

export function cellsOf(input: ClearingInput, options: CellOptions): Cells {
  const { firstInterval, lastInterval, intervalSeconds, isUsable } = input;
  const able = ableOffers(input, options);
  const cells = emptyCells(able, options.feederIndex);
  let most = 0;
  for (let at = 0; at < able.length; at++) {
    const offer = offerAt(able, at);
    cells.energyW[at] = Math.floor(offer.energyWs / intervalSeconds);
    const last = Math.min(offer.lastInterval, lastInterval);
    most += Math.max(0, last - Math.max(offer.firstInterval, firstInterval) + 1);
  }
  const cellOffer = new Int32Array(most);
  const cellInterval = new Int32Array(most);
  let count = 0;
  for (let at = 0; at < able.length; at++) {
    const offer = offerAt(able, at);
    const last = Math.min(offer.lastInterval, lastInterval);
    for (let t = Math.max(offer.firstInterval, firstInterval); t <= last; t++) {
      if (isUsable?.(offer, t) === false) continue;
      cellOffer[count] = at;
      cellInterval[count++] = t - firstInterval;
    }
  }
  return {
    ...cells,
    cellOffer: cellOffer.subarray(0, count),
    cellInterval: cellInterval.subarray(0, count),
  };
}

/** Offers of the side with power for a trade; a part of a watt is none. */
function ableOffers(input: ClearingInput, { side, order, minTradeW }: CellOptions): Offer[] {
  const able: Offer[] = [];
  for (const at of order) {
    const offer = input.offers[at];
    if (offer === undefined || offer.side !== side) continue;
    const energyW = Math.floor(offer.energyWs / input.intervalSeconds);
    if (Math.min(offer.maxPowerW, energyW) >= minTradeW) able.push(offer);
  }
  return able;
}

function offerAt(offers: readonly Offer[], at: number): Offer {
  const offer = offers[at];
  if (offer === undefined) throw new ClearingError('bad-input', `there is no offer at ${at}`);
  return offer;
}

/** The offers' own numbers; no cells yet. */
function emptyCells(offers: readonly Offer[], feederIndex: ReadonlyMap<number, number>): Cells {
  const count = offers.length;
  const cells = {
    id: new Uint32Array(count),
    priceMicroPerKwh: new Uint32Array(count),
    deadline: new Int32Array(count),
    feeder: new Int32Array(count),
    energyW: new Float64Array(count),
    maxPowerW: new Float64Array(count),
    cellOffer: new Int32Array(0),
    cellInterval: new Int32Array(0),
  };
  for (let at = 0; at < count; at++) {
    const offer = offerAt(offers, at);
    cells.id[at] = offer.id;
    cells.priceMicroPerKwh[at] = offer.priceMicroPerKwh;
    cells.deadline[at] = offer.lastInterval;
    cells.feeder[at] = feederIndex.get(offer.feeder) ?? 0;
    cells.maxPowerW[at] = offer.maxPowerW;
  }
  return cells;
}

/** Only the cells that are wanted, in the same order, and only offers that have one. */
export function withCells(all: Cells, isWanted: Uint8Array): Cells {
  const newAt = new Int32Array(all.id.length).fill(-1);
  const kept = new Int32Array(all.id.length);
  const cellOffer = new Int32Array(all.cellOffer.length);
  const cellInterval = new Int32Array(all.cellOffer.length);
  let offers = 0;
  let count = 0;
  for (let cell = 0; cell < all.cellOffer.length; cell++) {
    if (isWanted[cell] !== 1) continue;
    const offer = all.cellOffer[cell] ?? 0;
    if ((newAt[offer] ?? -1) < 0) {
      newAt[offer] = offers;
      kept[offers++] = offer;
    }
    cellOffer[count] = newAt[offer] ?? 0;
    cellInterval[count++] = all.cellInterval[cell] ?? 0;
  }
  const of = kept.subarray(0, offers);
  return {
    id: picked(new Uint32Array(offers), all.id, of),
    priceMicroPerKwh: picked(new Uint32Array(offers), all.priceMicroPerKwh, of),
    deadline: picked(new Int32Array(offers), all.deadline, of),
    feeder: picked(new Int32Array(offers), all.feeder, of),
    energyW: picked(new Float64Array(offers), all.energyW, of),
    maxPowerW: picked(new Float64Array(offers), all.maxPowerW, of),
    cellOffer: cellOffer.subarray(0, count),
    cellInterval: cellInterval.subarray(0, count),
  };
}

type Numbers = Int32Array | Uint32Array | Float64Array;

/** `to[i] = from[at[i]]` */
export function picked<T extends Numbers>(to: T, from: Numbers, at: Int32Array): T {
  for (let i = 0; i < at.length; i++) to[i] = from[at[i] ?? 0] ?? 0;
  return to;
}

export function mergeOrderOf(cells: Cells, intervals: number): MergeOrder {
  const { id, priceMicroPerKwh, cellOffer, cellInterval } = cells;
  // By id and price among the offers first: their cells may be many more.
  const byOffer = sortByKey(sortByKey(positions(id.length), id), priceMicroPerKwh);
  const rank = new Int32Array(id.length);
  for (let at = 0; at < byOffer.length; at++) rank[byOffer[at] ?? 0] = at;
  const rankOf: Keys = picked(new Int32Array(cellOffer.length), rank, cellOffer);
  const order = sortByKey(sortByKey(positions(cellOffer.length), rankOf), cellInterval);
  return { order, starts: startsOf(cellInterval, intervals) };
}

/** The merge order of the cells that are wanted, as `withCells` numbers them. */
export function mergeOrderWith(
  { order }: MergeOrder,
  isWanted: Uint8Array,
  cellInterval: Int32Array,
  intervals: number,
): MergeOrder {
  const newAt = new Int32Array(isWanted.length);
  let count = 0;
  for (let cell = 0; cell < isWanted.length; cell++) {
    newAt[cell] = count;
    if (isWanted[cell] === 1) count++;
  }
  const kept = new Int32Array(count);
  let at = 0;
  for (const cell of order) {
    if (isWanted[cell] === 1) kept[at++] = newAt[cell] ?? 0;
  }
  return { order: kept, starts: startsOf(cellInterval, intervals) };
}

function startsOf(cellInterval: Int32Array, intervals: number): Int32Array {
  const starts = new Int32Array(intervals + 1);
  for (const at of cellInterval) starts[at + 1] = (starts[at + 1] ?? 0) + 1;
  for (let at = 0; at < intervals; at++) {
    starts[at + 1] = (starts[at + 1] ?? 0) + (starts[at] ?? 0);
  }
  return starts;
}
