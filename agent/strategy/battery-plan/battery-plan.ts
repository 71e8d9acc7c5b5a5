/**
 * The battery's plan over the coming intervals: a dynamic programme over what is in the cells, from
 * the last interval back to the first. In each the battery answers what the home then really draws,
 * which is known by its quantiles only. There is always a plan: a start outside the window comes
 * back into it at a stated cost. Pure.
 *
 * Exact but for the grid of stored energy (stored-value.ts); a differential test holds it against a
 * linear programme.
 */
import {
  type BatterySpec,
  changeInCells,
  costOf,
  levelsOf,
  type MeterPrices,
  type Response,
  respond,
  type Situation,
} from './response.ts';
import { StoredValue, stepsOf } from './stored-value.ts';

export interface PlanStage {
  /** Net load without the battery: equally or otherwise likely values, W. */
  likely: readonly { netW: number; share: number }[];
  /** What is planned with, W. */
  middleW: number;
  prices: MeterPrices;
}

export interface PlanInput {
  spec: BatterySpec;
  stages: readonly PlanStage[];
  seconds: number;
  /** The battery never takes the meter beyond it, either way, W. */
  limitW: number;
  /** What a kWh left in the cells at the end is worth. */
  endMicroPerKwh: number;
}

/** Swanson's rule: the mean of three quantiles. */
export const QUANTILE_SHARES = { p10: 0.3, p50: 0.4, p90: 0.3 } as const;
const WS_PER_KWH = 3_600_000;
/** A kWh missing below the window counts as so many of the dearest kWh. */
const BELOW_FACTOR = 3;

export class BatteryPlan {
  readonly #input: PlanInput;
  /** By stage, what lies before it; one more for the end. */
  readonly #values: readonly StoredValue[];

  constructor(input: PlanInput) {
    this.#input = input;
    this.#values = valuesOf(input);
  }

  /** What is to be expected from a stage on, by what is in the cells at its start. */
  valueBefore(stage: number): StoredValue {
    const value = this.#values[stage];
    if (value === undefined) throw new RangeError(`the plan has no stage ${stage}`);
    return value;
  }

  /** What the battery does in a stage, at the stage's prices or others. */
  situation(stage: number, prices?: MeterPrices): Situation {
    const own = this.#input.stages[stage]?.prices;
    if (own === undefined) throw new RangeError(`the plan has no stage ${stage}`);
    const { spec, seconds, limitW } = this.#input;
    return { value: this.valueBefore(stage + 1), spec, prices: prices ?? own, seconds, limitW };
  }

  /** Expected cost of all stages, what is left at the end counted, micro. */
  costMicro(storedWs: number): number {
    const [first] = this.#input.stages;
    if (first === undefined) return this.valueBefore(0).at(storedWs);
    return expectedCost(this.situation(0), first, storedWs);
  }

  /** What is done if every interval comes as the middle says. */
  course(storedWs: number): Response[] {
    const responses: Response[] = [];
    let atWs = storedWs;
    for (const [stage, { middleW }] of this.#input.stages.entries()) {
      const response = respond(this.situation(stage), atWs, middleW * this.#input.seconds);
      responses.push(response);
      atWs = response.storedWs;
    }
    return responses;
  }
}

function valuesOf({ spec, stages, seconds, limitW, endMicroPerKwh }: PlanInput): StoredValue[] {
  const steps = stepsOf(spec.lowWs, spec.highWs);
  const dearest = Math.max(0, ...stages.map(({ prices }) => prices.buyMicroPerKwh));
  const belowWorth = (BELOW_FACTOR * Math.max(dearest, endMicroPerKwh)) / WS_PER_KWH / spec.oneWay;
  const end = Float64Array.from(
    { length: steps.count + 1 },
    (_, step) => (-step * steps.stepWs * endMicroPerKwh) / WS_PER_KWH,
  );
  let value = new StoredValue(steps, end, belowWorth);
  const values = [value];
  for (let index = stages.length - 1; index >= 0; index -= 1) {
    const stage = stages[index];
    if (stage === undefined) break;
    const situation = { value, spec, prices: stage.prices, seconds, limitW };
    const levels = levelsOf(situation);
    const costs = new Float64Array(steps.count + 1);
    for (let step = 0; step <= steps.count; step += 1) {
      costs[step] = expectedCost(situation, stage, steps.lowWs + step * steps.stepWs, levels);
    }
    value = new StoredValue(steps, costs, belowWorth);
    values.push(value);
  }
  return values.reverse();
}

function expectedCost(
  situation: Situation,
  { likely }: PlanStage,
  storedWs: number,
  levels = levelsOf(situation),
): number {
  let costMicro = 0;
  for (const { netW, share } of likely) {
    const netWs = netW * situation.seconds;
    const changeWs = changeInCells(situation, storedWs, netWs, levels);
    costMicro += share * costOf(situation, storedWs, netWs, changeWs);
  }
  return costMicro;
}
