/** `npm run bench:gas`: what a trade costs on the chain, from its grants to the end. */
import { parseArgs } from 'node:util';
import { readDayOffers } from '../studies/day-offers.ts';
import {
  busiestOf,
  measureCleared,
  measureReal,
  measureSubmission,
  TRADES,
} from './gas/measure.ts';
import { type RealGas, reportOf, sentencesOf } from './gas/report.ts';

const USAGE = `npm run bench:gas -- [--offers CSV] [--json]
  --offers CSV   also the busiest interval and a window of 12 intervals of a real day, as
                 published with TRANSAX, for the figures that end in "Real"
  --json         one JSON object on stdout`;

/** Offers that a home grants and posts at once, in the figures called batched. */
const BATCH = 4;
const WINDOW_INTERVALS = 12;
const LIMITS = { internalLimitW: 25_000, externalLimitW: 20_000 };

export async function main(argv: readonly string[]): Promise<number> {
  let values: { offers?: string | undefined; json?: boolean | undefined };
  try {
    const options = { offers: { type: 'string' }, json: { type: 'boolean' } } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return 2;
  }
  const submissions = [];
  for (const trades of TRADES) submissions.push(await measureSubmission(trades));
  const single = await measureCleared(1);
  const batched = await measureCleared(BATCH);
  const real = values.offers === undefined ? null : await measureDay(values.offers);
  const report = reportOf(submissions, single, batched, real);
  process.stdout.write(values.json === true ? `${JSON.stringify(report)}\n` : sentencesOf(report));
  return 0;
}

async function measureDay(path: string): Promise<RealGas> {
  const offers = readDayOffers(path);
  const busiest = await busiestOf(offers, LIMITS);
  return {
    busiest: await measureReal(offers, busiest, busiest, LIMITS),
    window: await measureReal(offers, busiest, busiest + WINDOW_INTERVALS - 1, LIMITS),
  };
}

process.exitCode = await main(process.argv.slice(2));
