/**
 * `transax-operator pause|resume|suspend`: orders to the market as a whole, signed by the DSO's
 * key. They work while the DSO runs, through its socket, and while it does not.
 */
import { hexlify } from 'ethers';
import type { OperatorSettings } from '../config.ts';
import { intervalText } from '../dso/limit-admin.ts';
import { OrderError, reasonOf } from '../dso/orders.ts';
import type { OperatorHost } from '../host.ts';
import { type Command, UsageError } from './command.ts';
import { loadDeployment } from './context.ts';
import { spanOf } from './moments.ts';
import { carryOut } from './orders.ts';

const ID_BYTES = 8;
/** The contract takes no longer one at once. */
const MOST_INTERVALS = 4096;

export const pauseCommand: Command = {
  words: ['pause'],
  takes: '[--reason TEXT]',
  summary: 'no new grants and no new candidates; final commitments stand',
  options: ['reason'],
  read: ({ options }) => {
    const reason = publicReason(options.reason ?? '');
    return (host, settings) => runPause(host, settings, reason);
  },
};

export const resumeCommand: Command = {
  words: ['resume'],
  takes: '',
  summary: 'ends the pause',
  read: () => runResume,
};

export const suspendCommand: Command = {
  words: ['suspend'],
  takes: 'FEEDER FROM TO',
  summary: 'emergency: voids the trades of a feeder; cannot be undone',
  needs: ['a feeder', 'when it begins', 'when it ends'],
  read: ({ positionals: [text = '', from = '', to = ''] }) => {
    const feeder = feederOf(text);
    return (host, settings) => runSuspend(host, settings, feeder, from, to);
  },
};

/** 0 is the utility's own. @throws UsageError */
export function feederOf(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 256) return Number(text);
  throw new UsageError(`"${text}" is not the number of a feeder`);
}

function publicReason(text: string): string {
  try {
    return reasonOf(text);
  } catch (error) {
    throw error instanceof OrderError ? new UsageError(error.message) : error;
  }
}

/** @throws OrderError, RpcError, OutboxError, SqlError, FileError, DeploymentError */
async function runPause(host: OperatorHost, settings: OperatorSettings, reason: string) {
  const deployment = loadDeployment(host, settings);
  await carryOut(host, settings, deployment, { kind: 'pause', id: newId(host), reason });
  host.print(
    'the market is paused: nothing is granted and nothing becomes the candidate; the candidate ' +
      'that stands becomes final as usual, and is settled; transax-operator resume ends it',
  );
}

/** @throws OrderError, RpcError, OutboxError, SqlError, FileError, DeploymentError */
async function runResume(host: OperatorHost, settings: OperatorSettings) {
  const deployment = loadDeployment(host, settings);
  await carryOut(host, settings, deployment, { kind: 'resume', id: newId(host) });
  host.print('the market goes on');
}

/** @throws UsageError, OrderError, RpcError, OutboxError, SqlError, FileError, DeploymentError */
async function runSuspend(
  host: OperatorHost,
  settings: OperatorSettings,
  feeder: number,
  from: string,
  to: string,
) {
  const deployment = loadDeployment(host, settings);
  const { calendar, feeders } = deployment;
  const span = spanOf(from, to, calendar);
  const { firstInterval, lastInterval } = span;
  if (feeder > feeders.length) {
    throw new UsageError(
      `there is no feeder ${feeder}: this grid has feeders 1 to ${feeders.length}`,
    );
  }
  if (lastInterval - firstInterval >= MOST_INTERVALS) {
    throw new UsageError(`a suspension has at most ${MOST_INTERVALS} intervals: give several`);
  }
  await carryOut(host, settings, deployment, { kind: 'suspend', id: newId(host), feeder, ...span });
  host.print(
    `feeder ${feeder} is suspended from ${intervalText(calendar, firstInterval)} to ` +
      `${intervalText(calendar, lastInterval + 1)}: its trades there are voided when they are ` +
      'finalized; what was final before stands',
  );
}

function newId(host: OperatorHost): string {
  return hexlify(host.random.bytes(ID_BYTES)).slice(2);
}
