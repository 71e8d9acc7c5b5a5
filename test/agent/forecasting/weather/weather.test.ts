/** Forecasts of the weather: what is read, what is refused, and the mean of an interval. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lookAtWeather, WeatherFile } from '../../../../agent/forecasting/weather/weather-file.ts';
import { MqttText } from '../../../../agent/forecasting/weather/weather-places.ts';
import { WeatherSeries } from '../../../../agent/forecasting/weather/weather-series.ts';
import { readWeather } from '../../../../agent/forecasting/weather/weather-text.ts';
import type { HouseMqtt } from '../../../../host/mqtt-port.ts';
import { FileError } from '../../../../host/ports.ts';

const test = suite('weather');
const HEAD = 'utc,irradiance_w_m2,temperature_c';
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 5, 1);

const ROW = fc.record({
  hour: fc.integer({ min: 0, max: 200 }),
  irradiance: fc.option(fc.integer({ min: 0, max: 1500 })),
  temperature: fc.option(fc.integer({ min: -300, max: 400 }).map((tenths) => tenths / 10)),
});

test('what is written as CSV and as JSON is read as the same, by time', () => {
  fc.assert(
    fc.property(fc.uniqueArray(ROW, { minLength: 1, selector: ({ hour }) => hour }), (rows) => {
      const utc = (hour: number) => new Date(START_MS + hour * HOUR_MS).toISOString();
      const lines = rows.map(({ hour, irradiance, temperature }) =>
        [utc(hour), irradiance ?? '', temperature ?? ''].join(','),
      );
      const list = rows.map(({ hour, irradiance, temperature }) => ({
        ...{ utc: utc(hour), irradiance_w_m2: irradiance, temperature_c: temperature },
      }));
      const read = readWeather([HEAD, ...lines].join('\r\n'));
      assert.equal(read.faults, []);
      assert.equal(readWeather(JSON.stringify(list)), read);
      const sorted = [...rows].sort((one, other) => one.hour - other.hour);
      assert.equal(
        read.rows,
        sorted.map(({ hour, irradiance, temperature }) => ({
          fromMs: START_MS + hour * HOUR_MS,
          irradianceWm2: irradiance,
          temperatureC: temperature,
        })),
      );
    }),
  );
});

test('a bad row is refused with its line, the others are read', () => {
  const text = [
    HEAD,
    '2026-06-01T00:00Z,0,12',
    'yesterday,0,12',
    '2026-06-01T02:00Z,-1,12',
    '2026-06-01T03:00Z,NaN,12',
    '',
    '2026-06-01T04:00Z,12,1e9',
    '2026-06-01 05:00,100,12.5',
    '1780290000,0x10,1',
    '2026-06-01T06:00+02:00,1,1',
  ].join('\n');
  const { rows, faults } = readWeather(text);
  assert.is(rows.length, 2);
  assert.equal(
    faults.map(({ line }) => line),
    [3, 4, 5, 7, 9, 10],
  );
  assert.match(faults[0]?.message ?? '', 'utc is no moment: yesterday');
  assert.match(faults[1]?.message ?? '', 'irradiance_w_m2 must be 0 to 1500: -1');
});

test('no text of anybody breaks it', () => {
  const piece = fc.constantFrom(HEAD, '\n', ',', '2026-06-01T00:00Z', '[', ']', '{}', 'null', '7');
  const texts = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
    fc.json(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const { rows, faults } = readWeather(text);
      assert.ok(rows.length > 0 || faults.length > 0);
    }),
    { numRuns: 2_000 },
  );
});

test('the mean of a span counts each row by how long it holds', () => {
  const rows = [
    { fromMs: 0, irradianceWm2: 100, temperatureC: null },
    { fromMs: HOUR_MS, irradianceWm2: 300, temperatureC: 10 },
    { fromMs: 2 * HOUR_MS, irradianceWm2: null, temperatureC: 20 },
    { fromMs: 9 * HOUR_MS, irradianceWm2: 5, temperatureC: 1 },
  ];
  const series = new WeatherSeries(rows);
  assert.equal(series.mean(0, HOUR_MS / 4), { irradianceWm2: 100, temperatureC: null });
  const both = series.mean(HOUR_MS / 2, 2 * HOUR_MS);
  assert.is(Math.round(both?.irradianceWm2 ?? 0), 233);
  assert.is(series.mean(-HOUR_MS, 0), null);
  assert.equal(series.mean(4 * HOUR_MS, 6 * HOUR_MS), { irradianceWm2: null, temperatureC: 20 });
  assert.is(series.mean(5 * HOUR_MS, 6 * HOUR_MS), null, 'a row holds for three hours at most');
  assert.equal(series.span, { fromMs: 0, toMs: 12 * HOUR_MS });
  assert.is(new WeatherSeries([]).span, null);
});

test('a mean lies between the rows it is of, and constant weather stays so', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: -5, max: 130 }),
      fc.integer({ min: 1, max: 20 }),
      (values, quarter, length) => {
        const series = new WeatherSeries(
          values.map((irradianceWm2, hour) => ({
            ...{ fromMs: hour * HOUR_MS, irradianceWm2, temperatureC: null },
          })),
        );
        const fromMs = (quarter * HOUR_MS) / 4;
        const mean = series.mean(fromMs, fromMs + (length * HOUR_MS) / 4)?.irradianceWm2 ?? null;
        if (mean === null) return;
        assert.ok(mean >= Math.min(...values) - 1e-9 && mean <= Math.max(...values) + 1e-9);
      },
    ),
  );
});

function sourceOf(text: () => string | null) {
  const read = () => {
    const found = text();
    if (found === null) throw new FileError('/w.csv', 'missing', 'there is no /w.csv');
    return found;
  };
  return { place: '/w.csv', read };
}

test('a file is read again when it changed, and what is wrong is said once', () => {
  let text: string | null = `${HEAD}\n2026-06-01T00:00Z,100,`;
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const log = { info: note, warn: note, error: note };
  const file = new WeatherFile(
    sourceOf(() => text),
    log,
  );
  assert.is(file.refresh(START_MS).problem, null);
  assert.is(file.mean(START_MS, START_MS + 900_000)?.irradianceWm2, 100);
  text = `${HEAD}\n2026-06-01T00:00Z,200,\nrubbish`;
  for (let turn = 0; turn < 3; turn += 1) file.refresh(START_MS);
  assert.is(file.mean(START_MS, START_MS + 900_000)?.irradianceWm2, 200);
  assert.equal(lines, ['forecasts of the weather: line 3: utc is no moment: rubbish']);
  text = null;
  for (let turn = 0; turn < 3; turn += 1) file.refresh(START_MS);
  assert.is(file.mean(START_MS, START_MS + 900_000)?.irradianceWm2, 200, 'what was read stays');
  text = `${HEAD}\n2026-06-01T00:00Z,300,`;
  file.refresh(START_MS);
  assert.match(lines.join('\n'), /there is no \/w\.csv\nforecasts of the weather are well again/);
});

test('what a topic told last is the text, and a broker that is lost takes nothing back', () => {
  let tell = (_text: string): void => {};
  let complain = (_problem: string | null): void => {};
  const asked: string[] = [];
  const mqtt: HouseMqtt = {
    listen({ at, topic }, onMessage, onProblem) {
      asked.push(`${at.host} ${at.port} ${topic}`);
      tell = onMessage;
      complain = onProblem;
    },
  };
  const text = new MqttText({ at: { host: '192.168.1.5', port: 1883 }, topic: 'a/b' });
  text.listen(mqtt, new AbortController().signal);
  assert.equal(asked, ['192.168.1.5 1883 a/b']);
  const problem = () => lookAtWeather(text, START_MS, null).status.problem;
  complain('192.168.1.5:1883 cannot be reached (ECONNREFUSED)');
  assert.match(problem() ?? '', /mqtt:\/\/192\.168\.1\.5:1883 a\/b: .*ECONNREFUSED/);
  complain(null);
  assert.match(problem() ?? '', /publish it with retain/);
  tell(`${HEAD}\n2026-06-01T00:00Z,100,`);
  assert.is(problem(), null);
  complain('192.168.1.5:1883 ended the connection');
  assert.is(problem(), null);
});

test('a file that ends before now is called old', () => {
  const source = sourceOf(() => `${HEAD}\n2026-06-01T00:00Z,100,\n2026-06-01T01:00Z,100,`);
  assert.is(lookAtWeather(source, START_MS, null).status.problem, null);
  const { status } = lookAtWeather(source, START_MS + 2 * HOUR_MS, null);
  assert.match(status.problem ?? '', /old/);
  assert.is(status.rows, 2);
});

test.run();
