/**
 * A linear model with the least sum of absolute errors, drawn towards given coefficients: by
 * iteratively reweighted least squares (Schlossmacher 1973), a fixed number of rounds, so that the
 * same data give the same model everywhere.
 */

const ROUNDS = 6;
/** Errors below this share of the scale weigh alike. */
const LEAST_ERROR = 0.03;
/**
 * @param data features of one row after the other, about 1 in size, each `stride` after the last
 * @param prior coefficients that short data are drawn to
 * @param draw how strongly, a row; above 0, for features that say the same
 * @returns coefficients, as many as `prior`
 */
export function leastAbsolute(
  { rows, stride: rowStride }: { rows: Float64Array; stride: number },
  targets: Float64Array,
  prior: Float64Array,
  draw: number,
): Float64Array {
  const width = prior.length;
  let coefficients = prior;
  const stride = width + 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    const system = new Float64Array(width * stride);
    for (let row = 0; row < targets.length; row += 1) {
      const at = row * rowStride;
      const target = targets[row] ?? 0;
      const error = Math.abs(target - dot(rows, at, coefficients));
      const weight = 1 / Math.max(LEAST_ERROR, error);
      const rest = target - dot(rows, at, prior);
      for (let one = 0; one < width; one += 1) {
        const weighted = weight * (rows[at + one] ?? 0);
        if (weighted === 0) continue;
        const line = one * stride;
        for (let other = one; other < width; other += 1) {
          add(system, line + other, weighted * (rows[at + other] ?? 0));
        }
        add(system, line + width, weighted * rest);
      }
    }
    mirror(system, width, draw * targets.length);
    const change = solve(system, width);
    coefficients = prior.map((value, place) => value + (change[place] ?? 0));
  }
  return coefficients;
}

/** Sum of products of the row at `at` with the coefficients. */
export function dot(rows: Float64Array, at: number, coefficients: Float64Array): number {
  let sum = 0;
  for (let place = 0; place < coefficients.length; place += 1) {
    sum += (rows[at + place] ?? 0) * (coefficients[place] ?? 0);
  }
  return sum;
}

/** The lower half from the upper one, and the draw on the diagonal. */
function mirror(system: Float64Array, width: number, draw: number): void {
  const stride = width + 1;
  for (let one = 0; one < width; one += 1) {
    for (let other = 0; other < one; other += 1) {
      system[one * stride + other] = system[other * stride + one] ?? 0;
    }
    add(system, one * stride + one, draw);
  }
}

/** Gauss without pivots: the system is symmetric and positive definite. Changes it. */
function solve(system: Float64Array, width: number): Float64Array {
  const stride = width + 1;
  for (let pivot = 0; pivot < width; pivot += 1) {
    const head = system[pivot * stride + pivot] ?? 1;
    for (let row = pivot + 1; row < width; row += 1) {
      const factor = (system[row * stride + pivot] ?? 0) / head;
      if (factor === 0) continue;
      for (let column = pivot; column <= width; column += 1) {
        add(system, row * stride + column, -factor * (system[pivot * stride + column] ?? 0));
      }
    }
  }
  const solution = new Float64Array(width);
  for (let row = width - 1; row >= 0; row -= 1) {
    let rest = system[row * stride + width] ?? 0;
    for (let column = row + 1; column < width; column += 1) {
      rest -= (system[row * stride + column] ?? 0) * (solution[column] ?? 0);
    }
    solution[row] = rest / (system[row * stride + row] ?? 1);
  }
  return solution;
}

function add(to: Float64Array, place: number, value: number): void {
  to[place] = (to[place] ?? 0) + value;
}
