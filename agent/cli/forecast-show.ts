/** `transax-agent forecast show`: what the home is expected to draw, and what is planned. */
import type { Command } from './command.ts';
import { columns, good, numberText } from './output.ts';
import { withSource } from './source.ts';
import { countOf } from './words.ts';

const SHOWN = 16;
const MOST = 960;

export const forecastShow: Command = {
  words: ['forecast', 'show'],
  takes: '',
  summary: 'expected net load of the next intervals, and the plan',
  text:
    'Mean power in W, positive into the home: the middle forecast, and the range that eight of ' +
    'ten outcomes fall in.',
  options: [{ name: 'intervals', value: 'N', text: `how many, ${SHOWN} if absent` }],
  examples: ['transax-agent forecast show --intervals 96'],
  exits: [3, 4],
  run: (host, args) =>
    withSource(host, args, async ({ journal, now, time, warnings }) => {
      const count = countOf('--intervals', args.options.intervals, SHOWN, MOST);
      const found = await journal.forecast(now, now + count - 1);
      const rows = found.map(({ interval, forecast, plan }) => [
        time.start(interval),
        forecast === null ? '-' : numberText(forecast.p50W),
        forecast === null ? '-' : `${numberText(forecast.p10W)} to ${numberText(forecast.p90W)}`,
        plan === null ? '-' : numberText(plan.plannedW),
        plan === null ? '-' : numberText(plan.batteryW),
        plan?.sentence ?? forecast?.method ?? '',
      ]);
      const head = ['from', 'expected W', 'range W', 'planned W', 'battery W', 'why'];
      const text =
        rows.length === 0
          ? 'there is no forecast of the coming intervals'
          : columns([head, ...rows]);
      return good({ now, intervals: found }, text, warnings);
    }),
};
