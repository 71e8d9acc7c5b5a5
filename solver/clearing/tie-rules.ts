/**
 * Which of the optimal flows is taken. The maximum is reached by opening the gates of the network
 * one group after another: an augmenting path never lowers a gate, so what was opened first is
 * served as well as it can be, and the total is the same (the greedy property of a polymatroid;
 * N. Megiddo, Optimal flows in networks with multiple sources and sinks, 1974). A best choice of
 * sellers and a best choice of buyers go together in one flow (Mendelsohn and Dulmage, 1958).
 * Behind the hub of a limit a gate may be lowered again: there the order is kept as far as it goes.
 *
 * Homes come before the utility: their gates open first.
 */
import type { SecondTieRule, TieRule } from './input.ts';
import type { End, MaxFlow } from './max-flow.ts';
import type { Gates, Network } from './network.ts';
import type { Problem } from './problem.ts';
import { type Opening, openingOf } from './stages.ts';

/** Enough to make the order felt, few enough to be quick. */
const ARBITRARY_STAGES = 128;

export interface Filled {
  /** Energy between homes, and with the utility, W times intervals. */
  homeW: number;
  utilityW: number;
}

/** Fills a network; `problem` is the one it was made of. */
export function fill(network: Network, problem: Problem, rule: TieRule): Filled {
  const homeW =
    rule.kind === 'earliest-deadline'
      ? fillByDeadline(network, problem, rule.second ?? 'welfare')
      : fillInOrder(network);
  for (const gates of [network.sells, network.buys]) {
    openHomes(network.flow, gates);
  }
  return { homeW, utilityW: fillUtility(network) };
}

/** Sellers in the order in which they stand, which is shuffled; buyers as it happens. */
function fillInOrder({ flow, sells, buys }: Network): number {
  flow.reset();
  close(flow, sells);
  closeUtility(flow, buys);
  const gate = Int32Array.from(sells.arc.keys()).filter((at) => sells.isUtility[at] === 0);
  const perStage = Math.ceil(gate.length / ARBITRARY_STAGES);
  const stageEnds: number[] = [];
  for (let end = perStage; end - perStage < gate.length; end += perStage) {
    stageEnds.push(Math.min(end, gate.length));
  }
  const addW = Float64Array.from(gate, (at) => sells.capW[at] ?? 0);
  return open(flow, sells, { gate, addW, stageEnds }, 'source');
}

function fillByDeadline(network: Network, problem: Problem, second: SecondTieRule): number {
  const { flow, sells, buys } = network;
  flow.reset();
  closeUtility(flow, buys);
  close(flow, sells);
  open(flow, sells, openingOf(problem.sells, sells, second), 'source');
  const soldW = Float64Array.from(sells.arc, (arc) => flow.flow(arc));
  flow.reset();
  for (const [gate, arc] of sells.arc.entries()) flow.setRoom(arc, soldW[gate] ?? 0);
  close(flow, buys);
  return open(flow, buys, openingOf(problem.buys, buys, second), 'sink');
}

/** Opens gates stage by stage from one end of the network. @returns the flow that comes of it */
function open(flow: MaxFlow, gates: Gates, opening: Opening, end: End): number {
  const { gate, addW, stageEnds } = opening;
  let total = 0;
  let at = 0;
  for (const stop of stageEnds) {
    let hasInner = false;
    for (; at < stop; at++) {
      const opened = gate[at] ?? 0;
      flow.addRoom(gates.arc[opened] ?? 0, addW[at] ?? 0);
      if (gates.isInner[opened] === 1) hasInner = true;
    }
    // A gate in the middle of the network may bring to life what leads to it.
    total += hasInner ? flow.run(end) : flow.runStage(end);
  }
  return total;
}

/**
 * Adds energy with the utility on top. Its asks and bids are never open together, so that each
 * unit added is one that homes could not trade, and no trade between homes is taken apart. When
 * neither adds anything more, the energy with the utility is the most there is beside the most
 * between homes: any better flow would differ by cycles of the residual network, and of those that
 * pass the gates only these two kinds of paths gain energy without taking some from homes.
 */
function fillUtility({ flow, sells, buys }: Network): number {
  const asks = utilityGates(sells);
  const bids = utilityGates(buys);
  if (asks.length + bids.length === 0) return 0;
  let total = 0;
  let added: number;
  do {
    added = 0;
    for (const [gates, utility] of [[sells, asks] as const, [buys, bids] as const]) {
      for (const gate of utility) openRest(flow, gates, gate);
      added += flow.run();
      for (const gate of utility) flow.setRoom(gates.arc[gate] ?? 0, 0);
    }
    total += added;
  } while (added > 0 && asks.length > 0 && bids.length > 0);
  return total;
}

function utilityGates(gates: Gates): number[] {
  return [...gates.arc.keys()].filter((gate) => gates.isUtility[gate] === 1);
}

function close(flow: MaxFlow, gates: Gates): void {
  for (const arc of gates.arc) flow.setRoom(arc, 0);
}

function closeUtility(flow: MaxFlow, gates: Gates): void {
  for (const gate of utilityGates(gates)) flow.setRoom(gates.arc[gate] ?? 0, 0);
}

function openHomes(flow: MaxFlow, gates: Gates): void {
  for (const gate of gates.arc.keys()) {
    if (gates.isUtility[gate] === 0) openRest(flow, gates, gate);
  }
}

function openRest(flow: MaxFlow, gates: Gates, gate: number): void {
  const arc = gates.arc[gate] ?? 0;
  flow.setRoom(arc, (gates.capW[gate] ?? 0) - flow.flow(arc));
}
