/**
 * What a solution is worth, as the `Matching` contract computes it: energy between homes, then
 * energy with the utility's feeder, then welfare (design: a solution).
 */
import { type Chunk, type Objective, type Offer, UTILITY_FEEDER } from '../offers.ts';

export const NOTHING: Objective = { homeEnergyWs: 0n, utilityEnergyWs: 0n, welfare: 0n };

/** @throws RangeError when a trade names an offer that is not known. */
export function objectiveOf(
  chunk: Chunk,
  offer: (id: number) => Offer | undefined,
  intervalSeconds: number,
): Objective {
  let homeEnergyWs = 0n;
  let utilityEnergyWs = 0n;
  let welfare = 0n;
  for (const trade of chunk.trades) {
    const ask = offer(trade.askId);
    const bid = offer(trade.bidId);
    if (ask === undefined || bid === undefined) {
      throw new RangeError(
        `a trade names offers ${trade.askId} and ${trade.bidId}: one is unknown`,
      );
    }
    const energyWs = BigInt(trade.powerW) * BigInt(intervalSeconds);
    if (ask.feeder === UTILITY_FEEDER || bid.feeder === UTILITY_FEEDER) {
      utilityEnergyWs += energyWs;
    } else {
      homeEnergyWs += energyWs;
    }
    welfare += BigInt(bid.priceMicroPerKwh - ask.priceMicroPerKwh) * energyWs;
  }
  return { homeEnergyWs, utilityEnergyWs, welfare };
}

export function sumObjectives(parts: Iterable<Objective>): Objective {
  const sum = { ...NOTHING };
  for (const part of parts) {
    sum.homeEnergyWs += part.homeEnergyWs;
    sum.utilityEnergyWs += part.utilityEnergyWs;
    sum.welfare += part.welfare;
  }
  return sum;
}

/** @returns above zero when `a` is worth more, below when less, zero when the same. */
export function compareObjective(a: Objective, b: Objective): number {
  return (
    sign(a.homeEnergyWs - b.homeEnergyWs) ||
    sign(a.utilityEnergyWs - b.utilityEnergyWs) ||
    sign(a.welfare - b.welfare)
  );
}

function sign(difference: bigint): number {
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}
