/** How much the agent knows of its home and how good its forecasts are, in words and numbers. */
import type {
  Accuracy,
  ForecastReport,
  LeadsReport,
  SeriesReport,
} from '../forecasting/forecast-report.ts';
import type { WeatherStatus } from '../forecasting/weather/weather-file.ts';
import type { MarketTime } from './market-time.ts';
import { durationText, numberText } from './output.ts';

const METHODS: Readonly<Record<string, string>> = {
  trained: 'trained model',
  'first-weeks': "first weeks' method",
  persistence: 'last value',
  yesterday: 'yesterday',
  lastWeek: 'last week',
  mean28: '28-day mean',
  median28: '28-day median',
  parts: 'load less generation',
};
const NO_METER = 'generation is not metered by itself: it is part of the net load';
const SERIES: Readonly<Record<string, string>> = {
  net: 'net load',
  load: 'load',
  generation: 'generation',
};

/** A paragraph for each series. */
export function reportText(report: ForecastReport, time: MarketTime): string {
  const { series, hasGenerationMeter } = report;
  const paragraphs = series.map((each) => seriesText(each, time));
  if (!hasGenerationMeter && series.length > 0) paragraphs.push(NO_METER);
  return paragraphs.join('\n\n');
}

/** What the file of weather forecasts holds. */
export function weatherText(status: WeatherStatus, time: MarketTime): string {
  const { place, rows, span, problem } = status;
  const holds =
    span === null
      ? 'nothing to show'
      : `${numberText(rows)} rows, ${time.moment(span.fromMs)} to ${time.moment(span.toMs)}`;
  return `weather ${place}: ${holds}${problem === null ? '' : `; ${problem}`}`;
}

/** Null where nothing speaks against the figures. */
export function sourceWarning({ source }: ForecastReport): string | null {
  return source === 'lab' ? "these are emulated meters of a lab, and no home's readings" : null;
}

function seriesText(series: SeriesReport, time: MarketTime): string {
  const { name, leads } = series;
  const rows = [
    ['knows', historyText(series, time)],
    ['model', modelText(series, time)],
    ...leads.map((each, place) => [place === 0 ? 'skill' : '', skillText(each)]),
  ];
  const lines = rows.map(([head = '', text]) => `${head.padEnd(7)}${text}`);
  return [`${SERIES[name] ?? name}`, ...lines].join('\n');
}

function historyText({ history }: SeriesReport, time: MarketTime): string {
  const { firstInterval, days, known, missing, refused } = history;
  if (firstInterval === null) return 'nothing yet: no interval was metered to its end';
  const all = known + missing + refused;
  const complete = all === 0 ? 0 : Math.floor((100 * known) / all);
  const length = days < 2 ? durationText(days * 86_400_000) : `${numberText(days)} days`;
  const impossible =
    refused === 0 ? '' : `; ${numberText(refused)} refused as impossible: see max_power`;
  const since = time.start(firstInterval);
  return `${length} of history, ${complete} % complete, since ${since}${impossible}`;
}

function modelText({ training }: SeriesReport, time: MarketTime): string {
  const { state, reason, atMs, tookMs, days } = training;
  const last =
    atMs === null || tookMs === null || days === null
      ? null
      : `trained ${time.moment(atMs)} in ${durationText(tookMs)} from ${days} days`;
  switch (state) {
    case 'trained':
      return last ?? 'trained';
    case 'waiting':
      return `not trained yet: ${reason}`;
    case 'off':
      return `not used: ${reason}`;
    case 'failed':
      return `the last training failed: ${reason}; ${last ?? 'there is none yet'}`;
  }
}

function skillText(each: LeadsReport): string {
  const { leads, method, days, used, coveredPercent, bestSimple, trained } = each;
  const ahead = leads === '1' ? 'next interval' : `up to ${reachText(each.upToSeconds)} ahead`;
  if (used === null || method === null) return `${ahead}: nothing scored yet`;
  const span = days === 1 ? 'today' : `over ${days} days`;
  const parts = [
    `${ahead}: ${METHODS[method] ?? method}, wrong by ${wrongText(used)} on average ${span}`,
  ];
  const isSimple = bestSimple?.method === method;
  if (bestSimple !== null && !isSimple) {
    parts.push(
      `the best simple method (${METHODS[bestSimple.method]}) by ${wrongText(bestSimple)}`,
    );
  }
  if (trained !== null && method !== 'trained') {
    parts.push(`the trained model by ${wrongText(trained)}`);
  }
  if (coveredPercent !== null) parts.push(`${numberText(coveredPercent)} % within the range`);
  return parts.join('; ');
}

function wrongText({ errorPercent, meanErrorW }: Accuracy): string {
  return errorPercent === null
    ? `${numberText(meanErrorW)} W`
    : `${numberText(errorPercent)} % of the load`;
}

function reachText(seconds: number): string {
  const hours = seconds / 3600;
  return Number.isInteger(hours) ? `${hours} h` : durationText(seconds * 1000);
}
