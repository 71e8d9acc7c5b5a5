/**
 * The exact linear program of clearing with a variable for each offer and interval, instead of one
 * for each ask, bid and interval (TRANSAX equation 16).
 *
 * Feeder limits bind totals only, and quantities can be paired within an interval exactly when the
 * chain of price levels carries them (price-levels.ts): for every price, bids up to it are covered
 * by asks up to it (Hall's condition), and the totals are equal. So the optimum is the same.
 */
import type { TieRule } from './input.ts';
import { LinearProgram } from './linear-program.ts';
import {
  isUtility,
  offerCount,
  type Problem,
  placeOf,
  type Quantities,
  type Side,
} from './problem.ts';

export interface CompactProgram {
  program: LinearProgram;
  /** Costs of the further goals: energy with the utility, early deadlines first, welfare. */
  furtherCosts: number[][];
}

export function compactProgram(problem: Problem, rule: TieRule): CompactProgram {
  const program = new LinearProgram();
  const utilityCosts: number[] = [];
  const deadlineCosts: number[] = [];
  const welfareCosts: number[] = [];
  const dearest = dearestPrice(problem);
  const firstBalance = balanceRows(program, problem.levels);
  const limits = limitRows(program, problem);
  for (const which of ['sells', 'buys'] as const) {
    const side = problem[which];
    const sign = which === 'sells' ? 1 : -1;
    for (let offer = 0; offer < offerCount(side); offer++) {
      const energyRow = energyRowOf(program, side, offer);
      const utility = isUtility(side, offer);
      // Energy between homes is all that is sold by homes, less what the utility buys of it.
      const cost = which === 'sells' ? (utility ? 0 : 1) : utility ? -1 : 0;
      const early = earliness(problem, side.deadline[offer] ?? 0);
      const price = (side.priceMicroPerKwh[offer] ?? 0) / dearest;
      for (let cell = side.firstCell[offer] ?? 0; cell < (side.firstCell[offer + 1] ?? 0); cell++) {
        const interval = side.cellInterval[cell] ?? 0;
        const place = placeOf(problem, side, cell);
        const balance = (firstBalance[interval] ?? 0) + (side.cellLevel[cell] ?? 0);
        program.column(cost, side.cellCapW[cell] ?? 0, [
          [energyRow, 1],
          [limits[which][place] ?? -1, 1],
          [limits.net[place] ?? -1, sign],
          [balance, sign],
        ]);
        utilityCosts.push(utility ? 1 : 0);
        deadlineCosts.push(early);
        welfareCosts.push(-sign * price);
      }
    }
  }
  addChain(program, problem.levels, firstBalance);
  const furtherCosts = [utilityCosts];
  if (rule.kind === 'earliest-deadline') {
    furtherCosts.push(deadlineCosts);
    if (rule.second !== 'equal-shares') furtherCosts.push(welfareCosts);
  }
  return { program, furtherCosts };
}

/** Columns that carry energy up from each price level to the next. */
function addChain(program: LinearProgram, levels: Int32Array, firstBalance: Int32Array): void {
  for (const [interval, count] of levels.entries()) {
    for (let level = 0; level + 1 < count; level++) {
      const row = (firstBalance[interval] ?? 0) + level;
      program.column(0, Number.POSITIVE_INFINITY, [
        [row, -1],
        [row + 1, 1],
      ]);
    }
  }
}

function dearestPrice({ buys }: Problem): number {
  return buys.priceMicroPerKwh.reduce((most, price) => Math.max(most, price), 1);
}

/** Takes the quantities of the cells out of the solved columns. */
export function cellsOfColumns(problem: Problem, columns: Float64Array): Quantities {
  const sells = problem.sells.cellOffer.length;
  const buys = problem.buys.cellOffer.length;
  return { soldW: columns.slice(0, sells), boughtW: columns.slice(sells, sells + buys) };
}

/** From 1 for the first deadline of the window down to almost 0 for those beyond it. */
function earliness(problem: Problem, deadline: number): number {
  const ahead = Math.min(problem.intervals, Math.max(0, deadline - problem.firstInterval));
  return (problem.intervals + 1 - ahead) / (problem.intervals + 1);
}

/** One row for each level: what comes up the chain and is sold is bought or goes further up. */
function balanceRows(program: LinearProgram, levels: Int32Array): Int32Array {
  return levels.map((count) => {
    const first = program.rowLower.length;
    for (let level = 0; level < count; level++) program.row(0, 0);
    return first;
  });
}

function energyRowOf(program: LinearProgram, side: Side, offer: number): number {
  const first = side.firstCell[offer] ?? 0;
  const stop = side.firstCell[offer + 1] ?? 0;
  return stop - first > 1 ? program.row(Number.NEGATIVE_INFINITY, side.energyW[offer] ?? 0) : -1;
}

interface LimitRows {
  sells: Int32Array;
  buys: Int32Array;
  net: Int32Array;
}

/** Rows of the limits that can bind at all; -1 for the others, and for the utility. */
function limitRows(program: LinearProgram, problem: Problem): LimitRows {
  const { intervals, feeders, internalW, externalW } = problem;
  const places = feeders.length * intervals;
  const soldW = powerAt(problem, problem.sells);
  const boughtW = powerAt(problem, problem.buys);
  const none = () => new Int32Array(places).fill(-1);
  const rows = { sells: none(), buys: none(), net: none() };
  for (let place = intervals; place < places; place++) {
    const internal = internalW[place] ?? 0;
    const external = externalW[place] ?? 0;
    const sold = soldW[place] ?? 0;
    const bought = boughtW[place] ?? 0;
    if (sold > internal) rows.sells[place] = program.row(Number.NEGATIVE_INFINITY, internal);
    if (bought > internal) rows.buys[place] = program.row(Number.NEGATIVE_INFINITY, internal);
    if (Math.min(Math.max(sold, bought), internal) > external) {
      rows.net[place] = program.row(-external, external);
    }
  }
  return rows;
}

/** Power of all cells of a side by feeder and interval: more cannot flow. */
function powerAt(problem: Problem, side: Side): Float64Array {
  const powerW = new Float64Array(problem.feeders.length * problem.intervals);
  for (const cell of side.cellOffer.keys()) {
    const place = placeOf(problem, side, cell);
    powerW[place] = (powerW[place] ?? 0) + (side.cellCapW[cell] ?? 0);
  }
  return powerW;
}
