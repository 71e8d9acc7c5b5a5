/** `npm run bench:clearing`: how long a market of so many homes takes to clear. */
import { parseArgs } from 'node:util';
import type { SecondTieRule, TieRule } from '../solver/clearing/input.ts';
import { type MarketSize, marketOf, type Prices } from './clearing/market.ts';
import { measureClearing, measurePairwise } from './clearing/measure.ts';
import { reportOf, sentencesOf } from './clearing/report.ts';

const USAGE = `npm run bench:clearing -- --homes N
  [--producers P]                      5 % of the homes, 7 of 102
  [--prices uniform|ticks|random]      uniform
  [--tie-rule RULE]                    welfare, equal-shares or arbitrary; welfare
  [--seed S] [--runs R]                1, 7 warm ones
  [--json]                             one JSON object on stdout`;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const settings = settingsOf(argv);
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${USAGE}\n`);
    return 2;
  }
  const { size, tieRule, runs } = settings;
  const market = marketOf(size);
  const clearing = await measureClearing(market, tieRule, runs);
  const pairwise = await measurePairwise(market, runs);
  const report = reportOf({ size, tieRule, market, clearing, pairwise });
  process.stdout.write(settings.json ? `${JSON.stringify(report)}\n` : sentencesOf(report));
  return 0;
}

interface Settings {
  size: MarketSize;
  tieRule: TieRule;
  runs: number;
  json: boolean;
}

function settingsOf(argv: readonly string[]): Settings | string {
  const text = { type: 'string' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        ...{ homes: text, producers: text, prices: text, 'tie-rule': text, seed: text, runs: text },
        json: { type: 'boolean' },
      },
    }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const faults: string[] = [];
  const whole = (name: string, least: number, most: number, without: number) => {
    const value = Number(values[name] ?? without);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    faults.push(`--${name} must be a whole number from ${least} to ${most}`);
    return without;
  };
  const prices = String(values.prices ?? 'uniform');
  const rule = String(values['tie-rule'] ?? 'welfare');
  const homes = whole('homes', 2, 1_000_000, Number.NaN);
  const usual = homes === 102 ? 7 : Math.max(1, Math.round(homes * 0.05));
  const producers = whole('producers', 1, homes - 1, usual);
  if (!isPrices(prices)) faults.push('--prices must be uniform, ticks or random');
  if (!isRule(rule)) faults.push('--tie-rule must be welfare, equal-shares or arbitrary');
  const seed = whole('seed', 0, 2 ** 31, 1);
  const runs = whole('runs', 1, 99, 7);
  if (faults.length > 0) return faults.join('\n');
  return {
    size: { homes, producers, prices: isPrices(prices) ? prices : 'uniform', seed },
    tieRule: tieRuleOf(isRule(rule) ? rule : 'welfare', seed),
    runs,
    json: values.json === true,
  };
}

type RuleName = SecondTieRule | 'arbitrary';

function isRule(text: string): text is RuleName {
  return text === 'welfare' || text === 'equal-shares' || text === 'arbitrary';
}

function tieRuleOf(rule: RuleName, seed: number): TieRule {
  return rule === 'arbitrary' ? { kind: rule, seed } : { kind: 'earliest-deadline', second: rule };
}

function isPrices(text: string): text is Prices {
  return text === 'uniform' || text === 'ticks' || text === 'random';
}

if (process.argv[1]?.endsWith('bench/clearing.ts')) {
  process.exitCode = await main(process.argv.slice(2));
}
