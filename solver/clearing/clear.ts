/**
 * Clears the market: from open offers to the trades that carry the most energy between homes, then
 * the most with the utility. Every answer carries an upper bound; where both meet it is proven
 * optimal. Source: TRANSAX equations 10 and 11; design "Clearing".
 */
import { objectiveOf, sumObjectives } from '../../market/matching/objective.ts';
import type { Chunk, Offer } from '../../market/offers.ts';
import { cellsOfColumns, compactProgram } from './compact-program.ts';
import { clearByFlow } from './flow-clearing.ts';
import type { ClearingInput, ClearingResult, TieRule } from './input.ts';
import { maximize } from './linear-program.ts';
import type { Pair } from './pairing.ts';
import { type Problem, problemOf, type Quantities } from './problem.ts';
import { finalPairs, roundDown } from './rounding.ts';

/** @throws ClearingError when the input makes no sense or HiGHS fails. */
export async function clear(input: ClearingInput): Promise<ClearingResult> {
  const rule = input.tieRule ?? { kind: 'earliest-deadline' };
  const problem = problemOf({ ...input, offers: inOrder(input.offers, rule) });
  const flow = clearByFlow(problem, rule);
  if (flow.quantities !== null && flow.homeW >= flow.upperBoundW) {
    return resultOf(input, problem, flow.quantities, flow.upperBoundW, flow.method);
  }
  const { program, secondCosts } = compactProgram(problem, rule.kind === 'earliest-deadline');
  const { value, columns } = await maximize(program, secondCosts);
  const upperBoundW = Math.min(flow.upperBoundW, Math.floor(value + 1e-4));
  const quantities = roundDown(problem, cellsOfColumns(problem, columns));
  const result = resultOf(input, problem, quantities, upperBoundW, 'linear-program');
  if (flow.quantities === null || flow.homeW * input.intervalSeconds <= result.energyWs) {
    return result;
  }
  return resultOf(input, problem, flow.quantities, upperBoundW, flow.method);
}

function resultOf(
  input: ClearingInput,
  problem: Problem,
  quantities: Quantities,
  upperBoundW: number,
  method: ClearingResult['method'],
): ClearingResult {
  const chunks = finalPairs(problem, quantities)
    .map((pairs, interval) => chunkOf(problem, interval, pairs))
    .filter(({ trades }) => trades.length > 0);
  const offers = new Map(input.offers.map((offer) => [offer.id, offer]));
  const values = chunks.map((chunk) =>
    objectiveOf(chunk, (id) => offers.get(id), input.intervalSeconds),
  );
  const objective = sumObjectives(values);
  return {
    chunks,
    objective,
    energyWs: Number(objective.homeEnergyWs),
    upperBoundWs: upperBoundW * input.intervalSeconds,
    method,
  };
}

function chunkOf(problem: Problem, interval: number, pairs: Pair[]): Chunk {
  const { sells, buys } = problem;
  return {
    interval: problem.firstInterval + interval,
    trades: pairs.map(({ sell, buy, powerW }) => ({
      askId: sells.offers[sells.cellOffer[sell] ?? 0]?.id ?? 0,
      bidId: buys.offers[buys.cellOffer[buy] ?? 0]?.id ?? 0,
      powerW,
    })),
  };
}

/** Offers in the order in which ties are broken. */
function inOrder(offers: readonly Offer[], rule: TieRule): Offer[] {
  const sorted = [...offers].sort((a, b) => a.id - b.id);
  if (rule.kind === 'arbitrary') return shuffled(sorted, rule.seed);
  const price = (offer: Offer) =>
    offer.side === 'sell' ? offer.priceMicroPerKwh : -offer.priceMicroPerKwh;
  return sorted.sort((a, b) => a.lastInterval - b.lastInterval || price(a) - price(b));
}

/** Fisher-Yates with a small generator (mulberry32), so that a seed gives one order for ever. */
function shuffled(offers: Offer[], seed: number): Offer[] {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let last = offers.length - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    const [a, b] = [offers[last], offers[other]];
    if (a !== undefined && b !== undefined) [offers[last], offers[other]] = [b, a];
  }
  return offers;
}
