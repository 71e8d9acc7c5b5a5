import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { marketOf } from '../../bench/clearing/market.ts';
import { measureClearing, measurePairwise } from '../../bench/clearing/measure.ts';
import { reportOf, sentencesOf } from '../../bench/clearing/report.ts';

const test = suite('bench/clearing');

const SIZE = { homes: 20, producers: 3, prices: 'ticks', seed: 1 } as const;

test('a seed gives one market, with offers whose power is less than their energy', () => {
  const market = marketOf(SIZE);
  assert.equal(market.offers, marketOf(SIZE).offers);
  assert.not.equal(market.offers, marketOf({ ...SIZE, seed: 2 }).offers);
  const asks = market.offers.filter(({ side }) => side === 'sell');
  assert.ok(asks.length > 0);
  assert.ok(asks.some((ask) => ask.energyWs > ask.maxPowerW * market.intervalSeconds));
  assert.is(market.offers.length, new Set(market.offers.map(({ id }) => id)).size);
});

test('the report has the energy of the pairwise program beside it, where that fits', async () => {
  const tieRule = { kind: 'earliest-deadline', second: 'equal-shares' } as const;
  const market = marketOf(SIZE);
  const clearing = await measureClearing(market, tieRule, 1, 0);
  const pairwise = await measurePairwise(market, 1, 0);
  const report = reportOf({ size: SIZE, tieRule, market, clearing, pairwise });
  assert.is(report.offers, market.offers.length);
  assert.ok(report.energyWs > 0);
  assert.is(report.energyWs, report.upperBoundWs);
  assert.is(report.pairwiseEnergyWs, report.energyWs);
  assert.ok(report.trades > 0 && report.seconds > 0 && report.maxRssMiB > 0);
  assert.match(sentencesOf(report), 'proven optimal');
  const large = marketOf({ ...SIZE, homes: 1000, producers: 50 });
  assert.is(await measurePairwise(large, 1), null);
});

test.run();
