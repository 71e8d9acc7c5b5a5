import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadHistory } from '../../../../agent/strategy/forecast/load-history.ts';

const test = suite('strategy: what a home drew');

test('values are found where they were put; what is between them is unknown', () => {
  const history = new LoadHistory(900);
  history.observe(1000, 5);
  history.observe(1003, 7);
  history.observe(998, 3);
  assert.equal(
    [998, 999, 1000, 1003, 1004].map((each) => history.at(each)),
    [...[3, Number.NaN, 5, 7, Number.NaN]],
  );
  assert.equal([history.first, history.end, history.known], [998, 1004, 3]);
});

test('the oldest go where there is more than a year', () => {
  const history = new LoadHistory(900);
  for (let at = 0; at < 45_000; at += 1) history.observe(at, at % 100);
  assert.is(history.at(44_999), 99);
  assert.ok(history.first > 0 && history.end - history.first <= 40_000);
  assert.is(history.known, history.end - history.first);
  assert.is(history.at(history.first), history.first % 100);
});

test('an outage longer than all that is kept leaves the new values alone', () => {
  const history = new LoadHistory(900);
  history.observe(10, 1);
  history.observe(500_000, 2);
  assert.is(history.at(500_000), 2);
  assert.ok(Number.isNaN(history.at(10)));
  assert.is(history.known, 1);
});

test.run();
