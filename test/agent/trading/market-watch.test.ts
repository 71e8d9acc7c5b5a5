import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { MarketWatch } from '../../../agent/trading/market-watch.ts';
import { openSql } from '../../../host/sqlite.ts';
import type { MarketEvent } from '../../../market/events.ts';
import { encodeChunk } from '../../../market/matching/chunk.ts';

const test = suite('market watch');

const DAY = 96;
const at = { blockNumber: 1, transactionHash: '0x', logIndex: 0 };

function offered(side: 'buy' | 'sell', interval: number, powerW: number, last = interval) {
  return {
    ...{ ...at, kind: 'offer-posted', offerId: 1, owner: '0x1', assetId: 1, feeder: 1, side },
    ...{ firstInterval: interval, lastInterval: last, maxPowerW: powerW },
    ...{ energyWs: powerW * 900, priceMicroPerKwh: 1 },
  } as unknown as MarketEvent;
}

function finalized(interval: number, powerW: number) {
  const trades = powerW === 0 ? '0x' : encodeChunk([{ askId: 1, bidId: 2, powerW }]);
  return { ...at, kind: 'solution-finalized', interval, solver: '0x2', trades } as MarketEvent;
}

function openJournal() {
  return new Journal(openSql(':memory:', { migrations: JOURNAL_MIGRATIONS }));
}

function watchOf(journal: Journal, wholeFrom = 0) {
  return new MarketWatch({ intervalSeconds: 900, wholeFrom, records: journal.market });
}

/** So many days with a surplus that nobody bought, at slot 50. */
function tellDays(watch: MarketWatch, days: number, from = 0): void {
  for (let day = from; day < from + days; day += 1) {
    const interval = 50 + day * DAY;
    watch.observe(offered('sell', interval, 9_000));
    watch.observe(offered('buy', interval, 1_000));
    watch.observe(finalized(interval, 1_000));
  }
}

test('what was left over in a slot is counted with there, day after day', () => {
  const watch = watchOf(openJournal());
  assert.equal(watch.clearsAt(50), { bids: 0, asks: 0 });
  tellDays(watch, 10);
  const { bids, asks } = watch.clearsAt(50 + 20 * DAY);
  assert.ok(bids > 0.9, `${bids}`);
  assert.is(asks, 0);
  assert.is(watch.clearsAt(51).bids, 0);
});

test('a restart knows the same, and a log that is read again changes nothing', () => {
  const journal = openJournal();
  const watch = watchOf(journal);
  tellDays(watch, 5);
  const known = watch.clearsAt(50);
  const again = watchOf(journal);
  assert.equal(again.clearsAt(50), known);
  tellDays(again, 5);
  assert.equal(again.clearsAt(50), known);
  tellDays(again, 1, 5);
  assert.ok(again.clearsAt(50).bids > known.bids);
});

test('an interval whose offers were not all told is left out', () => {
  const journal = openJournal();
  const watch = watchOf(journal, 51);
  tellDays(watch, 1);
  assert.equal(watch.clearsAt(50), { bids: 0, asks: 0 });
  assert.equal(journal.market.since(0), []);
});

test('an offer over a range counts evenly; what is old is dropped', () => {
  const journal = openJournal();
  const watch = watchOf(journal);
  watch.observe(offered('sell', 10, 800, 13));
  watch.observe(finalized(11, 0));
  watch.observe(finalized(10, 0));
  assert.equal(journal.market.since(0), [
    { interval: 10, askedW: 200, bidW: 0, tradedW: 0 },
    { interval: 11, askedW: 200, bidW: 0, tradedW: 0 },
  ]);
  watch.observe(finalized(11 + 28 * DAY, 0));
  assert.equal(
    journal.market.since(0).map(({ interval }) => interval),
    [11, 11 + 28 * DAY],
  );
});

test.run();
