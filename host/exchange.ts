/**
 * One JSON exchange over HTTP POST, made for servers that lie: compressed answers are refused
 * before they are unpacked, size and time have hard limits, and redirects are not followed. Every
 * meter sends the same headers, and no word about the client.
 */

import http from 'node:http';
import https from 'node:https';
import { type PostOptions, TransportError } from './ports.ts';

export interface Answer {
  status: number;
  body: string;
}

/** One connection at most, to one origin. */
export interface Line {
  agent: http.Agent;
  /**
   * Ends a connection that is being opened, and says what it waited for; null: nothing.
   * @param isLate nothing came in time: the next connection takes another way, where there is one
   */
  giveUp(isLate: boolean): string | null;
}

export interface Limit {
  /** Aborts with the TransportError that says why. */
  signal: AbortSignal;
  end(): void;
}

/** Deadline, the caller's signal and `stop`, in one. It bounds waiting and opening too. */
export function limitOf(options: PostOptions, origin: string, stop: AbortSignal): Limit {
  const { deadlineMs, signal } = options;
  const limit = new AbortController();
  const late = () =>
    limit.abort(new TransportError('deadline', `${origin} did not answer within ${deadlineMs} ms`));
  const timer = setTimeout(late, deadlineMs);
  const callOff = (reason: unknown) => () =>
    limit.abort(new TransportError('aborted', 'the request was called off', reason));
  const onAbort = callOff(signal?.reason);
  const onStop = callOff('its identity was forgotten');
  signal?.addEventListener('abort', onAbort, { once: true });
  stop.addEventListener('abort', onStop, { once: true });
  if (signal?.aborted) onAbort();
  else if (stop.aborted) onStop();
  return {
    signal: limit.signal,
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stop.removeEventListener('abort', onStop);
    },
  };
}

/** On the idle connection, and on a fresh one. */
const ATTEMPTS = 2;

/** An idle connection that the server closed just then is no failure: the next one is fresh. */
class StaleConnection extends Error {}

/** @throws TransportError */
export async function exchange(
  target: URL,
  body: string,
  maxBytes: number,
  line: Line,
  limit: AbortSignal,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryExchange(target, body, maxBytes, line, limit);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      if (attempt < ATTEMPTS) continue;
      const message = `${target.origin} closed the connection`;
      throw new TransportError('unreachable', message, error.cause);
    }
  }
}

function tryExchange(
  target: URL,
  body: string,
  maxBytes: number,
  line: Line,
  limit: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (limit.aborted) return reject(limit.reason);
    const request = (target.protocol === 'https:' ? https : http).request(target, {
      method: 'POST',
      agent: line.agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'accept-encoding': 'identity',
      },
    });
    let hasAnswer = false;
    const finish = (outcome: Answer | Error): void => {
      limit.removeEventListener('abort', onLimit);
      if (outcome instanceof Error) {
        request.destroy();
        reject(outcome);
      } else {
        resolve(outcome);
      }
    };
    const onLimit = (): void => {
      const { reason } = limit;
      // A request that has no connection yet would leave the one being opened behind.
      const isLate = reason instanceof TransportError && reason.code === 'deadline';
      const waitedFor = line.giveUp(isLate);
      finish(isLate && waitedFor !== null ? new TransportError('deadline', waitedFor) : reason);
    };
    request.on('error', (cause) => {
      const isStale = isReset(cause) && request.reusedSocket && !hasAnswer;
      finish(
        isStale ? new StaleConnection('stale connection', { cause }) : failureOf(cause, target),
      );
    });
    request.on('response', (response) => {
      hasAnswer = true;
      readAnswer(response, target.origin, maxBytes).then(finish, finish);
    });
    limit.addEventListener('abort', onLimit, { once: true });
    request.end(body);
  });
}

function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function failureOf(cause: NodeJS.ErrnoException, { origin }: URL): TransportError {
  if (cause instanceof TransportError) return cause;
  const code = cause.code?.startsWith('HPE_') === true ? 'protocol' : 'unreachable';
  const why = cause.code ?? cause.message;
  return new TransportError(code, `${origin} cannot be reached (${why})`, cause);
}

/** So many pieces may be of any size; beyond that they hold so many bytes on average. */
const FEW_PIECES = 256;
const LEAST_PIECE_BYTES = 64;

async function readAnswer(
  response: http.IncomingMessage,
  origin: string,
  maxBytes: number,
): Promise<Answer> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    throw new TransportError('refused', `${origin} redirects; redirects are not followed`);
  }
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new TransportError(
      'protocol',
      `${origin} sent an answer in the encoding ${encoding.slice(0, 40)}`,
    );
  }
  const bytes = await bytesOf(response, origin, maxBytes);
  try {
    const body = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { status, body };
  } catch (cause) {
    throw new TransportError('protocol', `${origin} sent an answer that is no text`, cause);
  }
}

/**
 * The body as far as it may be read. What comes in one go is handed over piece by piece within one
 * turn of the loop, so each costs as little as it can: a server that sends single bytes wants to
 * keep us busy.
 */
function bytesOf(
  response: http.IncomingMessage,
  origin: string,
  maxBytes: number,
): Promise<Buffer> {
  const tooLarge = () =>
    new TransportError('too-large', `${origin} sent an answer of over ${maxBytes} bytes`);
  const pieces: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const isAnnounced = Number(response.headers['content-length'] ?? 0) > maxBytes;
    if (isAnnounced) return reject(tooLarge());
    response.on('data', (piece: Buffer) => {
      if (response.destroyed) return;
      length += piece.length;
      pieces.push(piece);
      if (length > maxBytes) response.destroy(tooLarge());
      if (pieces.length <= FEW_PIECES + length / LEAST_PIECE_BYTES) return;
      response.destroy(new TransportError('protocol', `${origin} sends its answer in crumbs`));
    });
    response.on('end', () => resolve(Buffer.concat(pieces)));
    const broken = (cause?: unknown) =>
      new TransportError('unreachable', `${origin} broke off its answer`, cause);
    response.on('error', (cause) =>
      reject(cause instanceof TransportError ? cause : broken(cause)),
    );
    response.on('close', () => reject(broken()));
  });
}
