/**
 * `transax-operator limit`: for a while less than the owner allows a feeder. The orders are in the
 * books; the DSO sends them to the contracts a horizon ahead.
 */
import { parsePowerW } from '../../market/settings/quantities.ts';
import { Books } from '../books/books.ts';
import type { OperatorSettings } from '../config.ts';
import {
  addLimitPath,
  answerLimits,
  LimitError,
  type LimitStanding,
  limitStandings,
  removeLimitPath,
} from '../dso/limit-admin.ts';
import type { OperatorHost } from '../host.ts';
import { askBooks, lookAtBooks } from './books-link.ts';
import { type Command, numberOf, UsageError } from './command.ts';
import { loadDeployment } from './context.ts';
import { feederOf } from './control.ts';
import { spanOf } from './moments.ts';

export const limitCommand: Command = {
  words: ['limit'],
  takes: 'FEEDER W FROM TO [--internal | --external]',
  summary: 'lowers the limits of a feeder for a while',
  options: ['internal', 'external'],
  needs: ['a feeder', 'a power', 'when it begins', 'when it ends'],
  read: ({ positionals: [text = '', power = '', from = '', to = ''], options }) => {
    const feeder = feederOf(text);
    const powerW = /^\d+$/.test(power) ? parsePowerW(`${power} W`) : parsePowerW(power);
    if (options.internal && options.external) {
      throw new UsageError('--internal and --external: without either both limits are lowered');
    }
    return async (host, settings) => {
      const { calendar } = loadDeployment(host, settings);
      const wish = {
        feeder,
        internalLimitW: options.external ? null : powerW,
        externalLimitW: options.internal ? null : powerW,
        ...spanOf(from, to, calendar),
      };
      host.print(await ask(host, settings, addLimitPath(wish)));
    };
  },
};

export const limitRemove: Command = {
  words: ['limit', 'remove'],
  takes: 'ID',
  summary: 'takes such an order back',
  needs: ['the number of a limit'],
  read: ({ positionals: [text] }) => {
    const id = numberOf(text, 'the number of a limit');
    return async (host, settings) => host.print(await ask(host, settings, removeLimitPath(id)));
  },
};

export const limitList: Command = {
  words: ['limit', 'list'],
  takes: '[--json]',
  summary: 'the orders, and whether the contracts hold them',
  options: ['json'],
  read: ({ options }) => {
    const isJson = options.json === true;
    return (host, settings) => runLimitList(host, settings, isJson);
  },
};

/** @throws LimitError, DeploymentError, SqlError */
async function ask(host: OperatorHost, settings: OperatorSettings, path: string): Promise<string> {
  const { calendar } = loadDeployment(host, settings);
  const { status, body } = await askBooks(host, settings, path, (sql, clock) => {
    const { pathname, searchParams } = new URL(path, 'http://socket');
    return answerLimits(pathname, searchParams, { books: new Books(sql), calendar, clock });
  });
  const { code, sentence } = JSON.parse(body) as { code: LimitError['code']; sentence: string };
  if (status !== 200) throw new LimitError(code, sentence);
  return sentence;
}

/** @throws SqlError, DeploymentError 'missing' */
async function runLimitList(host: OperatorHost, settings: OperatorSettings, isJson: boolean) {
  const { calendar } = loadDeployment(host, settings);
  const { standings, pausedFor } = await lookAtBooks(host, settings, (sql, clock) => {
    const { control } = new Books(sql);
    const { pausedFor } = control;
    return { standings: limitStandings(control, calendar, clock.now() / 1000), pausedFor };
  });
  if (isJson) {
    host.print(JSON.stringify({ pausedFor, limits: standings }));
    return;
  }
  if (pausedFor !== null) host.print(`the market is paused: ${pausedFor || 'no reason given'}`);
  if (standings.length === 0) host.print('no limits are ordered');
  for (const standing of standings) host.print(lineOf(standing));
}

function lineOf(standing: LimitStanding): string {
  const { id, feeder, internalLimitW, externalLimitW, from, to, state } = standing;
  const limits = [
    ...(internalLimitW === null ? [] : [`inside ${internalLimitW} W`]),
    ...(externalLimitW === null ? [] : [`across ${externalLimitW} W`]),
  ];
  const missed = `late: ${standing.missedIntervals} intervals without it, see suspend`;
  const said = { planned: 'planned', set: 'set in the contract', late: missed };
  return `${id}  feeder ${feeder}  ${limits.join(', ')}  ${from} to ${to}  ${said[state]}`;
}
