/**
 * The figures of `npm run bench:privacy`. All are per cent of homes and intervals, each the same.
 *
 * - `protectedPercent`, `chancePercent`: how often the strongest adversary names an address of
 *   the right home among the next interval's offers of the same feeder, side and size, and how
 *   often chance would. `protectedInterval` is the 95 % interval.
 * - `protectedAnySizePercent`, `chanceAnySizePercent`: the same among all sizes.
 * - `naivePercent`: of agents without any countermeasure, among all sizes, for theirs are exact.
 * - `alonePercent`: homes that are the only one of their feeder and side in the next interval,
 *   which nothing can hide. They are in no other figure.
 * - `without`: with each countermeasure left out alone; `shows` says whether its score, less
 *   chance, lies above that of the protected agents for sure.
 * - `wire`: of the protected agents, addresses that were asked for by name, and connections that
 *   carried transactions of two addresses: there must be none.
 * - `cost`: energy traded between homes, transactions and gas, with and without common sizes.
 */
import { COUNTERMEASURES, type Countermeasure } from '../../agent/countermeasures.ts';
import { type Measured, measure } from '../../testbed/adversary/measure.ts';
import { CONFIGURATIONS, type Configuration } from './configurations.ts';
import type { BenchSize } from './plan.ts';
import type { PrivacyRun } from './run.ts';

/** Points above chance that a protected agent may be linked by. */
export const GOAL_POINTS = 2;
/** A naive agent must be caught at least so often, per cent. */
export const CAUGHT_PERCENT = 90;

export interface Cost {
  tradedKwh: number;
  transactionsPerKwh: number;
  gasPerKwh: number;
  addresses: number;
}

export interface PrivacyReport extends BenchSize {
  chancePercent: number;
  protectedPercent: number;
  protectedInterval: [low: number, high: number];
  chanceAnySizePercent: number;
  protectedAnySizePercent: number;
  naivePercent: number;
  alonePercent: number;
  without: Record<Countermeasure, Measured & { shows: boolean }>;
  protected: Measured;
  protectedAnySize: Measured;
  naive: Measured;
  wire: { namedAddresses: number; sharedConnections: number };
  cost: { protected: Cost; exactSizes: Cost };
  seconds: number;
}

export function reportOf(
  size: BenchSize,
  runs: ReadonlyMap<Configuration, PrivacyRun[]>,
  seconds: number,
): PrivacyReport {
  const of = (name: Configuration['name']) => {
    const configuration = CONFIGURATIONS.find((each) => each.name === name);
    if (configuration === undefined) throw new RangeError(`there is no configuration ${name}`);
    return { configuration, runs: runs.get(configuration) ?? [] };
  };
  const measured = (name: Configuration['name']) =>
    measure(of(name).runs, of(name).configuration.kind);
  const all = measured('protected');
  const any = measure(of('protected').runs, 'any');
  const naive = measured('naive');
  const without = Object.fromEntries(
    COUNTERMEASURES.map((name) => {
      const score = measured(name);
      return [name, { ...score, shows: isAbove(score, name === 'common-sizes' ? any : all) }];
    }),
  ) as PrivacyReport['without'];
  return {
    ...size,
    chancePercent: all.chancePercent,
    protectedPercent: all.percent,
    protectedInterval: all.interval,
    chanceAnySizePercent: any.chancePercent,
    protectedAnySizePercent: any.percent,
    naivePercent: naive.percent,
    alonePercent: any.alonePercent,
    without,
    protected: all,
    protectedAnySize: any,
    naive,
    wire: wireOf(of('protected').runs),
    cost: {
      protected: costOf(of('protected').runs),
      exactSizes: costOf(of('common-sizes').runs),
    },
    seconds: Math.round(seconds),
  };
}

/** Whether what it has above chance is more for sure: the intervals do not touch. */
function isAbove(score: Measured, than: Measured): boolean {
  return score.interval[0] - score.chancePercent > than.interval[1] - than.chancePercent;
}

/** What the log of the RPC alone gives away. */
function wireOf(runs: readonly PrivacyRun[]): PrivacyReport['wire'] {
  const wire = { namedAddresses: 0, sharedConnections: 0 };
  for (const { sightings } of runs) {
    const seen = new Set<number>();
    const shared = new Set<number>();
    for (const { askers, carriers } of sightings) {
      if (askers.size > 0) wire.namedAddresses += 1;
      for (const each of carriers) (seen.has(each) ? shared : seen).add(each);
    }
    wire.sharedConnections += shared.size;
  }
  return wire;
}

/** Means of a run. */
function costOf(runs: readonly PrivacyRun[]): Cost {
  const sum = (readValue: (run: PrivacyRun) => number) =>
    runs.reduce((total, run) => total + readValue(run), 0);
  const kwh = sum(({ cost }) => cost.tradedKwh);
  const count = Math.max(1, runs.length);
  return {
    tradedKwh: Math.round((10 * kwh) / count) / 10,
    transactionsPerKwh: Math.round(sum(({ cost }) => cost.transactions) / Math.max(1e-9, kwh)),
    gasPerKwh: Math.round(sum(({ cost }) => cost.gasUsed) / Math.max(1e-9, kwh)),
    addresses: Math.round(sum(({ sightings }) => sightings.length) / count),
  };
}

/**
 * Why the figures do not do: the goal is missed, or the bench is blind.
 * @param isQuick so few questions tell only what shows at once
 */
export function faultsOf(report: PrivacyReport, isQuick: boolean): string[] {
  const faults: string[] = [];
  if (report.naivePercent < CAUGHT_PERCENT) {
    faults.push(`blind: a naive agent is linked in ${report.naivePercent} % only`);
  }
  for (const name of COUNTERMEASURES) {
    // Sizes are told apart by degrees, all else at once.
    if (isQuick && name === 'common-sizes') continue;
    if (!report.without[name].shows) faults.push(`blind: leaving out ${name} does not show`);
  }
  const { namedAddresses, sharedConnections } = report.wire;
  if (namedAddresses > 0) faults.push(`missed: ${namedAddresses} addresses were asked for by name`);
  if (sharedConnections > 0) {
    faults.push(`missed: ${sharedConnections} connections carried more than one address`);
  }
  const { protectedPercent, chancePercent } = report;
  if (!isQuick && protectedPercent > chancePercent + GOAL_POINTS) {
    faults.push(
      `missed: ${protectedPercent} % is more than ${GOAL_POINTS} above ${chancePercent} %`,
    );
  }
  return faults;
}

export function sentencesOf(report: PrivacyReport): string {
  const line = (name: string, { percent, interval, chancePercent, strongest }: Measured) =>
    `${name.padEnd(30)}${String(percent).padStart(6)} %  (${interval[0]} to ${interval[1]}),` +
    ` chance ${chancePercent} %: ${strongest}`;
  const { cost } = report;
  const costLine = (name: string, each: Cost) =>
    `${name.padEnd(30)}${each.tradedKwh} kWh, ${each.transactionsPerKwh} transactions a kWh,` +
    ` ${each.addresses} addresses`;
  const alone = `${String(report.alonePercent).padStart(6)} %  the only one of feeder and side`;
  return `${[
    `${report.homes} homes on ${report.feeders} feeders, ${report.rotations} rotations,` +
      ` ${report.seeds} seeds, ${report.seconds} s`,
    line('protected, of equal size', report.protected),
    line('protected, of any size', report.protectedAnySize),
    line('naive, of any size', report.naive),
    ...COUNTERMEASURES.map((name) => line(`without ${name}`, report.without[name])),
    `${'alone'.padEnd(30)}${alone}`,
    costLine('cost, common sizes', cost.protected),
    costLine('cost, exact sizes', cost.exactSizes),
  ].join('\n')}\n`;
}
