/** The figures of `npm run bench:forecast`: medians over homes. */
import { quantile } from '../../agent/strategy/forecast/quantile.ts';
import { SIMPLE_METHODS, type SimpleMethod } from '../../agent/strategy/forecast/simple-methods.ts';
import type { YearCost } from './cost.ts';
import type { HomeResult } from './rolling.ts';

export interface ForecastReport {
  homes: number;
  testDays: number;
  dayAheadNmae: number;
  oneAheadNmae: number;
  /** Persistence is one ahead, the others are day ahead. */
  simple: Record<SimpleMethod, number>;
  /** Of the best simple method day ahead, and of persistence one ahead. */
  dayAheadRatio: number;
  oneAheadRatio: number;
  /** Share of day-ahead outcomes within the 10 to 90 % range. */
  coveragePercent: number;
  oneAheadCoveragePercent: number;
  dayAheadPinball: number;
  oneAheadPinball: number;
  /** Of one training on these data. */
  trainMs: number;
  year: YearCost;
  seconds: number;
}

export const GOALS = { dayAheadRatio: 0.94, oneAheadRatio: 0.8, coverage: [75, 85] } as const;

export function reportOf(
  results: readonly HomeResult[],
  measured: { testDays: number; year: YearCost; seconds: number },
): ForecastReport {
  if (results.length === 0) throw new RangeError('no home was measured');
  const middle = (pick: (each: HomeResult) => number) => rounded(quantile(results.map(pick), 0.5));
  const simple = {} as Record<SimpleMethod, number>;
  for (const method of SIMPLE_METHODS) simple[method] = middle((each) => each.simple[method]);
  const best = Math.min(simple.yesterday, simple.lastWeek, simple.mean28, simple.median28);
  const dayAheadNmae = middle((each) => each.dayAhead.nmae);
  const oneAheadNmae = middle((each) => each.oneAhead.nmae);
  return {
    homes: results.length,
    dayAheadNmae,
    oneAheadNmae,
    simple,
    dayAheadRatio: rounded(dayAheadNmae / best),
    oneAheadRatio: rounded(oneAheadNmae / simple.persistence),
    coveragePercent: middle((each) => each.dayAhead.coveragePercent),
    oneAheadCoveragePercent: middle((each) => each.oneAhead.coveragePercent),
    dayAheadPinball: middle((each) => each.dayAhead.pinball),
    oneAheadPinball: middle((each) => each.oneAhead.pinball),
    trainMs: Math.round(
      quantile(
        results.flatMap((each) => each.trainMs),
        0.5,
      ),
    ),
    ...measured,
  };
}

export function sentencesOf(report: ForecastReport): string {
  const { simple, year } = report;
  const [least, most] = GOALS.coverage;
  const lines = [
    `${report.homes} homes, the last ${report.testDays} days; sum |error| / sum load, medians:`,
    `  day ahead ${report.dayAheadNmae}; yesterday ${simple.yesterday}, last week ` +
      `${simple.lastWeek}, 28-day mean ${simple.mean28}, 28-day median ${simple.median28}`,
    `  one ahead ${report.oneAheadNmae}; persistence ${simple.persistence}`,
    `  day ahead ${report.dayAheadRatio} of the best simple (goal ${GOALS.dayAheadRatio}), ` +
      `one ahead ${report.oneAheadRatio} of persistence (goal ${GOALS.oneAheadRatio})`,
    `  within 10 to 90 %: ${report.coveragePercent} % day ahead, ` +
      `${report.oneAheadCoveragePercent} % one ahead (goal ${least} to ${most} %)`,
    `  pinball loss ${report.dayAheadPinball} day ahead, ${report.oneAheadPinball} one ahead`,
    `a year of quarter hours: trained in ${year.trainCpuMs} ms of a processor, a day forecast in ` +
      `${year.forecastCpuMs} ms, ${year.memoryMiB} MiB more in use after training`,
    `${report.seconds} s in all`,
  ];
  return `${lines.join('\n')}\n`;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
