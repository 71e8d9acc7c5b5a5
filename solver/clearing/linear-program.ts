/** Linear programs, built by rows and columns, and solved by HiGHS (WebAssembly, npm `highs`). */
import type { Highs } from 'highs';
import { ClearingError } from './input.ts';

/** Maximise cost x, with lower <= A x <= upper and 0 <= x <= most. */
export class LinearProgram {
  readonly rowLower: number[] = [];
  readonly rowUpper: number[] = [];
  readonly costs: number[] = [];
  readonly most: number[] = [];
  readonly starts: number[] = [0];
  readonly indices: number[] = [];
  readonly values: number[] = [];

  row(lower: number, upper: number): number {
    this.rowLower.push(lower);
    this.rowUpper.push(upper);
    return this.rowLower.length - 1;
  }

  /** @param entries pairs of row and coefficient; a row of -1 is left out */
  column(cost: number, most: number, entries: [row: number, coefficient: number][]): number {
    this.costs.push(cost);
    this.most.push(most);
    for (const [row, coefficient] of entries) {
      if (row < 0) continue;
      this.indices.push(row);
      this.values.push(coefficient);
    }
    this.starts.push(this.indices.length);
    return this.costs.length - 1;
  }
}

export interface LinearAnswer {
  /** Best value of each goal, the first costs first. */
  values: number[];
  columns: Float64Array;
}

let runtime: Promise<Highs> | null = null;

/** Beyond so many columns the interior point method is the quicker one, by far. */
const INTERIOR_COLUMNS = 20_000;

/**
 * Maximises the program's costs; then, among all that reach that value, each of the further costs
 * in turn. Further costs may be shorter than the program: the rest are 0.
 * @throws ClearingError `solver` when HiGHS does not report an optimum.
 */
export async function maximize(
  program: LinearProgram,
  furtherCosts: readonly number[][] = [],
): Promise<LinearAnswer> {
  const goals = furtherCosts.map((costs) => program.costs.map((_, column) => costs[column] ?? 0));
  if (program.costs.length === 0) {
    return { values: [0, ...goals.map(() => 0)], columns: new Float64Array(0) };
  }
  // Loaded when first needed and once only: most markets never need it, and it takes 100 ms.
  runtime ??= loadHighs();
  const highs = await runtime;
  return highs.withModel(modelOf(highs, program), (model) => {
    const isLarge = program.costs.length > INTERIOR_COLUMNS;
    model.options.set({ output_flag: false, ...(isLarge ? { solver: 'ipm' } : {}) });
    let reached = { costs: program.costs, value: run(highs, model) };
    const values = [reached.value];
    for (const costs of goals) {
      if (costs.some((cost) => cost !== 0)) {
        holdValue(highs, model, reached);
        model.changeColsCost({ kind: 'range', from: 0, to: costs.length - 1 }, costs);
        reached = { costs, value: run(highs, model) };
        values.push(reached.value);
      } else {
        values.push(0);
      }
    }
    return { values, columns: model.getSolution().colValue };
  });
}

type Model = Parameters<Parameters<Highs['withModel']>[1]>[0];

function run(highs: Highs, model: Model): number {
  const { modelStatus } = model.run();
  if (modelStatus !== highs.constants.modelStatus.optimal) {
    throw new ClearingError('solver', `HiGHS ended with model status ${modelStatus}`);
  }
  return model.getObjectiveValue();
}

/** Keeps what was reached. The slack is below what rounding to whole watts could notice. */
function holdValue(
  highs: Highs,
  model: Model,
  { costs, value }: { costs: readonly number[]; value: number },
): void {
  const indices = costs.flatMap((cost, column) => (cost === 0 ? [] : [column]));
  const values = indices.map((column) => costs[column] ?? 0);
  const least = value - 1e-6 - Math.abs(value) * 1e-9;
  model.addRow(least, highs.infinity, { indices, values });
}

async function loadHighs(): Promise<Highs> {
  // The package's types describe its CommonJS form; as a module its default export is the loader.
  const load: unknown = (await import('highs')).default;
  if (typeof load !== 'function') throw new ClearingError('solver', 'highs has no loader');
  return load();
}

function modelOf(highs: Highs, program: LinearProgram) {
  const numCols = program.costs.length;
  const numRows = program.rowLower.length;
  return {
    numCols,
    numRows,
    sense: highs.constants.objectiveSense.maximize,
    colCost: program.costs,
    colLower: new Float64Array(numCols),
    colUpper: program.most,
    rowLower: program.rowLower,
    rowUpper: program.rowUpper,
    matrix: {
      format: 'csc' as const,
      numCols,
      numRows,
      starts: program.starts,
      indices: program.indices,
      values: program.values,
    },
  };
}
