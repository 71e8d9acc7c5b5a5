/**
 * How well homes kept their word: metered energy against what final trades bind them to, which is
 * recomputed from the log; and whether each wrote it into its journal in time.
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
  /** Of what was traded, sold and not fed in or bought and not taken in, %; null: nothing was. */
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
  const all = { brokenWs: 0, tradedWs: 0 };
  const batteries = { brokenWs: 0, tradedWs: 0 };
  let neverTraded = 0;
  let scheduleFaults = 0;
  for (const home of homes) {
    const own = commitments.get(home.name);
    if (!own) {
      neverTraded += 1;
      continue;
    }
    scheduleFaults += scheduleFaultsOf(home, own, intervalSeconds, findings);
    const sums = sumHome(home, own, range, intervalSeconds);
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
  brokenWs: number;
  tradedWs: number;
}

function addTo(sums: Sums, more: Sums): void {
  sums.brokenWs += more.brokenWs;
  sums.tradedWs += more.tradedWs;
}

/** Rows that were decided late, or name another commitment than the log. */
function scheduleFaultsOf(
  home: FollowingHome,
  own: ReadonlyMap<number, number>,
  intervalSeconds: number,
  findings: Findings,
): number {
  const before = findings.total;
  for (const row of home.schedule) {
    const committedW = own.get(row.interval) ?? 0;
    if (row.decidedAtMs >= row.interval * intervalSeconds * 1000) {
      findings.add(`${home.name}, interval ${row.interval}: scheduled after its start`);
    } else if (row.committedW !== committedW) {
      findings.add(
        `${home.name}, interval ${row.interval}: the journal says ${row.committedW} W committed, ` +
          `the log ${committedW} W`,
      );
    }
  }
  return findings.total - before;
}

function sumHome(
  home: FollowingHome,
  own: ReadonlyMap<number, number>,
  range: { first: number; last: number },
  intervalSeconds: number,
): Sums {
  const sums = { brokenWs: 0, tradedWs: 0 };
  for (const { interval, importedWs, exportedWs } of home.intervals) {
    if (interval < range.first || interval > range.last) continue;
    const committedWs = (own.get(interval) ?? 0) * intervalSeconds;
    sums.brokenWs += brokenOf(committedWs, importedWs - exportedWs);
    sums.tradedWs += Math.abs(committedWs);
  }
  return sums;
}

/** Sold and not fed in, or bought and not taken in, Ws. */
function brokenOf(committedWs: number, netWs: number): number {
  if (committedWs < 0) return Math.min(-committedWs, Math.max(0, netWs - committedWs));
  return Math.min(committedWs, Math.max(0, committedWs - netWs));
}

function percent({ brokenWs, tradedWs }: Sums): number | null {
  return tradedWs === 0 ? null : (100 * brokenWs) / tradedWs;
}
