/**
 * The clearing problem as a flow network: source -> sellers -> feeder -> price level -> feeder ->
 * buyers -> sink, with a chain from each price level to the next higher one.
 *
 * It is exact where limits do not cross price levels. Elsewhere a limit is eased (a seller counts
 * as the cheapest of its feeder, a net limit is left out): then the flow is an upper bound, and
 * `eased` counts how often. Three cases are exact for a binding internal limit: all its cells at
 * one level; all its offers in one interval only (the limit moves to the source); no limit at all.
 * A binding external limit is exact when one side is absent, or the interval has a single level.
 */
import type { Interval } from '../../market/intervals.ts';
import { type Arc, MaxFlow } from './max-flow.ts';
import { isUtility, type Problem, placeOf, type Quantities, type Side } from './problem.ts';

/** An arc out of the source, or into the sink: what a tie rule opens and closes. */
export interface Gate {
  arc: Arc;
  capW: number;
  /** Last interval of the offers behind it. */
  deadline: Interval;
  isUtility: boolean;
}

export interface Network {
  flow: MaxFlow;
  sources: Gate[];
  sinks: Gate[];
  /** The arc of each cell. */
  sellArcs: Int32Array;
  buyArcs: Int32Array;
  /** Limits that are only eased; with none the maximum flow is the optimum. */
  eased: number;
}

/** What one feeder does on one side in one interval. */
interface Standing {
  powerW: number;
  lowest: number;
  highest: number;
  hasLong: boolean;
}

/** Where cells of one feeder and interval are joined to the network; null: to their level. */
type Joint = { node: number; isHub: boolean } | null;

const SKIP = 16;

export function networkOf(problem: Problem): Network {
  const builder = new Builder(problem);
  builder.joinFeeders();
  builder.joinOffers('sells');
  builder.joinOffers('buys');
  return builder.network;
}

/** Reads the quantities of every cell from the flow. */
export function quantitiesOf(network: Network): Quantities {
  const read = (arcs: Int32Array) => Float64Array.from(arcs, (arc) => network.flow.flow(arc));
  return { soldW: read(network.sellArcs), boughtW: read(network.buyArcs) };
}

class Builder {
  readonly network: Network;
  readonly #problem: Problem;
  readonly #firstLevel: Int32Array;
  readonly #joints: { sells: Joint[]; buys: Joint[] };

  constructor(problem: Problem) {
    const flow = new MaxFlow();
    const places = problem.feeders.length * problem.intervals;
    this.#problem = problem;
    this.#firstLevel = levelChains(flow, problem.levels);
    this.#joints = { sells: new Array(places).fill(null), buys: new Array(places).fill(null) };
    this.network = {
      flow,
      sources: [],
      sinks: [],
      sellArcs: new Int32Array(problem.sells.cellOffer.length),
      buyArcs: new Int32Array(problem.buys.cellOffer.length),
      eased: 0,
    };
  }

  /** Puts the limits of every feeder and interval in. The utility's feeder, index 0, has none. */
  joinFeeders(): void {
    const { feeders, intervals, internalW, externalW, levels } = this.#problem;
    const sells = standings(this.#problem, this.#problem.sells);
    const buys = standings(this.#problem, this.#problem.buys);
    for (let place = intervals; place < feeders.length * intervals; place++) {
      const sold = sells[place];
      const bought = buys[place];
      if (sold === undefined || bought === undefined) continue;
      const internal = internalW[place] ?? 0;
      const external = externalW[place] ?? 0;
      const soldW = Math.min(internal, sold.powerW);
      const boughtW = Math.min(internal, bought.powerW);
      let sellCapW = internal;
      let buyCapW = internal;
      if (soldW > external || boughtW > external) {
        if (boughtW === 0) sellCapW = Math.min(internal, external);
        else if (soldW === 0) buyCapW = Math.min(internal, external);
        else {
          if (levels[place % intervals] === 1) {
            this.#joinNet(place, internal, external);
            continue;
          }
          this.network.eased++;
        }
      }
      if (sold.powerW > sellCapW) this.#limitSells(place, sold, sellCapW);
      if (bought.powerW > buyCapW) this.#limitBuys(place, bought, buyCapW);
    }
  }

  /** Gives each offer its gate and each cell its arc. */
  joinOffers(which: 'sells' | 'buys'): void {
    const side = this.#problem[which];
    const { flow } = this.network;
    const gates = which === 'sells' ? this.network.sources : this.network.sinks;
    const arcs = which === 'sells' ? this.network.sellArcs : this.network.buyArcs;
    const end = which === 'sells' ? flow.source : flow.sink;
    const add = (near: number, far: number, capW: number) =>
      which === 'sells' ? flow.arc(near, far, capW) : flow.arc(far, near, capW);
    for (const [offer, facts] of side.offers.entries()) {
      const first = side.firstCell[offer] ?? 0;
      const stop = side.firstCell[offer + 1] ?? 0;
      const gate = { deadline: facts.lastInterval, isUtility: isUtility(side, offer) };
      const isLong = stop - first > 1;
      const own = isLong ? flow.node() : end;
      if (isLong) {
        const capW = side.energyW[offer] ?? 0;
        gates.push({ ...gate, arc: add(end, own, capW), capW });
      }
      for (let cell = first; cell < stop; cell++) {
        const joint = this.#jointOf(which, side, cell);
        const level = this.#levelOf(side, cell);
        const capW = side.cellCapW[cell] ?? 0;
        const arc = joint?.isHub
          ? add(joint.node, level, capW)
          : add(own, joint?.node ?? level, capW);
        arcs[cell] = arc;
        if (!isLong && !joint?.isHub) gates.push({ ...gate, arc, capW });
      }
    }
  }

  #limitSells(place: number, sold: Standing, capW: number): void {
    const { flow, sources } = this.network;
    const node = flow.node();
    if (sold.lowest !== sold.highest && !sold.hasLong) {
      this.#joints.sells[place] = { node, isHub: true };
      const deadline = this.#problem.firstInterval + (place % this.#problem.intervals);
      sources.push({ arc: flow.arc(flow.source, node, capW), capW, deadline, isUtility: false });
      return;
    }
    if (sold.lowest !== sold.highest) this.network.eased++;
    this.#joints.sells[place] = { node, isHub: false };
    flow.arc(node, this.#level(place, sold.lowest), capW);
  }

  #limitBuys(place: number, bought: Standing, capW: number): void {
    const { flow, sinks } = this.network;
    const node = flow.node();
    if (bought.lowest !== bought.highest && !bought.hasLong) {
      this.#joints.buys[place] = { node, isHub: true };
      const deadline = this.#problem.firstInterval + (place % this.#problem.intervals);
      sinks.push({ arc: flow.arc(node, flow.sink, capW), capW, deadline, isUtility: false });
      return;
    }
    if (bought.lowest !== bought.highest) this.network.eased++;
    this.#joints.buys[place] = { node, isHub: false };
    flow.arc(this.#level(place, bought.highest), node, capW);
  }

  /** Both limits of a feeder in an interval with one level: the net flow has an arc of its own. */
  #joinNet(place: number, internal: number, external: number): void {
    const { flow } = this.network;
    const net = flow.node();
    const sells = flow.node();
    const buys = flow.node();
    flow.arc(net, this.#level(place, 0), external, external);
    flow.arc(sells, net, internal);
    flow.arc(net, buys, internal);
    this.#joints.sells[place] = { node: sells, isHub: false };
    this.#joints.buys[place] = { node: buys, isHub: false };
  }

  #jointOf(which: 'sells' | 'buys', side: Side, cell: number): Joint {
    return this.#joints[which][placeOf(this.#problem, side, cell)] ?? null;
  }

  #levelOf(side: Side, cell: number): number {
    return (this.#firstLevel[side.cellInterval[cell] ?? 0] ?? 0) + (side.cellLevel[cell] ?? 0);
  }

  #level(place: number, level: number): number {
    return (this.#firstLevel[place % this.#problem.intervals] ?? 0) + level;
  }
}

/** Nodes of all levels, joined upwards; long chains get shortcuts, so that paths stay short. */
function levelChains(flow: MaxFlow, levels: Int32Array): Int32Array {
  const firstLevel = new Int32Array(levels.length);
  for (const [interval, count] of levels.entries()) {
    const nodes = Array.from({ length: count }, () => flow.node());
    firstLevel[interval] = nodes[0] ?? 0;
    for (let step = 1; step < count; step *= SKIP) {
      for (let level = 0; level + step < count; level += step) {
        flow.arc(nodes[level] ?? 0, nodes[level + step] ?? 0, Number.POSITIVE_INFINITY);
      }
    }
  }
  return firstLevel;
}

function standings(problem: Problem, side: Side): Standing[] {
  const places = problem.feeders.length * problem.intervals;
  const all: Standing[] = Array.from({ length: places }, () => ({
    powerW: 0,
    lowest: Number.POSITIVE_INFINITY,
    highest: -1,
    hasLong: false,
  }));
  for (const [cell, offer] of side.cellOffer.entries()) {
    const standing = all[placeOf(problem, side, cell)];
    if (standing === undefined) continue;
    const level = side.cellLevel[cell] ?? 0;
    standing.powerW += side.cellCapW[cell] ?? 0;
    standing.lowest = Math.min(standing.lowest, level);
    standing.highest = Math.max(standing.highest, level);
    const cells = (side.firstCell[offer + 1] ?? 0) - (side.firstCell[offer] ?? 0);
    if (cells > 1) standing.hasLong = true;
  }
  return all;
}
