/** `npm run replay`: the paper's day on a real chain. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clearTransport } from '../../host/http-transport.ts';
import { stderrLog } from '../../host/log.ts';
import type { Log } from '../../host/ports.ts';
import { csvOf, currentCommit, inputOf, writeRun } from '../../testbed/run-folder.ts';
import { DAY_BASE, DAY_INTERVAL_SECONDS, OffersError, readDayOffers } from '../day-offers.ts';
import {
  feederTable,
  homeTable,
  intervalTable,
  type TradedDay,
  tradeTable,
} from '../day-tables.ts';
import { replayDay } from './replay.ts';
import { reportOf, sentencesOf } from './report.ts';

const USAGE = `npm run replay -- --offers CSV --horizon L
  --internal-limit-kw X --external-limit-kw Y
  [--verbose]   a line for each interval
  [--json]      one JSON object on stdout
  [--csv FILE]  a row for each interval
  [--out DIR]   manifest and tables`;

const PROGRESS_MS = 5_000;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const settings = settingsOf(argv);
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${USAGE}\n`);
    return 2;
  }
  const startedAt = performance.now();
  try {
    const offers = readDayOffers(settings.offers);
    const { limits, horizon } = settings;
    process.stderr.write(`replaying ${offers.length} offers on a chain, L = ${horizon}\n`);
    const result = await replayDay({
      offers,
      horizon,
      limits,
      openTransport: (origin) => clearTransport({ origins: [origin] }),
      log: settings.quiet ? onlyFaults() : stderrLog('replay'),
      ...(settings.quiet ? { onProgress: progress(offers.length) } : {}),
    });
    const wallSeconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const report = reportOf(offers, result, wallSeconds);
    const intervals = Math.max(...offers.map(({ lastInterval }) => lastInterval)) - DAY_BASE;
    const finals = result.audit.finals.map((chunk) => ({
      ...chunk,
      trades: chunk.trades.map((trade) => ({
        ...trade,
        askId: result.offerOf.get(trade.askId) ?? 0,
        bidId: result.offerOf.get(trade.bidId) ?? 0,
      })),
    }));
    const day: TradedDay = { run: `L=${horizon}`, offers, limits, finals, intervals };
    if (settings.csv !== undefined) writeFileSync(settings.csv, csvOf(intervalTable([day])));
    if (settings.out !== undefined) {
      const parameters = { horizon, ...limits, intervalSeconds: DAY_INTERVAL_SECONDS };
      const inputs = [inputOf(settings.offers)];
      const commit = currentCommit();
      const manifest = { study: 'replay', commit, parameters, seed: null, inputs };
      const tables = [intervalTable, homeTable, tradeTable, feederTable];
      writeRun(
        settings.out,
        manifest,
        tables.map((table) => table([day])),
      );
    }
    process.stdout.write(settings.json ? `${JSON.stringify(report)}\n` : sentencesOf(report));
    return 0;
  } catch (error) {
    if (!(error instanceof OffersError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

interface Settings {
  offers: string;
  horizon: number;
  limits: { internalLimitW: number; externalLimitW: number };
  json: boolean;
  quiet: boolean;
  csv: string | undefined;
  out: string | undefined;
}

function settingsOf(argv: readonly string[]): Settings | string {
  let values: Record<string, string | boolean | undefined>;
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        ...{ offers: text, horizon: text, csv: text, out: text, json: flag, verbose: flag },
        ...{ 'internal-limit-kw': text, 'external-limit-kw': text },
      },
    }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const faults: string[] = [];
  const number = (name: string, min: number, max: number) => {
    const value = Number(values[name] ?? Number.NaN);
    if (!(value >= min && value <= max)) faults.push(`--${name} must be ${min} to ${max}`);
    return value;
  };
  const horizon = number('horizon', 2, 96);
  const internalKw = number('internal-limit-kw', 0, 1e6);
  const externalKw = number('external-limit-kw', 0, 1e6);
  if (typeof values.offers !== 'string') faults.push('--offers names the table of offers');
  if (!Number.isInteger(horizon)) faults.push('--horizon is a whole number of intervals');
  if (faults.length > 0) return faults.join('\n');
  return {
    offers: String(values.offers),
    horizon,
    limits: {
      internalLimitW: Math.round(internalKw * 1000),
      externalLimitW: Math.round(externalKw * 1000),
    },
    json: values.json === true,
    quiet: values.verbose !== true,
    csv: values.csv as string | undefined,
    out: values.out as string | undefined,
  };
}

/** A line every few seconds. */
function progress(offers: number): (posted: number, interval: number) => void {
  let toldAt = performance.now();
  return (posted, interval) => {
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    process.stderr.write(`  ${posted} of ${offers} offers posted, interval ${interval}\n`);
  };
}

/** What goes wrong is shown, what goes as it should is not. */
function onlyFaults(): Log {
  return { ...stderrLog('replay'), info: () => {} };
}

if (process.argv[1]?.endsWith('replay/main.ts')) {
  process.exitCode = await main(process.argv.slice(2));
}
