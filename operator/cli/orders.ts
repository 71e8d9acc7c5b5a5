/**
 * Carries an order to the DSO's key, and waits until it is in a final block. While the DSO runs it
 * has the books open: the command then asks it over its socket, and otherwise signs and sends
 * itself.
 */
import { type Clock, TransportError } from '../../host/ports.ts';
import { Books } from '../books/books.ts';
import type { OperatorSettings } from '../config.ts';
import type { Deployment } from '../deployment.ts';
import {
  isDone,
  type Order,
  type OrderAct,
  OrderError,
  orderPath,
  signOrder,
} from '../dso/orders.ts';
import { checkDsoKey } from '../grid-export.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import { addressOf } from '../keys.ts';
import { dsoPolicy } from '../signing-rules.ts';
import { openBooks, outboxOf, rpcOf } from './context.ts';

const ASK_MS = 10_000;
const LOOK_MS = 300;
/** Real time: a final block may be many blocks away. */
const WAIT_MS = 120_000;

/** @throws OrderError, RpcError, OutboxError, SqlError, FileError, DeploymentError */
export async function carryOut(
  host: OperatorHost,
  settings: OperatorSettings,
  deployment: Deployment,
  order: Order,
): Promise<void> {
  const { log, signal } = host;
  const clock = await host.openClock(undefined, 'order');
  const opened = await openBooks<'signed'>(host, settings, clock, async () => {
    try {
      return (await ask(host, settings, 'sign', order)) === null ? null : 'signed';
    } catch (error) {
      // A DSO that has just started has not reached the chain yet: it is asked again.
      if (error instanceof OrderError && error.code === 'not-ready') return null;
      throw error;
    }
  });
  if (opened === 'signed') {
    await untilTrue(clock, signal, async () => (await ask(host, settings, 'ask', order)) === true);
    return;
  }
  try {
    const key = await readKey(host, settings, 'dso');
    checkDsoKey(deployment, key);
    const rpc = rpcOf(host, settings, clock, 'dso');
    const outbox = outboxOf(opened, rpc, settings, deployment.chainId, {
      ...{ clock, log },
      policy: dsoPolicy(deployment),
    });
    await outbox.seed(addressOf(key).toLowerCase(), signal);
    const { contracts } = deployment;
    signOrder(order, { books: new Books(opened), outbox, contracts, key });
    await untilTrue(clock, signal, async () => {
      await outbox.flush(signal);
      return isDone(order, outbox.store);
    });
  } finally {
    opened.close();
  }
}

/** @returns whether it is done; null when no DSO answers. @throws OrderError */
async function ask(
  host: OperatorHost,
  settings: OperatorSettings,
  act: OrderAct,
  order: Order,
): Promise<boolean | null> {
  try {
    const { socket } = settings.files;
    const { status, body } = await host.requestUnix(socket, 'POST', orderPath(act, order), ASK_MS);
    const { code, sentence } = JSON.parse(body) as { code: string; sentence: string };
    if (status !== 200) throw new OrderError(code as OrderError['code'], sentence);
    return code === 'done';
  } catch (error) {
    if (error instanceof TransportError && error.code === 'unreachable') return null;
    throw error;
  }
}

/** Looks again and again. @throws OrderError 'waiting' when it takes too long */
export async function untilTrue(
  clock: Clock,
  signal: AbortSignal,
  look: () => Promise<boolean>,
): Promise<void> {
  const endsAt = clock.monotonicMs() + WAIT_MS;
  while (!(await look())) {
    if (clock.monotonicMs() >= endsAt) {
      throw new OrderError(
        'waiting',
        'it is signed and kept, but in no final block yet: it goes on being sent, do not repeat it',
      );
    }
    await clock.delay(LOOK_MS, signal);
  }
}
