/**
 * Energy that came from nowhere: traded, given back or deposited beyond what was granted. Every
 * excess counts; trades that have no right to exist count whole.
 */
import type { Findings } from './findings.ts';
import { BUY, type FinalTrade, type MarketLog, type PostedOffer, SELL } from './market-log.ts';

export function energyCreatedWs(
  log: MarketLog,
  intervalSeconds: number,
  findings: Findings,
): number {
  const count = (energyWs: number, sentence: string): number => {
    if (energyWs <= 0) return 0;
    findings.add(`${sentence}: ${energyWs} Ws too much`);
    return energyWs;
  };
  const trades = log.finalizations.flatMap((finalization) => finalization.trades);
  const sum = (parts: number[]) => parts.reduce((total, part) => total + part, 0);
  return (
    sum(trades.map((trade) => count(unfoundedWs(log, trade, intervalSeconds), nameOf(trade)))) +
    sum(repeatedWs(log, intervalSeconds).map(([what, ws]) => count(ws, what))) +
    sum(beyondPowerWs(log, trades, intervalSeconds).map(([what, ws]) => count(ws, what))) +
    sum(beyondOffersWs(log, trades, intervalSeconds).map(([what, ws]) => count(ws, what))) +
    sum(beyondGrantsWs(log).map(([what, ws]) => count(ws, what)))
  );
}

type Excess = [what: string, energyWs: number];

function nameOf(trade: FinalTrade): string {
  return `interval ${trade.interval}, trade of ask ${trade.askId} and bid ${trade.bidId}`;
}

/** A trade needs an ask and a bid, each on an asset of its side, all of them valid then. */
function unfoundedWs(log: MarketLog, trade: FinalTrade, intervalSeconds: number): number {
  const fits = (offerId: number, side: number): boolean => {
    const offer = log.offers.get(offerId);
    const asset = offer && log.assets.get(offer.assetId);
    if (!offer || !asset) return false;
    const isValid = (of: { firstInterval: number; lastInterval: number }) =>
      of.firstInterval <= trade.interval && trade.interval <= of.lastInterval;
    return offer.side === side && asset.side === side && isValid(offer) && isValid(asset);
  };
  const isFounded = fits(trade.askId, SELL) && fits(trade.bidId, BUY);
  return isFounded ? 0 : trade.powerW * intervalSeconds;
}

/** An interval is final once; what a second finalization trades was not there. */
function repeatedWs(log: MarketLog, intervalSeconds: number): Excess[] {
  const seen = new Set<number>();
  const excess: Excess[] = [];
  for (const { interval, trades } of log.finalizations) {
    if (seen.has(interval)) {
      const powerW = trades.reduce((sum, trade) => sum + trade.powerW, 0);
      excess.push([`interval ${interval} is final a second time`, powerW * intervalSeconds]);
    }
    seen.add(interval);
  }
  return excess;
}

/** Power of an offer, and of an asset, in one interval. */
function beyondPowerWs(
  log: MarketLog,
  trades: readonly FinalTrade[],
  intervalSeconds: number,
): Excess[] {
  const used = new Map<string, { what: string; powerW: number; limitW: number }>();
  const use = (kind: string, id: number, interval: number, powerW: number, limitW: number) => {
    const what = `${kind} ${id} in interval ${interval}`;
    const entry = used.get(what) ?? { what, powerW: 0, limitW };
    entry.powerW += powerW;
    used.set(what, entry);
  };
  for (const { interval, askId, bidId, powerW } of trades) {
    for (const offer of [log.offers.get(askId), log.offers.get(bidId)]) {
      if (!offer) continue;
      const assetLimitW = log.assets.get(offer.assetId)?.maxPowerW ?? 0;
      use('power of offer', offer.id, interval, powerW, offer.maxPowerW);
      use('power of asset', offer.assetId, interval, powerW, assetLimitW);
    }
  }
  return [...used.values()].map(({ what, powerW, limitW }) => [
    what,
    (powerW - limitW) * intervalSeconds,
  ]);
}

/** What final trades took of an offer, and what it gave back at its end, against what was in it. */
function beyondOffersWs(
  log: MarketLog,
  trades: readonly FinalTrade[],
  intervalSeconds: number,
): Excess[] {
  const taken = new Map<number, number>();
  const take = (offerId: number, energyWs: number) =>
    taken.set(offerId, (taken.get(offerId) ?? 0) + energyWs);
  for (const { askId, bidId, powerW } of trades) {
    take(askId, powerW * intervalSeconds);
    take(bidId, powerW * intervalSeconds);
  }
  for (const { offerId, energyWs } of log.closed) take(offerId, energyWs);
  return [...taken].map(([offerId, energyWs]) => {
    const posted: PostedOffer | undefined = log.offers.get(offerId);
    return [`energy of offer ${offerId}`, energyWs - (posted?.energyWs ?? 0)];
  });
}

/** What of an asset went into offers and deposits, against what was granted. */
function beyondGrantsWs(log: MarketLog): Excess[] {
  const used = new Map<number, number>();
  const use = (assetId: number, energyWs: number) =>
    used.set(assetId, (used.get(assetId) ?? 0) + energyWs);
  for (const offer of log.offers.values()) use(offer.assetId, offer.energyWs);
  for (const { assetId, energyWs } of log.energyDeposits) use(assetId, energyWs);
  for (const { offerId, energyWs } of log.closed) {
    const offer = log.offers.get(offerId);
    if (offer) use(offer.assetId, -energyWs);
  }
  return [...used].map(([assetId, energyWs]) => [
    `energy of asset ${assetId}`,
    energyWs - (log.assets.get(assetId)?.energyWs ?? 0),
  ]);
}
