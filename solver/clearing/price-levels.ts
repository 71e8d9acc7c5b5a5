/**
 * Price levels of each interval: who may sell to whom, as one chain.
 *
 * Walk all prices of an interval upwards, sellers before buyers where they are equal. A level is a
 * longest run of sellers followed by buyers: within a level everybody may trade with everybody, and
 * energy of a level may go to buyers of the same and of every higher level. So a pairing of sold
 * and bought quantities exists exactly when the chain of levels can carry them. Buyers below the
 * first seller and sellers above the last buyer cannot trade at all: level -1.
 */

import type { Cells, MergeOrder } from './cells.ts';

type PricedCells = MergeOrder & Pick<Cells, 'cellOffer' | 'priceMicroPerKwh'>;

export interface PriceLevels {
  /** Level of each cell within its interval, -1 when it cannot trade. */
  sellLevels: Int32Array;
  buyLevels: Int32Array;
  /** Number of levels of each interval. */
  levels: Int32Array;
}

export function priceLevels(sells: PricedCells, buys: PricedCells, intervals: number): PriceLevels {
  const sellLevels = new Int32Array(sells.cellOffer.length).fill(-1);
  const buyLevels = new Int32Array(buys.cellOffer.length).fill(-1);
  const levels = new Int32Array(intervals);
  for (let interval = 0; interval < intervals; interval++) {
    const askStop = sells.starts[interval + 1] ?? 0;
    const bidStop = buys.starts[interval + 1] ?? 0;
    let ask = sells.starts[interval] ?? 0;
    let bid = buys.starts[interval] ?? 0;
    const dearest = bid < bidStop ? priceAt(buys, bidStop - 1) : Number.NEGATIVE_INFINITY;
    let level = -1;
    let isAfterSeller = false;
    while (ask < askStop || bid < bidStop) {
      const askPrice = ask < askStop ? priceAt(sells, ask) : Number.POSITIVE_INFINITY;
      if (bid >= bidStop || askPrice <= priceAt(buys, bid)) {
        if (askPrice > dearest) break;
        if (!isAfterSeller) level++;
        isAfterSeller = true;
        sellLevels[sells.order[ask++] ?? 0] = level;
      } else {
        isAfterSeller = false;
        buyLevels[buys.order[bid++] ?? 0] = level;
      }
    }
    levels[interval] = level + 1;
  }
  return { sellLevels, buyLevels, levels };
}

function priceAt(cells: PricedCells, at: number): number {
  return cells.priceMicroPerKwh[cells.cellOffer[cells.order[at] ?? 0] ?? 0] ?? 0;
}
