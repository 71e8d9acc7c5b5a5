/**
 * Money that came from nowhere or was lost: what every address and every offer holds at the end
 * against what the log says it should hold, to the millionth.
 */
import type { Findings } from './findings.ts';
import { type FinalTrade, type MarketLog, SELL } from './market-log.ts';

const WS_PER_KWH = 3_600_000n;

export interface Holdings {
  balances: ReadonlyMap<string, bigint>;
  /** Of offers that are not closed. */
  offerMoney: ReadonlyMap<number, bigint>;
}

/**
 * Held beyond what should be held, over all addresses and offers; what is missing somewhere is
 * counted apart, so that one does not hide the other.
 */
export function moneyFaults(
  log: MarketLog,
  holdings: Holdings,
  intervalSeconds: number,
  findings: Findings,
): { createdMicro: bigint; lostMicro: bigint } {
  let createdMicro = 0n;
  let lostMicro = 0n;
  const compare = (what: string, heldMicro: bigint, dueMicro: bigint) => {
    if (heldMicro === dueMicro) return;
    findings.add(`${what} holds ${heldMicro} and should hold ${dueMicro} millionths`);
    if (heldMicro > dueMicro) createdMicro += heldMicro - dueMicro;
    else lostMicro += dueMicro - heldMicro;
  };
  const due = offersDue(log, intervalSeconds);
  for (const { offerId, moneyMicro } of log.closed) {
    compare(`offer ${offerId} at its end`, moneyMicro, due.get(offerId) ?? 0n);
  }
  for (const [offerId, heldMicro] of holdings.offerMoney) {
    compare(`offer ${offerId}`, heldMicro, due.get(offerId) ?? 0n);
  }
  const balances = balancesDue(log);
  for (const [address, heldMicro] of holdings.balances) {
    compare(address, heldMicro, balances.get(address) ?? 0n);
    balances.delete(address);
  }
  for (const [address, dueMicro] of balances) compare(address, 0n, dueMicro);
  return { createdMicro, lostMicro };
}

/** What each offer should hold: a bid's escrow less what it paid, an ask's proceeds. */
function offersDue(log: MarketLog, intervalSeconds: number): Map<number, bigint> {
  const due = new Map<number, bigint>();
  for (const offer of log.offers.values()) {
    const escrow = offer.side === SELL ? 0n : payment(offer.priceMicroPerKwh, offer.energyWs);
    due.set(offer.id, escrow);
  }
  for (const { trades } of log.finalizations) {
    for (const trade of trades) {
      const amount = payment(priceOf(log, trade), trade.powerW * intervalSeconds);
      due.set(trade.bidId, (due.get(trade.bidId) ?? 0n) - amount);
      due.set(trade.askId, (due.get(trade.askId) ?? 0n) + amount);
    }
  }
  return due;
}

/** What each address should hold outside of offers. */
function balancesDue(log: MarketLog): Map<string, bigint> {
  const due = new Map<string, bigint>();
  const add = (address: string, amountMicro: bigint) =>
    due.set(address, (due.get(address) ?? 0n) + amountMicro);
  for (const { kind, address, amountMicro } of log.money) {
    add(address, kind === 'added' || kind === 'unstaked' ? amountMicro : -amountMicro);
  }
  for (const offer of log.offers.values()) {
    if (offer.side !== SELL) add(offer.owner, -payment(offer.priceMicroPerKwh, offer.energyWs));
  }
  for (const { owner, moneyMicro } of log.closed) add(owner, moneyMicro);
  return due;
}

/** The trade's own price where it carries one, else the middle of both reservation prices. */
function priceOf(log: MarketLog, trade: FinalTrade): number {
  if (trade.priceMicroPerKwh !== null) return trade.priceMicroPerKwh;
  const ask = log.offers.get(trade.askId)?.priceMicroPerKwh ?? 0;
  const bid = log.offers.get(trade.bidId)?.priceMicroPerKwh ?? 0;
  return Math.floor((ask + bid) / 2);
}

function payment(priceMicroPerKwh: number, energyWs: number): bigint {
  return (BigInt(priceMicroPerKwh) * BigInt(energyWs)) / WS_PER_KWH;
}
