/**
 * Which of the optimal flows is taken. The maximum is reached by opening the gates of the network
 * one group after another: an augmenting path never lowers a gate, so what was opened first is
 * served as well as it can be, and the total is the same (the greedy property of a polymatroid).
 * A best choice of sellers and a best choice of buyers can be joined in one flow (Mendelsohn and
 * Dulmage). Homes come before the utility: their gates open first.
 */
import type { TieRule } from './input.ts';
import type { Gate, Network } from './network.ts';

/** Enough to make the order felt, few enough to be quick. */
const ARBITRARY_STAGES = 128;

/** Fills a network. @returns energy between homes, W times intervals */
export function fill(network: Network, rule: TieRule): number {
  const homes = {
    sources: network.sources.filter((gate) => !gate.isUtility),
    sinks: network.sinks.filter((gate) => !gate.isUtility),
  };
  const total =
    rule.kind === 'earliest-deadline'
      ? fillByDeadline(network, homes.sources, homes.sinks)
      : fillInOrder(network, homes.sources);
  for (const gate of [...homes.sources, ...homes.sinks]) open(network, gate);
  fillUtility(network);
  return total;
}

/** Sellers in the order in which they stand, which is shuffled; buyers as it happens. */
function fillInOrder(network: Network, sources: Gate[]): number {
  const { flow } = network;
  flow.reset();
  closeUtility(network);
  for (const gate of sources) flow.setRoom(gate.arc, 0);
  const perStage = Math.ceil(sources.length / ARBITRARY_STAGES);
  let total = 0;
  for (let first = 0; first < sources.length; first += perStage) {
    for (const gate of sources.slice(first, first + perStage)) flow.setRoom(gate.arc, gate.capW);
    total += flow.run();
  }
  return total;
}

function fillByDeadline(network: Network, sources: Gate[], sinks: Gate[]): number {
  const { flow } = network;
  const soldW = fillInStages(network, sources);
  const boughtW = fillInStages(network, sinks);
  flow.reset();
  closeUtility(network);
  for (const [at, gate] of sources.entries()) flow.setRoom(gate.arc, soldW[at] ?? 0);
  for (const [at, gate] of sinks.entries()) flow.setRoom(gate.arc, boughtW[at] ?? 0);
  return flow.run();
}

/** Opens gates by rising deadline, the other side open. @returns the flow of each gate */
function fillInStages(network: Network, gates: Gate[]): number[] {
  const { flow } = network;
  flow.reset();
  closeUtility(network);
  const stages = new Map<number, Gate[]>();
  for (const gate of gates) {
    flow.setRoom(gate.arc, 0);
    const stage = stages.get(gate.deadline);
    if (stage === undefined) stages.set(gate.deadline, [gate]);
    else stage.push(gate);
  }
  for (const [, stage] of [...stages].sort(([a], [b]) => a - b)) {
    for (const gate of stage) flow.setRoom(gate.arc, gate.capW);
    flow.run();
  }
  return gates.map((gate) => flow.flow(gate.arc));
}

/**
 * Adds energy with the utility on top. Its asks and bids are never open together, so that each
 * unit added is one that homes could not trade, and no trade between homes is taken apart.
 */
function fillUtility(network: Network): void {
  const asks = network.sources.filter((gate) => gate.isUtility);
  const bids = network.sinks.filter((gate) => gate.isUtility);
  if (asks.length + bids.length === 0) return;
  let added: number;
  do {
    added = 0;
    for (const gates of [asks, bids]) {
      for (const gate of gates) open(network, gate);
      added += network.flow.run();
      for (const gate of gates) network.flow.setRoom(gate.arc, 0);
    }
  } while (added > 0 && asks.length > 0 && bids.length > 0);
}

function closeUtility(network: Network): void {
  for (const gate of [...network.sources, ...network.sinks]) {
    if (gate.isUtility) network.flow.setRoom(gate.arc, 0);
  }
}

function open(network: Network, gate: Gate): void {
  network.flow.setRoom(gate.arc, gate.capW - network.flow.flow(gate.arc));
}
