/**
 * Pairing: from quantities to trades by a monotone merge. Sellers and buyers of an interval stand
 * in rising order of (price, id); the two that stand first trade what both have left. Each trade
 * uses up one of them, so there are fewer trades than offers, and nobody is left any discretion.
 */
import { type Problem, priceOf, type Quantities, type Side } from './problem.ts';

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
  return Array.from({ length: intervals }, (_, interval) =>
    merge(problem, withPower(sells, soldW, interval), withPower(buys, boughtW, interval), {
      soldW,
      boughtW,
    }),
  );
}

function merge(
  { sells, buys }: Problem,
  sellCells: Int32Array,
  buyCells: Int32Array,
  { soldW, boughtW }: Quantities,
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

/** Cells of an interval with a quantity, in merge order. */
function withPower(side: Side, powerW: Float64Array, interval: number): Int32Array {
  const { order, starts } = side.merge;
  const cells = order.subarray(starts[interval], starts[interval + 1]);
  return cells.filter((cell) => (powerW[cell] ?? 0) > 0);
}
