/**
 * Where a home with little data starts, and what its own model is mixed with: coefficients and
 * trees that fitted many homes (`prior-table.ts`, written by `bench/forecast/fit-prior.ts`).
 */
import type { TreeEnsemble } from './boosted-trees.ts';
import { FEATURES } from './features.ts';
import { PRIOR_TABLE } from './prior-table.ts';

/** For one class of leads. */
export interface LeadPrior {
  /** One for each of `FEATURES`. */
  linear: Float64Array;
  /** On what the linear part leaves; null: none. */
  trees: TreeEnsemble | null;
}

/** In the order of the classes of leads. */
export type Prior = readonly LeadPrior[];

interface Table {
  features: string[];
  classes: { linear: number[]; trees: TableTrees | null }[];
}

interface TableTrees {
  edges: number[][];
  trees: { feature: number[]; bin: number[]; value: number[] }[];
}

/** Nothing was fitted: the mean of two medians. To begin fitting a prior with. */
export const FLAT_PRIOR: LeadPrior = {
  linear: Float64Array.from(FEATURES, (name) =>
    name === 'memory4' || name === 'memory12' ? 0.5 : 0,
  ),
  trees: null,
};

export function priorOf(text: string): Prior {
  const { features, classes } = JSON.parse(text) as Table;
  if (features.join() !== FEATURES.join()) {
    throw new RangeError('the table of the prior is for other features: fit it again');
  }
  return classes.map(({ linear, trees }) => ({
    linear: Float64Array.from(linear),
    trees:
      trees === null
        ? null
        : {
            edges: trees.edges.map((each) => Float64Array.from(each)),
            trees: trees.trees.map(({ feature, bin, value }) => ({
              feature: Int16Array.from(feature),
              bin: Uint8Array.from(bin),
              value: Float64Array.from(value),
            })),
          },
  }));
}

export function tableOf(prior: Prior): string {
  const short = (values: Iterable<number>) => [...values].map((value) => Number(value.toFixed(4)));
  const table: Table = {
    features: [...FEATURES],
    classes: prior.map(({ linear, trees }) => ({
      linear: short(linear),
      trees:
        trees === null
          ? null
          : {
              edges: trees.edges.map(short),
              trees: trees.trees.map((each) => ({
                feature: [...each.feature],
                bin: [...each.bin],
                value: short(each.value),
              })),
            },
    })),
  };
  return JSON.stringify(table);
}

/** @throws RangeError where features were changed and the table not fitted again */
export function shippedPrior(): Prior {
  return priorOf(PRIOR_TABLE);
}
