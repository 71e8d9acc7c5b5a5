/**
 * From the linear program's quantities to whole watts, never over a limit.
 *
 * Rounding down keeps every limit that only sums things up: energy, power, internal limits. It may
 * break a net limit, when the export that it leaves stood against an import that it took (an export
 * of 3 and imports of 0.5 twice, rounded to 3 and 0). So net limits are restored by taking from the
 * trades that overstep; that ends, because energy falls each time. Then what has become free is
 * given out again, to homes first.
 */
import { Flows } from './flows.ts';
import { withinNetLimits } from './net-limits.ts';
import { type Pair, pair } from './pairing.ts';
import { isUtility, type Problem, priceOf, type Quantities, type Side } from './problem.ts';

/** Nearer to a whole number than this is that number: what the solver's tolerance leaves open. */
const NOISE_W = 1e-5;

export function roundDown(problem: Problem, quantities: Quantities): Quantities {
  const floor = (values: Float64Array) => values.map((value) => Math.floor(value + NOISE_W));
  const whole = { soldW: floor(quantities.soldW), boughtW: floor(quantities.boughtW) };
  const state = new Flows(problem);
  // Rounding a noisy value up may overstep by a watt somewhere, so every trade is let in anew.
  for (const pairs of pair(problem, whole)) {
    for (const { sell, buy, powerW } of pairs) state.add(sell, buy, powerW, false);
  }
  restoreNetLimits(problem, state);
  for (const withUtility of [false, true]) giveOut(problem, state, withUtility);
  return { soldW: state.soldW, boughtW: state.boughtW };
}

/** Final trades: the smallest are dropped, and net limits restored where that hurt. */
export function finalPairs(problem: Problem, quantities: Quantities): Pair[][] {
  return pair(problem, quantities).map((pairs, interval) => {
    const kept = largest(problem, pairs);
    if (kept.length === pairs.length) return pairs;
    const within = withinNetLimits(problem, interval, kept, problem.minTradeW);
    return within.filter(({ powerW }) => powerW > 0);
  });
}

/** Without those below the minimum, and without the smallest of too many; order is kept. */
function largest(problem: Problem, pairs: Pair[]): Pair[] {
  const kept = pairs.filter(({ powerW }) => powerW >= problem.minTradeW);
  if (kept.length <= problem.maxTrades) return kept;
  const bySize = [...kept].sort((a, b) => b.powerW - a.powerW);
  const chosen = new Set(bySize.slice(0, problem.maxTrades));
  return kept.filter((one) => chosen.has(one));
}

function restoreNetLimits(problem: Problem, state: Flows): void {
  const before = pair(problem, { soldW: state.soldW, boughtW: state.boughtW });
  for (const [interval, pairs] of before.entries()) {
    const after = withinNetLimits(problem, interval, pairs, 1);
    for (const [at, { sell, buy, powerW }] of pairs.entries()) {
      const leftW = after[at]?.powerW ?? 0;
      if (leftW < powerW) state.take(sell, buy, powerW - leftW);
    }
  }
}

/** Gives out what limits still allow, cheap asks and dear bids first. */
function giveOut(problem: Problem, state: Flows, withUtility: boolean): void {
  const { sells, buys, intervals } = problem;
  for (let interval = 0; interval < intervals; interval++) {
    const asks = openCells(sells, state.soldW, interval);
    for (const buy of openCells(buys, state.boughtW, interval).reverse()) {
      for (const sell of asks) {
        if (priceOf(sells, sell) > priceOf(buys, buy)) break;
        const utilities =
          Number(isUtility(sells, sells.cellOffer[sell] ?? 0)) +
          Number(isUtility(buys, buys.cellOffer[buy] ?? 0));
        if (utilities > (withUtility ? 1 : 0)) continue;
        state.add(sell, buy, Number.POSITIVE_INFINITY, true);
      }
    }
  }
}

/** Cells of an interval that are not full, by rising price. */
function openCells(side: Side, powerW: Float64Array, interval: number): Int32Array {
  const { order, starts } = side.merge;
  const cells = order.subarray(starts[interval], starts[interval + 1]);
  return cells.filter((cell) => (powerW[cell] ?? 0) < (side.cellCapW[cell] ?? 0));
}
