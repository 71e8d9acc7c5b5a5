/**
 * What a solution is worth, as the `Matching` contract computes it: energy between homes, then
 * energy with the utility's feeder, then welfare (design: a solution).
 */
import { type Chunk, type Objective, type Offer, UTILITY_FEEDER } from '../offers.ts';

export const NOTHING: Objective = { homeEnergyWs: 0n, utilityEnergyWs: 0n, welfare: 0n };

/** A gain in welfare counts as one in energy at this price difference: 0.01 per kWh. */
const GAIN_MICRO_PER_KWH = 10_000n;

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

/** Whether the contract takes `a` in the place of `b`: better, and not just by a trifle. */
export function beatsObjective(a: Objective, b: Objective, minGainWs: number): boolean {
  const gain = BigInt(minGainWs);
  const isMore = (difference: bigint, least: bigint) => difference > 0n && difference >= least;
  if (a.homeEnergyWs !== b.homeEnergyWs) return isMore(a.homeEnergyWs - b.homeEnergyWs, gain);
  if (a.utilityEnergyWs !== b.utilityEnergyWs) {
    return isMore(a.utilityEnergyWs - b.utilityEnergyWs, gain);
  }
  return isMore(a.welfare - b.welfare, gain * GAIN_MICRO_PER_KWH);
}
