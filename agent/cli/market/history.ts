/** `transax-agent market history`: what was promised and what came, by interval. */
import { brokenOf } from '../../../market/broken-trades.ts';
import type { Command } from '../command.ts';
import { columns, good, numberText } from '../output.ts';
import { withSource } from '../source.ts';
import { countOf } from '../words.ts';

const SHOWN = 24;
const MOST = 2_976;

export const marketHistory: Command = {
  words: ['market', 'history'],
  takes: '',
  summary: 'past intervals: expected, traded, metered, and the difference',
  text: 'Mean power in W, positive into the home. What is not known is shown as -.',
  options: [{ name: 'intervals', value: 'N', text: `how many, ${SHOWN} if absent` }],
  exits: [3, 4],
  run: (host, args) =>
    withSource(host, args, async ({ journal, now, time, warnings }) => {
      const count = countOf('--intervals', args.options.intervals, SHOWN, MOST);
      const found = await journal.history(now - count, now - 1);
      const intervals = found.map((row) => ({
        ...row,
        missedW:
          row.meteredW === null || row.committedW === null
            ? null
            : brokenOf(row.committedW, row.meteredW),
      }));
      const cell = (value: number | null) => (value === null ? '-' : numberText(value));
      const rows = intervals.map((row) => [
        time.start(row.interval),
        cell(row.expectedW),
        cell(row.committedW),
        cell(row.targetW),
        cell(row.meteredW),
        cell(row.missedW),
        row.quality ?? '-',
      ]);
      const head = ['from', 'expected', 'traded', 'planned', 'metered', 'not kept', 'quality'];
      const text = rows.length === 0 ? 'nothing was metered then' : columns([head, ...rows]);
      return good({ now, intervals }, text, warnings);
    }),
};
