/** `transax-agent readings export`: what was metered, by interval, for other programs. */
import type { ReadingRow } from '../journal/rows.ts';
import { type Command, UsageError } from './command.ts';
import { readMoment } from './market-time.ts';
import { good } from './output.ts';
import { withSource } from './source.ts';

const DAYS_IF_ABSENT = 7;
const DAY_MS = 86_400_000;

export const readingsExport: Command = {
  words: ['readings', 'export'],
  takes: '',
  summary: 'writes the metered energy of each interval to stdout',
  text:
    'The last seven days if neither --from nor --to is given. Energy in watt-seconds, imported ' +
    'and exported apart; empty (null in JSON) where it is not known. Intervals that were never ' +
    'metered are left out.',
  options: [
    { name: 'from', value: 'MOMENT', text: 'first moment: 2026-06-12 or 2026-06-12T10:15+02:00' },
    { name: 'to', value: 'MOMENT', text: 'the moment after the last' },
    { name: 'format', value: 'csv|json', text: 'csv if absent' },
  ],
  examples: [
    'transax-agent readings export --from 2026-06-01 --to 2026-07-01 >june.csv',
    'transax-agent readings export --format json',
  ],
  exits: [3, 4],
  run: (host, args) =>
    withSource(host, args, async ({ intervalSeconds, journal, nowMs, time, warnings }) => {
      const { from, to, format = 'csv' } = args.options;
      if (format !== 'csv' && format !== 'json') {
        throw new UsageError(`--format ${format} is neither csv nor json`);
      }
      const toMs = to === undefined ? nowMs : readMoment('to', to);
      const fromMs = from === undefined ? toMs - DAYS_IF_ABSENT * DAY_MS : readMoment('from', from);
      if (toMs <= fromMs) throw new UsageError('--to is not after --from');
      const intervalMs = intervalSeconds * 1000;
      const first = Math.max(0, Math.ceil(fromMs / intervalMs));
      const last = Math.ceil(toMs / intervalMs) - 1;
      const rows = await journal.readings(first, last);
      const readings = rows.map((row) => ({
        interval: row.interval,
        start: new Date(row.interval * intervalMs).toISOString(),
        importedWs: row.importedWs,
        exportedWs: row.exportedWs,
        quality: row.quality,
        acknowledged: row.isAcknowledged,
      }));
      const csv = [
        'interval,start_utc,start_local,imported_ws,exported_ws,quality,acknowledged',
        ...rows.map((row) => lineOf(row, intervalMs, time.start(row.interval))),
      ].join('\n');
      const text = format === 'json' ? JSON.stringify(readings, null, 1) : csv;
      return good({ intervalSeconds, readings }, text, warnings);
    }),
};

function lineOf(row: ReadingRow, intervalMs: number, local: string): string {
  const start = new Date(row.interval * intervalMs).toISOString();
  const { interval, importedWs, exportedWs, quality, isAcknowledged } = row;
  const cells = [interval, start, local, importedWs ?? '', exportedWs ?? '', quality];
  return [...cells, isAcknowledged ? 'yes' : 'no'].join(',');
}
