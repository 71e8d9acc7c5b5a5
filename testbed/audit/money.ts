/**
 * Money that came from nowhere or was lost: what every address, every offer and the market hold at
 * the end against what the log says they should hold, to the millionth. Trades are paid when their
 * interval is settled; an offer of one interval shows it when it is closed, which is at once.
 */
import type { Findings } from './findings.ts';
import {
  type FinalTrade,
  type MarketLog,
  type MoneyMove,
  type PostedOffer,
  SELL,
} from './market-log.ts';

const WS_PER_KWH = 3_600_000n;
/** Moves that an address gets; the others it pays. */
const TO_ADDRESS: ReadonlySet<MoneyMove['kind']> = new Set(['added', 'unstaked', 'rewarded']);

export interface Holdings {
  balances: ReadonlyMap<string, bigint>;
  /** Of offers that are not closed. */
  offerMoney: ReadonlyMap<number, bigint>;
  /** What `Assets` says is inside the market: offers, stakes, rewards. */
  marketMicro: bigint;
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
  const compare: Compare = (what, heldMicro, dueMicro) => {
    if (heldMicro === dueMicro) return;
    findings.add(`${what} holds ${heldMicro} and should hold ${dueMicro} millionths`);
    if (heldMicro > dueMicro) createdMicro += heldMicro - dueMicro;
    else lostMicro += dueMicro - heldMicro;
  };
  const due = offersDue(log, intervalSeconds, () => true);
  for (const { offerId, moneyMicro } of log.closed) {
    compare(`offer ${offerId} at its end`, moneyMicro, due.get(offerId) ?? 0n);
  }
  compareOpen(log, holdings, intervalSeconds, compare);
  compare('the market', holdings.marketMicro, marketDue(log));
  const fundedMicro = sumOf(log, 'funded');
  const rewardedMicro = sumOf(log, 'rewarded');
  if (rewardedMicro > fundedMicro) compare('rewards', rewardedMicro, fundedMicro);
  const balances = balancesDue(log);
  for (const [address, heldMicro] of holdings.balances) {
    compare(address, heldMicro, balances.get(address) ?? 0n);
    balances.delete(address);
  }
  for (const [address, dueMicro] of balances) compare(address, 0n, dueMicro);
  return { createdMicro, lostMicro };
}

type Compare = (what: string, heldMicro: bigint, dueMicro: bigint) => void;

/** Offers that are not closed: of one interval nothing has moved, else what is settled has. */
function compareOpen(
  log: MarketLog,
  { offerMoney }: Holdings,
  intervalSeconds: number,
  compare: Compare,
): void {
  const isSettled = (interval: number) => log.settled.has(interval);
  const due = offersDue(log, intervalSeconds, isSettled);
  const begun = begunIntervals(log);
  const further = offersDue(log, intervalSeconds, (t) => isSettled(t) || begun.has(t));
  for (const [offerId, heldMicro] of offerMoney) {
    const offer = log.offers.get(offerId);
    const isSingle = offer !== undefined && offer.firstInterval === offer.lastInterval;
    const settledMicro = isSingle ? escrowOf(offer) : (due.get(offerId) ?? 0n);
    // How far a settlement has come that is not at its end, the log does not tell.
    const isFurther = !isSingle && begun.size > 0 && heldMicro === further.get(offerId);
    compare(`offer ${offerId}`, heldMicro, isFurther ? heldMicro : settledMicro);
  }
}

/** Intervals of which a part is settled: offers of theirs alone are closed that traded. */
function begunIntervals(log: MarketLog): Set<number> {
  const closed = new Set(log.closed.map(({ offerId }) => offerId));
  const begun = new Set<number>();
  for (const { interval, trades } of log.finalizations) {
    const ids = trades.flatMap(({ askId, bidId }) => [askId, bidId]);
    if (!log.settled.has(interval) && ids.some((id) => closed.has(id))) begun.add(interval);
  }
  return begun;
}

/** What each offer should hold: a bid's escrow less what it paid, an ask's proceeds. */
function offersDue(
  log: MarketLog,
  intervalSeconds: number,
  isPaid: (interval: number) => boolean,
): Map<number, bigint> {
  const due = new Map<number, bigint>();
  for (const offer of log.offers.values()) {
    due.set(offer.id, escrowOf(offer));
  }
  for (const { interval, trades } of log.finalizations) {
    if (!isPaid(interval)) continue;
    for (const trade of trades) {
      const amount = payment(priceOf(log, trade), trade.powerW * intervalSeconds);
      due.set(trade.bidId, (due.get(trade.bidId) ?? 0n) - amount);
      due.set(trade.askId, (due.get(trade.askId) ?? 0n) + amount);
    }
  }
  return due;
}

function escrowOf({ side, priceMicroPerKwh, energyWs }: PostedOffer): bigint {
  return side === SELL ? 0n : payment(priceMicroPerKwh, energyWs);
}

/** All that ever went into the market less all that left it. */
function marketDue(log: MarketLog): bigint {
  const escrows = [...log.offers.values()].reduce((sum, offer) => sum + escrowOf(offer), 0n);
  const givenBack = log.closed.reduce((sum, { moneyMicro }) => sum + moneyMicro, 0n);
  const stakes = sumOf(log, 'staked') - sumOf(log, 'unstaked');
  return escrows - givenBack + stakes + sumOf(log, 'funded') - sumOf(log, 'rewarded');
}

function sumOf(log: MarketLog, kind: MoneyMove['kind']): bigint {
  const moves = log.money.filter((move) => move.kind === kind);
  return moves.reduce((sum, { amountMicro }) => sum + amountMicro, 0n);
}

/** What each address should hold outside of offers. */
function balancesDue(log: MarketLog): Map<string, bigint> {
  const due = new Map<string, bigint>();
  const add = (address: string, amountMicro: bigint) =>
    due.set(address, (due.get(address) ?? 0n) + amountMicro);
  for (const { kind, address, amountMicro } of log.money) {
    add(address, TO_ADDRESS.has(kind) ? amountMicro : -amountMicro);
  }
  for (const offer of log.offers.values()) add(offer.owner, -escrowOf(offer));
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
