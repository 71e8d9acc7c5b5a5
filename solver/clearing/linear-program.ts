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
  /** Best value of the first costs. */
  value: number;
  columns: Float64Array;
}

let runtime: Promise<Highs> | null = null;

/**
 * Maximises the program's costs; then, among all that reach that value, `second` costs.
 * @throws ClearingError `solver` when HiGHS does not report an optimum.
 */
export async function maximize(program: LinearProgram, second?: number[]): Promise<LinearAnswer> {
  if (program.costs.length === 0) return { value: 0, columns: new Float64Array(0) };
  // Loaded when first needed and once only: most markets never need it, and it takes 100 ms.
  runtime ??= loadHighs();
  const highs = await runtime;
  return highs.withModel(modelOf(highs, program), (model) => {
    model.options.set({ output_flag: false });
    const optimal = highs.constants.modelStatus.optimal;
    const run = () => {
      const { modelStatus } = model.run();
      if (modelStatus !== optimal) {
        throw new ClearingError('solver', `HiGHS ended with model status ${modelStatus}`);
      }
    };
    run();
    const value = model.getObjectiveValue();
    const first = model.getSolution().colValue;
    if (second === undefined) return { value, columns: first };
    const indices = program.costs.flatMap((cost, column) => (cost === 0 ? [] : [column]));
    const values = indices.map((column) => program.costs[column] ?? 0);
    // The slack is below what rounding to whole watts could notice.
    model.addRow(value - 1e-6 - Math.abs(value) * 1e-9, highs.infinity, { indices, values });
    model.changeColsCost({ kind: 'range', from: 0, to: second.length - 1 }, second);
    run();
    return { value, columns: model.getSolution().colValue };
  });
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
