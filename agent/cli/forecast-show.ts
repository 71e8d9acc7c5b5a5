/** `transax-agent forecast show`: what the home will draw, how sure that is, what is planned. */
import type { Files } from '../../host/ports.ts';
import type { WeatherPlace } from '../config/forecast.ts';
import { lookAtWeather, type WeatherStatus } from '../forecasting/weather/weather-file.ts';
import { fileText, MqttText } from '../forecasting/weather/weather-places.ts';
import type { Command } from './command.ts';
import { reportText, sourceWarning, weatherText } from './forecast-text.ts';
import { columns, good, numberText } from './output.ts';
import { withSource } from './source.ts';
import { countOf } from './words.ts';

const SHOWN = 16;
const MOST = 960;

export const forecastShow: Command = {
  words: ['forecast', 'show'],
  takes: '',
  summary: 'expected net load of the next intervals, how good that is, and the plan',
  text:
    'First how much is known of the home, when the model was trained, and for each reach how ' +
    'wrong forecasts were over the last seven days, beside the best method without training. ' +
    'Then mean power in W, positive into the home: the middle forecast, and the range that eight ' +
    'of ten outcomes fall in.',
  options: [{ name: 'intervals', value: 'N', text: `how many, ${SHOWN} if absent` }],
  examples: ['transax-agent forecast show --intervals 96'],
  exits: [3, 4],
  run: (host, args) =>
    withSource(host, args, async ({ journal, now, nowMs, time, warnings, settings }) => {
      const count = countOf('--intervals', args.options.intervals, SHOWN, MOST);
      const report = await journal.skill(now);
      const { weather: file } = settings.forecast;
      const weather = file === null ? null : weatherNow(host.files, file, nowMs);
      const found = await journal.forecast(now, now + count - 1);
      const hasParts = report.hasGenerationMeter;
      const rows = found.map(({ interval, forecast, plan, parts }) => [
        time.start(interval),
        ...(hasParts ? [wattText(parts?.loadW), wattText(parts?.generationW)] : []),
        wattText(forecast?.p50W),
        forecast === null ? '-' : `${numberText(forecast.p10W)} to ${numberText(forecast.p90W)}`,
        wattText(plan?.plannedW),
        wattText(plan?.batteryW),
        plan?.sentence ?? forecast?.method ?? '',
      ]);
      const head = [
        'from',
        ...(hasParts ? ['load W', 'generation W'] : []),
        ...['expected W', 'range W', 'planned W', 'battery W', 'why'],
      ];
      const table =
        rows.length === 0
          ? 'there is no forecast of the coming intervals'
          : columns([head, ...rows]);
      const ofWeather = weather === null ? '' : weatherText(weather, time);
      const text = [reportText(report, time), ofWeather, table]
        .filter((each) => each !== '')
        .join('\n\n');
      const source = sourceWarning(report);
      const data = { now, ...report, weather, intervals: found };
      return good(data, text, source === null ? warnings : [source, ...warnings]);
    }),
};

function wattText(powerW: number | undefined): string {
  return powerW === undefined ? '-' : numberText(powerW);
}

/** What a broker told is known to the running agent alone. */
function weatherNow(files: Files, from: WeatherPlace, nowMs: number): WeatherStatus {
  if (typeof from === 'string') return lookAtWeather(fileText(files, from), nowMs, null).status;
  const { place } = new MqttText(from);
  return { place, rows: 0, span: null, problem: 'transax-agent logs has what is wrong with it' };
}
