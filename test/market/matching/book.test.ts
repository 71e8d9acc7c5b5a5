import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MarketEvent } from '../../../market/events.ts';
import { Book } from '../../../market/matching/book.ts';
import { encodeChunk } from '../../../market/matching/chunk.ts';
import type { Trade } from '../../../market/offers.ts';

const test = suite('market/matching/book');

const INTERVAL_SECONDS = 900;
let logIndex = 0;

type Bare<T> = T extends MarketEvent
  ? Omit<T, 'blockNumber' | 'logIndex' | 'transactionHash'>
  : never;

function feed(book: Book, ...events: Bare<MarketEvent>[]): Book {
  for (const event of events) {
    const at = { blockNumber: 1, logIndex: logIndex++, transactionHash: '0x' };
    book.observe({ ...at, ...event } as MarketEvent);
  }
  return book;
}

function posted(offerId: number, firstInterval: number, lastInterval: number): Bare<MarketEvent> {
  return {
    kind: 'offer-posted',
    offerId,
    owner: '0xa',
    assetId: offerId,
    feeder: 1,
    side: offerId % 2 === 1 ? 'sell' : 'buy',
    firstInterval,
    lastInterval,
    energyWs: 1000 * INTERVAL_SECONDS,
    maxPowerW: 1000,
    priceMicroPerKwh: 100,
  };
}

function chunk(solutionId: number, interval: number, trades: Trade[]): Bare<MarketEvent> {
  return { kind: 'candidate-chunk', solutionId, interval, trades: encodeChunk(trades) };
}

function accepted(solutionId: number, firstInterval: number): Bare<MarketEvent> {
  const value = { homeEnergyWs: 1n, utilityEnergyWs: 0n, welfare: 0n };
  return { kind: 'candidate-accepted', solutionId, solver: '0xb', firstInterval, ...value };
}

function final(interval: number, trades: Trade[]): Bare<MarketEvent> {
  return { kind: 'solution-finalized', interval, solver: '0xb', trades: encodeChunk(trades) };
}

function limitsFrom(fromInterval: number, internalLimitW: number): Bare<MarketEvent> {
  const externalLimitW = internalLimitW;
  return { kind: 'feeder-limits-set', feeder: 1, fromInterval, internalLimitW, externalLimitW };
}

const TRADE: Trade = { askId: 1, bidId: 2, powerW: 400 };

test('lists offers whose range touches a window, by id', () => {
  const book = feed(new Book(INTERVAL_SECONDS), posted(3, 8, 12), posted(1, 5, 6), posted(2, 7, 7));
  const ids = (first: number, last: number) => book.openOffers(first, last).map(({ id }) => id);
  assert.equal(ids(5, 20), [1, 2, 3]);
  assert.equal(ids(7, 7), [2]);
  assert.equal(ids(9, 20), [3]);
  assert.equal(ids(13, 20), []);
});

test('final trades take energy from both offers, voided ones give it back', () => {
  const book = feed(new Book(INTERVAL_SECONDS), posted(1, 5, 6), posted(2, 5, 6));
  feed(book, final(5, [TRADE]));
  assert.is(book.offer(1)?.energyWs, 600 * INTERVAL_SECONDS);
  assert.is(book.offer(2)?.energyWs, 600 * INTERVAL_SECONDS);
  feed(book, { kind: 'trades-voided', interval: 5, positions: [0] });
  assert.is(book.offer(1)?.energyWs, 1000 * INTERVAL_SECONDS);
  assert.equal([...(book.finalOf(5)?.voided ?? [])], [0]);
});

test('voids that are told before the final trades count as well', () => {
  const book = feed(new Book(INTERVAL_SECONDS), posted(1, 5, 6), posted(2, 5, 6));
  feed(book, { kind: 'trades-voided', interval: 5, positions: [0] }, final(5, [TRADE]));
  assert.is(book.offer(1)?.energyWs, 1000 * INTERVAL_SECONDS);
});

test('chunks are the candidate only when their solution was accepted', () => {
  const book = feed(new Book(INTERVAL_SECONDS), chunk(1, 5, [TRADE]));
  assert.equal(book.candidateTrades(5), []);
  feed(book, accepted(1, 5));
  assert.equal(book.candidateTrades(5), [TRADE]);
});

test('a better solution replaces all of the candidate, not only the intervals it names', () => {
  const book = feed(new Book(INTERVAL_SECONDS), chunk(1, 5, [TRADE]), accepted(1, 5));
  feed(book, chunk(2, 6, [TRADE]), accepted(2, 5));
  assert.equal(book.candidateTrades(5), []);
  assert.equal(book.candidateTrades(6), [TRADE]);
});

test('chunks of intervals that closed before a solution was accepted are not the candidate', () => {
  const book = feed(new Book(INTERVAL_SECONDS), chunk(1, 5, [TRADE]), chunk(1, 6, [TRADE]));
  feed(book, accepted(1, 6));
  assert.equal(book.candidateChunks(0), [{ interval: 6, trades: [TRADE] }]);
});

test('a final interval leaves the candidate', () => {
  const book = feed(new Book(INTERVAL_SECONDS), chunk(1, 5, [TRADE]), chunk(1, 6, [TRADE]));
  feed(book, accepted(1, 5), final(5, [TRADE]));
  assert.equal(book.candidateChunks(0), [{ interval: 6, trades: [TRADE] }]);
  assert.equal(book.finalOf(5)?.trades, [TRADE]);
});

test('limits hold from the interval they were set for', () => {
  const book = new Book(INTERVAL_SECONDS);
  feed(book, limitsFrom(0, 100), limitsFrom(50, 200), limitsFrom(40, 300));
  assert.is(book.limitsAt(1, 39).internalLimitW, 100);
  assert.is(book.limitsAt(1, 40).internalLimitW, 300);
  assert.is(book.limitsAt(1, 60).internalLimitW, 300);
  assert.is(book.limitsAt(7, 60).internalLimitW, 0);
  assert.ok(book.limitsAt(0, 60).internalLimitW > 2 ** 32);
});

test('a suspension covers its own feeder and intervals', () => {
  const book = new Book(INTERVAL_SECONDS);
  feed(book, { kind: 'suspended', feeder: 2, firstInterval: 5, lastInterval: 6 });
  assert.is(book.isSuspended(2, 6), true);
  assert.is(book.isSuspended(2, 7), false);
  assert.is(book.isSuspended(1, 5), false);
});

test('closed offers are not open', () => {
  const book = feed(new Book(INTERVAL_SECONDS), posted(1, 5, 6), posted(2, 5, 6));
  feed(book, { kind: 'offer-closed', offerId: 1, owner: '0xa', energyWs: 0, moneyMicro: 0n });
  assert.equal(
    book.openOffers(5, 6).map(({ id }) => id),
    [2],
  );
});

test('final intervals with trades wait for settlement, and are kept until then', () => {
  const book = feed(new Book(INTERVAL_SECONDS), posted(1, 5, 5), posted(2, 5, 7));
  const waiting = (before = 8) => book.unsettledFinals(before).map(({ interval }) => interval);
  feed(book, { kind: 'trades-voided', interval: 5, positions: [0] }, final(5, [TRADE]));
  feed(book, final(6, []), final(7, [TRADE]));
  assert.equal([waiting(), waiting(7)], [[5, 7], [5]], 'with a voided trade, and not with none');
  book.forget(7);
  assert.equal(book.unsettledFinals(6)[0]?.trades, [TRADE]);
  assert.equal([...(book.unsettledFinals(6)[0]?.voided ?? [])], [0]);
  feed(book, { kind: 'interval-settled', interval: 5 });
  assert.equal(waiting(), [7]);
  book.forget(7);
  assert.is(book.finalOf(5), undefined);
});

test('forgets what ended, and nothing that can still trade', () => {
  const book = feed(new Book(INTERVAL_SECONDS), posted(1, 5, 6), posted(2, 5, 7), limitsFrom(0, 9));
  const suspended = { kind: 'suspended', feeder: 1, firstInterval: 5, lastInterval: 6 } as const;
  feed(book, final(5, [TRADE]), { kind: 'interval-settled', interval: 5 }, suspended);
  book.forget(7);
  assert.is(book.offer(1), undefined);
  assert.is(book.offer(2)?.energyWs, 600 * INTERVAL_SECONDS);
  assert.is(book.finalOf(5), undefined);
  assert.is(book.isSuspended(1, 6), false);
  assert.is(book.limitsAt(1, 7).internalLimitW, 9);
});

test('parts of solutions that are never committed do not pile up', () => {
  const book = new Book(INTERVAL_SECONDS);
  for (let id = 1; id <= 300; id++) feed(book, chunk(id, 5, [TRADE]));
  feed(book, accepted(1, 5));
  assert.equal(book.candidateTrades(5), [], 'the oldest was forgotten');
  feed(book, accepted(300, 5));
  assert.equal(book.candidateTrades(5), [TRADE]);
});

test.run();
