/**
 * The audit of a run. It imports neither `market/` nor `chain/` nor `agent/`: it reads the chain's
 * raw log with its own eyes, takes energy from the emulators' own books, and recomputes everything
 * that a run claims. Limits, energy, money and rules must come out as zero.
 */
import { type ChainRecord, collectChain } from './collect.ts';
import { energyCreatedWs } from './energy.ts';
import { Findings } from './findings.ts';
import { commitmentsOf, followingFigures } from './following.ts';
import { readSchedule, type ScheduleRow } from './journals.ts';
import { limitViolations, physicalOverloads } from './limits.ts';
import type { Contracts, MarketLog } from './market-log.ts';
import { moneyFaults } from './money.ts';
import { ruleViolations } from './rules.ts';

/** A home by its emulator's own books. */
export interface AuditedHome {
  name: string;
  /** From 1, as on chain. */
  feeder: number;
  hasBattery: boolean;
  /** Metered energy, Ws; whole intervals of the market. */
  intervals: readonly { interval: number; importedWs: number; exportedWs: number }[];
  relaySwitches: number;
  schedule: readonly ScheduleRow[];
}

export interface AuditInput {
  rpcUrl: string;
  contracts: Contracts;
  /** Block of the deployment. */
  fromBlock: number;
  /** Intervals of the run, both counted. */
  firstInterval: number;
  lastInterval: number;
  homes: readonly (Omit<AuditedHome, 'schedule'> & { journalPath: string })[];
  /** Which home an address was granted for, addresses in lower case (the DSO's books). */
  homeByAddress: ReadonlyMap<string, string>;
}

export interface AuditReport {
  /** Intervals of the run that are final, with or without trades. */
  finalizedIntervals: number;
  /** Of these, those whose trades are said to be all paid. */
  settledIntervals: number;
  /** Final trades of the run's intervals. */
  trades: number;
  tradedKwh: number;
  /** Metered, all homes and intervals of the run. */
  importedKwh: number;
  exportedKwh: number;
  homesThatNeverTraded: number;
  /** Final trades against C_int and C_ext; must be 0. */
  limitViolations: number;
  /** Feeder and interval whose metered mean net flow is above C_ext; reported, not promised. */
  physicalOverloads: number;
  energyCreatedWs: number;
  moneyCreatedMicro: number;
  moneyLostMicro: number;
  /** Prices that do not meet, trades too small, final outside its time; must be 0. */
  ruleViolations: number;
  /** Journal rows that were late or differ from the log; must be 0. */
  scheduleFaults: number;
  commitmentErrorPercent: number | null;
  commitmentErrorWithBatteryPercent: number | null;
  relaySwitches: number;
  rejectedSolutions: number;
  /** See `postToTradeBlocks`. */
  p90PostToTradeBlocks: number | null;
  /** All transactions to Assets and Matching, from grant to deposit, over trades. */
  gasTotal: number;
  gasPerTrade: number | null;
  /** The first hundred objections in sentences. */
  findings: string[];
}

const WS_PER_KWH = 3_600_000;

/** @throws AuditError when the chain or a journal cannot be read */
export async function audit(input: AuditInput): Promise<AuditReport> {
  const record = await collectChain(input.rpcUrl, input.contracts, input.fromBlock);
  const homes = input.homes.map((home) => ({ ...home, schedule: readSchedule(home.journalPath) }));
  return judge(record, { ...input, homes });
}

/** The audit of facts already collected. */
export function judge(
  record: ChainRecord,
  run: Pick<AuditInput, 'firstInterval' | 'lastInterval' | 'homeByAddress'> & {
    homes: readonly AuditedHome[];
  },
): AuditReport {
  const { log, calendar, traffic } = record;
  const { intervalSeconds } = calendar;
  const range = { first: run.firstInterval, last: run.lastInterval };
  const findings = new Findings();
  // What is final already for the interval after the run is not part of it.
  const trades = log.finalizations
    .filter(({ interval }) => interval >= range.first && interval <= range.last)
    .flatMap((finalization) => finalization.trades);
  const tradedW = trades.reduce((sum, trade) => sum + trade.powerW, 0);
  const money = moneyFaults(log, record, intervalSeconds, findings);
  const commitments = commitmentsOf(
    log,
    (address) => run.homeByAddress.get(address) ?? null,
    findings,
  );
  const following = followingFigures(run.homes, commitments, range, intervalSeconds, findings);
  return {
    finalizedIntervals: countWithin(
      log.finalizations.map(({ interval }) => interval),
      range,
    ),
    settledIntervals: countWithin(log.settled, range),
    trades: trades.length,
    tradedKwh: (tradedW * intervalSeconds) / WS_PER_KWH,
    importedKwh: metered(run.homes, range, 'importedWs') / WS_PER_KWH,
    exportedKwh: metered(run.homes, range, 'exportedWs') / WS_PER_KWH,
    homesThatNeverTraded: following.neverTraded,
    limitViolations: limitViolations(log, findings),
    physicalOverloads: physicalOverloads(run.homes, log.limits, range, intervalSeconds),
    energyCreatedWs: energyCreatedWs(log, intervalSeconds, findings),
    moneyCreatedMicro: Number(money.createdMicro),
    moneyLostMicro: Number(money.lostMicro),
    ruleViolations: ruleViolations(log, record, findings),
    scheduleFaults: following.scheduleFaults,
    commitmentErrorPercent: following.errorPercent,
    commitmentErrorWithBatteryPercent: following.batteryErrorPercent,
    relaySwitches: run.homes.reduce((sum, home) => sum + home.relaySwitches, 0),
    rejectedSolutions: traffic.rejectedSolutions,
    p90PostToTradeBlocks: ninetieth(postToTradeBlocks(log)),
    gasTotal: traffic.gasUsed,
    gasPerTrade: trades.length === 0 ? null : Math.round(traffic.gasUsed / trades.length),
    findings: findings.sentences,
  };
}

/**
 * For each offer that traded: blocks from its posting to the first accepted solution that has it,
 * or to the finalization where no accepted solution is known.
 */
export function postToTradeBlocks(log: MarketLog): number[] {
  const tradedIn = new Map<number, number>();
  const earliest = (offerId: number, block: number) =>
    tradedIn.set(offerId, Math.min(block, tradedIn.get(offerId) ?? Number.POSITIVE_INFINITY));
  for (const { trades, blockNumber } of log.finalizations) {
    for (const { askId, bidId } of trades) {
      earliest(askId, blockNumber);
      earliest(bidId, blockNumber);
    }
  }
  for (const { offers, acceptedIn } of log.solutions.values()) {
    if (acceptedIn === null) continue;
    for (const offerId of offers) if (tradedIn.has(offerId)) earliest(offerId, acceptedIn);
  }
  return [...tradedIn].flatMap(([offerId, block]) => {
    const offer = log.offers.get(offerId);
    return offer ? [block - offer.blockNumber] : [];
  });
}

function ninetieth(values: number[]): number | null {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(0.9 * sorted.length) - 1)] ?? null;
}

function countWithin(intervals: Iterable<number>, range: { first: number; last: number }): number {
  const within = [...intervals].filter((t) => t >= range.first && t <= range.last);
  return new Set(within).size;
}

function metered(
  homes: readonly AuditedHome[],
  range: { first: number; last: number },
  way: 'importedWs' | 'exportedWs',
): number {
  let sum = 0;
  for (const home of homes) {
    for (const book of home.intervals) {
      if (book.interval >= range.first && book.interval <= range.last) sum += book[way];
    }
  }
  return sum;
}
