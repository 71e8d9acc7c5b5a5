/**
 * How a command reaches the books: while the DSO runs it has them open and answers over its socket,
 * otherwise the command opens them itself. Who only looks opens them beside it.
 */
import { type Clock, type Sql, TransportError } from '../../host/ports.ts';
import type { OperatorSettings } from '../config.ts';
import { DeploymentError } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';
import { openBooks } from './context.ts';

const ASK_MS = 10_000;

type Answer = { status: number; body: string };

/** @param answer what the DSO would say. @throws SqlError, TransportError */
export async function askBooks(
  host: OperatorHost,
  settings: OperatorSettings,
  path: string,
  answer: (sql: Sql, clock: Clock) => Answer,
): Promise<Answer> {
  const clock = await host.openClock(undefined, 'command');
  const opened = await openBooks<Answer>(host, settings, clock, async () => {
    try {
      return await host.requestUnix(settings.files.socket, 'POST', path, ASK_MS);
    } catch (error) {
      // It is another command that has the books open.
      if (error instanceof TransportError && error.code === 'unreachable') return null;
      throw error;
    }
  });
  if ('status' in opened) return opened;
  try {
    return answer(opened, clock);
  } finally {
    opened.close();
  }
}

/** Reads beside whoever writes; all of it is of one moment. @throws SqlError, DeploymentError */
export async function lookAtBooks<T>(
  host: OperatorHost,
  settings: OperatorSettings,
  look: (sql: Sql, clock: Clock) => T,
): Promise<T> {
  const { books } = settings.files;
  if (!host.files.exists(books)) {
    const message = `${books} does not exist: run transax-operator deploy first`;
    throw new DeploymentError('missing', message);
  }
  // A stepped clock holds time still for those who join; this one only looks.
  const { clock: setting } = settings.lab;
  const isStepped = setting?.startsWith('stepped:') === true;
  const clock = await host.openClock(isStepped ? undefined : setting, 'command');
  const sql = host.openSql(books, { readOnly: true });
  try {
    return sql.transaction(() => look(sql, clock));
  } finally {
    sql.close();
  }
}
