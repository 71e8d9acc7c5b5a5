/** The market's other rules: prices meet, trades are large enough, and all comes in its time. */
import type { AuditedCalendar } from './collect.ts';
import type { Findings } from './findings.ts';
import type { FinalTrade, MarketLog } from './market-log.ts';

export interface RuleFacts {
  calendar: AuditedCalendar;
  minTradeWs: number;
  blockTimes: ReadonlyMap<number, number>;
}

export function ruleViolations(log: MarketLog, facts: RuleFacts, findings: Findings): number {
  const before = findings.total;
  for (const finalization of log.finalizations) {
    const { interval, blockNumber, trades } = finalization;
    if (trades.length > 0) {
      const at = facts.blockTimes.get(blockNumber) ?? Number.NaN;
      const { opens, ends } = finalizationTime(facts.calendar, interval);
      if (!(at >= opens && at < ends)) {
        findings.add(`interval ${interval} became final at ${at}, not within ${opens} to ${ends}`);
      }
    }
    for (const trade of trades) checkTrade(log, trade, facts, findings);
  }
  checkClosings(log, facts, findings);
  checkSettled(log, findings);
  return findings.total - before;
}

/** Nothing leaves an offer before the end of its last interval, and nothing leaves it twice. */
function checkClosings(log: MarketLog, facts: RuleFacts, findings: Findings): void {
  const seen = new Set<number>();
  for (const { offerId, blockNumber } of log.closed) {
    const last = log.offers.get(offerId)?.lastInterval ?? Number.NaN;
    const endsAt = (last + 1) * facts.calendar.intervalSeconds;
    const at = facts.blockTimes.get(blockNumber) ?? Number.NaN;
    if (!(at >= endsAt)) findings.add(`offer ${offerId} was closed at ${at}, before ${endsAt}`);
    if (seen.has(offerId)) findings.add(`offer ${offerId} was closed a second time`);
    seen.add(offerId);
  }
}

/** In a settled interval every offer that has no other is closed, its trade voided or not. */
function checkSettled(log: MarketLog, findings: Findings): void {
  const closed = new Set(log.closed.map(({ offerId }) => offerId));
  for (const { interval, trades, voided } of log.finalizations) {
    if (!log.settled.has(interval)) continue;
    const traded = [...trades, ...voided].flatMap(({ askId, bidId }) => [askId, bidId]);
    for (const offerId of new Set(traded)) {
      const offer = log.offers.get(offerId);
      if (offer === undefined || offer.firstInterval !== offer.lastInterval) continue;
      if (!closed.has(offerId)) {
        findings.add(`interval ${interval} is settled and offer ${offerId} is not closed`);
      }
    }
  }
}

/** From gate closure to the interval's start, unix seconds. */
function finalizationTime(calendar: AuditedCalendar, interval: number) {
  const ends = interval * calendar.intervalSeconds;
  const ahead = (calendar.clearIntervals - 1) * calendar.intervalSeconds + calendar.leadSeconds;
  return { opens: ends - ahead, ends };
}

function checkTrade(log: MarketLog, trade: FinalTrade, facts: RuleFacts, findings: Findings): void {
  const ask = log.offers.get(trade.askId);
  const bid = log.offers.get(trade.bidId);
  if (!ask || !bid) return; // counted as energy from nowhere
  const name = `interval ${trade.interval}, ask ${trade.askId}, bid ${trade.bidId}`;
  const price = trade.priceMicroPerKwh ?? ask.priceMicroPerKwh;
  if (ask.priceMicroPerKwh > bid.priceMicroPerKwh) findings.add(`${name}: the prices do not meet`);
  else if (price < ask.priceMicroPerKwh || price > bid.priceMicroPerKwh) {
    findings.add(`${name}: the price ${price} is outside both reservation prices`);
  }
  if (trade.powerW * facts.calendar.intervalSeconds < facts.minTradeWs || trade.powerW === 0) {
    findings.add(`${name}: ${trade.powerW} W is less than a trade may be`);
  }
}
