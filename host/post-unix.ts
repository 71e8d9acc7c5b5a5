/** One request to a Unix socket of this machine: `status` and the page ask the agent so. */

import { request } from 'node:http';
import { TransportError } from './ports.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * @param deadlineMs of the whole exchange, real ms.
 * @throws TransportError `unreachable` when nobody listens, `deadline`, `too-large`.
 */
export function requestUnix(
  socketPath: string,
  method: string,
  path: string,
  deadlineMs: number,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, agent: false });
    const fail = (code: TransportError['code'], message: string, cause?: unknown): void => {
      clearTimeout(timer);
      outgoing.destroy();
      reject(new TransportError(code, message, cause));
    };
    const timer = setTimeout(
      () => fail('deadline', `no answer at ${socketPath} within ${deadlineMs} ms`),
      deadlineMs,
    );
    outgoing.on('error', (cause) => fail('unreachable', `nobody answers at ${socketPath}`, cause));
    outgoing.on('response', (response) => {
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > MAX_BYTES) fail('too-large', `the answer at ${socketPath} is too long`);
        else pieces.push(piece);
      });
      response.on('error', (cause) => fail('unreachable', `${socketPath} broke off`, cause));
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') });
      });
    });
    outgoing.end();
  });
}
