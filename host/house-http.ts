/**
 * HTTP to devices in the house, such as network relays: an IP literal only, one connection for each
 * request, a deadline for the whole exchange, a limit on the answer, no redirects, no compression.
 */

import http from 'node:http';
import { isIP } from 'node:net';
import { type HouseHttp, TransportError } from './ports.ts';

export function houseHttp(): HouseHttp {
  return { get: (at, path, limits) => exchange(at, path, limits) };
}

type Arguments = Parameters<HouseHttp['get']>;

function exchange(
  at: Arguments[0],
  path: string,
  { deadlineMs, maxBytes, signal }: Arguments[2],
): Promise<{ status: number; body: string }> {
  const { host, port } = at;
  return new Promise((resolve, reject) => {
    if (isIP(host) === 0) throw new TransportError('refused', `"${host}" is no IP address`);
    const place = `${host}:${port}`;
    const request = http.request({
      ...{ host, port, path, agent: false },
      headers: { 'accept-encoding': 'identity', connection: 'close' },
    });
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      request.destroy();
    };
    const fail = (code: TransportError['code'], message: string, cause?: unknown): void => {
      end();
      reject(new TransportError(code, message, cause));
    };
    const onAbort = (): void => fail('aborted', 'the request was called off', signal?.reason);
    const timer = setTimeout(
      () => fail('deadline', `${place} did not answer within ${deadlineMs} ms`),
      deadlineMs,
    );
    request.on('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code?.startsWith('HPE_') === true ? 'protocol' : 'unreachable';
      fail(code, `${place} cannot be reached (${cause.code ?? cause.message})`, cause);
    });
    request.on('response', (response) => {
      const { statusCode: status = 0 } = response;
      const encoding = response.headers['content-encoding'] ?? 'identity';
      if (status >= 300 && status < 400) {
        return fail('refused', `${place} redirects; redirects are not followed`);
      }
      if (encoding !== 'identity') return fail('protocol', `${place} answers in ${encoding}`);
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > maxBytes) fail('too-large', `${place} answers with over ${maxBytes} bytes`);
        else pieces.push(piece);
      });
      response.on('error', (cause) => fail('unreachable', `${place} broke off`, cause));
      response.on('end', () => {
        end();
        resolve({ status, body: Buffer.concat(pieces).toString('utf8') });
      });
    });
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    request.end();
  });
}
