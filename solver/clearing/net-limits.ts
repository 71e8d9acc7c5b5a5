/**
 * Net limits of feeders after trades were lowered or dropped.
 *
 * Less trade never breaks a limit that sums things up, but it may break a net one: when the export
 * that is left stood against an import that is gone. Here trades are lowered until every net limit
 * holds again; that ends, because energy falls each time and no trade at all is feasible.
 */
import type { Pair } from './pairing.ts';
import { type Problem, placeOf } from './problem.ts';

/**
 * The pairs of one interval, lowered until no feeder is over its net limit; as many as came in, in
 * the same order. What would be left below `minTradeW` becomes 0.
 */
export function withinNetLimits(
  problem: Problem,
  interval: number,
  pairs: Pair[],
  minTradeW: number,
): Pair[] {
  const left = pairs.map((one) => ({ ...one }));
  const places = problem.feeders.map((_, feeder) => feeder * problem.intervals + interval);
  for (;;) {
    const exportW = new Map<number, number>();
    for (const { sell, buy, powerW } of left) {
      const from = placeOf(problem, problem.sells, sell);
      const to = placeOf(problem, problem.buys, buy);
      exportW.set(from, (exportW.get(from) ?? 0) + powerW);
      exportW.set(to, (exportW.get(to) ?? 0) - powerW);
    }
    const over = places.find(
      (place) => Math.abs(exportW.get(place) ?? 0) > (problem.externalW[place] ?? 0),
    );
    if (over === undefined) return left;
    const net = exportW.get(over) ?? 0;
    reduce(problem, left, over, net > 0, Math.abs(net) - (problem.externalW[over] ?? 0), minTradeW);
  }
}

/** Takes `excessW` from the trades out of (or into) a feeder, the largest first. */
function reduce(
  problem: Problem,
  pairs: Pair[],
  place: number,
  isExport: boolean,
  excessW: number,
  minTradeW: number,
): void {
  let excess = excessW;
  const crossing = pairs
    .filter(({ sell, buy }) => {
      const from = placeOf(problem, problem.sells, sell);
      const to = placeOf(problem, problem.buys, buy);
      return from !== to && (isExport ? from : to) === place;
    })
    .sort((a, b) => b.powerW - a.powerW);
  for (const one of crossing) {
    if (excess <= 0) return;
    const before = one.powerW;
    one.powerW = Math.max(0, before - excess);
    if (one.powerW < minTradeW) one.powerW = 0;
    excess -= before - one.powerW;
  }
}
