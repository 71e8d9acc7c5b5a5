/** What is told of the forecast: from the first hour on, with gaps, faults and a model. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reportText, sourceWarning } from '../../../agent/cli/forecast-text.ts';
import { MarketTime } from '../../../agent/cli/market-time.ts';
import { forecastReport } from '../../../agent/forecasting/forecast-report.ts';
import { SkillBook, USED } from '../../../agent/forecasting/skill-book.ts';
import { ControlledPower } from '../../../agent/journal/controlled.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { openSql } from '../../../host/sqlite.ts';
import { DAY, NOW, recordLoad } from './made-home.ts';

const test = suite('forecast report');
const TIME = new MarketTime('Europe/Berlin', 900, { utc: true });

interface Change {
  method?: 'auto' | 'simple';
  hasBattery?: boolean;
  hasPv?: boolean;
  clock?: string;
}

function scene(change: Change = {}) {
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(sql);
  const settings = {
    battery: change.hasBattery === true ? {} : null,
    loads: [],
    meters: change.hasPv === true ? [{ role: 'grid' }, { role: 'pv' }] : [{ role: 'grid' }],
    home: { zone: 'Europe/Berlin', maxPowerW: 10_000 },
    lab: { clock: change.clock },
    forecast: { method: change.method ?? 'auto' },
  } as unknown as Parameters<typeof forecastReport>[0]['settings'];
  const records = journal.forecasts;
  const report = () => forecastReport({ records, settings, intervalSeconds: 900, now: NOW });
  const text = () => reportText(report(), TIME);
  return { sql, journal, report, text };
}

const flat = (from: number, to: number, powerW: number) =>
  Array.from({ length: to - from }, (_, place) => ({ interval: from + place, powerW }));

test('before anything was metered it says so', () => {
  const { text, report } = scene();
  assert.match(text(), /knows +nothing yet/);
  assert.match(text(), /model +not trained yet: it needs 14 days of history and knows 0/);
  assert.match(text(), /next interval: nothing scored yet/);
  assert.is(report().series[0]?.history.firstInterval, null);
});

test('after an hour it knows an hour', () => {
  const { journal, text } = scene();
  recordLoad(journal, flat(NOW - 4, NOW, 500));
  assert.match(text(), /knows +1 h 0 min of history, 100 % complete, since 2024-10-04 09:00/);
});

test('gaps, unknown energies and impossible values are counted apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('good', 'gap', 'unknown', 'impossible'), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.boolean(),
      (kinds, hasBattery) => {
        const { sql, journal, report } = scene({ hasBattery });
        const controlled = new ControlledPower(sql);
        const all = ['good', ...kinds];
        const first = NOW - all.length;
        all.forEach((kind, place) => {
          if (kind === 'gap') return;
          const ws = kind === 'unknown' ? null : kind === 'impossible' ? 25_000 * 900 : 450_000;
          const row = { interval: first + place, importedWs: ws, exportedWs: ws && 0 };
          const quality = ws === null ? ('incomplete' as const) : ('measured' as const);
          journal.recordReadings([{ ...row, quality, isAcknowledged: false }], null);
          controlled.record(first + place, 100, 0);
        });
        const count = (kind: string) => all.filter((each) => each === kind).length;
        const { history } = report().series[0] ?? {};
        assert.is(history?.firstInterval, first);
        assert.is(history?.known, count('good'));
        assert.is(history?.refused, count('impossible'));
        assert.is(history?.missing, count('gap') + count('unknown'));
        sql.close();
      },
    ),
    { numRuns: 40 },
  );
});

test('what the battery took must be known too', () => {
  const { sql, journal, report } = scene({ hasBattery: true });
  recordLoad(journal, flat(NOW - 4, NOW, 500));
  new ControlledPower(sql).record(NOW - 2, 1000, 0);
  assert.is(report().series[0]?.history.known, 1);
  assert.is(report().series[0]?.history.missing, 3);
});

test('skill is told in words, with the best simple method beside it', () => {
  const { sql, journal, text, report } = scene();
  recordLoad(journal, flat(NOW - 31 * DAY, NOW, 500));
  const book = new SkillBook('net', 900);
  book.load(journal.forecasts, NOW);
  for (let ago = 7 * DAY; ago > 0; ago -= 1) {
    const target = NOW - ago;
    const range: [number, number] = ago % 5 === 0 ? [0, 1] : [0, 1000];
    const said = [
      { method: USED, expectedW: 295, rangeW: range },
      { method: 'trained', expectedW: 295, rangeW: range },
      { method: 'median28', expectedW: 265, rangeW: null },
      { method: 'yesterday', expectedW: 100, rangeW: null },
    ];
    book.expect(target, '17-96', target - 50, said);
    book.settle(target, 500);
  }
  sql.transaction(() => {
    book.write(journal.forecasts);
    const choice = { series: 'net', leads: '17-96', method: 'trained', sinceMs: 0 };
    journal.forecasts.putChoices([choice]);
  });
  const trained = { series: 'net', outcome: 'trained' as const, reason: null };
  const atMs = NOW * 900_000;
  journal.forecasts.recordTraining({ ...trained, atMs, tookMs: 2_600, days: 31 });
  assert.match(text(), /knows +31 days of history, 100 % complete/);
  assert.match(text(), /model +trained 2024-10-04 10:00:00 \+00:00 in 2\.6 s from 31 days/);
  const said = text().replace(/\s+/g, ' ');
  assert.match(said, 'up to 24 h ahead: trained model, wrong by 41 % of the load on average');
  assert.match(said, 'over 7 days; the best simple method (28-day median) by 47 %');
  assert.match(text(), /80 % within the range/);
  const far = report().series[0]?.leads.find(({ leads }) => leads === '17-96');
  assert.is(far?.bestSimple?.method, 'median28');
  const failed = { series: 'net', outcome: 'failed' as const, reason: 'no answer within 600 s' };
  journal.forecasts.recordTraining({ ...failed, atMs: atMs + 1, tookMs: 1, days: 31 });
  assert.match(text(), /the last training failed: no answer within 600 s; trained 2024-10-04/);
});

test('with a meter on the roof there are three series, and what is known of it counts', () => {
  const { sql, journal, report, text } = scene({ hasPv: true });
  recordLoad(journal, flat(NOW - 4, NOW, 500));
  journal.generated.record(NOW - 1, 800);
  const known = report().series.map(({ name, history }) => [name, history.known]);
  assert.equal(known, [
    ['net', 4],
    ['load', 1],
    ['generation', 1],
  ]);
  assert.match(text(), /^generation$/m);
  assert.match(scene().text(), /generation is not metered by itself/);
  sql.close();
});

test('a lab says that it is one, and what is switched off says so', () => {
  assert.is(sourceWarning(scene().report()), null);
  assert.match(sourceWarning(scene({ clock: 'scaled:1:1:1' }).report()) ?? '', /emulated meters/);
  assert.match(scene({ method: 'simple' }).text(), /model +not used: \[forecast\] method/);
});

test('a journal of an older release has no skill yet, and is no error', () => {
  const { sql, report } = scene();
  sql.run('DROP TABLE forecast_skill');
  assert.equal(report(), { source: 'home', hasGenerationMeter: false, series: [] });
});

test.run();
