/**
 * `transax-operator meter add|list|suspend|resume`. While the DSO runs it has the books open: the
 * command then asks it over its socket, and otherwise writes them itself.
 */
import type { Sql } from '../../host/ports.ts';
import { TransportError } from '../../host/ports.ts';
import { intervalAt } from '../../market/intervals.ts';
import { parseAmountMicro } from '../../market/settings/quantities.ts';
import { Books } from '../books/books.ts';
import type { MeterSummary } from '../books/meters.ts';
import type { OperatorSettings } from '../config.ts';
import { DeploymentError } from '../deployment.ts';
import { addPath, answerAdmin, replacePath, suspendPath } from '../dso/admin.ts';
import { EnrolError, type EnrolTerms } from '../enrol.ts';
import type { OperatorHost } from '../host.ts';
import { type Command, numberOf } from './command.ts';
import { loadDeployment, loadGrid, openBooks } from './context.ts';
import { tableText } from './table-text.ts';

const ASK_MS = 10_000;

export const meterAdd: Command = {
  words: ['meter', 'add'],
  takes: 'CODE --feeder F --max-w W [--credit AMOUNT]',
  summary: 'enrols the meter that this request code is from',
  options: ['feeder', 'max-w', 'credit'],
  needs: ['the request code'],
  read: ({ positionals: [requestCode = ''], options }) => {
    const feeder = numberOf(options.feeder, '--feeder');
    const maxPowerW = numberOf(options['max-w'], '--max-w');
    const credit = options.credit === undefined ? null : parseAmountMicro(options.credit);
    return (host, settings) => {
      const creditMicro = credit ?? settings.dso.creditMicro;
      return runMeterAdd(host, settings, { requestCode, feeder, maxPowerW, creditMicro });
    };
  },
};

export const meterList: Command = {
  words: ['meter', 'list'],
  takes: '[--json]',
  summary: 'the meters, their accounts and readings',
  options: ['json'],
  read: ({ options }) => {
    const isJson = options.json === true;
    return (host, settings) => runMeterList(host, settings, isJson);
  },
};

export const meterSuspend = suspending('suspend', 'grants it nothing more');
export const meterResume = suspending('resume', 'grants again');

export const meterReplace: Command = {
  words: ['meter', 'replace'],
  takes: 'ID CODE',
  summary: 'gives account and limits to the board of this request code',
  needs: ['the id of the old meter', 'the request code of the new one'],
  read:
    ({ positionals: [id = '', code = ''] }) =>
    async (host, settings) =>
      host.print(await ask(host, settings, replacePath(id, code))),
};

function suspending(word: 'suspend' | 'resume', summary: string): Command {
  return {
    words: ['meter', word],
    takes: 'ID',
    summary,
    needs: ['the id of a meter'],
    read:
      ({ positionals: [id = ''] }) =>
      (host, settings) =>
        runMeterSuspend(host, settings, id, word === 'suspend'),
  };
}

/** @throws EnrolError, RequestCodeError, DeploymentError, SqlError */
export async function runMeterAdd(
  host: OperatorHost,
  settings: OperatorSettings,
  terms: EnrolTerms,
): Promise<void> {
  host.print(await ask(host, settings, addPath(terms)));
}

/** @throws EnrolError 'unknown' */
export async function runMeterSuspend(
  host: OperatorHost,
  settings: OperatorSettings,
  meterId: string,
  isSuspended: boolean,
): Promise<void> {
  host.print(await ask(host, settings, suspendPath(meterId, isSuspended)));
}

async function ask(host: OperatorHost, settings: OperatorSettings, path: string): Promise<string> {
  const deployment = loadDeployment(host, settings);
  const grid = loadGrid(host, settings, deployment);
  const clock = await host.openClock(undefined, 'meter');
  const opened = await openBooks(host, settings, clock, () => askDso(host, settings, path));
  if (typeof opened === 'string') return opened;
  try {
    const ports = { books: new Books(opened), grid, feederCount: deployment.feeders.length, clock };
    return said(answerAdmin('POST', path, ports));
  } finally {
    opened.close();
  }
}

/** Null when no DSO answers there: it is another command that has the books open. */
async function askDso(
  host: OperatorHost,
  settings: OperatorSettings,
  path: string,
): Promise<string | null> {
  try {
    return said(await host.requestUnix(settings.files.socket, 'POST', path, ASK_MS));
  } catch (error) {
    if (error instanceof TransportError && error.code === 'unreachable') return null;
    throw error;
  }
}

function said(answer: { status: number; body: string }): string {
  const { code, sentence } = JSON.parse(answer.body) as {
    code: EnrolError['code'];
    sentence: string;
  };
  if (answer.status !== 200) throw new EnrolError(code, sentence);
  return sentence;
}

/** @throws SqlError, DeploymentError 'missing' */
export async function runMeterList(
  host: OperatorHost,
  settings: OperatorSettings,
  isJson: boolean,
): Promise<void> {
  // A stepped clock holds time still for those who join; this command only looks.
  const { clock: setting } = settings.lab;
  const isStepped = setting?.startsWith('stepped:') === true;
  const clock = await host.openClock(isStepped ? undefined : setting, 'meter');
  const interval = intervalAt(settings.grid.calendar, clock.now() / 1000);
  const { books } = settings.files;
  if (!host.files.exists(books)) {
    const message = `${books} does not exist: run transax-operator deploy first`;
    throw new DeploymentError('missing', message);
  }
  const sql: Sql = host.openSql(books, { readOnly: true });
  try {
    const meters = new Books(sql).meters.summaries(interval);
    if (isJson) {
      host.print(
        JSON.stringify(meters, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      );
    } else {
      host.print(tableOf(meters));
    }
  } finally {
    sql.close();
  }
}

function stateOf({ suspended }: MeterSummary): string {
  return suspended ? 'suspended' : '';
}

function tableOf(meters: readonly MeterSummary[]): string {
  const rows = meters.map((meter) => [
    meter.meterId,
    String(meter.feeder),
    `${meter.maxPowerW} W`,
    (Number(meter.balanceMicro) / 1e6).toFixed(2),
    String(meter.openGrants),
    String(meter.readings.count),
    meter.replacedBy !== null ? `replaced by ${meter.replacedBy}` : stateOf(meter),
  ]);
  return tableText(['meter', 'feeder', 'limit', 'balance', 'grants', 'readings', ''], rows);
}
