/** `npm run bench:follow`: how well an interval is held to its commitment, on a fixed plant. */
import { parseArgs } from 'node:util';
import { reportOf, sentencesOf } from './follow/report.ts';
import { type Run, runPlant } from './follow/run.ts';

const USAGE = `npm run bench:follow -- [--seeds N] [--intervals N] [--json]
  --seeds N        5; each is a day of its own
  --intervals N    96 of 900 s
  --json           one JSON object on stdout`;

const MOST = 10_000;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    const options = { seeds: text, intervals: text, json: { type: 'boolean' } } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return 2;
  }
  const seeds = Number(values.seeds ?? 5);
  const intervals = Number(values.intervals ?? 96);
  const isCount = (value: number) => Number.isInteger(value) && value >= 1 && value <= MOST;
  if (!isCount(seeds) || !isCount(intervals)) {
    process.stderr.write(`--seeds and --intervals are whole numbers from 1\n\n${USAGE}\n`);
    return 2;
  }
  const battery: Run[] = [];
  const relay: Run[] = [];
  const startMs = performance.now();
  for (let seed = 1; seed <= seeds; seed += 1) {
    battery.push(await runPlant({ seed, intervals, device: 'battery' }));
    relay.push(await runPlant({ seed, intervals, device: 'relay' }));
  }
  const report = reportOf(battery, relay, (performance.now() - startMs) / 1000);
  const isJson = values.json === true;
  process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : sentencesOf(report));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
