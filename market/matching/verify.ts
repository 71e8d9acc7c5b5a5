/**
 * The reference verification of a solution: every rule that the `Matching` contract checks, written
 * for reading. Source: design "Matching, precisely"; TRANSAX equations 1 to 9.
 *
 * Solvers check their own work with it before they pay for a transaction, and tests compare the
 * contract's verdict with it. It answers with all faults at once, none meaning the solution holds.
 */
import type { Interval } from '../intervals.ts';
import {
  type Chunk,
  type FeederLimits,
  type Offer,
  type Trade,
  UTILITY_FEEDER,
} from '../offers.ts';

/** An offer as the rules need it; `energyWs` is what final trades have left of it. */
export interface PostedOffer extends Offer {
  /** Unix seconds of the block that holds it. */
  postedAt: number;
}

/** What the rules ask about the market at the moment of submission. */
export interface MatchingRules {
  intervalSeconds: number;
  minTradeWs: number;
  offer(id: number): PostedOffer | undefined;
  limitsAt(feeder: number, interval: Interval): FeederLimits;
  /** Whether the gate is open and the interval not final. */
  isOpen(interval: Interval): boolean;
  /** Offers posted later than this cannot be used for the interval; unix seconds. */
  lastPostingOf(interval: Interval): number;
}

export type FaultCode =
  | 'interval-order'
  | 'not-open'
  | 'unknown-offer'
  | 'wrong-side'
  | 'both-utility'
  | 'outside-range'
  | 'late-offer'
  | 'prices-do-not-meet'
  | 'too-small'
  | 'not-an-integer'
  | 'merge-order'
  | 'offer-power'
  | 'offer-energy'
  | 'internal-sold'
  | 'internal-bought'
  | 'external-export'
  | 'external-import';

/** One broken rule; `interval` and `subject` (offer id, feeder or trade position) say where. */
export interface Fault {
  code: FaultCode;
  interval: Interval | null;
  subject: number;
  message: string;
}

/** @returns all faults of a solution, in the order of its chunks; none: it is feasible. */
export function verifySolution(chunks: readonly Chunk[], rules: MatchingRules): Fault[] {
  const faults: Fault[] = [];
  const energyUsed = new Map<number, bigint>();
  let previous = -1;
  for (const chunk of chunks) {
    if (chunk.interval <= previous) {
      faults.push(fault('interval-order', chunk.interval, chunk.interval, 'chunks must ascend'));
    }
    previous = chunk.interval;
    if (!rules.isOpen(chunk.interval)) {
      faults.push(fault('not-open', chunk.interval, chunk.interval, 'its gate is not open'));
    }
    faults.push(...verifyTrades(chunk, rules), ...verifyTotals(chunk, rules));
    for (const trade of chunk.trades) {
      const energyWs = BigInt(Math.trunc(trade.powerW)) * BigInt(rules.intervalSeconds);
      for (const id of [trade.askId, trade.bidId]) {
        energyUsed.set(id, (energyUsed.get(id) ?? 0n) + energyWs);
      }
    }
  }
  for (const [id, usedWs] of energyUsed) {
    const leftWs = rules.offer(id)?.energyWs;
    if (leftWs !== undefined && usedWs > BigInt(leftWs)) {
      faults.push(fault('offer-energy', null, id, `uses ${usedWs} Ws of ${leftWs} Ws left`));
    }
  }
  return faults;
}

function verifyTrades(chunk: Chunk, rules: MatchingRules): Fault[] {
  const faults: Fault[] = [];
  const { interval } = chunk;
  let before: { ask: PostedOffer; bid: PostedOffer } | null = null;
  for (const [position, trade] of chunk.trades.entries()) {
    const ask = rules.offer(trade.askId);
    const bid = rules.offer(trade.bidId);
    if (ask === undefined || bid === undefined) {
      const id = ask === undefined ? trade.askId : trade.bidId;
      faults.push(fault('unknown-offer', interval, id, `there is no offer ${id}`));
      continue;
    }
    for (const code of brokenByTrade(trade, ask, bid, interval, rules)) {
      const message = `trade ${position} of ask ${ask.id} and bid ${bid.id}: ${code}`;
      faults.push(fault(code, interval, position, message));
    }
    if (before !== null && !follows(before, { ask, bid })) {
      const message = `trade ${position} is out of merge order or repeats a pair`;
      faults.push(fault('merge-order', interval, position, message));
    }
    before = { ask, bid };
  }
  return faults;
}

function brokenByTrade(
  trade: Trade,
  ask: PostedOffer,
  bid: PostedOffer,
  interval: Interval,
  rules: MatchingRules,
): FaultCode[] {
  const codes: FaultCode[] = [];
  if (!Number.isSafeInteger(trade.powerW)) codes.push('not-an-integer');
  // Written so that a power of zero is refused whatever the minimum is.
  if (!(trade.powerW > 0) || trade.powerW * rules.intervalSeconds < rules.minTradeWs) {
    codes.push('too-small');
  }
  if (ask.side !== 'sell' || bid.side !== 'buy') codes.push('wrong-side');
  if (ask.feeder === UTILITY_FEEDER && bid.feeder === UTILITY_FEEDER) codes.push('both-utility');
  if (ask.priceMicroPerKwh > bid.priceMicroPerKwh) codes.push('prices-do-not-meet');
  for (const offer of [ask, bid]) {
    if (interval < offer.firstInterval || interval > offer.lastInterval) {
      codes.push('outside-range');
    }
    if (offer.postedAt > rules.lastPostingOf(interval)) codes.push('late-offer');
  }
  return codes;
}

/** Whether a pair may follow another: neither side goes back, and it is another pair. */
function follows(
  before: { ask: PostedOffer; bid: PostedOffer },
  next: { ask: PostedOffer; bid: PostedOffer },
): boolean {
  const asks = compareOffers(before.ask, next.ask);
  const bids = compareOffers(before.bid, next.bid);
  return asks <= 0 && bids <= 0 && (asks < 0 || bids < 0);
}

/** The order of the merge: by price, then by id. */
export function compareOffers(a: Offer, b: Offer): number {
  return a.priceMicroPerKwh - b.priceMicroPerKwh || a.id - b.id;
}

/** Power of offers and flows of feeders within one interval. */
function verifyTotals(chunk: Chunk, rules: MatchingRules): Fault[] {
  const faults: Fault[] = [];
  const { interval } = chunk;
  const powerOf = new Map<number, number>();
  const flows = new Map<number, { soldW: number; boughtW: number }>();
  for (const trade of chunk.trades) {
    for (const id of [trade.askId, trade.bidId]) {
      powerOf.set(id, (powerOf.get(id) ?? 0) + trade.powerW);
    }
    flowOf(flows, rules.offer(trade.askId)).soldW += trade.powerW;
    flowOf(flows, rules.offer(trade.bidId)).boughtW += trade.powerW;
  }
  for (const [id, powerW] of powerOf) {
    const limitW = rules.offer(id)?.maxPowerW;
    if (limitW !== undefined && powerW > limitW) {
      faults.push(fault('offer-power', interval, id, `uses ${powerW} W of ${limitW} W`));
    }
  }
  for (const [feeder, { soldW, boughtW }] of flows) {
    if (feeder === UTILITY_FEEDER) continue;
    const { internalLimitW, externalLimitW } = rules.limitsAt(feeder, interval);
    const checks: [FaultCode, number, number][] = [
      ['internal-sold', soldW, internalLimitW],
      ['internal-bought', boughtW, internalLimitW],
      ['external-export', soldW - boughtW, externalLimitW],
      ['external-import', boughtW - soldW, externalLimitW],
    ];
    for (const [code, powerW, limitW] of checks) {
      if (powerW <= limitW) continue;
      const message = `feeder ${feeder}: ${powerW} W over its limit of ${limitW} W (${code})`;
      faults.push(fault(code, interval, feeder, message));
    }
  }
  return faults;
}

function flowOf(
  flows: Map<number, { soldW: number; boughtW: number }>,
  offer: PostedOffer | undefined,
): { soldW: number; boughtW: number } {
  // An unknown offer is a fault of its own; its flow is counted where no limit is.
  const feeder = offer?.feeder ?? UTILITY_FEEDER;
  let flow = flows.get(feeder);
  if (flow === undefined) {
    flow = { soldW: 0, boughtW: 0 };
    flows.set(feeder, flow);
  }
  return flow;
}

function fault(
  code: FaultCode,
  interval: Interval | null,
  subject: number,
  message: string,
): Fault {
  return { code, interval, subject, message };
}
