/** Requests to a Unix socket of this machine: commands and the page ask the agent so. */

import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { TransportError } from './ports.ts';

const MAX_BYTES = 4 * 1024 * 1024;

export interface UnixAsk {
  method: string;
  path: string;
  body?: string;
  /** Of the whole exchange, real ms; of a held one, to its first words. */
  deadlineMs: number;
}

/** GET and the like, without a body. @throws TransportError */
export function requestUnix(
  socketPath: string,
  method: string,
  path: string,
  deadlineMs: number,
): Promise<{ status: number; body: string }> {
  return askUnix(socketPath, { method, path, deadlineMs });
}

/** @throws TransportError `unreachable` when nobody listens, `refused` when one may not ask,
 *   `deadline`, `too-large`. */
export function askUnix(
  socketPath: string,
  ask: UnixAsk,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = send(socketPath, ask, (code, message, cause) =>
      reject(new TransportError(code, message, cause)),
    );
    outgoing.once('answer', (response: IncomingMessage, settle: () => void) => {
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length <= MAX_BYTES) return void pieces.push(piece);
        settle();
        outgoing.destroy();
        reject(new TransportError('too-large', `the answer at ${socketPath} is too long`));
      });
      response.on('end', () => {
        settle();
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') });
      });
    });
  });
}

/**
 * An answer that goes on: resolves at its first piece, and lasts until either side ends it.
 * @throws TransportError as `askUnix`
 */
export function holdUnix(socketPath: string, ask: UnixAsk) {
  return new Promise<{ status: number; body: string; ended: Promise<void>; close(): void }>(
    (resolve, reject) => {
      const outgoing = send(socketPath, ask, (code, message, cause) =>
        reject(new TransportError(code, message, cause)),
      );
      outgoing.once('answer', (response: IncomingMessage, settle: () => void) => {
        const ended = new Promise<void>((done) => response.once('close', () => done()));
        response.once('data', (piece: Buffer) => {
          settle();
          resolve({
            status: response.statusCode ?? 0,
            body: piece.toString('utf8'),
            ended,
            close: () => outgoing.destroy(),
          });
        });
        response.on('error', () => undefined);
      });
    },
  );
}

type Fail = (code: TransportError['code'], message: string, cause?: unknown) => void;

/** The request, which emits `answer` with the response and what stops its deadline. */
function send(socketPath: string, ask: UnixAsk, fail: Fail): ClientRequest {
  const { method, path, body, deadlineMs } = ask;
  const outgoing = request({ socketPath, method, path, agent: false });
  const settle = () => clearTimeout(timer);
  const timer = setTimeout(() => {
    fail('deadline', `no answer at ${socketPath} within ${deadlineMs} ms`);
    outgoing.destroy();
  }, deadlineMs);
  outgoing.on('error', (cause) => {
    settle();
    const isDenied = 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');
    if (isDenied) fail('refused', `not permitted to ask at ${socketPath}`, cause);
    else fail('unreachable', `nobody answers at ${socketPath}`, cause);
  });
  outgoing.on('response', (response) => {
    response.on('error', (cause) => {
      settle();
      fail('unreachable', `${socketPath} broke off`, cause);
    });
    outgoing.emit('answer', response, settle);
  });
  outgoing.end(body);
  return outgoing;
}
