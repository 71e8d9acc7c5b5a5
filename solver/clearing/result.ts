/** From quantities to trades, and what the contract will compute for them. */
import type { Chunk, Objective, Trade } from '../../market/offers.ts';
import type { FlowAnswer } from './flow-clearing.ts';
import type { ClearingInput, ClearingResult } from './input.ts';
import type { Pair } from './pairing.ts';
import { isUtility, type Problem, priceOf } from './problem.ts';
import { finalPairs } from './rounding.ts';

export function resultOf(
  input: ClearingInput,
  problem: Problem,
  { quantities, bound, method }: Omit<FlowAnswer, 'reached'>,
): ClearingResult {
  const chunks: Chunk[] = [];
  const sums = new ObjectiveSums(problem);
  for (const [interval, pairs] of finalPairs(problem, quantities).entries()) {
    if (pairs.length === 0) continue;
    for (const one of pairs) sums.add(one);
    const trades = pairs.map((one) => tradeOf(problem, one));
    chunks.push({ interval: problem.firstInterval + interval, trades });
  }
  const objective = sums.objective(input.intervalSeconds);
  return {
    chunks,
    objective,
    energyWs: Number(objective.homeEnergyWs),
    upperBoundWs: bound.homeW * input.intervalSeconds,
    utilityBoundWs: bound.utilityW * input.intervalSeconds,
    method,
  };
}

function tradeOf({ sells, buys }: Problem, { sell, buy, powerW }: Pair): Trade {
  return {
    askId: sells.id[sells.cellOffer[sell] ?? 0] ?? 0,
    bidId: buys.id[buys.cellOffer[buy] ?? 0] ?? 0,
    powerW,
  };
}

/**
 * The sums of `objectiveOf` (market/matching/objective.ts), without a look-up and six big numbers
 * for each of a million trades: plain numbers as long as they are exact.
 */
class ObjectiveSums {
  readonly #problem: Problem;
  #homeW = 0;
  #utilityW = 0;
  #welfare = 0n;
  #welfareRest = 0;

  constructor(problem: Problem) {
    this.#problem = problem;
  }

  add({ sell, buy, powerW }: Pair): void {
    const { sells, buys } = this.#problem;
    const isHome =
      !isUtility(sells, sells.cellOffer[sell] ?? 0) && !isUtility(buys, buys.cellOffer[buy] ?? 0);
    if (isHome) this.#homeW += powerW;
    else this.#utilityW += powerW;
    const spread = priceOf(buys, buy) - priceOf(sells, sell);
    const sum = this.#welfareRest + spread * powerW;
    if (Number.isSafeInteger(sum)) {
      this.#welfareRest = sum;
      return;
    }
    this.#welfare += BigInt(this.#welfareRest) + BigInt(spread) * BigInt(powerW);
    this.#welfareRest = 0;
  }

  objective(intervalSeconds: number): Objective {
    const seconds = BigInt(intervalSeconds);
    return {
      homeEnergyWs: BigInt(this.#homeW) * seconds,
      utilityEnergyWs: BigInt(this.#utilityW) * seconds,
      welfare: (this.#welfare + BigInt(this.#welfareRest)) * seconds,
    };
  }
}
