/**
 * Clearing by network flow. Where the network is exact, its maximum is the optimum. Otherwise the
 * eased network gives an upper bound and says how much each offer should trade in each interval;
 * with that split every offer stands in one interval, and a second, exact flow often reaches the
 * bound. What comes out is whole watts and feasible, or nothing.
 */
import type { ClearingResult, TieRule } from './input.ts';
import { networkOf, quantitiesOf } from './network.ts';
import type { Problem, Quantities, Side } from './problem.ts';
import { fill } from './tie-rules.ts';

export interface FlowAnswer {
  /** Null when no feasible flow was found this way. */
  quantities: Quantities | null;
  /** Energy between homes that they trade, W times intervals. */
  homeW: number;
  /** No feasible quantities trade more between homes. */
  upperBoundW: number;
  method: ClearingResult['method'];
}

export function clearByFlow(problem: Problem, rule: TieRule): FlowAnswer {
  const network = networkOf(problem);
  // Of homes alone: in a network the utility adds nothing to that, for the paths from and to it can
  // be taken out of any flow, and those between homes stay.
  const upperBoundW = fill(network, rule);
  const quantities = quantitiesOf(network);
  if (network.eased === 0) return { quantities, homeW: upperBoundW, upperBoundW, method: 'flow' };
  const split = networkOf({
    ...problem,
    sells: splitByInterval(problem.sells, quantities.soldW),
    buys: splitByInterval(problem.buys, quantities.boughtW),
  });
  const method = 'split-flow';
  if (split.eased > 0) return { quantities: null, homeW: 0, upperBoundW, method };
  const homeW = fill(split, rule);
  return { quantities: quantitiesOf(split), homeW, upperBoundW, method };
}

/** Each cell as an offer of its own: those of long offers may trade what they did, no more. */
function splitByInterval(side: Side, powerW: Float64Array): Side {
  const cells = side.cellOffer.length;
  const capW = side.cellCapW.map((cap, cell) => {
    const offer = side.cellOffer[cell] ?? 0;
    const isLong = (side.firstCell[offer + 1] ?? 0) - (side.firstCell[offer] ?? 0) > 1;
    return isLong ? (powerW[cell] ?? 0) : cap;
  });
  return {
    ...side,
    offers: Array.from(side.cellOffer, (offer) => side.offers[offer]).filter(
      (offer) => offer !== undefined,
    ),
    feeder: side.cellOffer.map((offer) => side.feeder[offer] ?? 0),
    energyW: capW,
    firstCell: Int32Array.from({ length: cells + 1 }, (_, cell) => cell),
    cellOffer: Int32Array.from({ length: cells }, (_, cell) => cell),
    cellCapW: capW,
  };
}
