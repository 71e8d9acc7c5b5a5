/**
 * The clearing problem as flat arrays of whole watts. A cell is one offer in one interval: what a
 * quantity is found for. Cells that cannot trade are left out, so that everything later is small.
 */
import { UTILITY_FEEDER } from '../../market/offers.ts';
import {
  type Cells,
  cellsOf,
  type MergeOrder,
  mergeOrderOf,
  mergeOrderWith,
  withCells,
} from './cells.ts';
import { ClearingError, type ClearingInput } from './input.ts';
import { priceLevels } from './price-levels.ts';
import { positions } from './stable-order.ts';

/** Offers of one side; offer `i` has the cells `firstCell[i]` to `firstCell[i + 1] - 1`. */
export interface Side extends Cells {
  firstCell: Int32Array;
  cellCapW: Float64Array;
  /** Price level within the interval, see price-levels.ts. */
  cellLevel: Int32Array;
  merge: MergeOrder;
}

export interface Problem {
  sells: Side;
  buys: Side;
  intervals: number;
  firstInterval: number;
  /** Feeder numbers; index 0 is always the utility's. */
  feeders: number[];
  /** By feeder index times `intervals` plus interval; infinite for the utility. */
  internalW: Float64Array;
  externalW: Float64Array;
  /** How many price levels each interval has. */
  levels: Int32Array;
  minTradeW: number;
  /** Most trades of an interval. */
  maxTrades: number;
}

/** A quantity for each cell of both sides, W. */
export interface Quantities {
  soldW: Float64Array;
  boughtW: Float64Array;
}

/**
 * @param order positions of the input's offers, in the order in which they shall stand
 * @throws ClearingError `bad-input` when the window or the units make no sense.
 */
export function problemOf(
  input: ClearingInput,
  order: Int32Array = positions(input.offers.length),
): Problem {
  const window = input.lastInterval - input.firstInterval + 1;
  if (!(input.intervalSeconds > 0) || !Number.isSafeInteger(window)) {
    throw new ClearingError(
      'bad-input',
      'the interval length and the window must be whole numbers',
    );
  }
  const intervals = Math.max(0, window);
  const minTradeW = Math.max(1, Math.ceil(input.minTradeWs / input.intervalSeconds));
  const feederIndex = feedersOf(input);
  const feeders = [...feederIndex.keys()];
  const of = (side: 'sell' | 'buy') => cellsOf(input, { side, order, feederIndex, minTradeW });
  const asks = of('sell');
  const bids = withoutUtilityPairs(asks, of('buy'), intervals);
  const askOrder = mergeOrderOf(asks, intervals);
  const bidOrder = mergeOrderOf(bids, intervals);
  const { sellLevels, buyLevels, levels } = priceLevels(
    { ...asks, ...askOrder },
    { ...bids, ...bidOrder },
    intervals,
  );
  return {
    sells: sideOf(asks, sellLevels, askOrder, intervals),
    buys: sideOf(bids, buyLevels, bidOrder, intervals),
    intervals,
    firstInterval: input.firstInterval,
    feeders,
    ...limitsOf(input, feeders, intervals),
    levels,
    minTradeW,
    maxTrades: input.maxTrades ?? Number.POSITIVE_INFINITY,
  };
}

function feedersOf(input: ClearingInput): Map<number, number> {
  const indexOf = new Map([[UTILITY_FEEDER, 0]]);
  for (const { feeder } of input.offers) {
    if (!indexOf.has(feeder)) indexOf.set(feeder, indexOf.size);
  }
  return indexOf;
}

/**
 * A trade of the utility with itself is refused by the contract. Where its ask would meet its own
 * bid, the bid is left out; then prices alone keep the two apart.
 */
function withoutUtilityPairs(asks: Cells, bids: Cells, intervals: number): Cells {
  if (!asks.feeder.includes(0) || !bids.feeder.includes(0)) return bids;
  const cheapest = new Float64Array(intervals).fill(Number.POSITIVE_INFINITY);
  for (const [cell, offer] of asks.cellOffer.entries()) {
    const interval = asks.cellInterval[cell] ?? 0;
    if (asks.feeder[offer] !== 0) continue;
    cheapest[interval] = Math.min(cheapest[interval] ?? 0, asks.priceMicroPerKwh[offer] ?? 0);
  }
  const isWanted = new Uint8Array(bids.cellOffer.length).fill(1);
  for (const [cell, offer] of bids.cellOffer.entries()) {
    const ask = cheapest[bids.cellInterval[cell] ?? 0] ?? 0;
    if (bids.feeder[offer] === 0 && (bids.priceMicroPerKwh[offer] ?? 0) >= ask) isWanted[cell] = 0;
  }
  return withCells(bids, isWanted);
}

function limitsOf(
  input: ClearingInput,
  feeders: number[],
  intervals: number,
): { internalW: Float64Array; externalW: Float64Array } {
  const internalW = new Float64Array(feeders.length * intervals).fill(Number.POSITIVE_INFINITY);
  const externalW = internalW.slice();
  for (const [index, feeder] of feeders.entries()) {
    if (feeder === UTILITY_FEEDER) continue;
    for (let interval = 0; interval < intervals; interval++) {
      const limits = input.limitsAt(feeder, input.firstInterval + interval);
      internalW[index * intervals + interval] = limits.internalLimitW;
      externalW[index * intervals + interval] = limits.externalLimitW;
    }
  }
  return { internalW, externalW };
}

/** Cells without a level cannot trade and are left out. */
function sideOf(all: Cells, levels: Int32Array, merge: MergeOrder, intervals: number): Side {
  const isWanted = new Uint8Array(levels.length);
  for (let cell = 0; cell < levels.length; cell++)
    isWanted[cell] = (levels[cell] ?? -1) < 0 ? 0 : 1;
  const cells = withCells(all, isWanted);
  const { energyW, maxPowerW, cellOffer, cellInterval } = cells;
  const firstCell = new Int32Array(energyW.length + 1);
  const cellCapW = new Float64Array(cellOffer.length);
  for (let cell = 0; cell < cellOffer.length; cell++) {
    const offer = cellOffer[cell] ?? 0;
    firstCell[offer + 1] = cell + 1;
    cellCapW[cell] = Math.min(energyW[offer] ?? 0, maxPowerW[offer] ?? 0);
  }
  return {
    ...cells,
    firstCell,
    cellCapW,
    cellLevel: levels.filter((level) => level >= 0),
    merge: mergeOrderWith(merge, isWanted, cellInterval, intervals),
  };
}

/** How many offers a side has. */
export function offerCount(side: Side): number {
  return side.energyW.length;
}

/** Whether a side's offer belongs to the utility. */
export function isUtility(side: Side, offer: number): boolean {
  return side.feeder[offer] === 0;
}

/** Index of the feeder and interval of a cell into `internalW` and `externalW`. */
export function placeOf(problem: Problem, side: Side, cell: number): number {
  const feeder = side.feeder[side.cellOffer[cell] ?? 0] ?? 0;
  return feeder * problem.intervals + (side.cellInterval[cell] ?? 0);
}

/** Price of a cell's offer. */
export function priceOf(side: Side, cell: number): number {
  return side.priceMicroPerKwh[side.cellOffer[cell] ?? 0] ?? 0;
}

/** Whether an offer has several cells, which share its energy. */
export function isLong(side: Side, offer: number): boolean {
  return (side.firstCell[offer + 1] ?? 0) - (side.firstCell[offer] ?? 0) > 1;
}
