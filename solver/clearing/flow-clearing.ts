/**
 * Clearing by network flow. Where the network is exact, its maximum is the optimum. Otherwise the
 * eased network gives an upper bound and says how much each offer should trade in each interval;
 * with that split every offer stands in one interval, and a second flow, with all limits held,
 * often reaches the bound; where it does not, other splits are tried. What comes out is whole watts
 * and feasible.
 */
import { picked } from './cells.ts';
import type { NetLimits } from './feeder-limits.ts';
import type { ClearingResult, TieRule } from './input.ts';
import { networkOf } from './network.ts';
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

/** Other splits that are tried when the first one leaves a gap; each costs as much again. */
const MOST_RETRIES = 3;

export function clearByFlow(problem: Problem, rule: TieRule): FlowAnswer {
  // The bound between homes is that of homes alone: in a network the utility adds nothing to it,
  // for the paths from and to it can be taken out of any flow, and those between homes stay.
  const eased = solve(problem, rule, 'eased');
  const { quantities, reached: bound } = eased;
  if (eased.eased === 0) return { quantities, reached: bound, bound, method: 'flow' };
  let wish = quantities;
  let best = solveSplit(problem, wish, rule);
  let last = best;
  for (let retry = 0; retry < MOST_RETRIES && isLess(best.reached, bound); retry++) {
    // Where an offer could not trade what it should, it shall trade the rest at another time.
    const tighter = {
      ...problem,
      sells: withCaps(problem.sells, wish.soldW, last.quantities.soldW),
      buys: withCaps(problem.buys, wish.boughtW, last.quantities.boughtW),
    };
    wish = solve(tighter, rule, 'eased').quantities;
    last = solveSplit(problem, wish, rule);
    if (!isLess(best.reached, last.reached)) break;
    best = last;
  }
  return { quantities: best.quantities, reached: best.reached, bound, method: 'split-flow' };
}

function isLess(one: Filled, other: Filled): boolean {
  if (one.homeW !== other.homeW) return one.homeW < other.homeW;
  return one.utilityW < other.utilityW;
}

/** A flow with all limits held, for offers that trade in each interval at most what is wished. */
function solveSplit(problem: Problem, wish: Quantities, rule: TieRule): Solved {
  const split = {
    ...problem,
    sells: splitByInterval(problem.sells, wish.soldW),
    buys: splitByInterval(problem.buys, wish.boughtW),
  };
  return solve(split, rule, 'cautious');
}

interface Solved {
  quantities: Quantities;
  reached: Filled;
  eased: number;
}

function solve(problem: Problem, rule: TieRule, netLimits: NetLimits): Solved {
  const network = networkOf(problem, { netLimits, isMerged: rule.kind !== 'arbitrary' });
  const reached = fill(network, problem, rule);
  return { quantities: quantitiesOf(network, problem, rule), reached, eased: network.eased };
}

/** Cells of long offers that traded less than wished are capped at what they traded. */
function withCaps(side: Side, wishW: Float64Array, tradedW: Float64Array): Side {
  const cellCapW = side.cellCapW.slice();
  for (let cell = 0; cell < cellCapW.length; cell++) {
    const traded = tradedW[cell] ?? 0;
    if (isLong(side, side.cellOffer[cell] ?? 0) && traded < (wishW[cell] ?? 0)) {
      cellCapW[cell] = traded;
    }
  }
  return { ...side, cellCapW };
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
