/** `npm run bench:forecast`: how well homes are forecast, beside methods that need no training. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Prior } from '../agent/strategy/forecast/prior.ts';
import { DataError } from '../testbed/homes/csv.ts';
import { pictureFault } from './bar-picture.ts';
import { measureYear } from './forecast/cost.ts';
import { fitPrior, tableSource } from './forecast/fit-prior.ts';
import type { HomeSeries } from './forecast/home-series.ts';
import { errorsSvg } from './forecast/picture.ts';
import { readHomes } from './forecast/read-homes.ts';
import { reportOf, sentencesOf } from './forecast/report.ts';
import { type HomeResult, measureHome } from './forecast/rolling.ts';
import { manifestOf } from './manifest.ts';

const USAGE = `npm run bench:forecast -- --data DIR [--test-days N] [--halves] [--fit] [--json]
  --data DIR       CSV files of homes (docs/forecast.md names the forms), also in its folders
  --test-days N    14: the last days, which are forecast from what lies before them
  --halves         the prior is fitted to every second home and the others are forecast with it,
                   both ways: as good as the model is on homes that it has not seen
  --fit            fits the prior to all homes, without their last days, and prints its table
  --picture FILE   writes the errors as bars, SVG
  --json           one JSON object on stdout`;

const MOST_DAYS = 366;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    const texts = { data: text, 'test-days': text, picture: text } as const;
    const options = { ...texts, halves: flag, fit: flag, json: flag } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const testDays = Number(values['test-days'] ?? 14);
  if (!Number.isInteger(testDays) || testDays < 1 || testDays > MOST_DAYS) {
    return refused(`--test-days is a whole number from 1 to ${MOST_DAYS}`);
  }
  if (typeof values.data !== 'string') return refused('--data is missing');
  const fault = typeof values.picture === 'string' ? pictureFault(values.picture) : null;
  if (fault !== null) return refused(fault);
  let homes: HomeSeries[];
  try {
    homes = readHomes(values.data);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  if (values.fit === true) {
    process.stdout.write(tableSource(fitPrior(homes, testDays)));
    return 0;
  }
  const startMs = performance.now();
  const year = measureYear();
  const results = values.halves === true ? inHalves(homes, testDays) : inOrder(homes, testDays);
  if (results.length === 0) {
    process.stderr.write(`${values.data} holds no home with ${testDays} days and two weeks more\n`);
    return 1;
  }
  const left = homes.length - results.length;
  if (left > 0) process.stderr.write(`${left} homes are too short or draw nothing: left out\n`);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const report = reportOf(results, { testDays, year, seconds });
  if (typeof values.picture === 'string') writeFileSync(values.picture, errorsSvg(report));
  const manifest = manifestOf(values.data, { testDays, halves: values.halves === true });
  const json = () => `${JSON.stringify({ ...report, manifest })}\n`;
  process.stdout.write(values.json === true ? json() : sentencesOf(report));
  return 0;
}

function inOrder(homes: readonly HomeSeries[], testDays: number, prior?: Prior): HomeResult[] {
  return homes.flatMap((home) => measureHome(home, testDays, { prior }) ?? []);
}

/** Each home with a prior that was fitted without it. */
function inHalves(homes: readonly HomeSeries[], testDays: number): HomeResult[] {
  const halves = [0, 1].map((half) => homes.filter((_, place) => place % 2 === half));
  const [even = [], odd = []] = halves;
  const onEven = inOrder(even, testDays, fitPrior(odd, testDays));
  return [...onEven, ...inOrder(odd, testDays, fitPrior(even, testDays))];
}

function refused(why: string): number {
  process.stderr.write(`${why}\n\n${USAGE}\n`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
