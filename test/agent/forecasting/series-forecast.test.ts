/** A series scores each method on the same outcomes, and leaves a method that is worse. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LEADS, leadsOf, targetsFrom } from '../../../agent/forecasting/lead-classes.ts';
import { SeriesForecast } from '../../../agent/forecasting/series-forecast.ts';
import { SKILL_DAYS, SkillBook } from '../../../agent/forecasting/skill-book.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { HomeDays } from '../../../agent/strategy/forecast/home-days.ts';
import { train } from '../../../agent/strategy/forecast/trained-model.ts';
import type { Sql } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';
import { DAY, madeLoadW, NOW } from './made-home.ts';

const test = suite('series forecast');
const LOCAL = new HomeDays('Europe/Berlin', 900);
const open = () => openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });

function seriesOf(days: number): SeriesForecast {
  const series = new SeriesForecast('net', { intervalSeconds: 900, local: LOCAL });
  for (const { interval, powerW } of madeLoadW(days)) series.observe(interval, powerW, 0);
  return series;
}

function keep(series: SeriesForecast, sql: Sql): Journal {
  const journal = new Journal(sql);
  sql.transaction(() => series.write(journal.forecasts));
  series.written();
  return journal;
}

test('each class has a target of its own, and all its leads in turn', () => {
  assert.equal(LEADS, ['1', '2-4', '5-16', '17-96']);
  const seen = new Set<number>();
  for (let origin = NOW; origin < NOW + 96; origin += 1) {
    for (const { leads, target } of targetsFrom(origin)) {
      const lead = target - origin + 1;
      assert.is(leadsOf(lead), leads);
      seen.add(lead);
    }
  }
  assert.is(seen.size, 96);
});

test('a trained model that is worse than a simple method is left, and comes back', () => {
  const series = seriesOf(21);
  const model = train(series.forecaster.known);
  assert.ok(model !== null);
  // A model of another home: far off.
  const classes = model.classes.map((own) => ({ ...own, model: null, simple: 'persistence' }));
  series.forecaster.adopt({ ...model, leastW: 5000, mostW: 5000, classes: classes as never });
  for (let ahead = 0; ahead < 3 * DAY; ahead += 1) {
    series.expect();
    series.observe(NOW + ahead, 400, 0);
  }
  const now = NOW + 3 * DAY;
  const forecast = series.forecast(now + 40);
  assert.is(forecast?.p50W, 400);
  assert.match(forecast?.method ?? '', /lately better than/);
  assert.ok((forecast?.p10W ?? 0) <= 400 && (forecast?.p90W ?? 0) >= 400);
  for (const leads of LEADS) assert.is.not(series.choice(leads), 'trained', leads);
  const sql = open();
  const journal = keep(series, sql);
  const again = seriesOf(21);
  again.load(journal.forecasts, now);
  for (const leads of LEADS)
    assert.is(again.choice(leads), series.choice(leads), 'after a restart');
});

test('what is not known is not scored; what was refused neither', () => {
  const series = new SeriesForecast('net', { intervalSeconds: 900, local: LOCAL, limitW: 20_000 });
  for (const { interval, powerW } of madeLoadW(3)) series.observe(interval, powerW, 0);
  series.expect();
  assert.ok(series.observe(NOW, null, 0));
  series.expect();
  assert.not(series.observe(NOW + 1, 90_000, 0), 'refused');
  const journal = keep(series, open());
  const day = Math.floor(NOW / DAY);
  assert.equal(journal.forecasts.skill('net', day - 1, day + 1), []);
});

test('sums of a book are those of its outcomes, and days go out of them', () => {
  const book = new SkillBook('net', 900);
  const day = Math.floor(NOW / DAY);
  const sql = open();
  const { forecasts } = new Journal(sql);
  book.load(forecasts, NOW);
  const said = (expectedW: number) => [
    { method: 'used', expectedW, rangeW: [expectedW - 50, expectedW + 50] as [number, number] },
    { method: 'yesterday', expectedW: Number.NaN, rangeW: null },
  ];
  book.expect(NOW, '1', NOW, said(100));
  book.expect(NOW + 1, '1', NOW + 1, said(100));
  book.expect(NOW + 1, '2-4', NOW, said(300));
  book.settle(NOW, 130);
  book.settle(NOW + 1, 200);
  assert.equal(book.scores('1').get('used'), { count: 2, errorW: 130, loadW: 330, covered: 1 });
  assert.equal(book.scores('2-4').get('used'), { count: 1, errorW: 100, loadW: 200, covered: 0 });
  assert.not(book.scores('1').has('yesterday'), 'it knew nothing');
  sql.transaction(() => book.write(forecasts));
  book.written();
  assert.is(forecasts.skill('net', day, day).length, 2);
  const later = NOW + SKILL_DAYS * DAY;
  book.expect(later, '1', later, said(100));
  book.settle(later, 100);
  assert.equal(book.scores('1').get('used'), { count: 1, errorW: 0, loadW: 100, covered: 1 });
  assert.not(book.scores('2-4').has('used'));
  const long = NOW + 90 * DAY;
  book.expect(long, '1', long, said(100));
  book.settle(long, 100);
  sql.transaction(() => book.write(forecasts));
  assert.is(forecasts.skill('net', 0, day).length, 0, 'old rows go');
});

test.run();
