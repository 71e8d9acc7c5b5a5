/**
 * The clearing problem as a flow network: source -> sellers -> feeder -> price level -> feeder ->
 * buyers -> sink, with a chain from each price level to the next higher one. Where limits are
 * eased (feeder-limits.ts) the flow is an upper bound.
 *
 * Offers that no binding limit tells apart share one arc: the same interval, price level and
 * deadline. At 100,000 homes that turns a million arcs into thousands.
 */
import { type FeederJoints, joinFeeders, type NetLimits } from './feeder-limits.ts';
import { MaxFlow } from './max-flow.ts';
import { isLong, isUtility, offerCount, type Problem, placeOf, type Side } from './problem.ts';

/** The arcs of one side that a tie rule opens: out of the source, into the sink. */
export interface Gates {
  /** Arc and capacity of each gate. */
  arc: Int32Array;
  capW: Float64Array;
  isUtility: Uint8Array;
  /** A gate behind the hub of a limit: the flow of such an arc may fall again. */
  isInner: Uint8Array;
  /** Gate of each offer; several offers of one interval may share it. */
  ofOffer: Int32Array;
  /** Arc of each cell of offers with several cells; -1 for the others. */
  cellArc: Int32Array;
}

export interface Network {
  flow: MaxFlow;
  sells: Gates;
  buys: Gates;
  /** Limits that are only eased; with none the maximum flow is the optimum. */
  eased: number;
}

export interface NetworkOptions {
  netLimits: NetLimits;
  /** Whether equal offers may share an arc. */
  isMerged: boolean;
}

/** Shortcuts up a chain of levels: each twice as long as the one before, so paths stay short. */
const SKIP = 2;
/** More than deadlines can lie apart. */
const DEADLINES = 2 ** 12;

export function networkOf(problem: Problem, { netLimits, isMerged }: NetworkOptions): Network {
  const flow = new MaxFlow();
  const firstLevel = levelChains(flow, problem.levels);
  const levelNode = (interval: number, level: number) => (firstLevel[interval] ?? 0) + level;
  const joints = joinFeeders(flow, problem, netLimits, levelNode);
  const join = (which: 'sells' | 'buys') =>
    new Joiner(flow, problem, which, joints, firstLevel, isMerged).join();
  return { flow, sells: join('sells'), buys: join('buys'), eased: joints.eased };
}

/** Gives each offer of a side its gate and each cell its arc. */
class Joiner {
  readonly #flow: MaxFlow;
  readonly #problem: Problem;
  readonly #side: Side;
  readonly #isSells: boolean;
  readonly #joints: FeederJoints['sells'];
  readonly #firstLevel: Int32Array;
  readonly #isMerged: boolean;
  readonly #arc: number[] = [];
  readonly #capW: number[] = [];
  readonly #isUtility: number[] = [];
  readonly #isInner: number[] = [];

  constructor(
    flow: MaxFlow,
    problem: Problem,
    which: 'sells' | 'buys',
    joints: FeederJoints,
    firstLevel: Int32Array,
    isMerged: boolean,
  ) {
    this.#flow = flow;
    this.#problem = problem;
    this.#side = problem[which];
    this.#isSells = which === 'sells';
    this.#joints = joints[which];
    this.#firstLevel = firstLevel;
    this.#isMerged = isMerged;
  }

  join(): Gates {
    const side = this.#side;
    const ofOffer = new Int32Array(offerCount(side)).fill(-1);
    const cellArc = new Int32Array(side.cellOffer.length).fill(-1);
    const shared = this.#isMerged ? this.#mergeShort(ofOffer) : [];
    for (const { node, capW } of shared) this.#gate(this.#add(this.#end, node, capW), capW, 0, 0);
    for (let offer = 0; offer < offerCount(side); offer++) {
      if ((ofOffer[offer] ?? -1) >= 0) continue;
      ofOffer[offer] = this.#arc.length;
      if (isLong(side, offer)) this.#joinLong(offer, cellArc);
      else this.#joinShort(offer);
    }
    return {
      arc: Int32Array.from(this.#arc),
      capW: Float64Array.from(this.#capW),
      isUtility: Uint8Array.from(this.#isUtility),
      isInner: Uint8Array.from(this.#isInner),
      ofOffer,
      cellArc,
    };
  }

  /** Offers with one cell and no binding limit, by level and deadline. */
  #mergeShort(ofOffer: Int32Array): { node: number; capW: number }[] {
    const side = this.#side;
    const shared: { node: number; capW: number }[] = [];
    const known = new Map<number, number>();
    for (let offer = 0; offer < offerCount(side); offer++) {
      if (isLong(side, offer) || isUtility(side, offer)) continue;
      const cell = side.firstCell[offer] ?? 0;
      if ((this.#joints.node[placeOf(this.#problem, side, cell)] ?? -1) >= 0) continue;
      const node = this.#levelOf(cell);
      const ahead = (side.deadline[offer] ?? 0) - this.#problem.firstInterval;
      const key = node * DEADLINES + Math.min(ahead, DEADLINES - 1);
      const capW = side.cellCapW[cell] ?? 0;
      const gate = known.get(key);
      const one = gate === undefined ? undefined : shared[gate];
      if (one !== undefined) one.capW += capW;
      ofOffer[offer] = gate ?? shared.length;
      if (one !== undefined) continue;
      known.set(key, shared.length);
      shared.push({ node, capW });
    }
    return shared;
  }

  #joinLong(offer: number, cellArc: Int32Array): void {
    const side = this.#side;
    const own = this.#flow.node();
    const energyW = side.energyW[offer] ?? 0;
    const utility = isUtility(side, offer) ? 1 : 0;
    this.#gate(this.#add(this.#end, own, energyW), energyW, utility, 0);
    for (let cell = side.firstCell[offer] ?? 0; cell < (side.firstCell[offer + 1] ?? 0); cell++) {
      const joint = this.#joints.node[placeOf(this.#problem, side, cell)] ?? -1;
      const node = joint >= 0 ? joint : this.#levelOf(cell);
      cellArc[cell] = this.#add(own, node, side.cellCapW[cell] ?? 0);
    }
  }

  #joinShort(offer: number): void {
    const side = this.#side;
    const cell = side.firstCell[offer] ?? 0;
    const place = placeOf(this.#problem, side, cell);
    const joint = this.#joints.node[place] ?? -1;
    const isInner = this.#joints.isHub[place] ?? 0;
    const capW = side.cellCapW[cell] ?? 0;
    const level = this.#levelOf(cell);
    const arc =
      isInner === 1
        ? this.#add(joint, level, capW)
        : this.#add(this.#end, joint >= 0 ? joint : level, capW);
    this.#gate(arc, capW, isUtility(side, offer) ? 1 : 0, isInner);
  }

  get #end(): number {
    return this.#isSells ? this.#flow.source : this.#flow.sink;
  }

  /** An arc away from the side's end of the network. */
  #add(near: number, far: number, capW: number): number {
    return this.#isSells ? this.#flow.arc(near, far, capW) : this.#flow.arc(far, near, capW);
  }

  #gate(arc: number, capW: number, utility: number, isInner: number): void {
    this.#arc.push(arc);
    this.#capW.push(capW);
    this.#isUtility.push(utility);
    this.#isInner.push(isInner);
  }

  #levelOf(cell: number): number {
    const { cellInterval, cellLevel } = this.#side;
    return (this.#firstLevel[cellInterval[cell] ?? 0] ?? 0) + (cellLevel[cell] ?? 0);
  }
}

/** Nodes of all levels, joined upwards, with shortcuts. */
function levelChains(flow: MaxFlow, levels: Int32Array): Int32Array {
  return levels.map((count) => {
    const first = flow.node();
    for (let level = 1; level < count; level++) flow.node();
    for (let step = 1; step < count; step *= SKIP) {
      for (let level = 0; level + step < count; level += step) {
        flow.arc(first + level, first + level + step, Number.POSITIVE_INFINITY);
      }
    }
    return first;
  });
}
