/**
 * Orders of limits for a while: what the operator's command asks of the books, over the DSO's
 * socket while it runs, directly otherwise; and how each order stands.
 */
import type { Clock } from '../../host/ports.ts';
import {
  type Interval,
  intervalAt,
  lastPostableInterval,
  type MarketCalendar,
  startOf,
} from '../../market/intervals.ts';
import type { Books } from '../books/books.ts';
import type { Control, LimitOrder } from '../books/control.ts';
import { earliestLimit, sentAt } from './limiting.ts';

export interface LimitPorts {
  books: Books;
  calendar: MarketCalendar;
  clock: Clock;
}

export class LimitError extends Error {
  /**
   * `malformed`: not an order. `no-feeder`: the log tells of no such feeder. `above`: not less than
   * the owner allows. `too-soon`: all of it can be offered for already. `unknown`: no such order.
   */
  readonly code: 'malformed' | 'no-feeder' | 'above' | 'too-soon' | 'unknown';
  constructor(code: LimitError['code'], message: string) {
    super(message);
    this.name = 'LimitError';
    this.code = code;
  }
}

export type LimitWish = Omit<LimitOrder, 'id'>;

export function addLimitPath(wish: LimitWish): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wish)) {
    if (value !== null) query.set(name, String(value));
  }
  return `/limits/add?${query}`;
}

export function removeLimitPath(id: number): string {
  return `/limits/remove?${new URLSearchParams({ id: String(id) })}`;
}

/** @returns `{code, sentence}`; status 200 when it was done */
export function answerLimits(
  path: string,
  query: URLSearchParams,
  ports: LimitPorts,
): { status: number; body: string } {
  const answer = (status: number, code: string, sentence: string) => ({
    status,
    body: JSON.stringify({ code, sentence }),
  });
  try {
    const act = path === '/limits/remove' ? remove : add;
    return answer(200, 'done', act(query, ports));
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    return answer(409, error.code, error.message);
  }
}

function add(query: URLSearchParams, { books, calendar, clock }: LimitPorts): string {
  const watts = (name: string) => (query.has(name) ? wholeOf(query, name) : null);
  const wish: LimitWish = {
    feeder: wholeOf(query, 'feeder'),
    internalLimitW: watts('internalLimitW'),
    externalLimitW: watts('externalLimitW'),
    firstInterval: wholeOf(query, 'firstInterval'),
    lastInterval: wholeOf(query, 'lastInterval'),
  };
  checkCeiling(books.control, wish);
  const earliest = earliestLimit(calendar, clock.now() / 1000);
  if (wish.lastInterval < earliest) throw new LimitError('too-soon', tooSoon(wish, earliest));
  const id = books.control.addLimit(wish, clock.now());
  const from = Math.max(earliest, wish.firstInterval);
  const last = intervalText(calendar, wish.lastInterval + 1);
  const held = `limit ${id}: feeder ${wish.feeder} is held from ${intervalText(calendar, from)}`;
  const sent = `the DSO sends it at ${timeText(sentAt(calendar, from))}, and must run then`;
  if (from === wish.firstInterval) return `${held} to ${last}; ${sent}`;
  return `${held} to ${last}; ${sent}. ${tooSoon(wish, earliest)}`;
}

function checkCeiling(control: Control, wish: LimitWish): void {
  const { feeder, internalLimitW, externalLimitW, firstInterval, lastInterval } = wish;
  const ceiling = control.ceilingOf(feeder);
  if (ceiling === null) {
    const known = control.feeders();
    throw new LimitError(
      'no-feeder',
      known.length === 0
        ? 'the books know no limits yet: let the DSO read the log first; a market of an earlier ' +
            'release has no limits that the DSO may lower'
        : `there is no feeder ${feeder}: this grid has feeders 1 to ${known.length}`,
    );
  }
  if (lastInterval < firstInterval) throw new LimitError('malformed', 'it ends before it begins');
  const isBelow =
    (internalLimitW ?? 0) <= ceiling.internalLimitW &&
    (externalLimitW ?? 0) <= ceiling.externalLimitW;
  const isLess =
    (internalLimitW !== null && internalLimitW < ceiling.internalLimitW) ||
    (externalLimitW !== null && externalLimitW < ceiling.externalLimitW);
  if (isBelow && isLess) return;
  throw new LimitError(
    'above',
    `the owner allows feeder ${feeder} ${ceiling.internalLimitW} W inside and ` +
      `${ceiling.externalLimitW} W across: an order can only be lower; more needs the owner's key`,
  );
}

function tooSoon({ feeder, firstInterval }: LimitWish, earliest: Interval): string {
  return (
    `intervals before ${earliest} can be offered for already, and what was promised there is ` +
    'not changed. In an emergency, to void all trades of the feeder there: ' +
    `transax-operator suspend ${feeder} ${firstInterval} ${earliest - 1}`
  );
}

function remove(query: URLSearchParams, { books, clock }: LimitPorts): string {
  const id = wholeOf(query, 'id');
  if (books.control.removeLimit(id, clock.now())) {
    return `limit ${id} is removed; what it changed already goes back a horizon from now`;
  }
  throw new LimitError('unknown', `there is no limit ${id}: see transax-operator limit list`);
}

function wholeOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new LimitError('malformed', `"${text}" is no ${name}`);
}

// ----------------------------------------------------------------------------------- the list

/** Whether the contracts hold it: not yet sent, held, or not from its beginning on. */
export type LimitState = 'planned' | 'set' | 'late';

export interface LimitStanding extends LimitOrder {
  state: LimitState;
  /** Intervals that it should hold in and does not. */
  missedIntervals: number;
  /** ISO times: from, and to when. */
  from: string;
  to: string;
}

/** @param now unix s */
export function limitStandings(
  control: Control,
  calendar: MarketCalendar,
  now: number,
): LimitStanding[] {
  return control.limitOrders(intervalAt(calendar, now)).map((order) => {
    const missedIntervals = missedOf(control, calendar, order, now);
    const isSent = order.firstInterval <= lastPostableInterval(calendar, now);
    return {
      ...order,
      state: missedIntervals > 0 ? 'late' : isSent ? 'set' : 'planned',
      missedIntervals,
      from: timeText(startOf(calendar, order.firstInterval)),
      to: timeText(startOf(calendar, order.lastInterval + 1)),
    };
  });
}

/** Intervals that can be offered for and have higher limits than was ordered. */
function missedOf(
  control: Control,
  calendar: MarketCalendar,
  order: LimitOrder,
  now: number,
): number {
  const last = Math.min(order.lastInterval, lastPostableInterval(calendar, now));
  let missed = 0;
  for (let t = order.firstInterval; t <= last; t += 1) {
    const limits = control.limitsAt(order.feeder, t);
    const isHeld =
      limits !== null &&
      limits.internalLimitW <= (order.internalLimitW ?? Number.POSITIVE_INFINITY) &&
      limits.externalLimitW <= (order.externalLimitW ?? Number.POSITIVE_INFINITY);
    if (!isHeld) missed += 1;
  }
  return missed;
}

export function intervalText(calendar: MarketCalendar, interval: Interval): string {
  return `${timeText(startOf(calendar, interval))} (interval ${interval})`;
}

function timeText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000', '');
}
