/**
 * What it will cost to go on with so much in the battery: a convex function of the energy in the
 * cells, on a grid of whole steps, straight between them. Pure; the same numbers in the same order
 * give the same result on every platform (no function but + - * / is used).
 *
 * Costs in micro, energies in Ws, `worth` in micro per Ws.
 */

/** A step of the grid: 50 Wh. Fixed, so that a larger battery's grid holds the smaller one's. */
const STEP_WS = 180_000;
/** Larger batteries take a multiple of it. */
const MOST_STEPS = 512;

/** The grid of one battery. */
export interface Steps {
  lowWs: number;
  stepWs: number;
  /** What lies above the last whole step is left to the follower. */
  count: number;
}

export function stepsOf(lowWs: number, highWs: number): Steps {
  const windowWs = Math.max(0, highWs - lowWs);
  let stepWs = STEP_WS;
  while (windowWs > stepWs * MOST_STEPS) stepWs *= 2;
  return { lowWs, stepWs, count: Math.floor(windowWs / stepWs) };
}

export class StoredValue {
  readonly steps: Steps;
  /** Further cost at each step of the grid, convex. */
  readonly costs: Float64Array;
  /** What a Ws missing below the window costs at least: soft, so that there always is a plan. */
  readonly #belowWorth: number;

  constructor(steps: Steps, costs: Float64Array, belowWorth: number) {
    this.steps = steps;
    this.costs = costs;
    this.#belowWorth = belowWorth;
  }

  get highWs(): number {
    return this.steps.lowWs + this.steps.count * this.steps.stepWs;
  }

  /** Further cost with so much in the cells, also outside the window. */
  at(storedWs: number): number {
    const { lowWs, stepWs, count } = this.steps;
    const place = (storedWs - lowWs) / stepWs;
    if (place <= 0) return (this.costs[0] ?? 0) + (lowWs - storedWs) * this.#belowWorth;
    const below = Math.floor(place);
    if (below >= count) return this.costs[count] ?? 0;
    const cost = this.costs[below] ?? 0;
    return cost + ((this.costs[below + 1] ?? cost) - cost) * (place - below);
  }

  /** What a further Ws in the cells saves, at a step of the grid. */
  worth(step: number): number {
    return ((this.costs[step] ?? 0) - (this.costs[step + 1] ?? 0)) / this.steps.stepWs;
  }

  /** Up to where a further Ws in the cells saves more than `price`, Ws; `lowWs` if nowhere. */
  upTo(price: number): number {
    return this.steps.lowWs + this.#first((worth) => worth <= price) * this.steps.stepWs;
  }

  /** Down to where a Ws in the cells saves less than `price`, Ws; the top if nowhere. */
  downTo(price: number): number {
    return this.steps.lowWs + this.#first((worth) => worth < price) * this.steps.stepWs;
  }

  /** The first step whose worth is so; worth falls with the step. */
  #first(isSo: (worth: number) => boolean): number {
    let low = 0;
    let high = this.steps.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isSo(this.worth(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
