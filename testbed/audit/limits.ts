/** Feeders: final trades against the limits, and metered flows against them; two figures apart. */
import type { Findings } from './findings.ts';
import type { LimitsSet, MarketLog } from './market-log.ts';

/** The utility's own feeder has no limits. */
const UTILITY_FEEDER = 0;

interface Flow {
  soldW: number;
  boughtW: number;
}

/** The limits of a feeder in an interval: the last ones set that apply from then or earlier. */
export function limitsAt(
  limits: readonly LimitsSet[],
  feeder: number,
  interval: number,
): LimitsSet | null {
  let found: LimitsSet | null = null;
  for (const set of limits) {
    if (set.feeder === feeder && set.fromInterval <= interval) found = set;
  }
  return found;
}

/** How often sold, bought or net flow of a feeder in an interval is above its limit. */
export function limitViolations(log: MarketLog, findings: Findings): number {
  const flows = new Map<string, Flow & { feeder: number; interval: number }>();
  const flowOf = (feeder: number, interval: number) => {
    const key = `${feeder} ${interval}`;
    const flow = flows.get(key) ?? { feeder, interval, soldW: 0, boughtW: 0 };
    flows.set(key, flow);
    return flow;
  };
  for (const { trades } of log.finalizations) {
    for (const { interval, askId, bidId, powerW } of trades) {
      flowOf(feederOf(log, askId), interval).soldW += powerW;
      flowOf(feederOf(log, bidId), interval).boughtW += powerW;
    }
  }
  let violations = 0;
  for (const { feeder, interval, soldW, boughtW } of flows.values()) {
    if (feeder === UTILITY_FEEDER) continue;
    const limits = limitsAt(log.limits, feeder, interval);
    const check = (what: string, powerW: number, limitW: number) => {
      if (powerW <= limitW) return;
      violations += 1;
      findings.add(`feeder ${feeder}, interval ${interval}: ${what} ${powerW} W over ${limitW} W`);
    };
    check('sold', soldW, limits?.internalLimitW ?? 0);
    check('bought', boughtW, limits?.internalLimitW ?? 0);
    check('net flow', Math.abs(soldW - boughtW), limits?.externalLimitW ?? 0);
  }
  return violations;
}

/** By the grant, not by what the offer says; an unknown offer is on no feeder that has limits. */
function feederOf(log: MarketLog, offerId: number): number {
  const offer = log.offers.get(offerId);
  return log.assets.get(offer?.assetId ?? -1)?.feeder ?? UTILITY_FEEDER;
}

export interface MeteredHome {
  feeder: number;
  intervals: readonly { interval: number; importedWs: number; exportedWs: number }[];
}

/** How often a feeder's metered net flow, as the mean of an interval, was above its limit. */
export function physicalOverloads(
  homes: readonly MeteredHome[],
  limits: readonly LimitsSet[],
  range: { first: number; last: number },
  intervalSeconds: number,
): number {
  const net = new Map<string, { feeder: number; interval: number; energyWs: number }>();
  for (const { feeder, intervals } of homes) {
    for (const { interval, importedWs, exportedWs } of intervals) {
      if (interval < range.first || interval > range.last) continue;
      const key = `${feeder} ${interval}`;
      const sum = net.get(key) ?? { feeder, interval, energyWs: 0 };
      sum.energyWs += importedWs - exportedWs;
      net.set(key, sum);
    }
  }
  return [...net.values()].filter(({ feeder, interval, energyWs }) => {
    const limitW = limitsAt(limits, feeder, interval)?.externalLimitW;
    return limitW !== undefined && Math.abs(energyWs) > limitW * intervalSeconds;
  }).length;
}
