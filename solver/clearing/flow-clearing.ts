/**
 * Clearing by network flow. Where the network is exact, its maximum is the optimum. Otherwise the
 * eased network gives an upper bound and says how much each offer should trade in each interval;
 * with that split every offer stands in one interval, and a second flow, with all limits held,
 * often reaches the bound. What comes out is whole watts and feasible.
 */
import { picked } from './cells.ts';
import type { ClearingResult, TieRule } from './input.ts';
import { type NetworkOptions, networkOf } from './network.ts';
import { isLong, type Problem, type Quantities, type Side } from './problem.ts';
import { quantitiesOf } from './quantities.ts';
import { positions } from './stable-order.ts';
import { type Filled, fill } from './tie-rules.ts';

export interface FlowAnswer {
  quantities: Quantities;
  /** What they trade. */
  reached: Filled;
  /**
   * No feasible quantities trade more between homes; and none that trade this much between homes
   * trade more with the utility.
   */
  bound: Filled;
  method: ClearingResult['method'];
}

export function clearByFlow(problem: Problem, rule: TieRule): FlowAnswer {
  const isMerged = rule.kind !== 'arbitrary';
  // The bound between homes is that of homes alone: in a network the utility adds nothing to it,
  // for the paths from and to it can be taken out of any flow, and those between homes stay.
  const eased = solve(problem, rule, { netLimits: 'eased', isMerged });
  const { quantities, reached: bound } = eased;
  if (eased.eased === 0) return { quantities, reached: bound, bound, method: 'flow' };
  const split = {
    ...problem,
    sells: splitByInterval(problem.sells, quantities.soldW),
    buys: splitByInterval(problem.buys, quantities.boughtW),
  };
  const exact = solve(split, rule, { netLimits: 'cautious', isMerged });
  return { quantities: exact.quantities, reached: exact.reached, bound, method: 'split-flow' };
}

function solve(
  problem: Problem,
  rule: TieRule,
  options: NetworkOptions,
): { quantities: Quantities; reached: Filled; eased: number } {
  const network = networkOf(problem, options);
  const reached = fill(network, problem, rule);
  return { quantities: quantitiesOf(network, problem, rule), reached, eased: network.eased };
}

/** Each cell as an offer of its own: those of long offers may trade what they did, no more. */
function splitByInterval(side: Side, powerW: Float64Array): Side {
  const { cellOffer } = side;
  const cells = cellOffer.length;
  const capW = side.cellCapW.slice();
  for (let cell = 0; cell < cells; cell++) {
    if (isLong(side, cellOffer[cell] ?? 0)) capW[cell] = powerW[cell] ?? 0;
  }
  return {
    ...side,
    id: picked(new Uint32Array(cells), side.id, cellOffer),
    priceMicroPerKwh: picked(new Uint32Array(cells), side.priceMicroPerKwh, cellOffer),
    deadline: picked(new Int32Array(cells), side.deadline, cellOffer),
    feeder: picked(new Int32Array(cells), side.feeder, cellOffer),
    energyW: capW,
    maxPowerW: capW,
    firstCell: positions(cells + 1),
    cellOffer: positions(cells),
    cellCapW: capW,
  };
}
