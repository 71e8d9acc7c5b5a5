/**
 * What each feeder's limits do in each interval: nothing when they cannot bind, a node with a
 * capacity, or a hub beside the source or the sink.
 *
 * Three cases are exact for a binding internal limit: all its cells at one level; all its offers in
 * one interval only (the limit moves to the hub, before the levels part); no limit at all.
 * A binding external limit is exact when one side is absent, or the interval has a single level.
 * Other limits are not those of a network: they are eased (a seller counts as the cheapest of its
 * feeder, a net limit is left out), or held with caution (a net limit binds each side alone).
 */
import type { MaxFlow } from './max-flow.ts';
import { isLong, type Problem, placeOf, type Side } from './problem.ts';

/** Where cells of a feeder and interval are joined to the network, by place; -1: to their level. */
export interface Joints {
  node: Int32Array;
  /** The node stands between the end of the network and the cells. */
  isHub: Uint8Array;
}

export interface FeederJoints {
  sells: Joints;
  buys: Joints;
  /** Limits that are only eased; with none the maximum flow is the optimum. */
  eased: number;
}

/** What feeders do on one side, by place. */
interface Standings {
  powerW: Float64Array;
  lowest: Int32Array;
  highest: Int32Array;
  hasLong: Uint8Array;
}

export type NetLimits = 'eased' | 'cautious';

/** @param levelNode the node of a price level of an interval */
export function joinFeeders(
  flow: MaxFlow,
  problem: Problem,
  netLimits: NetLimits,
  levelNode: (interval: number, level: number) => number,
): FeederJoints {
  const { feeders, intervals, internalW, externalW, levels } = problem;
  const places = feeders.length * intervals;
  const joints = { sells: noJoints(places), buys: noJoints(places), eased: 0 };
  const sold = standings(problem, problem.sells);
  const bought = standings(problem, problem.buys);
  const limit = (which: 'sells' | 'buys', place: number, capW: number) => {
    const standing = which === 'sells' ? sold : bought;
    if (!((standing.powerW[place] ?? 0) > capW)) return;
    const isExact = limitSide(flow, joints[which], standing, which, place, capW, (level) =>
      levelNode(place % intervals, level),
    );
    if (!isExact) joints.eased++;
  };
  // The utility's feeder, index 0, has no limits.
  for (let place = intervals; place < places; place++) {
    const internal = internalW[place] ?? 0;
    const external = externalW[place] ?? 0;
    const both = Math.min(internal, external);
    const soldW = Math.min(internal, sold.powerW[place] ?? 0);
    const boughtW = Math.min(internal, bought.powerW[place] ?? 0);
    const canBind = soldW > external || boughtW > external;
    if (canBind && soldW > 0 && boughtW > 0 && levels[place % intervals] === 1) {
      joinNet(flow, joints, place, internal, external, levelNode(place % intervals, 0));
      continue;
    }
    const isNetwork = !canBind || soldW === 0 || boughtW === 0;
    if (!isNetwork && netLimits === 'eased') joints.eased++;
    const isTight = canBind && (isNetwork || netLimits === 'cautious');
    limit('sells', place, isTight ? both : internal);
    limit('buys', place, isTight ? both : internal);
  }
  return joints;
}

function noJoints(places: number): Joints {
  return { node: new Int32Array(places).fill(-1), isHub: new Uint8Array(places) };
}

/** A limit of what one side does. @returns whether it is exact */
function limitSide(
  flow: MaxFlow,
  joints: Joints,
  standing: Standings,
  which: 'sells' | 'buys',
  place: number,
  capW: number,
  levelNode: (level: number) => number,
): boolean {
  const lowest = standing.lowest[place] ?? 0;
  const highest = standing.highest[place] ?? 0;
  const node = flow.node();
  joints.node[place] = node;
  const isHub = lowest !== highest && standing.hasLong[place] === 0;
  joints.isHub[place] = isHub ? 1 : 0;
  if (which === 'sells')
    flow.arc(isHub ? flow.source : node, isHub ? node : levelNode(lowest), capW);
  else flow.arc(isHub ? node : levelNode(highest), isHub ? flow.sink : node, capW);
  return isHub || lowest === highest;
}

/** Both limits of a feeder in an interval with one level: the net flow has an arc of its own. */
function joinNet(
  flow: MaxFlow,
  joints: FeederJoints,
  place: number,
  internal: number,
  external: number,
  level: number,
): void {
  const net = flow.node();
  const sells = flow.node();
  const buys = flow.node();
  flow.arc(net, level, external, external);
  flow.arc(sells, net, internal);
  flow.arc(net, buys, internal);
  joints.sells.node[place] = sells;
  joints.buys.node[place] = buys;
}

function standings(problem: Problem, side: Side): Standings {
  const places = problem.feeders.length * problem.intervals;
  const powerW = new Float64Array(places);
  const lowest = new Int32Array(places).fill(-1);
  const highest = new Int32Array(places).fill(-1);
  const hasLong = new Uint8Array(places);
  for (let cell = 0; cell < side.cellOffer.length; cell++) {
    const place = placeOf(problem, side, cell);
    const level = side.cellLevel[cell] ?? 0;
    const before = lowest[place] ?? -1;
    powerW[place] = (powerW[place] ?? 0) + (side.cellCapW[cell] ?? 0);
    lowest[place] = before < 0 ? level : Math.min(before, level);
    highest[place] = Math.max(highest[place] ?? -1, level);
    if (isLong(side, side.cellOffer[cell] ?? 0)) hasLong[place] = 1;
  }
  return { powerW, lowest, highest, hasLong };
}
