/** Offers and final trades of the meters' addresses, and what power was granted to each meter. */
import type { BooksFacts } from './books-facts.ts';
import type { Findings } from './findings.ts';
import { unclaimedAddresses } from './grants.ts';
import type { LogFacts } from './log-facts.ts';

export function checkTrades(log: LogFacts, books: BooksFacts, findings: Findings): void {
  const owners = new Map<number, string>();
  const unclaimed = unclaimedAddresses(log, books);
  for (const { offerId, owner, side } of log.offers.values()) {
    const meterId = books.addresses.get(owner)?.meterId;
    if (meterId === undefined && unclaimed.has(owner)) continue;
    if (meterId === undefined) {
      const text = `offer ${offerId} is from ${owner}: the books do not know the address`;
      findings.add('wrong-trades', text);
      continue;
    }
    owners.set(offerId, meterId);
    const booked = books.offers.get(offerId);
    if (booked?.meterId === meterId && booked.side === side) continue;
    findings.add(
      'wrong-trades',
      `offer ${offerId} of ${meterId} is not in the books as in the log`,
    );
  }
  for (const offerId of books.offers.keys()) {
    if (owners.has(offerId) || log.offers.has(offerId)) continue;
    findings.add('wrong-trades', `offer ${offerId} is in the books, and not in the log`);
  }
  compareTrades(log, books, owners, findings);
}

function compareTrades(
  log: LogFacts,
  books: BooksFacts,
  owners: ReadonlyMap<number, string>,
  findings: Findings,
): void {
  const due = new Map<string, string>();
  for (const { interval, position, trade } of log.trades.values()) {
    for (const offerId of [trade.askId, trade.bidId]) {
      const meterId = owners.get(offerId);
      if (meterId === undefined) continue;
      const side = offerId === trade.askId ? 'sell' : 'buy';
      due.set(`${interval}/${position}/${offerId}`, `${meterId} ${side} ${trade.powerW}`);
    }
  }
  for (const { interval, position, offerId, meterId, side, powerW } of books.trades) {
    const key = `${interval}/${position}/${offerId}`;
    const wanted = due.get(key);
    due.delete(key);
    if (wanted === `${meterId} ${side} ${powerW}`) continue;
    const place = `trade ${position} of interval ${interval}, offer ${offerId}`;
    const why = wanted === undefined ? 'is not final, or was voided' : 'is another one in the log';
    findings.add('wrong-trades', `${place}, in the books ${why}`);
  }
  for (const key of due.keys()) {
    const [interval, position, offerId] = key.split('/');
    const place = `trade ${position} of interval ${interval}, offer ${offerId}`;
    findings.add('wrong-trades', `${place}, is final and not in the books`);
  }
}

/**
 * Each grant at full power over its whole range, as the DSO counts it; what came back whole binds
 * nobody any more.
 */
export function checkPower(books: BooksFacts, findings: Findings): void {
  const used = new Map<string, number>();
  for (const grant of books.grants) {
    if (grant.state !== 'waiting' && grant.state !== 'granted') continue;
    for (let t = grant.firstInterval; t <= grant.lastInterval; t += 1) {
      const key = `${grant.meterId} ${t} ${grant.side}`;
      used.set(key, (used.get(key) ?? 0) + grant.maxPowerW);
    }
  }
  for (const [key, powerW] of used) {
    const [meterId = '', interval, side] = key.split(' ');
    const limitW = books.meters.get(meterId)?.maxPowerW ?? 0;
    if (powerW <= limitW) continue;
    const what = `${meterId} may ${side} ${powerW} W in interval ${interval}`;
    findings.add('over-power', `${what}, its limit is ${limitW} W`);
  }
}
