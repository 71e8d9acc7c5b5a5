/**
 * How well homes kept their word: metered energy against the target of each interval. The target is
 * what final trades bind the home to (recomputed from the log) plus what it said beforehand it
 * would draw besides (`untraded_w` of its journal; a row written after the interval's start says
 * nothing).
 */
import type { Findings } from './findings.ts';
import type { ScheduleRow } from './journals.ts';
import type { MarketLog } from './market-log.ts';

export interface FollowingHome {
  name: string;
  hasBattery: boolean;
  intervals: readonly { interval: number; importedWs: number; exportedWs: number }[];
  schedule: readonly ScheduleRow[];
}

export interface FollowingFigures {
  /** 100 x sum |metered - target| / sum |target| over homes that traded; null: no target. */
  errorPercent: number | null;
  /** The same over those of them that have a battery. */
  batteryErrorPercent: number | null;
  neverTraded: number;
  /** Journal rows that were late or name another commitment than the log. */
  scheduleFaults: number;
}

/** Commitment of each home and interval: bought minus sold, W. */
export type Commitments = Map<string, Map<number, number>>;

/** @param homeOf the home of an address, lower case; null where it is not known */
export function commitmentsOf(
  log: MarketLog,
  homeOf: (address: string) => string | null,
  findings: Findings,
): Commitments {
  const commitments: Commitments = new Map();
  const bind = (offerId: number, interval: number, powerW: number) => {
    const owner = log.offers.get(offerId)?.owner;
    const home = owner === undefined ? null : homeOf(owner);
    if (home === null) {
      findings.add(`interval ${interval}: offer ${offerId} belongs to no home of this run`);
      return;
    }
    const own = commitments.get(home) ?? new Map<number, number>();
    own.set(interval, (own.get(interval) ?? 0) + powerW);
    commitments.set(home, own);
  };
  for (const { trades } of log.finalizations) {
    for (const { interval, askId, bidId, powerW } of trades) {
      bind(askId, interval, -powerW);
      bind(bidId, interval, powerW);
    }
  }
  return commitments;
}

export function followingFigures(
  homes: readonly FollowingHome[],
  commitments: Commitments,
  range: { first: number; last: number },
  intervalSeconds: number,
  findings: Findings,
): FollowingFigures {
  const all = { missedWs: 0, targetWs: 0 };
  const batteries = { missedWs: 0, targetWs: 0 };
  let neverTraded = 0;
  let scheduleFaults = 0;
  for (const home of homes) {
    const own = commitments.get(home.name);
    if (!own) {
      neverTraded += 1;
      continue;
    }
    const { rows, faults } = checkedSchedule(home, own, intervalSeconds, findings);
    scheduleFaults += faults;
    const sums = sumHome(home, own, rows, range, intervalSeconds);
    addTo(all, sums);
    if (home.hasBattery) addTo(batteries, sums);
  }
  return {
    errorPercent: percent(all),
    batteryErrorPercent: percent(batteries),
    neverTraded,
    scheduleFaults,
  };
}

interface Sums {
  missedWs: number;
  targetWs: number;
}

function addTo(sums: Sums, more: Sums): void {
  sums.missedWs += more.missedWs;
  sums.targetWs += more.targetWs;
}

/** Rows that were decided in time; a late one counts as none. */
function checkedSchedule(
  home: FollowingHome,
  own: ReadonlyMap<number, number>,
  intervalSeconds: number,
  findings: Findings,
): { rows: Map<number, ScheduleRow>; faults: number } {
  const before = findings.total;
  const rows = new Map<number, ScheduleRow>();
  for (const row of home.schedule) {
    const committedW = own.get(row.interval) ?? 0;
    if (row.decidedAtMs >= row.interval * intervalSeconds * 1000) {
      findings.add(`${home.name}, interval ${row.interval}: scheduled after its start`);
      continue;
    }
    if (row.committedW !== committedW) {
      findings.add(
        `${home.name}, interval ${row.interval}: the journal says ${row.committedW} W committed, ` +
          `the log ${committedW} W`,
      );
    }
    rows.set(row.interval, row);
  }
  return { rows, faults: findings.total - before };
}

/** Intervals for which the home neither traded nor said anything are its own affair. */
function sumHome(
  home: FollowingHome,
  own: ReadonlyMap<number, number>,
  rows: ReadonlyMap<number, ScheduleRow>,
  range: { first: number; last: number },
  intervalSeconds: number,
): Sums {
  const sums = { missedWs: 0, targetWs: 0 };
  for (const { interval, importedWs, exportedWs } of home.intervals) {
    if (interval < range.first || interval > range.last) continue;
    const row = rows.get(interval);
    const committedW = own.get(interval) ?? 0;
    if (!row && committedW === 0) continue;
    const targetWs = (committedW + (row?.untradedW ?? 0)) * intervalSeconds;
    sums.missedWs += Math.abs(importedWs - exportedWs - targetWs);
    sums.targetWs += Math.abs(targetWs);
  }
  return sums;
}

function percent({ missedWs, targetWs }: Sums): number | null {
  return targetWs === 0 ? null : (100 * missedWs) / targetWs;
}
