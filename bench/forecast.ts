/** `npm run bench:forecast`: how well homes are forecast, beside methods that need no training. */
import { parseArgs } from 'node:util';
import { DataError } from '../testbed/homes/csv.ts';
import { measureYear } from './forecast/cost.ts';
import type { HomeSeries } from './forecast/home-series.ts';
import { readHomes } from './forecast/read-homes.ts';
import { reportOf, sentencesOf } from './forecast/report.ts';
import { measureHome } from './forecast/rolling.ts';

const USAGE = `npm run bench:forecast -- --data DIR [--test-days N] [--json]
  --data DIR       CSV files of homes (docs/forecast.md names the forms), also in its folders
  --test-days N    14: the last days, which are forecast from what lies before them
  --json           one JSON object on stdout`;

const MOST_DAYS = 366;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    const options = { data: text, 'test-days': text, json: { type: 'boolean' } } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const testDays = Number(values['test-days'] ?? 14);
  if (!Number.isInteger(testDays) || testDays < 1 || testDays > MOST_DAYS) {
    return refused(`--test-days is a whole number from 1 to ${MOST_DAYS}`);
  }
  if (typeof values.data !== 'string') return refused('--data is missing');
  let homes: HomeSeries[];
  try {
    homes = readHomes(values.data);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  const startMs = performance.now();
  const year = measureYear();
  const results = homes.flatMap((home) => measureHome(home, testDays) ?? []);
  if (results.length === 0) {
    process.stderr.write(`${values.data} holds no home with ${testDays} days and two weeks more\n`);
    return 1;
  }
  const left = homes.length - results.length;
  if (left > 0) process.stderr.write(`${left} homes are too short or draw nothing: left out\n`);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const report = reportOf(results, { testDays, year, seconds });
  const isJson = values.json === true;
  process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : sentencesOf(report));
  return 0;
}

function refused(why: string): number {
  process.stderr.write(`${why}\n\n${USAGE}\n`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
