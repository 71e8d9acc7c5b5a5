/**
 * What fits many homes: for each class of leads a linear model of absolute error over all of them
 * and boosted trees on what it leaves. Of each home only what lies before its last days is used, so
 * that those can be forecast without look-ahead.
 */
import { growTrees } from '../../agent/strategy/forecast/boosted-trees.ts';
import { FEATURE_COUNT, FeatureMaker } from '../../agent/strategy/forecast/features.ts';
import { ROW, type Rows, rowsOf } from '../../agent/strategy/forecast/lead-rows.ts';
import { dot, leastAbsolute } from '../../agent/strategy/forecast/least-absolute.ts';
import { LoadHistory } from '../../agent/strategy/forecast/load-history.ts';
import {
  FLAT_PRIOR,
  type LeadPrior,
  type Prior,
  tableOf,
} from '../../agent/strategy/forecast/prior.ts';
import { LEAD_CLASSES } from '../../agent/strategy/forecast/trained-model.ts';
import type { HomeSeries } from './home-series.ts';

const WARM_UP_DAYS = 10;
/** Of the rows of a home; odd, so that all slots come in turn. */
const STEP = 3;
const DRAW = 0.001;
const TREES = { trees: 60, depth: 4, rate: 0.08, leastInLeaf: 300 };

/** @param testDays of each home's end are left alone */
export function fitPrior(homes: readonly HomeSeries[], testDays: number): Prior {
  const makers = homes.map((home) => {
    const perDay = Math.round(86_400 / home.intervalSeconds);
    const history = new LoadHistory(home.intervalSeconds);
    const end = home.loadW.length - testDays * perDay;
    for (let at = 0; at < end; at += 1) {
      history.observe(home.firstInterval + at, home.loadW[at] ?? Number.NaN);
    }
    const known = { history, local: home.local, origin: home.firstInterval + Math.max(0, end) };
    return { known, maker: new FeatureMaker(known) };
  });
  return LEAD_CLASSES.map((own) => {
    const rows = makers.map(({ known, maker }) => {
      const from = known.history.first + WARM_UP_DAYS * known.history.slotsPerDay;
      return rowsOf(known, maker, own, { from, to: Math.max(from, known.origin), step: STEP });
    });
    return fitClass(rows);
  });
}

function fitClass(homes: readonly Rows[]): LeadPrior {
  const count = homes.reduce((sum, each) => sum + each.targets.length, 0);
  const features = new Float64Array(count * FEATURE_COUNT);
  const targets = new Float64Array(count);
  const columns = Array.from({ length: ROW }, () => new Float64Array(count));
  let at = 0;
  for (const each of homes) {
    targets.set(each.targets, at);
    for (let row = 0; row < each.targets.length; row += 1, at += 1) {
      const values = each.rows.subarray(row * ROW, (row + 1) * ROW);
      features.set(values.subarray(0, FEATURE_COUNT), at * FEATURE_COUNT);
      for (const [place, column] of columns.entries()) column[at] = values[place] ?? 0;
    }
  }
  const linear = leastAbsolute(
    { rows: features, stride: FEATURE_COUNT },
    targets,
    FLAT_PRIOR.linear,
    DRAW,
  );
  if (count < 2 * TREES.leastInLeaf) return { linear, trees: null };
  const rest = targets.map((value, row) => value - dot(features, row * FEATURE_COUNT, linear));
  return { linear, trees: growTrees(columns, rest, { ...TREES }) };
}

/** The file `agent/strategy/forecast/prior-table.ts`. */
export function tableSource(prior: Prior): string {
  const head =
    '/** Written by `npm run bench:forecast -- --data DIR --fit`; of what, in docs/forecast.md. */';
  const text = tableOf(prior);
  return `${head}\n// biome-ignore format: a table\nexport const PRIOR_TABLE =\n  '${text}';\n`;
}
