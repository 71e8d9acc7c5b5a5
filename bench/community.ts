/** `npm run bench:community`: what a community saves through market and settlement, and rivals. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { WEAR_MICRO_PER_KWH } from '../agent/strategy/tariff.ts';
import { pictureFault } from './bar-picture.ts';
import { type Community, communityOf, DataError } from './community/data.ts';
import type { ForecastName } from './community/forecasts.ts';
import { throughMarket } from './community/market.ts';
import {
  BENCH_STRATEGIES,
  type BenchStrategy,
  type Following,
} from './community/market-settings.ts';
import { centralOptimumMicro } from './community/optimum.ts';
import { savingsSvg } from './community/picture.ts';
import { type MarketCase, type Measured, reportOf, sentencesOf } from './community/report.ts';
import { withoutAgents } from './community/rivals.ts';
import type { Settling } from './community/settlement.ts';
import { manifestOf } from './manifest.ts';

const USAGE = `npm run bench:community -- --data DIR [options]
  --data DIR        citylearn-2022, hamlet-homes-15min or swiss-homes-15min
  --homes N         the first N; 20
  --days N          only so many, the warm-up counted; all
  --warm-up N       days that are run but not counted; 28, at most a quarter
  --strategy NAME   ${BENCH_STRATEGIES.join(' or ')}; adaptive, as agents do.
                    Paid singly, even-share is not played: adaptive
  --seed N          1: whose offer comes first
  --few             our forecast and the perfect one alone, each case once
  --picture FILE    writes the savings as bars, SVG
  --json            one JSON object on stdout`;

interface Settings {
  data: string;
  homes: number;
  days: number;
  warmUp: number;
  strategy: BenchStrategy;
  seed: number;
  few: boolean;
  picture: string | null;
  json: boolean;
}

const SECONDS_PER_DAY = 86_400;

type Named = [ForecastName, Settling, Following];
const CASES: readonly Named[] = [
  ['ours', 'single', 'value'],
  ['ours', 'netted', 'value'],
  ['perfect', 'netted', 'value'],
];
const MORE_CASES: readonly Named[] = [
  ['perfect', 'single', 'value'],
  ['untrained', 'netted', 'value'],
  ['yesterday', 'netted', 'value'],
  ['median28', 'netted', 'value'],
];
/** Beside what `--strategy` names. */
const OTHER_CASES: Readonly<Partial<Record<BenchStrategy, readonly Named[]>>> = {
  adaptive: [
    ['ours', 'netted', 'value'],
    ['perfect', 'netted', 'value'],
    ['ours', 'netted', 'target'],
  ],
  truthful: [['ours', 'netted', 'value']],
  'even-share': [
    ['ours', 'netted', 'value'],
    ['perfect', 'netted', 'value'],
  ],
};

function casesOf({ few, strategy }: Settings): { named: Named; strategy: BenchStrategy }[] {
  const played = (few ? CASES : [...CASES, ...MORE_CASES]).map((named) => {
    const isAlone = strategy === 'even-share' && named[1] === 'single';
    return { named, strategy: isAlone ? ('adaptive' as const) : strategy };
  });
  if (few) return played;
  const others = BENCH_STRATEGIES.filter((name) => name !== strategy).flatMap((name) =>
    (OTHER_CASES[name] ?? []).map((named) => ({ named, strategy: name })),
  );
  return [...played, ...others];
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const settings = settingsOf(argv);
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${USAGE}\n`);
    return 2;
  }
  try {
    const community = shortened(communityOf(settings.data, settings.homes), settings.days);
    const report = reportOf(await measure(community, settings));
    if (settings.picture !== null) writeFileSync(settings.picture, savingsSvg(report));
    const { data, json: _, picture: _picture, ...options } = settings;
    const manifest = manifestOf(data, options);
    process.stdout.write(
      settings.json ? `${JSON.stringify({ ...report, manifest })}\n` : sentencesOf(report),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function measure(community: Community, settings: Settings): Promise<Measured> {
  const startMs = performance.now();
  const length = community.useMicroPerKwh.length;
  const warmUp = (settings.warmUp * SECONDS_PER_DAY) / community.intervalSeconds;
  const counted = {
    from: Math.min(warmUp, Math.floor(length / 4)),
    wearMicroPerKwh: WEAR_MICRO_PER_KWH,
  };
  const rival = (hasBatteries: boolean, settling: Settling) =>
    withoutAgents(community, counted, { hasBatteries, settling });
  const cases: MarketCase[] = [];
  for (const { named: each, strategy } of casesOf(settings)) {
    const [forecast, settling, following] = each;
    process.stderr.write(`${forecast} forecast, ${settling}, ${strategy}, by ${following}\n`);
    const named = { forecast, settling, following, strategy };
    const run = await throughMarket(community, { ...counted, ...named, seed: settings.seed });
    cases.push({ ...named, run });
  }
  return {
    community,
    countedIntervals: length - counted.from,
    withoutBattery: rival(false, 'single'),
    alone: rival(true, 'single'),
    expostSharing: rival(true, 'netted'),
    optimumMicro: await centralOptimumMicro(community, counted),
    cases,
    seconds: (performance.now() - startMs) / 1000,
  };
}

function shortened(community: Community, days: number): Community {
  const length = Math.min(
    community.useMicroPerKwh.length,
    Math.round((days * SECONDS_PER_DAY) / community.intervalSeconds),
  );
  return {
    ...community,
    homes: community.homes.map((home) => ({ ...home, netW: home.netW.slice(0, length) })),
    useMicroPerKwh: community.useMicroPerKwh.slice(0, length),
    feedInMicroPerKwh: community.feedInMicroPerKwh.slice(0, length),
  };
}

function settingsOf(argv: readonly string[]): Settings | string {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    const counts = { homes: text, days: text, 'warm-up': text, seed: text };
    const texts = { data: text, strategy: text, picture: text };
    const options = { ...texts, ...counts, few: flag, json: flag };
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const faults: string[] = [];
  const whole = (name: string, least: number, usual: number) => {
    const value = Number(values[name] ?? usual);
    if (Number.isInteger(value) && value >= least) return value;
    faults.push(`--${name} must be a whole number from ${least}`);
    return usual;
  };
  if (typeof values.data !== 'string') faults.push('--data is missing');
  const picture = typeof values.picture === 'string' ? values.picture : null;
  const fault = picture === null ? null : pictureFault(picture);
  if (fault !== null) faults.push(fault);
  const strategy = BENCH_STRATEGIES.find((name) => name === (values.strategy ?? 'adaptive'));
  if (strategy === undefined) faults.push(`--strategy must be ${BENCH_STRATEGIES.join(' or ')}`);
  const settings = {
    data: String(values.data ?? ''),
    homes: whole('homes', 1, 20),
    days: whole('days', 2, 100_000),
    warmUp: whole('warm-up', 0, 28),
    strategy: strategy ?? 'adaptive',
    seed: whole('seed', 0, 1),
    few: values.few === true,
    picture,
    json: values.json === true,
  };
  return faults.length === 0 ? settings : faults.join('\n');
}

if (process.argv[1]?.endsWith('bench/community.ts')) {
  process.exitCode = await main(process.argv.slice(2));
}
