/** From the flow of a network to a quantity for each cell. */
import type { TieRule } from './input.ts';
import type { MaxFlow } from './max-flow.ts';
import type { Gates, Network } from './network.ts';
import { offerCount, type Problem, type Quantities, type Side } from './problem.ts';

export function quantitiesOf(network: Network, problem: Problem, rule: TieRule): Quantities {
  const isShared = rule.kind === 'earliest-deadline' && rule.second === 'equal-shares';
  return {
    soldW: cellsOf(network.flow, problem.sells, network.sells, isShared),
    boughtW: cellsOf(network.flow, problem.buys, network.buys, isShared),
  };
}

/**
 * Offers that share a gate are served in the order in which they stand, which is that of their
 * prices; or, when gates are shared out, each by the same share in whole watts, the rest in order.
 */
function cellsOf(flow: MaxFlow, side: Side, gates: Gates, isShared: boolean): Float64Array {
  const powerW = new Float64Array(side.cellOffer.length);
  for (let cell = 0; cell < powerW.length; cell++) {
    const arc = gates.cellArc[cell] ?? -1;
    if (arc >= 0) powerW[cell] = flow.flow(arc);
  }
  const flowW = Float64Array.from(gates.arc, (arc) => flow.flow(arc));
  const leftW = flowW.slice();
  for (const isRest of isShared ? [false, true] : [true]) {
    for (let offer = 0; offer < offerCount(side); offer++) {
      const cell = side.firstCell[offer] ?? 0;
      if ((gates.cellArc[cell] ?? -1) >= 0) continue;
      const gate = gates.ofOffer[offer] ?? 0;
      const capW = side.cellCapW[cell] ?? 0;
      const share = isRest ? 1 : (flowW[gate] ?? 0) / Math.max(1, gates.capW[gate] ?? 0);
      const hadW = powerW[cell] ?? 0;
      const moreW = Math.min(Math.floor(capW * share) - hadW, leftW[gate] ?? 0);
      powerW[cell] = hadW + moreW;
      leftW[gate] = (leftW[gate] ?? 0) - moreW;
    }
  }
  return powerW;
}
