/** How evenly a result serves the asks: what the rule of equal shares is for. */
import type { ClearingInput, ClearingResult } from '../../solver/clearing/input.ts';

export interface Shares {
  /** Lowest share of its energy that an ask sold. */
  lowestFill: number;
  /**
   * Jain's index of the shares: 1 when all are equal, 1/n when one has all (R. Jain et al., A
   * quantitative measure of fairness, DEC-TR-301, 1984).
   */
  jainIndex: number;
}

export function sharesOf(market: ClearingInput, result: ClearingResult): Shares {
  const soldWs = new Map<number, number>();
  for (const { askId, powerW } of result.chunks.flatMap(({ trades }) => trades)) {
    soldWs.set(askId, (soldWs.get(askId) ?? 0) + powerW * market.intervalSeconds);
  }
  let lowestFill = 1;
  let sum = 0;
  let squares = 0;
  let asks = 0;
  for (const { id, side, energyWs } of market.offers) {
    if (side === 'buy' || energyWs === 0) continue;
    const share = (soldWs.get(id) ?? 0) / energyWs;
    lowestFill = Math.min(lowestFill, share);
    sum += share;
    squares += share * share;
    asks++;
  }
  return { lowestFill, jainIndex: squares === 0 ? 1 : (sum * sum) / (asks * squares) };
}
