/**
 * What became final and what was paid, told by the chain's log alone: read anew from the first
 * block, summed here, and held against the offers and limits as the log tells them. Nothing comes
 * from the solver.
 */
import { decodeLog, type MarketContracts } from '../../chain/decode.ts';
import type { JsonRpc } from '../../chain/rpc.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import type { Chunk, Trade } from '../../market/offers.ts';
import { midpointPrice, paymentMicro, type Side } from '../../market/units.ts';

export interface ChainAudit {
  /** Final trades that were not voided, ascending. */
  finals: Chunk[];
  finalizedIntervals: number;
  /** Who posted each offer, lower case. */
  owners: ReadonlyMap<number, string>;
  trades: number;
  /** Sum of the power of all final trades: kW times intervals. */
  tradedKwSlots: number;
  /** Feeder, interval and limit that final trades break; must be 0. */
  limitViolations: number;
  /** Offers that traded more energy than they offered; must be 0. */
  offerViolations: number;
  /** Of offers that are not closed. */
  openOffers: readonly number[];
  /** Offers that were not given, at their end, what they should get to the millionth; must be 0. */
  moneyViolations: number;
}

interface Posted {
  owner: string;
  feeder: number;
  side: Side;
  energyWs: number;
  priceMicroPerKwh: number;
}

/** Blocks of a day hold hundreds of events each: an answer over more of them is too large. */
const PAGE_BLOCKS = 10;

export async function auditChain(
  rpc: JsonRpc,
  contracts: MarketContracts,
  { intervalSeconds, lastInterval }: { intervalSeconds: number; lastInterval: number },
): Promise<ChainAudit> {
  const offers = new Map<number, Posted>();
  const finals = new Map<number, Trade[]>();
  const voided = new Map<number, Set<number>>();
  const limits = new Map<number, { internalLimitW: number; externalLimitW: number }>();
  const paidMicro = new Map<number, bigint>();
  const head = await rpc.blockNumber();
  for (let from = 0; from <= head; from += PAGE_BLOCKS) {
    const to = Math.min(head, from + PAGE_BLOCKS - 1);
    for (const raw of await rpc.logs([contracts.microgrid, contracts.matching], from, to)) {
      const event = decodeLog(raw, contracts);
      if (event?.kind === 'offer-posted') offers.set(event.offerId, event);
      if (event?.kind === 'offer-closed') paidMicro.set(event.offerId, event.moneyMicro);
      if (event?.kind === 'feeder-limits-set') limits.set(event.feeder, event);
      if (event?.kind === 'trades-voided') voided.set(event.interval, new Set(event.positions));
      if (event?.kind === 'solution-finalized' && event.interval <= lastInterval) {
        finals.set(event.interval, decodeChunk(event.trades));
      }
    }
  }
  const chunks = [...finals]
    .sort(([a], [b]) => a - b)
    .map(([interval, trades]) => ({
      interval,
      trades: trades.filter((_, position) => !voided.get(interval)?.has(position)),
    }));
  const trades = chunks.flatMap((chunk) => chunk.trades);
  return {
    finals: chunks,
    finalizedIntervals: finals.size,
    owners: new Map([...offers].map(([id, { owner }]) => [id, owner])),
    trades: trades.length,
    tradedKwSlots: trades.reduce((sum, { powerW }) => sum + powerW, 0) / 1000,
    limitViolations: chunks.reduce((sum, chunk) => sum + violations(chunk, offers, limits), 0),
    offerViolations: overdrawn(trades, offers, intervalSeconds),
    openOffers: [...offers.keys()].filter((id) => !paidMicro.has(id)),
    moneyViolations: paidWrongly(paidMicro, trades, offers, intervalSeconds),
  };
}

/** A bid gets its escrow back less what it paid, an ask its proceeds. */
function paidWrongly(
  paidMicro: ReadonlyMap<number, bigint>,
  trades: readonly Trade[],
  offers: ReadonlyMap<number, Posted>,
  intervalSeconds: number,
): number {
  const due = new Map<number, bigint>();
  for (const [id, { side, priceMicroPerKwh, energyWs }] of offers) {
    due.set(id, side === 'buy' ? paymentMicro(priceMicroPerKwh, energyWs) : 0n);
  }
  for (const { askId, bidId, powerW } of trades) {
    const [ask, bid] = [offers.get(askId), offers.get(bidId)];
    if (ask === undefined || bid === undefined) continue;
    const price = midpointPrice(ask.priceMicroPerKwh, bid.priceMicroPerKwh);
    const amount = paymentMicro(price, powerW * intervalSeconds);
    due.set(askId, (due.get(askId) ?? 0n) + amount);
    due.set(bidId, (due.get(bidId) ?? 0n) - amount);
  }
  return [...paidMicro].filter(([id, amount]) => amount !== due.get(id)).length;
}

function violations(
  { trades }: Chunk,
  offers: ReadonlyMap<number, Posted>,
  limits: ReadonlyMap<number, { internalLimitW: number; externalLimitW: number }>,
): number {
  let count = 0;
  for (const [feeder, { internalLimitW, externalLimitW }] of limits) {
    let soldW = 0;
    let boughtW = 0;
    for (const { askId, bidId, powerW } of trades) {
      if (offers.get(askId)?.feeder === feeder) soldW += powerW;
      if (offers.get(bidId)?.feeder === feeder) boughtW += powerW;
    }
    if (soldW > internalLimitW) count++;
    if (boughtW > internalLimitW) count++;
    if (Math.abs(soldW - boughtW) > externalLimitW) count++;
  }
  return count;
}

function overdrawn(
  trades: readonly Trade[],
  offers: ReadonlyMap<number, Posted>,
  intervalSeconds: number,
): number {
  const usedWs = new Map<number, number>();
  for (const { askId, bidId, powerW } of trades) {
    for (const id of [askId, bidId]) {
      usedWs.set(id, (usedWs.get(id) ?? 0) + powerW * intervalSeconds);
    }
  }
  return [...usedWs].filter(([id, used]) => used > (offers.get(id)?.energyWs ?? 0)).length;
}
