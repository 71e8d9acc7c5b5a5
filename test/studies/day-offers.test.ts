import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_BASE, OffersError, parseDayOffers, reachOf } from '../../studies/day-offers.ts';

const test = suite('studies/day-offers');

const HEADER = 'prosumer,feeder,first_interval,last_interval,mean_kw';

test('the value is mean kW, and of a range of intervals the total', () => {
  const [sun, stored, need] = parseDayOffers(
    `${HEADER}\n101,1,28,28,0.1\n101,1,50,95,8.4\n205,2,3,3,-3.8\n`,
    'day.csv',
  );
  assert.equal(
    [sun?.side, sun?.energyWs, sun?.maxPowerW, sun?.firstInterval],
    ['sell', 90_000, 100, DAY_BASE + 28],
  );
  assert.equal(
    [stored?.energyWs, stored?.maxPowerW, stored?.lastInterval],
    [7_560_000, 8400, DAY_BASE + 95],
  );
  assert.equal([need?.side, need?.energyWs, need?.feeder], ['buy', 3_420_000, 2]);
});

test('the first interval of the day begins at midnight', () => {
  assert.is((DAY_BASE + 1) * 900 * 1000, Date.UTC(2020, 11, 21));
});

test('tells the line of what is not an offer', () => {
  for (const line of ['1,1,1', '1,1,1,1,x', '1,1,1.5,2,3', '1,1,1,1,0', '1,1,1,1,1,1']) {
    assert.throws(
      () => parseDayOffers(`${HEADER}\n1,1,1,1,1\n${line}\n`, 'day.csv'),
      (error: unknown) => error instanceof OffersError && error.message.includes('line 3'),
      line,
    );
  }
  assert.throws(
    () => parseDayOffers('a,b\n', 'day.csv'),
    (error: unknown) => error instanceof OffersError,
  );
});

test('tells how far the offers reach', () => {
  const offers = parseDayOffers(`${HEADER}\n1,1,5,9,1\n2,1,2,3,1\n`, 'day.csv');
  assert.equal(reachOf(offers), { first: DAY_BASE + 2, last: DAY_BASE + 9 });
});

test.run();
