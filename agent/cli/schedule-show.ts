/** `transax-agent schedule show`: what the home traded and expects, and how it went. */
import type { Command } from './command.ts';
import { columns, good, numberText } from './output.ts';
import { withSource } from './source.ts';
import { countOf } from './words.ts';

const SHOWN = 4;
const MOST = 96;

export const scheduleShow: Command = {
  words: ['schedule', 'show'],
  takes: '',
  summary: 'what the home traded and expects, in the running and the next intervals',
  text:
    'Mean power in W, positive into the home: final trades, which are kept, and the rest that ' +
    'was expected when they became final, which is not held: the battery weighs what comes ' +
    'against what it is worth later. Neither is changed afterwards.',
  options: [{ name: 'back', value: 'N', text: `past intervals to show, ${SHOWN} if absent` }],
  exits: [3, 4],
  run: (host, args) =>
    withSource(
      host,
      args,
      async ({ intervalSeconds, horizonIntervals, journal, now, nowMs, time, warnings }) => {
        const back = countOf('--back', args.options.back, SHOWN, MOST);
        const last = now + horizonIntervals;
        const schedule = await journal.schedule(now - back, last);
        const readings = await journal.readings(now - back, now);
        const metered = new Map(
          readings.map(({ interval, importedWs, exportedWs }) => [
            interval,
            importedWs === null || exportedWs === null
              ? null
              : (importedWs - exportedWs) / intervalSeconds,
          ]),
        );
        const intervals = schedule.map((row) => ({
          ...row,
          meteredW: metered.get(row.interval) ?? null,
        }));
        const rows = intervals.map((row) => [
          `${row.interval === now ? '>' : ' '} ${time.start(row.interval)}`,
          numberText(row.targetW),
          numberText(row.committedW),
          numberText(row.untradedW),
          row.meteredW === null ? '-' : numberText(row.meteredW),
        ]);
        const switches = await journal.switches(nowMs);
        const turned = switches
          .slice(-SHOWN)
          .map(
            ({ atMs, load, isOn, why }) =>
              `${time.clock(atMs)} ${load} ${isOn ? 'on' : 'off'}: ${why}`,
          );
        const head = ['  from', 'planned W', 'traded W', 'rest W', 'metered W'];
        const table = rows.length === 0 ? 'nothing is scheduled' : columns([head, ...rows]);
        const text = [table, ...(turned.length === 0 ? [] : ['', ...turned])].join('\n');
        return good({ now, intervals, switches }, text, warnings);
      },
    ),
};
