/** The rows that the model of a class of leads learns from. */
import type { Interval } from '../../../market/intervals.ts';
import type { TreeSettings } from './boosted-trees.ts';
import { FEATURE_COUNT, type FeatureMaker, TREE_FEATURES } from './features.ts';
import { slotOf } from './local-days.ts';
import type { Known } from './simple-methods.ts';

/** Leads 1 to 1, 2 to 4, ... intervals. */
export interface LeadClass {
  least: number;
  most: number;
  trees: TreeSettings;
  /** How strongly the home's coefficients are drawn to those of many homes. */
  draw: number;
  /** Of the home's own coefficients; the rest is what many homes say. */
  ownShare: number;
}

/** Steps through the leads of a class from row to row; prime to their numbers. */
const LEAD_STEP = 37;

/** Features and those of the trees alone. */
export const ROW = FEATURE_COUNT + TREE_FEATURES.length;

export interface Rows {
  rows: Float64Array;
  /** In shares of the row's scale. */
  targets: Float64Array;
  scalesW: Float64Array;
  at: { target: Interval; origin: Interval }[];
}

/** Of each `step`th interval from `from` to before `to` whose value is known. */
export function rowsOf(
  known: Known,
  maker: FeatureMaker,
  own: LeadClass,
  span: { from: Interval; to: Interval; step: number },
): Rows {
  const most = Math.ceil((span.to - span.from) / span.step);
  const rows = new Float64Array(most * ROW);
  const targets = new Float64Array(most);
  const scalesW = new Float64Array(most);
  const at: Rows['at'] = [];
  for (let target = span.from; target < span.to; target += span.step) {
    const value = known.history.at(target);
    if (Number.isNaN(value)) continue;
    const origin = originOf(known, own, target);
    const place = at.length;
    const row = rows.subarray(place * ROW, (place + 1) * ROW);
    const scaleW = maker.write(target, origin, row);
    if (scaleW === 0) continue;
    targets[place] = value / scaleW;
    scalesW[place] = scaleW;
    at.push({ target, origin });
  }
  const count = at.length;
  return {
    ...{ rows: rows.subarray(0, count * ROW), targets: targets.subarray(0, count) },
    ...{ scalesW: scalesW.subarray(0, count), at },
  };
}

/** Goes through the leads of the class; half of the rows begin at midnight, where that fits. */
function originOf(known: Known, own: LeadClass, target: Interval): Interval {
  const lead = slotOf(known.local, known.history.slotsPerDay, target) + 1;
  const isFit = lead >= own.least && lead <= own.most;
  if (isFit && own.most > own.least && (target >> 1) % 2 === 0) return target + 1 - lead;
  return target + 1 - own.least - ((target * LEAD_STEP) % (own.most - own.least + 1));
}
