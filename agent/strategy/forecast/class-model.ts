/**
 * The model of one class of leads: what many homes say, mixed with the home's own coefficients that
 * were drawn towards theirs, and boosted trees on what both leave.
 */
import { growTrees, predictTrees, type TreeEnsemble } from './boosted-trees.ts';
import { type LeadClass, ROW, type Rows } from './lead-rows.ts';
import { dot, leastAbsolute } from './least-absolute.ts';
import type { LeadPrior } from './prior.ts';

export interface ClassModel {
  prior: LeadPrior;
  /** The home's own coefficients. */
  linear: Float64Array;
  ownShare: number;
  /** See a row and, last, what the rest of the model says. */
  trees: TreeEnsemble;
}

/** Rows with what does not change from one fit to the next. */
export interface Prepared extends Rows {
  prior: LeadPrior;
  /** What many homes say, by row, in shares of its scale. */
  many: Float64Array;
  /** By feature; the last is for what the rest of the model says. */
  columns: readonly Float64Array[];
}

export function prepared(all: Rows, prior: LeadPrior): Prepared {
  const count = all.targets.length;
  const many = new Float64Array(count);
  const columns = Array.from({ length: ROW + 1 }, () => new Float64Array(count));
  for (let row = 0; row < count; row += 1) {
    const own = all.rows.subarray(row * ROW, (row + 1) * ROW);
    many[row] = manyOf(prior, own);
    for (let place = 0; place < ROW; place += 1) {
      const column = columns[place];
      if (column !== undefined) column[row] = own[place] ?? 0;
    }
  }
  return { ...all, prior, many, columns };
}

/** Fits to the first `count` rows. */
export function fit(all: Prepared, count: number, own: LeadClass): ClassModel {
  const { prior, rows, many } = all;
  const { ownShare } = own;
  const targets = all.targets.subarray(0, count);
  const linear = leastAbsolute({ rows, stride: ROW }, targets, prior.linear, own.draw);
  const columns = all.columns.map((column) => column.subarray(0, count));
  const said = columns[ROW] ?? new Float64Array(count);
  const rest = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    said[row] = mix(ownShare, dot(rows, row * ROW, linear), many[row] ?? 0);
    rest[row] = (targets[row] ?? 0) - (said[row] ?? 0);
  }
  return { prior, linear, ownShare, trees: growTrees(columns, rest, own.trees) };
}

/** In shares of the row's scale. @param many what many homes say, where that is known already */
export function predictRow(model: ClassModel, row: Float64Array, many?: number): number {
  const own = new Float64Array(ROW + 1);
  own.set(row);
  const said = mix(model.ownShare, dot(row, 0, model.linear), many ?? manyOf(model.prior, row));
  own[ROW] = said;
  return said + predictTrees(model.trees, own);
}

function manyOf({ linear, trees }: LeadPrior, row: Float64Array): number {
  return dot(row, 0, linear) + (trees === null ? 0 : predictTrees(trees, row));
}

function mix(share: number, own: number, many: number): number {
  return share * own + (1 - share) * many;
}
