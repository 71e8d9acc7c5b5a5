/** `transax-operator fleet`: each meter's state on a line, and what somebody should look at. */
import { intervalAt } from '../../market/intervals.ts';
import { Books } from '../books/books.ts';
import { RESTORED } from '../books/restored.ts';
import type { OperatorSettings } from '../config.ts';
import { DeploymentError } from '../deployment.ts';
import { type Fleet, fleetOf } from '../fleet.ts';
import type { OperatorHost } from '../host.ts';
import { type Command, numberOf } from './command.ts';
import { tableText } from './table-text.ts';

const SILENT_INTERVALS = 4;
/** Below a tenth of what a meter begins with. */
const LOW_SHARE = 10n;

export const fleet: Command = {
  words: ['fleet'],
  takes: '[--silent INTERVALS] [--json]',
  summary: 'last reading, version, clock and health of each meter, with alerts',
  options: ['silent', 'json'],
  read: ({ options }) => {
    const { silent, json } = options;
    const silentIntervals = silent === undefined ? SILENT_INTERVALS : numberOf(silent, '--silent');
    return (host, settings) => runFleet(host, settings, silentIntervals, json === true);
  },
};

/** @throws SqlError, DeploymentError 'missing' */
async function runFleet(
  host: OperatorHost,
  settings: OperatorSettings,
  silentIntervals: number,
  isJson: boolean,
): Promise<void> {
  const { books: path } = settings.files;
  if (!host.files.exists(path)) {
    const message = `${path} does not exist: run transax-operator deploy first`;
    throw new DeploymentError('missing', message);
  }
  // A stepped clock holds time still for those who join; this command only looks.
  const { clock: setting } = settings.lab;
  const isStepped = setting?.startsWith('stepped:') === true;
  const clock = await host.openClock(isStepped ? undefined : setting, 'fleet');
  const { calendar } = settings.grid;
  const nowMs = clock.now();
  const sql = host.openSql(path, { readOnly: true });
  try {
    const books = new Books(sql);
    const found = fleetOf(books, {
      ...{ calendar, nowMs, silentIntervals, interval: intervalAt(calendar, nowMs / 1000) },
      lowBalanceMicro: settings.dso.creditMicro / LOW_SHARE,
      isRecovering: books.facts.get(RESTORED) !== null,
    });
    host.print(isJson ? JSON.stringify(found) : fleetText(found));
  } finally {
    sql.close();
  }
}

function fleetText({ meters, summary }: Fleet): string {
  const rows = meters.map((meter) => [
    meter.meterId,
    String(meter.feeder),
    meter.lastReading === null ? 'never' : `${meter.lastReading.ageIntervals} ago`,
    meter.version ?? '',
    meter.clock === null ? '' : meter.clock.isProven ? meter.clock.source : 'not proven',
    (Number(meter.balanceMicro) / 1e6).toFixed(2),
    meter.alerts.map(({ sentence }) => sentence).join('; '),
  ]);
  const head = ['meter', 'feeder', 'reading', 'version', 'clock', 'balance', ''];
  const alerts = Object.entries(summary.alerts).map(([code, count]) => `${count} ${code}`);
  const lines = [
    [`${summary.meters} meters, ${summary.good} good`, ...alerts].join(', ') +
      (summary.replaced > 0 ? `; ${summary.replaced} replaced` : ''),
    ...(summary.strangeGrants > 0
      ? [`${summary.strangeGrants} addresses were granted what these books do not know`]
      : []),
    ...(summary.isRecovering ? ['the books were restored: nothing new is granted yet'] : []),
  ];
  return [tableText(head, rows), '', ...lines].join('\n');
}
