/**
 * Clears the market: from open offers to the trades that carry the most energy between homes, then
 * the most with the utility. Every answer carries an upper bound; where both meet it is proven
 * optimal. Source: TRANSAX equations 10 and 11; design "Clearing".
 *
 * A cascade, the cheap first: flows (flow-clearing.ts); where they leave a gap, the exact linear
 * program with a variable for each cell, unless the market is too large for it.
 */
import type { Offer } from '../../market/offers.ts';
import { MAX_UINT32 } from '../../market/units.ts';
import { cellsOfColumns, compactProgram } from './compact-program.ts';
import { clearByFlow, type FlowAnswer } from './flow-clearing.ts';
import type { ClearingInput, ClearingResult, TieRule } from './input.ts';
import { maximize } from './linear-program.ts';
import { type Problem, problemOf } from './problem.ts';
import { resultOf } from './result.ts';
import { roundDown } from './rounding.ts';
import { positions, sortByKey } from './stable-order.ts';

/** A linear program with more cells takes minutes, which no interval has. */
const MOST_CELLS = 60_000;
/** Nearer than this to a whole watt is that watt: what the solver's tolerance leaves open. */
const NOISE_W = 1e-4;

/** @throws ClearingError when the input makes no sense or HiGHS fails. */
export async function clear(input: ClearingInput): Promise<ClearingResult> {
  const rule = input.tieRule ?? { kind: 'earliest-deadline' };
  const problem = problemOf(input, inOrder(input.offers, rule));
  const flow = clearByFlow(problem, rule);
  const cells = problem.sells.cellOffer.length + problem.buys.cellOffer.length;
  if (isProven(flow) || cells > MOST_CELLS) return resultOf(input, problem, flow);
  const program = await clearByProgram(problem, rule, flow);
  const bound = program.bound;
  const results = [program, { ...flow, bound }].map((one) => resultOf(input, problem, one));
  return results.reduce((best, one) => (isBetter(one, best) ? one : best));
}

function isProven({ reached, bound }: FlowAnswer): boolean {
  return reached.homeW >= bound.homeW && reached.utilityW >= bound.utilityW;
}

function isBetter(one: ClearingResult, other: ClearingResult): boolean {
  if (one.energyWs !== other.energyWs) return one.energyWs > other.energyWs;
  return one.objective.utilityEnergyWs > other.objective.utilityEnergyWs;
}

async function clearByProgram(
  problem: Problem,
  rule: TieRule,
  flow: FlowAnswer,
): Promise<Omit<FlowAnswer, 'reached'>> {
  const { program, furtherCosts } = compactProgram(problem, rule);
  const { values, columns } = await maximize(program, furtherCosts);
  const [bestW = 0, utilityW = 0] = values;
  const homeW = Math.min(flow.bound.homeW, Math.floor(bestW + NOISE_W));
  // What the utility can trade beside a part of a watt more says nothing of whole watts.
  const isWhole = Math.abs(bestW - Math.round(bestW)) < NOISE_W;
  const bound = {
    homeW,
    utilityW: isWhole ? Math.floor(utilityW + NOISE_W) : Number.POSITIVE_INFINITY,
  };
  const quantities = roundDown(problem, cellsOfColumns(problem, columns));
  return { quantities, bound, method: 'linear-program' };
}

/** Positions of the offers in the order in which ties are broken. */
function inOrder(offers: readonly Offer[], rule: TieRule): Int32Array {
  const id = new Uint32Array(offers.length);
  const loss = new Uint32Array(offers.length);
  const deadline = new Uint32Array(offers.length);
  for (const [at, offer] of offers.entries()) {
    const price = offer.priceMicroPerKwh;
    id[at] = offer.id;
    loss[at] = offer.side === 'sell' ? price : MAX_UINT32 - price;
    deadline[at] = offer.lastInterval;
  }
  const byId = sortByKey(positions(offers.length), id);
  if (rule.kind === 'arbitrary') return shuffled(byId, rule.seed);
  return sortByKey(sortByKey(byId, loss), deadline);
}

/** Fisher-Yates with a small generator (mulberry32), so that a seed gives one order for ever. */
function shuffled(order: Int32Array, seed: number): Int32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}
