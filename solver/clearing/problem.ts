/**
 * The clearing problem as flat arrays of whole watts. A cell is one offer in one interval: what a
 * quantity is found for. Cells that cannot trade are left out, so that everything later is small.
 */
import { type Offer, UTILITY_FEEDER } from '../../market/offers.ts';
import { ClearingError, type ClearingInput } from './input.ts';
import { type Cell, priceLevels } from './price-levels.ts';

/** Offers of one side; offer `i` has the cells `firstCell[i]` to `firstCell[i + 1] - 1`. */
export interface Side {
  offers: Offer[];
  /** Index into `Problem.feeders`. */
  feeder: Int32Array;
  /** Most that the offer can trade over all its cells, W times intervals. */
  energyW: Float64Array;
  firstCell: Int32Array;
  cellOffer: Int32Array;
  /** Interval of a cell, counted from the window's first. */
  cellInterval: Int32Array;
  cellCapW: Float64Array;
  /** Price level within the interval, see price-levels.ts. */
  cellLevel: Int32Array;
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

/** @throws ClearingError `bad-input` when the window or the units make no sense. */
export function problemOf(input: ClearingInput): Problem {
  const intervals = input.lastInterval - input.firstInterval + 1;
  if (!(input.intervalSeconds > 0) || !Number.isSafeInteger(intervals)) {
    throw new ClearingError(
      'bad-input',
      'the interval length and the window must be whole numbers',
    );
  }
  const count = Math.max(0, intervals);
  const minTradeW = Math.max(1, Math.ceil(input.minTradeWs / input.intervalSeconds));
  const sellCells = cellsOf(input, 'sell', minTradeW);
  const buyCells = withoutUtilityPairs(sellCells, cellsOf(input, 'buy', minTradeW), count);
  const { sellLevels, buyLevels, levels } = priceLevels(sellCells, buyCells, count);
  const feeders = [...new Set([UTILITY_FEEDER, ...input.offers.map(({ feeder }) => feeder)])];
  const { internalW, externalW } = limitsOf(input, feeders, count);
  return {
    sells: sideOf(sellCells, sellLevels, feeders),
    buys: sideOf(buyCells, buyLevels, feeders),
    intervals: count,
    firstInterval: input.firstInterval,
    feeders,
    internalW,
    externalW,
    levels,
    minTradeW,
    maxTrades: input.maxTrades ?? Number.POSITIVE_INFINITY,
  };
}

/** Most that an offer can trade in all, W times intervals: a part of a watt is no trade. */
function energyInWatts(offer: Offer, intervalSeconds: number): number {
  return Math.floor(offer.energyWs / intervalSeconds);
}

function cellsOf(input: ClearingInput, side: Offer['side'], minTradeW: number): Cell[] {
  const cells: Cell[] = [];
  for (const offer of input.offers) {
    if (offer.side !== side) continue;
    const energyW = energyInWatts(offer, input.intervalSeconds);
    const capW = Math.min(offer.maxPowerW, energyW);
    if (capW < minTradeW) continue;
    const first = Math.max(offer.firstInterval, input.firstInterval);
    const last = Math.min(offer.lastInterval, input.lastInterval);
    for (let interval = first; interval <= last; interval++) {
      if (input.isUsable?.(offer, interval) === false) continue;
      cells.push({ offer, interval: interval - input.firstInterval, capW, energyW });
    }
  }
  return cells;
}

/**
 * A trade of the utility with itself is refused by the contract. Where its ask would meet its own
 * bid, the bid is left out; then prices alone keep the two apart.
 */
function withoutUtilityPairs(sells: Cell[], buys: Cell[], intervals: number): Cell[] {
  const cheapest = new Float64Array(intervals).fill(Number.POSITIVE_INFINITY);
  for (const { offer, interval } of sells) {
    if (offer.feeder !== UTILITY_FEEDER) continue;
    cheapest[interval] = Math.min(cheapest[interval] ?? 0, offer.priceMicroPerKwh);
  }
  return buys.filter(
    ({ offer, interval }) =>
      offer.feeder !== UTILITY_FEEDER || offer.priceMicroPerKwh < (cheapest[interval] ?? 0),
  );
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

/** Cells of the same offer stand together; those without a level cannot trade and are left out. */
function sideOf(cells: Cell[], levels: Int32Array, feeders: number[]): Side {
  const indexOf = new Map(feeders.map((feeder, index) => [feeder, index]));
  const offers: Offer[] = [];
  const firstCell: number[] = [];
  const kept: { cell: Cell; level: number; offer: number }[] = [];
  for (const [at, cell] of cells.entries()) {
    const level = levels[at] ?? -1;
    if (level < 0) continue;
    if (offers.at(-1) !== cell.offer) {
      offers.push(cell.offer);
      firstCell.push(kept.length);
    }
    kept.push({ cell, level, offer: offers.length - 1 });
  }
  firstCell.push(kept.length);
  return {
    offers,
    feeder: Int32Array.from(offers, ({ feeder }) => indexOf.get(feeder) ?? 0),
    energyW: Float64Array.from(firstCell.slice(0, -1), (at) => kept[at]?.cell.energyW ?? 0),
    firstCell: Int32Array.from(firstCell),
    cellOffer: Int32Array.from(kept, ({ offer }) => offer),
    cellInterval: Int32Array.from(kept, ({ cell }) => cell.interval),
    cellCapW: Float64Array.from(kept, ({ cell }) => cell.capW),
    cellLevel: Int32Array.from(kept, ({ level }) => level),
  };
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
