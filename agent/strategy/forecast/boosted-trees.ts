/**
 * Boosted regression trees for the median (Friedman 2001, least absolute deviation): each tree is
 * fitted to the signs of what the ones before leave, its leaves take the median of the rest.
 * Features are binned once; ties go to the first feature and the lowest edge: no chance anywhere.
 */
import { quantileOfSorted } from './quantile.ts';

export interface TreeSettings {
  trees: number;
  depth: number;
  /** Share of a leaf's median that is added. */
  rate: number;
  leastInLeaf: number;
}

/** Features lie one after the other, each with a value per row. */
export type Columns = readonly Float64Array[];

const BINS = 24;
/** Draws small leaves to zero. */
const SHRINK = 5;
const LEAST_GAIN = 1e-9;
const NO_SPLIT = -1;
const EVERY = 2;

export interface Tree {
  feature: Int16Array;
  /** Values in this bin or below go to the left, place 2k + 1. */
  bin: Uint8Array;
  value: Float64Array;
}

/** Plain data, so that a worker can hand it over. */
export interface TreeEnsemble {
  edges: readonly Float64Array[];
  trees: readonly Tree[];
}

/** @param targets one per row; their median is expected to be near 0 */
export function growTrees(
  columns: Columns,
  targets: Float64Array,
  settings: TreeSettings,
): TreeEnsemble {
  const edges = columns.map(edgesOf);
  const binned = columns.map((column, at) => binsOf(column, edges[at] ?? column));
  const rest = targets.slice();
  const trees: Tree[] = [];
  const all = Int32Array.from(rest, (_, row) => row);
  const work = { signs: new Float64Array(rest.length), sorted: new Float64Array(rest.length), all };
  for (let count = 0; count < settings.trees; count += 1) {
    trees.push(grow({ binned, edges, phase: count % EVERY, ...work }, rest, settings));
  }
  return { edges, trees };
}

/** @param features one value per column */
export function predictTrees({ edges, trees }: TreeEnsemble, features: Float64Array): number {
  let sum = 0;
  for (const { feature, bin, value } of trees) {
    let node = 0;
    for (;;) {
      const split = feature[node] ?? NO_SPLIT;
      if (split === NO_SPLIT) break;
      // Below the edge that ends the bin.
      const edge = edges[split]?.[bin[node] ?? 0] ?? 0;
      node = 2 * node + ((features[split] ?? 0) < edge ? 1 : 2);
    }
    sum += value[node] ?? 0;
  }
  return sum;
}

interface Binned {
  binned: readonly Uint8Array[];
  edges: readonly Float64Array[];
  /** Splits are chosen by each second row, in turn: faster, and trees differ more. */
  phase: number;
  /** All rows; and room to work in, made once. */
  all: Int32Array;
  signs: Float64Array;
  sorted: Float64Array;
}

/** Grows one tree and takes what it says from `rest`. */
function grow(data: Binned, rest: Float64Array, settings: TreeSettings): Tree {
  const nodes = 2 ** (settings.depth + 1) - 1;
  const tree: Tree = {
    feature: new Int16Array(nodes).fill(NO_SPLIT),
    bin: new Uint8Array(nodes),
    value: new Float64Array(nodes),
  };
  const { signs, sorted } = data;
  for (let row = 0; row < rest.length; row += 1) signs[row] = (rest[row] ?? 0) > 0 ? 0.5 : -0.5;
  const members: (Int32Array | null)[] = new Array(nodes).fill(null);
  members[0] = data.all;
  for (let node = 0; node < nodes; node += 1) {
    const own = members[node] ?? null;
    if (own === null) continue;
    const isInner = 2 * node + 2 < nodes && own.length >= 2 * settings.leastInLeaf;
    const split = isInner ? bestSplit(data, own, settings.leastInLeaf) : null;
    if (split === null) {
      tree.value[node] = settle(rest, own, settings.rate, sorted);
      continue;
    }
    tree.feature[node] = split.feature;
    tree.bin[node] = split.bin;
    const bins = data.binned[split.feature] ?? new Uint8Array(0);
    [members[2 * node + 1], members[2 * node + 2]] = parted(own, bins, split.bin);
    members[node] = null;
  }
  return tree;
}

function parted(own: Int32Array, bins: Uint8Array, bin: number): [Int32Array, Int32Array] {
  const parts = new Int32Array(own.length);
  let left = 0;
  let right = own.length;
  for (let place = 0; place < own.length; place += 1) {
    const row = own[place] ?? 0;
    if ((bins[row] ?? 0) <= bin) parts[left++] = row;
    else parts[--right] = row;
  }
  return [parts.subarray(0, left), parts.subarray(left).reverse()];
}

/** The leaf's value; what it explains goes out of `rest`. */
function settle(rest: Float64Array, own: Int32Array, rate: number, room: Float64Array): number {
  if (own.length === 0) return 0;
  const sorted = room.subarray(0, own.length);
  for (let place = 0; place < own.length; place += 1) sorted[place] = rest[own[place] ?? 0] ?? 0;
  sorted.sort();
  const share = own.length / (own.length + SHRINK);
  const value = rate * share * quantileOfSorted(sorted, 0.5);
  for (const row of own) rest[row] = (rest[row] ?? 0) - value;
  return value;
}

const sums = new Float64Array(BINS);
const counts = new Float64Array(BINS);

function bestSplit(
  { binned, edges, phase, signs }: Binned,
  own: Int32Array,
  least: number,
): { feature: number; bin: number } | null {
  let total = 0;
  let size = 0;
  for (let place = phase; place < own.length; place += EVERY) {
    total += signs[own[place] ?? 0] ?? 0;
    size += 1;
  }
  const before = (total * total) / (size + SHRINK);
  let best = LEAST_GAIN;
  let found: { feature: number; bin: number } | null = null;
  for (let feature = 0; feature < binned.length; feature += 1) {
    const bins = binned[feature] ?? new Uint8Array(0);
    sums.fill(0);
    counts.fill(0);
    for (let place = phase; place < own.length; place += EVERY) {
      const row = own[place] ?? 0;
      const bin = bins[row] ?? 0;
      sums[bin] = (sums[bin] ?? 0) + (signs[row] ?? 0);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    let sum = 0;
    let count = 0;
    const last = edges[feature]?.length ?? 0;
    for (let bin = 0; bin < last; bin += 1) {
      sum += sums[bin] ?? 0;
      count += counts[bin] ?? 0;
      const right = size - count;
      if (EVERY * count < least) continue;
      if (EVERY * right < least) break;
      const other = total - sum;
      const after = (sum * sum) / (count + SHRINK) + (other * other) / (right + SHRINK);
      if (after - before > best) {
        best = after - before;
        found = { feature, bin };
      }
    }
  }
  return found;
}

/** Edges between bins of about the same number of values, strictly ascending. */
function edgesOf(column: Float64Array): Float64Array {
  const sorted = column.slice().sort();
  const edges: number[] = [];
  for (let bin = 1; bin < BINS; bin += 1) {
    const edge = sorted[Math.floor((bin * sorted.length) / BINS)];
    if (edge !== undefined && edge > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(edge);
  }
  return Float64Array.from(edges);
}

function binsOf(column: Float64Array, edges: Float64Array): Uint8Array {
  const bins = new Uint8Array(column.length);
  for (let row = 0; row < column.length; row += 1) bins[row] = binOf(edges, column[row] ?? 0);
  return bins;
}

/** How many edges are at or below the value. */
function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < (edges[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
