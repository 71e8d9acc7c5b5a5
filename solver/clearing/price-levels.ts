/**
 * Price levels of each interval: who may sell to whom, as one chain.
 *
 * Walk all prices of an interval upwards, sellers before buyers where they are equal. A level is a
 * longest run of sellers followed by buyers: within a level everybody may trade with everybody, and
 * energy of a level may go to buyers of the same and of every higher level. So a pairing of sold
 * and bought quantities exists exactly when the chain of levels can carry them. Buyers below the
 * first seller and sellers above the last buyer cannot trade at all: level -1.
 */
import type { Offer } from '../../market/offers.ts';

/** One offer in one interval. */
export interface Cell {
  offer: Offer;
  interval: number;
  capW: number;
  /** Most that its offer can trade over all cells, W times intervals. */
  energyW: number;
}

export interface PriceLevels {
  /** Level of each cell within its interval, -1 when it cannot trade. */
  sellLevels: Int32Array;
  buyLevels: Int32Array;
  /** Number of levels of each interval. */
  levels: Int32Array;
}

export function priceLevels(sells: Cell[], buys: Cell[], intervals: number): PriceLevels {
  const sellLevels = new Int32Array(sells.length).fill(-1);
  const buyLevels = new Int32Array(buys.length).fill(-1);
  const levels = new Int32Array(intervals);
  const sellsAt = byInterval(sells, intervals);
  const buysAt = byInterval(buys, intervals);
  for (let interval = 0; interval < intervals; interval++) {
    const asks = sellsAt[interval] ?? [];
    const bids = buysAt[interval] ?? [];
    const dearest = price(buys, bids.at(-1));
    let level = -1;
    let afterSeller = false;
    let ask = 0;
    let bid = 0;
    while (ask < asks.length || bid < bids.length) {
      const askPrice = price(sells, asks[ask]);
      const isSeller = ask < asks.length && !(askPrice > price(buys, bids[bid]));
      if (isSeller || bid >= bids.length) {
        if (!(askPrice <= dearest)) break;
        if (!afterSeller) level++;
        afterSeller = true;
        sellLevels[asks[ask] ?? 0] = level;
        ask++;
      } else {
        afterSeller = false;
        buyLevels[bids[bid] ?? 0] = level;
        bid++;
      }
    }
    levels[interval] = level + 1;
  }
  return { sellLevels, buyLevels, levels };
}

/** Price of a cell; not a number beyond the end, which no comparison holds for. */
function price(cells: Cell[], at: number | undefined): number {
  return at === undefined ? Number.NaN : (cells[at]?.offer.priceMicroPerKwh ?? Number.NaN);
}

/** Positions of cells by interval, each list by rising price. */
function byInterval(cells: Cell[], intervals: number): number[][] {
  const lists: number[][] = Array.from({ length: intervals }, () => []);
  for (const [at, cell] of cells.entries()) lists[cell.interval]?.push(at);
  for (const list of lists) list.sort((a, b) => price(cells, a) - price(cells, b));
  return lists;
}
