/**
 * Pairing: from quantities to trades by a monotone merge. Sellers and buyers of an interval stand
 * in rising order of (price, id); the two that stand first trade what both have left. Each trade
 * uses up one of them, so there are fewer trades than offers, and nobody is left any discretion.
 */
import { compareOffers } from '../../market/matching/verify.ts';
import type { Problem, Quantities, Side } from './problem.ts';

/** A trade between two cells of the same interval. */
export interface Pair {
  sell: number;
  buy: number;
  powerW: number;
}

/**
 * Trades by interval. Quantities that fit the price levels are used up whole; of others (rounded
 * down) as much as prices allow.
 */
export function pair(problem: Problem, { soldW, boughtW }: Quantities): Pair[][] {
  const { sells, buys, intervals } = problem;
  const sellsAt = cellsByInterval(sells, soldW, intervals);
  const buysAt = cellsByInterval(buys, boughtW, intervals);
  return Array.from({ length: intervals }, (_, interval) =>
    merge(problem, sellsAt[interval] ?? [], buysAt[interval] ?? [], soldW, boughtW),
  );
}

function merge(
  { sells, buys }: Problem,
  sellCells: number[],
  buyCells: number[],
  soldW: Float64Array,
  boughtW: Float64Array,
): Pair[] {
  const pairs: Pair[] = [];
  let sellAt = 0;
  let buyAt = 0;
  let sellLeftW = soldW[sellCells[0] ?? -1] ?? 0;
  let buyLeftW = boughtW[buyCells[0] ?? -1] ?? 0;
  while (sellAt < sellCells.length && buyAt < buyCells.length) {
    const sell = sellCells[sellAt] ?? 0;
    const buy = buyCells[buyAt] ?? 0;
    if (priceOf(sells, sell) > priceOf(buys, buy)) {
      buyLeftW = 0;
    } else {
      const powerW = Math.min(sellLeftW, buyLeftW);
      pairs.push({ sell, buy, powerW });
      sellLeftW -= powerW;
      buyLeftW -= powerW;
    }
    if (sellLeftW === 0) sellLeftW = soldW[sellCells[++sellAt] ?? -1] ?? 0;
    if (buyLeftW === 0) buyLeftW = boughtW[buyCells[++buyAt] ?? -1] ?? 0;
  }
  return pairs;
}

function priceOf(side: Side, cell: number): number {
  return side.offers[side.cellOffer[cell] ?? 0]?.priceMicroPerKwh ?? 0;
}

/** Cells with a quantity, by interval, in merge order. */
function cellsByInterval(side: Side, powerW: Float64Array, intervals: number): number[][] {
  const lists: number[][] = Array.from({ length: intervals }, () => []);
  for (const [cell, interval] of side.cellInterval.entries()) {
    if ((powerW[cell] ?? 0) > 0) lists[interval]?.push(cell);
  }
  const compare = (a: number, b: number) => {
    const first = side.offers[side.cellOffer[a] ?? 0];
    const second = side.offers[side.cellOffer[b] ?? 0];
    return first === undefined || second === undefined ? 0 : compareOffers(first, second);
  };
  for (const list of lists) list.sort(compare);
  return lists;
}
