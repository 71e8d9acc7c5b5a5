import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { laterPrices } from '../../../agent/strategy/counted-prices.ts';
import { MarketPast } from '../../../agent/strategy/market-past.ts';

const test = suite('strategy: market past');
const SUPPLIER = { useMicroPerKwh: 300_000, feedInMicroPerKwh: 80_000 };
const OFFERS = { askMicroPerKwh: 120_000, bidMicroPerKwh: 230_000 };

test('what is left on one side is what one more on the other would have met', () => {
  const past = new MarketPast(3600);
  assert.equal(past.clearsAt(30), { bids: 0, asks: 0 });
  past.observe({ interval: 6, askedW: 8000, bidW: 1000, tradedW: 1000 });
  assert.equal(past.clearsAt(30), { bids: 0.25, asks: 0 }, 'the same hour of the next day');
  assert.equal(past.clearsAt(31), { bids: 0, asks: 0 });
  past.observe({ interval: 30, askedW: 1000, bidW: 9000, tradedW: 1000 });
  const { bids, asks } = past.clearsAt(54);
  assert.ok(bids < 0.25 && asks > 0, 'and it forgets');
});

test('netted deviations are learned beside offers', () => {
  const past = new MarketPast(3600);
  past.observeNetting({ interval: 6, missingW: 12_000, leftOverW: 0 });
  assert.equal(past.metAt(30), { bids: 0, asks: 0.25 });
  assert.equal(past.clearsAt(30), { bids: 0, asks: 0 });
});

test('truthful homes look ahead at the supplier, adaptive ones at what clears', () => {
  const clears = { bids: 0.5, asks: 1 };
  const truthful = laterPrices('truthful', OFFERS, SUPPLIER, clears);
  assert.equal(truthful, { buyMicroPerKwh: 300_000, sellMicroPerKwh: 80_000 });
  const adaptive = laterPrices('adaptive', OFFERS, SUPPLIER, clears);
  assert.equal(adaptive, { buyMicroPerKwh: 237_500, sellMicroPerKwh: 175_000 });
  const never = laterPrices('adaptive', OFFERS, SUPPLIER, { bids: 0, asks: 0 });
  assert.equal(never, truthful, 'where nothing ever cleared both are the same');
});

test.run();
